// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command queue: takes commands out of their slots, has each carried out when its time has come, and answers.
 *
 * A command that takes time is carried out at the end of it, not at the beginning: the memory that it names must be there
 * until it is answered. Migration commands about one VHCA stand in a line and are carried out one by one; all others, and
 * those about other VHCAs, go on beside them.
 */
#include "qemu/osdep.h"
#include "cmd.h"
#include "faults.h"

/* A slot, and the blocks that carry what does not fit into it. */
enum {
	SLOT_IN_LENGTH = 4,
	SLOT_IN_MAILBOX = 8,
	SLOT_IN = 16,
	SLOT_OUT = 32,
	SLOT_OUT_MAILBOX = 48,
	SLOT_OUT_LENGTH = 56,
	SLOT_STATUS = 63,
	SLOT_SIZE = 64,
	INLINE_SIZE = 16,
	OWNED_BY_HARDWARE = 1,

	BLOCK_DATA = 512,
	BLOCK_NEXT = 560,
	BLOCK_SIZE = 576,
};

enum { IN_MAX = 64 << 20, OUT_MAX = 16 << 20 };
enum { DELIVERED = 0, BAD_IN_LENGTH = 7, BAD_OUT_LENGTH = 8, BAD_IN_POINTER = 5 };

/* A command from its slot to its answer. */
struct lab_task {
	struct lab_cmd cmd;		/* input and output are the task's */
	struct lab_verdict verdict;
	unsigned int slot;
	uint64_t mailbox;		/* where the output beyond the slot goes */
	size_t out_size;		/* what the driver takes of it */
	uint8_t delivery;
	bool by_event;
	GQueue *line;			/* where it waits for its turn, NULL: for none */
	bool begun;
	bool due;			/* its time came while its function was suspended */
	bool aborted;
	QEMUTimer *timer;
};

static void begin(struct lab_task *task);

static void task_free(struct lab_task *task)
{
	if (task->timer)
		timer_free(task->timer);
	g_free(task->cmd.in);
	g_free(task->cmd.out);
	g_free(task);
}

/* Gathers @size bytes of input: what the slot holds, then the chain of blocks. False when the chain breaks off. */
static bool gather(struct lab_function *fn, const uint8_t *slot, uint8_t *in, size_t size)
{
	uint64_t block_at = ldq_be_p(slot + SLOT_IN_MAILBOX);
	size_t done = MIN(size, (size_t)INLINE_SIZE);
	uint8_t block[BLOCK_SIZE];

	memcpy(in, slot + SLOT_IN, done);
	while (done < size) {
		size_t part = MIN(size - done, (size_t)BLOCK_DATA);

		if (!block_at || pci_dma_read(&fn->pci, block_at, block, sizeof(block)))
			return false;
		memcpy(in + done, block, part);
		done += part;
		block_at = ldq_be_p(block + BLOCK_NEXT);
	}
	return true;
}

/* Scatters the output beyond the slot over the chain of blocks that the driver linked for it. */
static void scatter(struct lab_function *fn, uint64_t block_at, const uint8_t *out, size_t size)
{
	uint8_t next[8];

	while (size && block_at) {
		size_t part = MIN(size, (size_t)BLOCK_DATA);

		lab_bus_write(fn, block_at, out, part);
		out += part;
		size -= part;
		pci_dma_read(&fn->pci, block_at + BLOCK_NEXT, next, sizeof(next));
		block_at = ldq_be_p(next);
	}
}

/* What failed, or was not delivered, has no output beyond the slot. */
static bool has_blocks(const struct lab_task *task)
{
	return task->out_size > INLINE_SIZE && task->delivery == DELIVERED && !IFC_GET(any_out, task->cmd.out, status);
}

