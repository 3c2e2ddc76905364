// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reliable connections within a function: what the firmware sends on one queue pair arrives in the receive queue of the
 * other. Nobody posts work to a send queue here, so there is none.
 */
#include "qemu/osdep.h"
#include "queues.h"
#include "res.h"

enum {
	SEGMENT_SIZE = 16,
	NO_MORE_SEGMENTS = 0x100,	/* the key that ends a list of segments */
	LOG_SEGMENT_SIZE = 4,
	LOG_SEND_BLOCK = 6,
	RQ_ENTRIES_MAX_LOG = 15,
	RQ_NORMAL = 0,
	TRANSPORT_RC = 0,
	DOORBELL_SIZE = 8,
};

void lab_qp_free(gpointer data)
{
	struct lab_qp *qp = data;

	g_free(qp->ring.pages);
	g_free(qp);
}

/* The queue pair of that number, owned by the function, or NULL. */
struct lab_qp *lab_qp_find(struct lab_function *fn, uint32_t number)
{
	return g_hash_table_lookup(fn->qps, GUINT_TO_POINTER(number));
}

/* The queue pair is in error from now on; the driver is told by an event (LAB_EVENT_WQ_*). */
void lab_qp_break(struct lab_function *fn, struct lab_qp *qp, unsigned int event)
{
	uint8_t data[28] = { 0 };

	qp->state = LAB_QP_ERROR;
	stl_be_p(data + 24, qp->number);
	lab_eq_post(fn, event, data, sizeof(data));
}

static bool has_buffer(struct lab_function *fn, const struct lab_qp *qp)
{
	uint8_t record[4];

	return !pci_dma_read(&fn->pci, qp->doorbell, record, sizeof(record)) &&
	       (ldl_be_p(record) & 0xffff) != qp->received;
}

/* Puts @size bytes where one segment of a work request says: how many went there, or -1. */
static int64_t fill_segment(struct lab_function *fn, const struct lab_qp *qp, const uint8_t *segment, const uint8_t *data,
			    size_t size)
{
	uint32_t room = ldl_be_p(segment), key = ldl_be_p(segment + 4);
	size_t part = MIN(size, (size_t)room);
	struct lab_dma dma;

	if (!lab_dma_open(&dma, fn, key, ldq_be_p(segment + 8), part, true) || dma.mkey->pd != qp->pd)
		return -1;
	for (size_t done = 0; done < part; done += LAB_PAGE_SIZE)
		if (!lab_dma_put(&dma, done, data + done, MIN(part - done, (size_t)LAB_PAGE_SIZE)))
			return -1;
	return part;
}

/* Scatters a message over the segments of the next work request; false when they do not take it. */
static bool scatter(struct lab_function *fn, const struct lab_qp *qp, const uint8_t *data, size_t size)
{
	uint64_t request = (uint64_t)(qp->received & ((1U << qp->log_entries) - 1)) << qp->log_stride;
	uint8_t segment[SEGMENT_SIZE];

	for (uint64_t at = 0; size && at < 1U << qp->log_stride; at += SEGMENT_SIZE) {
		int64_t part;

		if (pci_dma_read(&fn->pci, lab_ring_at(&qp->ring, request + at), segment, sizeof(segment)))
			return false;
		if (ldl_be_p(segment + 4) == NO_MORE_SEGMENTS)
			break;
		part = fill_segment(fn, qp, segment, data, size);
		if (part < 0)
			return false;
		data += part;
		size -= part;
	}
	return !size;
}

static enum lab_delivery receive(struct lab_function *fn, struct lab_qp *qp, const void *data, size_t size,
				 uint32_t immediate, enum lab_cqe_opcode opcode)
{
	struct lab_cq *cq = lab_cq_find(fn, qp->cq);
	struct lab_completion completion = {
		.opcode = opcode, .qp = qp->number, .immediate = immediate, .bytes = size, .counter = qp->received,
	};

	if (!has_buffer(fn, qp))
		return LAB_NOT_READY;
	if (!scatter(fn, qp, data, size)) {
		lab_qp_break(fn, qp, LAB_EVENT_WQ_ACCESS_ERROR);
		return LAB_UNDELIVERABLE;
	}
	qp->received++;
	return lab_cq_complete(fn, cq, &completion) ? LAB_DELIVERED : LAB_UNDELIVERABLE;
}

/*
 * Sends @size bytes and an immediate from queue pair @number to the one that it is connected to, whose completion has
 * @opcode.
 */
