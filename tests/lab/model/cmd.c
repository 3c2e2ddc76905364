// SPDX-License-Identifier: GPL-2.0-only
/* The command queue: takes commands out of their slots, has them carried out, and answers, at once or later. */
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

#define ROW(op, in, out, handler)	{ MLX5_CMD_OP_##op, #op, IFC_SIZE(in), IFC_SIZE(out), handler, false }
#define PF_ROW(op, in, out, handler)	{ MLX5_CMD_OP_##op, #op, IFC_SIZE(in), IFC_SIZE(out), handler, true }

static const struct lab_command commands[] = {
	ROW(QUERY_HCA_CAP, query_hca_cap_in, query_hca_cap_out, lab_query_hca_cap),
	ROW(SET_HCA_CAP, set_hca_cap_in, set_hca_cap_out, lab_set_hca_cap),
	ROW(QUERY_ADAPTER, query_adapter_in, query_adapter_out, lab_query_adapter),
	ROW(INIT_HCA, init_hca_in, init_hca_out, lab_init_hca),
	ROW(TEARDOWN_HCA, teardown_hca_in, teardown_hca_out, lab_teardown_hca),
	ROW(ENABLE_HCA, enable_hca_in, enable_hca_out, lab_enable_hca),
	ROW(DISABLE_HCA, disable_hca_in, disable_hca_out, lab_disable_hca),
	ROW(QUERY_PAGES, query_pages_in, query_pages_out, lab_query_pages),
	ROW(MANAGE_PAGES, manage_pages_in, manage_pages_out, lab_manage_pages),
	ROW(QUERY_ISSI, query_issi_in, query_issi_out, lab_query_issi),
	ROW(SET_ISSI, set_issi_in, set_issi_out, lab_set_issi),
	ROW(SET_DRIVER_VERSION, set_driver_version_in, set_driver_version_out, lab_accept),
	ROW(ACCESS_REG, access_register_in, access_register_out, lab_access_register),
	ROW(CREATE_EQ, create_eq_in, create_eq_out, lab_create_eq),
	ROW(DESTROY_EQ, destroy_eq_in, destroy_eq_out, lab_destroy_eq),
	ROW(ALLOC_UAR, alloc_uar_in, alloc_uar_out, lab_alloc_uar),
	ROW(DEALLOC_UAR, dealloc_uar_in, dealloc_uar_out, lab_dealloc_uar),
	ROW(ALLOC_PD, alloc_pd_in, alloc_pd_out, lab_alloc_pd),
	ROW(DEALLOC_PD, dealloc_pd_in, dealloc_pd_out, lab_dealloc_pd),
	ROW(CREATE_MKEY, create_mkey_in, create_mkey_out, lab_create_mkey),
	ROW(DESTROY_MKEY, destroy_mkey_in, destroy_mkey_out, lab_destroy_mkey),
	PF_ROW(MODIFY_HCA_VPORT_CONTEXT, modify_hca_vport_context_in, modify_hca_vport_context_out, lab_accept),
	PF_ROW(SUSPEND_VHCA, suspend_vhca_in, suspend_vhca_out, lab_suspend_vhca),
	PF_ROW(RESUME_VHCA, resume_vhca_in, resume_vhca_out, lab_resume_vhca),
	PF_ROW(QUERY_VHCA_MIGRATION_STATE, query_vhca_migration_state_in, query_vhca_migration_state_out,
	       lab_query_migration),
	PF_ROW(SAVE_VHCA_STATE, save_vhca_state_in, save_vhca_state_out, lab_save_vhca),
	PF_ROW(LOAD_VHCA_STATE, load_vhca_state_in, load_vhca_state_out, lab_load_vhca),
};

static const struct lab_command *find_command(uint16_t opcode)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
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

		pci_dma_write(&fn->pci, block_at, out, part);
		out += part;
		size -= part;
		pci_dma_read(&fn->pci, block_at + BLOCK_NEXT, next, sizeof(next));
		block_at = ldq_be_p(next);
	}
}