/* Hands a slot back: output first, then the status byte with the ownership, then the event. Ends the task. */
static void answer(struct lab_task *task)
{
	struct lab_function *fn = task->cmd.fn;
	uint64_t slot = fn->queue + ((uint64_t)task->slot << LAB_LOG_STRIDE);
	uint8_t status = task->delivery << 1;
	uint8_t event[4];

	fn->tasks[task->slot] = NULL;
	if (has_blocks(task))
		scatter(fn, task->mailbox, task->cmd.out + INLINE_SIZE, task->out_size - INLINE_SIZE);
	lab_bus_write(fn, slot + SLOT_OUT, task->cmd.out, MIN(task->out_size, (size_t)INLINE_SIZE));
	lab_bus_write(fn, slot + SLOT_STATUS, &status, 1);
	stl_be_p(event, 1U << task->slot);
	if (task->by_event)
		lab_eq_post(fn, LAB_EVENT_CMD, event, sizeof(event));
	task_free(task);
}

/* Carries the command out and answers it; it stands first in its line, and the next one begins. */
static void finish(struct lab_task *task)
{
	GQueue *line = task->line;
	struct lab_task *next;

	if (task->aborted)
		lab_cmd_fail(&task->cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_ABORTED);
	else
		lab_cmd_run(&task->cmd, &task->verdict);
	if (task->verdict.delivery != LAB_ANY)
		task->delivery = task->verdict.delivery;
	answer(task);
	if (!line)
		return;
	g_queue_pop_head(line);
	next = g_queue_peek_head(line);
	if (next)
		begin(next);
}

/* A function that is suspended sends nothing, its answers included: the command waits for the resume. */
static void time_is_up(void *opaque)
{
	struct lab_task *task = opaque;

	task->due = lab_asleep(task->cmd.fn);
	if (!task->due)
		finish(task);
}

static void begin(struct lab_task *task)
{
	uint64_t ns = lab_cmd_time(&task->cmd, &task->verdict);

	task->begun = true;
	if (!ns) {
		finish(task);
		return;
	}
	task->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, time_is_up, task);
	timer_mod(task->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + ns);
}

/* The line in which a command waits for its turn; NULL when it has to wait for nobody. */
static GQueue *line_of(const struct lab_cmd *cmd)
{
	struct lab_pf *pf = cmd->fn->pf;
	unsigned int function;

	if (cmd->fn->number || !lab_is_migration(cmd->opcode))
		return NULL;
	function = IFC_GET(suspend_vhca_in, cmd->in, vhca_id) - LAB_VHCA_BASE;
	return function <= LAB_VFS_MAX ? &pf->seats[function].line : NULL;
}

static void line_up(struct lab_task *task)
{
	task->line = line_of(&task->cmd);
	if (task->line) {
		g_queue_push_tail(task->line, task);
		if (task->line->length > 1) {
			task->cmd.fn->pf->overlaps++;
			return;
		}
	}
	begin(task);
}

/* Reads the command that the slot describes. False when it cannot be delivered; the task says why. */
static bool take_input(struct lab_task *task, const uint8_t *slot)
{
	struct lab_cmd *cmd = &task->cmd;
	size_t size = ldl_be_p(slot + SLOT_IN_LENGTH);

	if (size > IN_MAX || size < 8)
		task->delivery = BAD_IN_LENGTH;
	else if (task->out_size > OUT_MAX)
		task->delivery = BAD_OUT_LENGTH;
	if (task->delivery != DELIVERED) {
		task->out_size = MIN(task->out_size, (size_t)INLINE_SIZE);
		return false;
	}
	cmd->in_size = size;
	cmd->in = g_malloc0(MAX(size, (size_t)SLOT_SIZE));
	if (gather(cmd->fn, slot, cmd->in, size))
		return true;
	task->delivery = BAD_IN_POINTER;
	return false;
}

