// SPDX-License-Identifier: GPL-2.0-only
/* Event queues: where a function tells its driver that something happened. */
#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "cmd.h"

enum { EQE_SIZE = 64, EQE_LOG_SIZE = 6, EQE_TYPE = 1, EQE_DATA = 32, EQE_DATA_SIZE = 28, EQE_OWNER = 63 };
enum { LOG_ENTRIES_MAX = 22 };

void lab_eq_free(struct lab_eq *eq)
{
	if (!eq)
		return;
	g_free(eq->pages);
	g_free(eq);
}

static struct lab_eq *eq_for(const struct lab_function *fn, unsigned int type)
{
	for (unsigned int i = 0; i < LAB_EQS; i++)
		if (fn->eqs[i] && fn->eqs[i]->events & (1ULL << type))
			return fn->eqs[i];
	return NULL;
}

/* Whether some queue of the function wants events of @type. */
bool lab_eq_has(const struct lab_function *fn, unsigned int type)
{
	return eq_for(fn, type);
}

/* An interrupt is a write of the function's own: a suspended one owes it. */
static void interrupt(struct lab_function *fn, struct lab_eq *eq)
{
	if (!eq->armed || lab_asleep(fn))
		return;
	eq->armed = false;
	if (msix_enabled(&fn->pci))
		msix_notify(&fn->pci, eq->vector);
}

/* Posts an event of @type with up to 28 bytes of @data and interrupts if the queue is armed. */
static void post(struct lab_function *fn, struct lab_eq *eq, unsigned int type, const void *data, size_t size)
{
	uint8_t entry[EQE_SIZE] = { 0 };
	uint64_t offset, page_mask;

	entry[EQE_TYPE] = type;
	memcpy(entry + EQE_DATA, data, MIN(size, (size_t)EQE_DATA_SIZE));
	entry[EQE_OWNER] = (eq->producer >> eq->log_entries) & 1;
	offset = (uint64_t)(eq->producer & ((1U << eq->log_entries) - 1)) << EQE_LOG_SIZE;
	page_mask = (1ULL << eq->log_page) - 1;
	/* The owner bit hands the entry over: it goes out last. */
	lab_bus_write(fn, eq->pages[offset >> eq->log_page] + (offset & page_mask), entry, EQE_OWNER);
	lab_bus_write(fn, eq->pages[offset >> eq->log_page] + (offset & page_mask) + EQE_OWNER, &entry[EQE_OWNER], 1);
	eq->producer++;
	interrupt(fn, eq);
}

/* Posts an event to the queue for its type. Without one the event is lost, as on the wire. */
void lab_eq_post(struct lab_function *fn, unsigned int type, const void *data, size_t size)
{
	struct lab_eq *eq = eq_for(fn, type);

	if (eq)
		post(fn, eq, type, data, size);
}

/* Posts an event to the queue of that number, if there still is one. */
void lab_eq_post_to(struct lab_function *fn, uint32_t number, unsigned int type, const void *data, size_t size)
{
	if (number < LAB_EQS && fn->eqs[number])
		post(fn, fn->eqs[number], type, data, size);
}

/* The driver tells how far it has read (@value: queue number and consumer index) and asks for an interrupt with @arm. */
void lab_eq_doorbell(struct lab_function *fn, uint32_t value, bool arm)
{
	struct lab_eq *eq = fn->eqs[(value >> 24) % LAB_EQS];

	if (!eq || value >> 24 >= LAB_EQS)
		return;
	eq->consumer = value & 0xffffff;
	if (!arm)
		return;
	eq->armed = true;
	if (eq->consumer != (eq->producer & 0xffffff))
		interrupt(fn, eq);
}

/* The function runs again: interrupts that it owes since its suspension. */
void lab_eq_wake(struct lab_function *fn)
{
	for (unsigned int i = 0; i < LAB_EQS; i++)
		if (fn->eqs[i] && fn->eqs[i]->consumer != (fn->eqs[i]->producer & 0xffffff))
			interrupt(fn, fn->eqs[i]);
}

static unsigned int free_number(const struct lab_function *fn)
{
	for (unsigned int i = 1; i < LAB_EQS; i++)
		if (!fn->eqs[i])
			return i;
	return 0;
}

enum lab_status lab_create_eq(struct lab_cmd *cmd)
{
	const void *context = IFC_ADDR(create_eq_in, cmd->in, eq_context_entry);
	unsigned int log_entries = IFC_GET(eqc, context, log_eq_size);
	unsigned int log_page = IFC_GET(eqc, context, log_page_size) + 12;
	unsigned int number = free_number(cmd->fn);
	const uint8_t *pages = cmd->in + IFC_OFFSET(create_eq_in, pas);
	struct lab_eq *eq;
	size_t count;

	if (!number)
		return lab_refuse(cmd, LAB_NO_RESOURCES, LAB_SYND_OBJECT_IN_USE);
	if (log_entries > LOG_ENTRIES_MAX || log_page > 31)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
	count = DIV_ROUND_UP(1ULL << (log_entries + EQE_LOG_SIZE), 1ULL << log_page);
	if (cmd->in_size < IFC_OFFSET(create_eq_in, pas) + count * 8)
		return lab_refuse(cmd, LAB_BAD_INPUT_LENGTH, 0);
	eq = g_new0(struct lab_eq, 1);
	eq->number = number;
	eq->vector = IFC_GET(eqc, context, intr);
	eq->events = IFC_GET(create_eq_in, cmd->in, event_bitmask[0]);
	eq->log_entries = log_entries;
	eq->log_page = log_page;
	eq->pages = g_new(uint64_t, count);
	for (size_t i = 0; i < count; i++)
		eq->pages[i] = ldq_be_p(pages + 8 * i);
	cmd->fn->eqs[number] = eq;
	IFC_SET(create_eq_out, cmd->out, eq_number, number);
	return LAB_OK;
}

enum lab_status lab_destroy_eq(struct lab_cmd *cmd)
{
	unsigned int number = IFC_GET(destroy_eq_in, cmd->in, eq_number);

	if (number >= LAB_EQS || !cmd->fn->eqs[number])
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_OBJECT_UNKNOWN);
	lab_eq_free(cmd->fn->eqs[number]);
	cmd->fn->eqs[number] = NULL;
	return LAB_OK;
}
