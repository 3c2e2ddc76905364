/* SPDX-License-Identifier: GPL-2.0-only */
/* Completion queues and queue pairs, as far as the firmware's own messages to a driver need them. */
#ifndef MLX5_LAB_QUEUES_H
#define MLX5_LAB_QUEUES_H

#include "mlx5_lab.h"
#include "ring.h"

enum lab_cqe_opcode { LAB_CQE_SEND_IMMEDIATE = 3, LAB_CQE_RECEIVE_ERROR = 14 };

struct lab_cq {
	uint32_t number;
	uint32_t eq;
	unsigned int log_entries;
	struct lab_ring ring;
	uint64_t doorbell;		/* bus address of the driver's doorbell record */
	uint32_t producer;
	bool armed;
	bool broken;			/* completes nothing any more */
};

enum lab_qp_state { LAB_QP_RESET, LAB_QP_INIT, LAB_QP_RTR, LAB_QP_RTS, LAB_QP_ERROR };

struct lab_qp {
	uint32_t number;
	enum lab_qp_state state;
	uint32_t pd;
	uint32_t cq;			/* of the receive queue */
	uint32_t remote;
	bool has_rq;
	unsigned int log_entries;
	unsigned int log_stride;
	struct lab_ring ring;
	uint64_t doorbell;
	uint16_t received;		/* work requests used up */
	bool tracked;			/* a page tracker reports through it */
};

/* What becomes of a message. */
enum lab_delivery {
	LAB_DELIVERED,
	LAB_NOT_READY,			/* the receiver has posted no buffer: try again */
	LAB_UNDELIVERABLE,		/* for good; the driver has been told by an event */
};

/* What the receiver's completion says. */
struct lab_completion {
	enum lab_cqe_opcode opcode;
	uint32_t qp;
	uint32_t immediate;
	uint32_t bytes;
	uint16_t counter;
};

struct lab_cq *lab_cq_find(struct lab_function *fn, uint32_t number);
bool lab_cq_complete(struct lab_function *fn, struct lab_cq *cq, const struct lab_completion *completion);
void lab_cq_break(struct lab_function *fn, struct lab_cq *cq);
void lab_cq_free(gpointer cq);

struct lab_qp *lab_qp_find(struct lab_function *fn, uint32_t number);
enum lab_delivery lab_qp_send(struct lab_function *fn, uint32_t number, const void *data, size_t size,
			      uint32_t immediate, enum lab_cqe_opcode opcode);
void lab_qp_break(struct lab_function *fn, struct lab_qp *qp, unsigned int event);
void lab_qp_free(gpointer qp);

#endif