static void take_slot(struct lab_function *fn, unsigned int index)
{
	uint64_t at = fn->queue + ((uint64_t)index << LAB_LOG_STRIDE);
	uint8_t slot[SLOT_SIZE];
	struct lab_task *task;
	bool good;

	if (fn->tasks[index] || pci_dma_read(&fn->pci, at, slot, sizeof(slot)) || !(slot[SLOT_STATUS] & OWNED_BY_HARDWARE))
		return;
	task = g_new0(struct lab_task, 1);
	task->cmd.fn = fn;
	task->slot = index;
	task->delivery = DELIVERED;
	task->mailbox = ldq_be_p(slot + SLOT_OUT_MAILBOX);
	task->out_size = ldl_be_p(slot + SLOT_OUT_LENGTH);
	/* A command that makes or breaks the command event queue is polled for: no event before it or after it. */
	task->by_event = lab_eq_has(fn, LAB_EVENT_CMD);
	fn->tasks[index] = task;
	good = take_input(task, slot);
	if (good) {
		task->cmd.opcode = IFC_GET(any_in, task->cmd.in, opcode);
		task->cmd.op_mod = IFC_GET(any_in, task->cmd.in, op_mod);
	}
	task->cmd.out_size = lab_cmd_room(task->cmd.opcode, task->out_size);
	task->cmd.out = g_malloc0(task->cmd.out_size);
	if (!good) {
		answer(task);
		return;
	}
	task->verdict = lab_faults_judge(fn->pf, &task->cmd);
	line_up(task);
}

/*
 * The driver rings: @slots has a bit for each slot that holds a command. A VF that is suspended, on one side or both, does
 * not even fetch it, for that is DMA of its own: it waits for the resume, and a reset makes it forget.
 */
void lab_cmd_doorbell(struct lab_function *fn, uint32_t slots)
{
	if (!fn->queue || fn->pf->fatal)
		return;
	if (lab_asleep(fn)) {
		fn->rung |= slots;
		return;
	}
	for (unsigned int i = 0; i < LAB_SLOTS; i++)
		if (slots & (1U << i))
			take_slot(fn, i);
}

/* The VF runs again on both sides: what should have ended meanwhile ends, and what was rung for is taken. */
void lab_cmd_wake(struct lab_function *fn)
{
	uint32_t slots = fn->rung;

	fn->rung = 0;
	lab_eq_wake(fn);
	for (unsigned int i = 0; i < LAB_SLOTS; i++)
		if (fn->tasks[i] && fn->tasks[i]->due)
			finish(fn->tasks[i]);
	lab_cmd_doorbell(fn, slots);
}

/* Drops the commands that are not answered, and those not fetched: their queue is gone. */
void lab_cmd_forget(struct lab_function *fn)
{
	fn->rung = 0;
	for (unsigned int i = 0; i < LAB_SLOTS; i++) {
		struct lab_task *task = fn->tasks[i];

		if (!task)
			continue;
		/* Only the PF's commands stand in lines, and all of these go. */
		if (task->line)
			g_queue_remove(task->line, task);
		fn->tasks[i] = NULL;
		task_free(task);
	}
}

/*
 * The VF of this number is reset, disabled or gone: no migration command about it is carried out any more. They are
 * answered with an error at once; one that hangs by order of a fault, at its time. A fault can also have the command that
 * has begun carried out all the same.
 */
void lab_cmd_abort(struct lab_pf *pf, unsigned int function)
{
	struct lab_task *task, *kept = NULL;

	while ((task = g_queue_pop_head(&pf->seats[function].line))) {
		if (task->begun && task->verdict.outlives) {
			kept = task;
			continue;
		}
		task->line = NULL;
		task->aborted = true;
		if (!task->begun || !task->verdict.hang_ns)
			finish(task);
	}
	if (kept)
		g_queue_push_head(kept->line, kept);
}

/* The PF's commands that are not answered yet, one a line. To be freed. */
char *lab_cmd_pending(struct lab_pf *pf)
{
	GString *text = g_string_new(NULL);

	for (unsigned int i = 0; i < LAB_SLOTS; i++) {
		const struct lab_task *task = pf->fn.tasks[i];

		if (!task)
			continue;
		g_string_append_printf(text, "op=0x%x op_mod=0x%x vhca=0x%x %s\n", task->cmd.opcode, task->cmd.op_mod,
				       lab_is_migration(task->cmd.opcode) ?
				       (unsigned int)IFC_GET(suspend_vhca_in, task->cmd.in, vhca_id) : 0,
				       task->aborted ? "aborted" : task->begun ? "begun" : "waiting");
	}
	return g_string_free(text, false);
}
