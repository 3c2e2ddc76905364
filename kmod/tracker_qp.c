// SPDX-License-Identifier: GPL-2.0-only
/* Commands about the queues on which a page tracker's messages arrive. */
#include <linux/mlx5/qp.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "fw.h"
#include "tracker.h"

enum { MVF_MTU_4096 = 5 };	/* as InfiniBand counts */

static struct mvf_tracker *mvf_of_cq(struct mlx5_core_cq *cq)
{
	return container_of(cq, struct mvf_tracker, q.cq);
}

/* Both run in interrupt context. */
static void mvf_cq_completed(struct mlx5_core_cq *cq, struct mlx5_eqe *eqe)
{
	struct mvf_tracker *t = mvf_of_cq(cq);

	set_bit(MVF_TRACKER_EVENT, &t->flags);
	wake_up(&t->wait);
}

static void mvf_cq_event(struct mlx5_core_cq *cq, enum mlx5_event type)
{
	if (type == MLX5_EVENT_TYPE_CQ_ERROR)
		mvf_tracker_break(mvf_of_cq(cq));
}

static void mvf_cq_init(struct mvf_track_queues *q)
{
	struct mlx5_cqe64 *cqe;
	u32 i;

	for (i = 0; i < q->slots; i++) {
		cqe = mvf_frag_at(&q->cq_buf, i * MVF_CQE_SIZE);
		cqe->op_own = MLX5_CQE_INVALID << 4;
	}
	q->cq.set_ci_db = q->cq_db.db;
	q->cq.arm_db = q->cq_db.db + 1;
	q->cq.cqe_sz = MVF_CQE_SIZE;
	q->cq.comp = mvf_cq_completed;
	q->cq.event = mvf_cq_event;
}

/* The interrupts of several trackers are spread over the PF's vectors. */
static u16 mvf_cq_vector(struct mvf_device *mvf)
{
	return mvf->vf_id % max(mlx5_comp_vectors_max(mvf->pf), 1U);
}

/**
 * mvf_cq_create - make the queue that has a completion for each message
 * @mvf: the VF; state_mutex is held
 * @q: the queues, with the memory of this one
 *
 * mlx5_core_destroy_cq() undoes it, and waits for callbacks.
 *
 * Return: 0 or an errno.
 */
int mvf_cq_create(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	int inlen = MLX5_ST_SZ_BYTES(create_cq_in) +
		    q->cq_buf.npages * sizeof(__be64);
	u32 out[MLX5_ST_SZ_DW(create_cq_out)] = {};
	void *in, *cqc;
	ktime_t begun;
	int err, eqn;

	err = mlx5_comp_eqn_get(mvf->pf, mvf_cq_vector(mvf), &eqn);
	if (err)
		return err;
	in = kvzalloc(inlen, GFP_KERNEL);
	if (!in)
		return -ENOMEM;

	mvf_cq_init(q);
	MLX5_SET(create_cq_in, in, opcode, MLX5_CMD_OP_CREATE_CQ);
	cqc = MLX5_ADDR_OF(create_cq_in, in, cq_context);
	MLX5_SET(cqc, cqc, log_cq_size, ilog2(q->slots));
	MLX5_SET(cqc, cqc, c_eqn_or_apu_element, eqn);
	MLX5_SET(cqc, cqc, uar_page, q->uar->index);
	MLX5_SET(cqc, cqc, log_page_size,
		 q->cq_buf.page_shift - MLX5_ADAPTER_PAGE_SHIFT);
	MLX5_SET64(cqc, cqc, dbr_addr, q->cq_db.dma);
	mlx5_fill_page_frag_array(&q->cq_buf,
				  MLX5_ADDR_OF(create_cq_in, in, pas));
	begun = ktime_get();
	err = mlx5_core_create_cq(mvf->pf, &q->cq, in, inlen, out, sizeof(out));
	mvf_note_command(mvf, err, in, out, ktime_sub(ktime_get(), begun));
	kvfree(in);
	if (!err)
		mvf_cq_arm(q);
	return err;
}

/**
 * mvf_qp_create - make one end of the connection
 * @mvf: the VF; state_mutex is held
 * @q: the queues
 * @qp: the end, with the memory of its receive queue if it has one
 * @cq: completions of that queue; NULL: this end receives nothing
 *
 * Neither end has a send queue.
 *
 * Return: as mvf_fw_exec().
 */
int mvf_qp_create(struct mvf_device *mvf, struct mvf_track_queues *q,
		  struct mvf_qp *qp, struct mlx5_core_cq *cq)
{
	int inlen = MLX5_ST_SZ_BYTES(create_qp_in) +
		    qp->buf.npages * sizeof(__be64);
	u32 out[MLX5_ST_SZ_DW(create_qp_out)] = {};
	void *in, *qpc;
	int err;

	in = kvzalloc(inlen, GFP_KERNEL);
	if (!in)
		return -ENOMEM;