/* Hands a slot back: output first, then the status byte with the ownership, then the event. */
static void answer(struct lab_answer *a)
{
	struct lab_function *fn = a->fn;
	uint64_t slot = fn->queue + ((uint64_t)a->slot << LAB_LOG_STRIDE);
	uint8_t status = a->delivery << 1;
	uint8_t event[4];

	a->waiting = false;
	if (a->out_size > INLINE_SIZE)
		scatter(fn, a->mailbox, a->out + INLINE_SIZE, a->out_size - INLINE_SIZE);
	pci_dma_write(&fn->pci, slot + SLOT_OUT, a->out, MIN(a->out_size, (size_t)INLINE_SIZE));
	pci_dma_write(&fn->pci, slot + SLOT_STATUS, &status, 1);
	g_clear_pointer(&a->out, g_free);
	if (!a->by_event)
		return;
	stl_be_p(event, 1U << a->slot);
	lab_eq_post(fn, LAB_EVENT_CMD, event, sizeof(event));
}

static void answer_late(void *opaque)
{
	answer(opaque);
}

static void note(struct lab_cmd *cmd, enum lab_status status)
{
	struct lab_pf *pf = cmd->fn->pf;
	bool migration = cmd->opcode >= MLX5_CMD_OP_SUSPEND_VHCA && cmd->opcode <= MLX5_CMD_OP_LOAD_VHCA_STATE;

	struct lab_log_line line = {
		.number = pf->logged,
		.function = cmd->fn->number,
		.opcode = cmd->opcode,
		.op_mod = cmd->op_mod,
		.vhca_id = migration ? IFC_GET(suspend_vhca_in, cmd->in, vhca_id) : 0,
		.status = status,
		.syndrome = status ? cmd->syndrome : 0,
	};

	pf->log[pf->logged++ % LAB_LOG_LINES] = line;
	if (status)
		pf->last_refusal = line;
}

static enum lab_status dispatch(struct lab_cmd *cmd)
{
	const struct lab_command *command = find_command(cmd->opcode);

	if (!command)
		return lab_refuse(cmd, LAB_BAD_OPCODE, LAB_SYND_UNKNOWN_OPCODE);
	if (command->pf_only && cmd->fn->number)
		return lab_refuse(cmd, LAB_BAD_OPCODE, LAB_SYND_NOT_PF);
	if (cmd->in_size < command->in_size)
		return lab_refuse(cmd, LAB_BAD_INPUT_LENGTH, 0);
	return command->run(cmd);
}

/* The output buffer must take what the handler writes, even when the driver asked for less. */
static size_t out_room(uint16_t opcode, size_t asked)
{
	const struct lab_command *command = find_command(opcode);

	return MAX(asked, MAX(command ? (size_t)command->out_size : 0, (size_t)INLINE_SIZE));
}

static uint64_t transfer_ns(uint64_t bytes, uint64_t per_second)
{
	return per_second ? muldiv64(bytes, NANOSECONDS_PER_SECOND, per_second) : 0;
}

/* Carries the command out, faults included, writes its status, and says how many ns after its begin the answer is due. */
static uint64_t execute(struct lab_cmd *cmd, struct lab_answer *a)
{
	struct lab_pf *pf = cmd->fn->pf;
	struct lab_verdict verdict = lab_faults_judge(pf, cmd);
	enum lab_status status;

	cmd->corrupt = verdict.corrupt;
	if (verdict.status != LAB_ANY)
		status = lab_refuse(cmd, verdict.status, verdict.syndrome);
	else
		status = dispatch(cmd);
	if (verdict.umem != LAB_ANY && cmd->opcode == MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE)
		IFC_SET(query_vhca_migration_state_out, cmd->out, required_umem_size, verdict.umem);
	if (verdict.image != LAB_ANY && cmd->opcode == MLX5_CMD_OP_SAVE_VHCA_STATE)
		IFC_SET(save_vhca_state_out, cmd->out, actual_image_size, verdict.image);
	IFC_SET(any_out, cmd->out, status, status);
	IFC_SET(any_out, cmd->out, syndrome, status ? cmd->syndrome : 0);
	if (verdict.delivery != LAB_ANY)
		a->delivery = verdict.delivery;
	note(cmd, status);
	return pf->cmd_delay_us * SCALE_US + verdict.hang_ns + transfer_ns(cmd->moved_save, pf->save_bandwidth) +
	       transfer_ns(cmd->moved_load, pf->load_bandwidth);
}