enum lab_delivery lab_qp_send(struct lab_function *fn, uint32_t number, const void *data, size_t size,
			      uint32_t immediate, enum lab_cqe_opcode opcode)
{
	struct lab_qp *from = lab_qp_find(fn, number);
	struct lab_qp *to = from ? lab_qp_find(fn, from->remote) : NULL;

	if (!from || from->state != LAB_QP_RTS)
		return LAB_UNDELIVERABLE;
	if (!to || !to->has_rq || to->remote != from->number || (to->state != LAB_QP_RTR && to->state != LAB_QP_RTS)) {
		lab_qp_break(fn, from, LAB_EVENT_WQ_CATAS_ERROR);
		return LAB_UNDELIVERABLE;
	}
	return receive(fn, to, data, size, immediate, opcode);
}

/* The receive queue comes first in the memory, a send queue after it. */
static bool take_queue(struct lab_cmd *cmd, struct lab_qp *qp, const void *context)
{
	uint64_t bytes = 0;

	if (qp->has_rq)
		bytes += 1ULL << (qp->log_entries + qp->log_stride);
	if (!IFC_GET(qpc, context, no_sq))
		bytes += 1ULL << (IFC_GET(qpc, context, log_sq_size) + LOG_SEND_BLOCK);
	return lab_ring_take(&qp->ring, cmd, IFC_OFFSET(create_qp_in, pas), bytes,
			     IFC_GET(qpc, context, log_page_size) + 12);
}

enum lab_status lab_create_qp(struct lab_cmd *cmd)
{
	const void *context = IFC_ADDR(create_qp_in, cmd->in, qpc);
	struct lab_function *fn = cmd->fn;
	struct lab_qp *qp = g_new0(struct lab_qp, 1);

	qp->pd = IFC_GET(qpc, context, pd);
	qp->has_rq = IFC_GET(qpc, context, rq_type) == RQ_NORMAL;
	qp->cq = IFC_GET(qpc, context, cqn_rcv);
	qp->log_entries = IFC_GET(qpc, context, log_rq_size);
	qp->log_stride = IFC_GET(qpc, context, log_rq_stride) + LOG_SEGMENT_SIZE;
	qp->doorbell = IFC_GET(qpc, context, dbr_addr);
	if (!g_hash_table_contains(fn->pds, GUINT_TO_POINTER(qp->pd)) || (qp->has_rq && !lab_cq_find(fn, qp->cq))) {
		lab_qp_free(qp);
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_OBJECT_UNKNOWN);
	}
	if (IFC_GET(qpc, context, st) != TRANSPORT_RC || qp->log_entries > RQ_ENTRIES_MAX_LOG ||
	    qp->doorbell % DOORBELL_SIZE || IFC_GET(qpc, context, page_offset) || !take_queue(cmd, qp, context)) {
		lab_qp_free(qp);
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_QUEUE);
	}
	qp->number = fn->next_id++ & 0xffffff;
	g_hash_table_insert(fn->qps, GUINT_TO_POINTER(qp->number), qp);
	IFC_SET(create_qp_out, cmd->out, qpn, qp->number);
	return LAB_OK;
}

/* All commands that change a queue pair's state name it in the same place. */
static enum lab_status move_on(struct lab_cmd *cmd, int from, enum lab_qp_state to)
{
	struct lab_qp *qp = lab_qp_find(cmd->fn, IFC_GET(rst2init_qp_in, cmd->in, qpn));

	if (!qp)
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_OBJECT_UNKNOWN);
	if (from >= 0 && qp->state != (enum lab_qp_state)from)
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_QP_ORDER);
	if (to == LAB_QP_RESET)
		qp->received = 0;
	if (to == LAB_QP_RTR)
		qp->remote = IFC_GET(init2rtr_qp_in, cmd->in, qpc.remote_qpn);
	qp->state = to;
	return LAB_OK;
}

enum lab_status lab_rst2init_qp(struct lab_cmd *cmd)
{
	return move_on(cmd, LAB_QP_RESET, LAB_QP_INIT);
}

enum lab_status lab_init2rtr_qp(struct lab_cmd *cmd)
{
	return move_on(cmd, LAB_QP_INIT, LAB_QP_RTR);
}

enum lab_status lab_rtr2rts_qp(struct lab_cmd *cmd)
{
	return move_on(cmd, LAB_QP_RTR, LAB_QP_RTS);
}

enum lab_status lab_2err_qp(struct lab_cmd *cmd)
{
	return move_on(cmd, -1, LAB_QP_ERROR);
}

enum lab_status lab_2rst_qp(struct lab_cmd *cmd)
{
	return move_on(cmd, -1, LAB_QP_RESET);
}

enum lab_status lab_destroy_qp(struct lab_cmd *cmd)
{
	struct lab_qp *qp = lab_qp_find(cmd->fn, IFC_GET(destroy_qp_in, cmd->in, qpn));

	if (!qp)
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_OBJECT_UNKNOWN);
	if (qp->tracked)
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_OBJECT_IN_USE);
	g_hash_table_remove(cmd->fn->qps, GUINT_TO_POINTER(qp->number));
	return LAB_OK;
}