	MLX5_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	qpc = MLX5_ADDR_OF(create_qp_in, in, qpc);
	MLX5_SET(qpc, qpc, st, MLX5_QP_ST_RC);
	MLX5_SET(qpc, qpc, pm_state, MLX5_QP_PM_MIGRATED);
	MLX5_SET(qpc, qpc, pd, q->pdn);
	MLX5_SET(qpc, qpc, uar_page, q->uar->index);
	MLX5_SET(qpc, qpc, ts_format, mlx5_get_qp_default_ts(mvf->pf));
	if (MLX5_CAP_GEN(mvf->pf, cqe_version) == 1)
		MLX5_SET(qpc, qpc, user_index, 0xffffff);
	MLX5_SET(qpc, qpc, no_sq, 1);
	if (cq) {
		MLX5_SET(qpc, qpc, cqn_rcv, cq->cqn);
		MLX5_SET(qpc, qpc, rq_type, MLX5_NON_ZERO_RQ);
		MLX5_SET(qpc, qpc, log_rq_stride, ilog2(MVF_WQE_SIZE) - 4);
		MLX5_SET(qpc, qpc, log_rq_size, ilog2(q->slots));
		MLX5_SET(qpc, qpc, log_page_size,
			 qp->buf.page_shift - MLX5_ADAPTER_PAGE_SHIFT);
		MLX5_SET64(qpc, qpc, dbr_addr, qp->db.dma);
		mlx5_fill_page_frag_array(&qp->buf,
					  MLX5_ADDR_OF(create_qp_in, in, pas));
	} else {
		MLX5_SET(qpc, qpc, rq_type, MLX5_ZERO_LEN_RQ);
	}
	err = mvf_fw_exec(mvf, in, inlen, out, sizeof(out));
	kvfree(in);
	if (!err)
		qp->number = MLX5_GET(create_qp_out, out, qpn);
	return err;
}

/** mvf_qp_destroy - undo mvf_qp_create(); after a failure the firmware may still use it */
int mvf_qp_destroy(struct mvf_device *mvf, struct mvf_qp *qp)
{
	u32 out[MLX5_ST_SZ_DW(destroy_qp_out)] = {};
	u32 in[MLX5_ST_SZ_DW(destroy_qp_in)] = {};

	MLX5_SET(destroy_qp_in, in, opcode, MLX5_CMD_OP_DESTROY_QP);
	MLX5_SET(destroy_qp_in, in, qpn, qp->number);
	return mvf_fw_exec_retry(mvf, in, sizeof(in), out, sizeof(out));
}

/** mvf_qp_init - first step: others may write to it */
int mvf_qp_init(struct mvf_device *mvf, struct mvf_qp *qp)
{
	u32 out[MLX5_ST_SZ_DW(rst2init_qp_out)] = {};
	u32 in[MLX5_ST_SZ_DW(rst2init_qp_in)] = {};
	void *qpc = MLX5_ADDR_OF(rst2init_qp_in, in, qpc);

	MLX5_SET(rst2init_qp_in, in, opcode, MLX5_CMD_OP_RST2INIT_QP);
	MLX5_SET(rst2init_qp_in, in, qpn, qp->number);
	MLX5_SET(qpc, qpc, primary_address_path.vhca_port_num, 1);
	MLX5_SET(qpc, qpc, pm_state, MLX5_QPC_PM_STATE_MIGRATED);
	MLX5_SET(qpc, qpc, rre, 1);
	MLX5_SET(qpc, qpc, rwe, 1);
	return mvf_fw_exec(mvf, in, sizeof(in), out, sizeof(out));
}

/** mvf_qp_connect - second step: it receives from the end @to */
int mvf_qp_connect(struct mvf_device *mvf, struct mvf_qp *qp, struct mvf_qp *to)
{
	u32 out[MLX5_ST_SZ_DW(init2rtr_qp_out)] = {};
	u32 in[MLX5_ST_SZ_DW(init2rtr_qp_in)] = {};
	void *qpc = MLX5_ADDR_OF(init2rtr_qp_in, in, qpc);

	MLX5_SET(init2rtr_qp_in, in, opcode, MLX5_CMD_OP_INIT2RTR_QP);
	MLX5_SET(init2rtr_qp_in, in, qpn, qp->number);
	MLX5_SET(qpc, qpc, mtu, MVF_MTU_4096);
	MLX5_SET(qpc, qpc, log_msg_max, MLX5_CAP_GEN(mvf->pf, log_max_msg));
	MLX5_SET(qpc, qpc, remote_qpn, to->number);
	MLX5_SET(qpc, qpc, primary_address_path.vhca_port_num, 1);
	/* Messages do not leave the device. */
	MLX5_SET(qpc, qpc, primary_address_path.fl, 1);
	MLX5_SET(qpc, qpc, min_rnr_nak, 1);
	return mvf_fw_exec(mvf, in, sizeof(in), out, sizeof(out));
}

/**
 * mvf_qp_let_send - third step: it sends
 * @mvf: the VF; state_mutex is held
 * @qp: the end that the firmware sends from
 *
 * A receiver that has no receive request for a while is no error: 7 is no limit.
 *
 * Return: as mvf_fw_exec().
 */
int mvf_qp_let_send(struct mvf_device *mvf, struct mvf_qp *qp)
{
	u32 out[MLX5_ST_SZ_DW(rtr2rts_qp_out)] = {};
	u32 in[MLX5_ST_SZ_DW(rtr2rts_qp_in)] = {};
	void *qpc = MLX5_ADDR_OF(rtr2rts_qp_in, in, qpc);

	MLX5_SET(rtr2rts_qp_in, in, opcode, MLX5_CMD_OP_RTR2RTS_QP);
	MLX5_SET(rtr2rts_qp_in, in, qpn, qp->number);
	MLX5_SET(qpc, qpc, retry_count, 7);
	MLX5_SET(qpc, qpc, rnr_retry, 7);
	/* 4.096 us * 2^8: about a millisecond. */
	MLX5_SET(qpc, qpc, primary_address_path.ack_timeout, 8);
	return mvf_fw_exec(mvf, in, sizeof(in), out, sizeof(out));
}
