// SPDX-License-Identifier: GPL-2.0-only
/* Completion queues: where a driver learns what became of its work requests. */
#include "qemu/osdep.h"
#include "queues.h"

enum {
	CQE_SIZE = 64,
	CQE_LOG_SIZE = 6,
	CQE_QP = 24,
	CQE_IMMEDIATE = 36,
	CQE_BYTES = 44,
	CQE_SEND_QP = 56,
	CQE_COUNTER = 60,
	CQE_OPCODE_OWNER = 63,

	DOORBELL_SIZE = 8,
	INDEX_MASK = 0xffffff,
	SYNDROME_OVERRUN = 1,
};

void lab_cq_free(gpointer data)
{
	struct lab_cq *cq = data;

	g_free(cq->ring.pages);
	g_free(cq);
}

/* The queue of that number, owned by the function, or NULL. */
struct lab_cq *lab_cq_find(struct lab_function *fn, uint32_t number)
{
	return g_hash_table_lookup(fn->cqs, GUINT_TO_POINTER(number));
}

/* The queue is of no use any more; the driver is told so by an event. */
void lab_cq_break(struct lab_function *fn, struct lab_cq *cq)
{
	uint8_t data[12] = { 0 };

	cq->broken = true;
	stl_be_p(data, cq->number);
	data[11] = SYNDROME_OVERRUN;
	lab_eq_post(fn, LAB_EVENT_CQ_ERROR, data, sizeof(data));
}

static void notify(struct lab_function *fn, struct lab_cq *cq)
{
	uint8_t data[28] = { 0 };

	cq->armed = false;
	stl_be_p(data + 24, cq->number);
	lab_eq_post_to(fn, cq->eq, LAB_EVENT_COMPLETION, data, sizeof(data));
}

/* How far the driver has read, as its doorbell record says. */
static bool read_consumer(struct lab_function *fn, const struct lab_cq *cq, uint32_t *consumer)
{
	uint8_t record[4];

	if (pci_dma_read(&fn->pci, cq->doorbell, record, sizeof(record)))
		return false;
	*consumer = ldl_be_p(record) & INDEX_MASK;
	return true;
}

/* Writes a completion. False when the queue is broken, or breaks because the driver has left no room in it. */
bool lab_cq_complete(struct lab_function *fn, struct lab_cq *cq, const struct lab_completion *completion)
{
	uint64_t offset = (uint64_t)(cq->producer & ((1U << cq->log_entries) - 1)) << CQE_LOG_SIZE;
	uint8_t entry[CQE_SIZE] = { 0 };
	uint32_t consumer;

	if (cq->broken)
		return false;
	if (!read_consumer(fn, cq, &consumer) || ((cq->producer - consumer) & INDEX_MASK) >= 1U << cq->log_entries) {
		lab_cq_break(fn, cq);
		return false;
	}
	stl_be_p(entry + CQE_QP, completion->qp);
	stl_be_p(entry + CQE_IMMEDIATE, completion->immediate);
	stl_be_p(entry + CQE_BYTES, completion->bytes);
	stl_be_p(entry + CQE_SEND_QP, completion->qp);
	stw_be_p(entry + CQE_COUNTER, completion->counter);
	entry[CQE_OPCODE_OWNER] = completion->opcode << 4 | (cq->producer >> cq->log_entries & 1);
	/* The owner bit hands the entry over: it goes out last. */
	lab_bus_write(fn, lab_ring_at(&cq->ring, offset), entry, CQE_OPCODE_OWNER);
	lab_bus_write(fn, lab_ring_at(&cq->ring, offset) + CQE_OPCODE_OWNER, &entry[CQE_OPCODE_OWNER], 1);
	cq->producer++;
	if (cq->armed)
		notify(fn, cq);
	return true;
}

/* The driver has read up to @consumer and wants an event for what comes after it, which may be there already. */
void lab_cq_arm(struct lab_function *fn, uint32_t number, uint32_t consumer)
{
	struct lab_cq *cq = lab_cq_find(fn, number);

	if (!cq)
		return;
	cq->armed = true;
	if ((consumer & INDEX_MASK) != (cq->producer & INDEX_MASK))
		notify(fn, cq);
}

enum lab_status lab_create_cq(struct lab_cmd *cmd)
{
	const void *context = IFC_ADDR(create_cq_in, cmd->in, cq_context);
	uint32_t eq = IFC_GET(cqc, context, c_eqn_or_apu_element);
	struct lab_cq *cq;

	if (eq >= LAB_EQS || !cmd->fn->eqs[eq])
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_OBJECT_UNKNOWN);
	cq = g_new0(struct lab_cq, 1);
	cq->eq = eq;
	cq->log_entries = IFC_GET(cqc, context, log_cq_size);
	cq->doorbell = IFC_GET(cqc, context, dbr_addr);
	if (IFC_GET(cqc, context, cqe_sz) || cq->log_entries > LAB_LOG_CQ_MAX || cq->doorbell % DOORBELL_SIZE ||
	    IFC_GET(cqc, context, page_offset) ||
	    !lab_ring_take(&cq->ring, cmd, IFC_OFFSET(create_cq_in, pas), (uint64_t)CQE_SIZE << cq->log_entries,
			   IFC_GET(cqc, context, log_page_size) + 12)) {
		lab_cq_free(cq);
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_QUEUE);
	}
	cq->number = cmd->fn->next_id++ & 0xffffff;
	g_hash_table_insert(cmd->fn->cqs, GUINT_TO_POINTER(cq->number), cq);
	IFC_SET(create_cq_out, cmd->out, cqn, cq->number);
	return LAB_OK;
}

static gboolean receives_by(gpointer number, gpointer qp, gpointer cq)
{
	return ((struct lab_qp *)qp)->has_rq && ((struct lab_qp *)qp)->cq == GPOINTER_TO_UINT(cq);
}

enum lab_status lab_destroy_cq(struct lab_cmd *cmd)
{
	uint32_t number = IFC_GET(destroy_cq_in, cmd->in, cqn);

	if (g_hash_table_find(cmd->fn->qps, receives_by, GUINT_TO_POINTER(number)))
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_OBJECT_IN_USE);
	if (!g_hash_table_remove(cmd->fn->cqs, GUINT_TO_POINTER(number)))
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_OBJECT_UNKNOWN);
	return LAB_OK;
}