static uint64_t run_command(struct lab_answer *a, const uint8_t *slot, size_t in_size)
{
	struct lab_cmd cmd = { .fn = a->fn, .in_size = in_size, .corrupt = LAB_ANY };
	g_autofree uint8_t *in = g_malloc0(MAX(in_size, (size_t)SLOT_SIZE));
	uint64_t delay;

	if (!gather(a->fn, slot, in, in_size)) {
		a->delivery = BAD_IN_POINTER;
		a->out = g_malloc0(MAX(a->out_size, (size_t)INLINE_SIZE));
		return 0;
	}
	cmd.in = in;
	cmd.opcode = IFC_GET(any_in, in, opcode);
	cmd.op_mod = IFC_GET(any_in, in, op_mod);
	cmd.out_size = out_room(cmd.opcode, a->out_size);
	cmd.out = g_malloc0(cmd.out_size);
	delay = execute(&cmd, a);
	a->out = cmd.out;
	return delay;
}

static void take_slot(struct lab_function *fn, unsigned int index)
{
	struct lab_answer *a = &fn->answers[index];
	int64_t begin = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
	uint8_t slot[SLOT_SIZE];
	uint64_t delay = 0;
	size_t in_size;

	if (a->waiting || pci_dma_read(&fn->pci, fn->queue + ((uint64_t)index << LAB_LOG_STRIDE), slot, sizeof(slot)) ||
	    !(slot[SLOT_STATUS] & OWNED_BY_HARDWARE))
		return;
	in_size = ldl_be_p(slot + SLOT_IN_LENGTH);
	a->fn = fn;
	a->slot = index;
	a->waiting = true;
	a->delivery = DELIVERED;
	a->mailbox = ldq_be_p(slot + SLOT_OUT_MAILBOX);
	a->out_size = ldl_be_p(slot + SLOT_OUT_LENGTH);
	/* A command that makes or breaks the command event queue is polled for: no event before it or after it. */
	a->by_event = lab_eq_has(fn, LAB_EVENT_CMD);
	if (in_size > IN_MAX || in_size < 8 || a->out_size > OUT_MAX) {
		a->delivery = a->out_size > OUT_MAX ? BAD_OUT_LENGTH : BAD_IN_LENGTH;
		a->out_size = MIN(a->out_size, (size_t)INLINE_SIZE);
		a->out = g_malloc0(INLINE_SIZE);
	} else {
		delay = run_command(a, slot, in_size);
	}
	if (!delay) {
		answer(a);
		return;
	}
	if (!a->timer)
		a->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, answer_late, a);
	timer_mod(a->timer, begin + delay);
}

static bool is_asleep(struct lab_function *fn)
{
	struct lab_vf *vf = fn->number ? container_of(fn, struct lab_vf, fn) : NULL;

	return vf && vf->state.suspended & LAB_SUSPENDED_RESPONDER;
}

/*
 * The driver rings: @slots has a bit for each slot that holds a command. A VF whose responder is suspended does nothing
 * before its resume; a reset makes it forget.
 */
void lab_cmd_doorbell(struct lab_function *fn, uint32_t slots)
{
	if (!fn->queue)
		return;
	if (is_asleep(fn)) {
		fn->rung |= slots;
		return;
	}
	for (unsigned int i = 0; i < LAB_SLOTS; i++)
		if (slots & (1U << i))
			take_slot(fn, i);
}

/* The responder is back: what was rung for meanwhile is done now. */
void lab_cmd_wake(struct lab_function *fn)
{
	uint32_t slots = fn->rung;

	fn->rung = 0;
	lab_cmd_doorbell(fn, slots);
}

/* Drops the answers that still wait, and the commands not begun: their queue is gone. */
void lab_cmd_forget(struct lab_function *fn)
{
	fn->rung = 0;
	for (unsigned int i = 0; i < LAB_SLOTS; i++) {
		struct lab_answer *a = &fn->answers[i];

		if (a->timer)
			timer_free(a->timer);
		g_free(a->out);
		memset(a, 0, sizeof(*a));
	}
}
