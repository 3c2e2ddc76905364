// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queues on which a page tracker's messages arrive: two connected queue pairs
 * on the PF. The firmware sends from one to the receive queue of the other.
 */
#include <linux/delay.h>
#include <linux/mlx5/qp.h>
#include <linux/sizes.h>

#include "fw.h"
#include "tracker.h"

enum {
	MVF_SLOTS_MIN = 4,	/* of the smallest receive queue */
	MVF_LOG_MSG_WANTED = 16,
	MVF_LOG_MSG_MAX = 22,
	MVF_DATA_SIZE = SZ_2M,
};

static int mvf_frag_alloc(struct mvf_device *mvf, struct mlx5_frag_buf *buf,
			  int size)
{
	return mlx5_frag_buf_alloc_node(mvf->pf, size, buf,
					mvf->pf->priv.numa_node);
}

static int mvf_db_alloc(struct mvf_device *mvf, struct mlx5_db *db)
{
	return mlx5_db_alloc_node(mvf->pf, db, mvf->pf->priv.numa_node);
}

/* Posts a receive request for a slot of @q->data. */
static void mvf_post_slot(struct mvf_track_queues *q, u32 slot)
{
	u32 at = (q->posted & (q->slots - 1)) * MVF_WQE_SIZE;
	struct mlx5_wqe_data_seg *seg = mvf_frag_at(&q->host.buf, at);

	seg->byte_count = cpu_to_be32(1U << q->log_msg);
	seg->lkey = cpu_to_be32(q->data->mkey);
	seg->addr = cpu_to_be64((u64)slot << q->log_msg);
	q->posted++;
	/* The firmware reads the request when it sees the counter. */
	dma_wmb();
	q->host.db.db[MLX5_RCV_DBR] = cpu_to_be32(q->posted);
}

static int mvf_connect(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	u32 slot;
	int err;

	err = mvf_qp_init(mvf, &q->host);
	if (err)
		return err;
	for (slot = 0; slot < q->slots; slot++)
		mvf_post_slot(q, slot);
	err = mvf_qp_connect(mvf, &q->host, &q->fw);
	if (err)
		return err;
	err = mvf_qp_init(mvf, &q->fw);
	if (err)
		return err;
	err = mvf_qp_connect(mvf, &q->fw, &q->host);
	if (err)
		return err;
	return mvf_qp_let_send(mvf, &q->fw);
}

static int mvf_cq_destroy(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	unsigned int tries = MVF_FW_TRIES;
	int err;

	/* mlx5_core sends the command; otherwise as mvf_fw_exec_retry(). */
	err = mlx5_core_destroy_cq(mvf->pf, &q->cq);
	while ((err == -ENOMEM || err == -EAGAIN) && --tries) {
		msleep(MVF_FW_PAUSE_MS);
		err = mlx5_core_destroy_cq(mvf->pf, &q->cq);
	}
	return err;
}

/* Larger messages would need more memory, and save no time. */
static int mvf_choose_sizes(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	unsigned int min, max;

	min = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_log_min_msg_size);
	max = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_log_max_msg_size);
	if (min > max || min > MVF_LOG_MSG_MAX || max < 3)
		return -EOPNOTSUPP;
	q->log_msg = clamp_t(unsigned int, MVF_LOG_MSG_WANTED, max(min, 3U),
			     max);
	q->slots = clamp_t(u32, MVF_DATA_SIZE >> q->log_msg, MVF_SLOTS_MIN,
			   SZ_4K);
	return 0;
}

static int mvf_track_memory_alloc(struct mvf_device *mvf,
				  struct mvf_track_queues *q)
{
	int err;

	q->uar = mlx5_get_uars_page(mvf->pf);
	if (IS_ERR(q->uar))
		return PTR_ERR(q->uar);
	err = mvf_db_alloc(mvf, &q->cq_db);
	if (err)
		goto out_uar;
	err = mvf_frag_alloc(mvf, &q->cq_buf, q->slots * MVF_CQE_SIZE);
	if (err)
		goto out_cq_db;
	err = mvf_db_alloc(mvf, &q->host.db);
	if (err)
		goto out_cq_buf;
	err = mvf_frag_alloc(mvf, &q->host.buf, q->slots * MVF_WQE_SIZE);
	if (err)
		goto out_host_db;
	/* How much of a message was written is the firmware's word. */
	q->data = mvf_buffer_alloc(mvf, (u64)q->slots << q->log_msg,
				   __GFP_ZERO);
	if (!IS_ERR(q->data))
		return 0;

	err = PTR_ERR(q->data);
	mlx5_frag_buf_free(mvf->pf, &q->host.buf);
out_host_db:
	mlx5_db_free(mvf->pf, &q->host.db);
out_cq_buf:
	mlx5_frag_buf_free(mvf->pf, &q->cq_buf);
out_cq_db:
	mlx5_db_free(mvf->pf, &q->cq_db);
out_uar:
	mlx5_put_uars_page(mvf->pf, q->uar);
	return err;
}

static void mvf_track_memory_free(struct mvf_device *mvf,
				  struct mvf_track_queues *q)
{
	mvf_buffer_put(q->data);
	mlx5_frag_buf_free(mvf->pf, &q->host.buf);
	mlx5_db_free(mvf->pf, &q->host.db);
	mlx5_frag_buf_free(mvf->pf, &q->cq_buf);
	mlx5_db_free(mvf->pf, &q->cq_db);
	mlx5_put_uars_page(mvf->pf, q->uar);
}

/* What the firmware refuses to destroy may still use what is below it. */
static int mvf_track_objects_make(struct mvf_device *mvf,
				  struct mvf_track_queues *q)
{
	int err;

	err = mvf_fw_alloc_pd(mvf, &q->pdn);
	if (err)
		return err;
	err = mvf_cq_create(mvf, q);
	if (err)
		goto out_pd;
	err = mvf_buffer_map(q->data, mvf, q->pdn, DMA_FROM_DEVICE,
			     (u64)q->slots << q->log_msg);
	if (err)
		goto out_cq;
	err = mvf_qp_create(mvf, q, &q->host, &q->cq);
	if (err)
		goto out_data;
	err = mvf_qp_create(mvf, q, &q->fw, NULL);
	if (err)
		goto out_host;
	err = mvf_connect(mvf, q);
	if (!err)
		return 0;

	q->stuck = mvf_qp_destroy(mvf, &q->fw);
	if (q->stuck)
		return err;
out_host:
	q->stuck = mvf_qp_destroy(mvf, &q->host);
	if (q->stuck)
		return err;
out_data:
	q->stuck = mvf_buffer_unmap(q->data, mvf);
	if (q->stuck)
		return err;
out_cq:
	q->stuck = mvf_cq_destroy(mvf, q);
	if (q->stuck)
		return err;
out_pd:
	mvf_fw_dealloc_pd(mvf, q->pdn);
	return err;
}

/**
 * mvf_track_queues_make - make all that a report needs
 * @mvf: the VF; state_mutex is held
 * @q: part of a tracker, zeroed
 *
 * Return: 0 or an errno. With @q->stuck, memory is still in use.
 */
int mvf_track_queues_make(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	int err;

	err = mvf_choose_sizes(mvf, q);
	if (!err)
		err = mvf_track_memory_alloc(mvf, q);
	if (err)
		return err;
	err = mvf_track_objects_make(mvf, q);
	if (err && !q->stuck)
		mvf_track_memory_free(mvf, q);
	return err;
}

/**
 * mvf_track_queues_drop - undo mvf_track_queues_make()
 * @mvf: the VF; state_mutex is held
 * @q: the queues
 *
 * Return: 0, or the errno of the firmware's refusal to destroy one of them,
 * which @q->stuck has too: the firmware may still use the memory, and the tracker
 * must not be freed.
 */
int mvf_track_queues_drop(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	int err;

	err = mvf_qp_destroy(mvf, &q->fw);
	if (!err)
		err = mvf_qp_destroy(mvf, &q->host);
	if (!err)
		err = mvf_buffer_unmap(q->data, mvf);
	if (!err)
		err = mvf_cq_destroy(mvf, q);
	q->stuck = err;
	if (err)
		return err;
	mvf_fw_dealloc_pd(mvf, q->pdn);
	mvf_track_memory_free(mvf, q);
	return 0;
}

static struct mlx5_cqe64 *mvf_next_cqe(struct mvf_track_queues *q)
{
	u32 at = (q->cq.cons_index & (q->slots - 1)) * MVF_CQE_SIZE;
	struct mlx5_cqe64 *cqe = mvf_frag_at(&q->cq_buf, at);
	bool lap = q->cq.cons_index & q->slots;
	u8 op_own = READ_ONCE(cqe->op_own);

	if (op_own >> 4 == MLX5_CQE_INVALID ||
	    (op_own & MLX5_CQE_OWNER_MASK) != lap)
		return NULL;
	/* The owner bit is written last. */
	dma_rmb();
	return cqe;
}

/* Copies a message; false when its size is invalid. */
static bool mvf_copy_message(struct mvf_track_queues *q, u32 slot, u32 bytes,
			     __be64 *entries)
{
	u64 from = (u64)slot << q->log_msg;
	struct mvf_cursor cur = {};
	size_t left = bytes, part;
	void *to = entries, *at;

	if (bytes > 1U << q->log_msg || bytes % sizeof(*entries))
		return false;
	mvf_buffer_to_cpu(q->data);
	for (; left; left -= part, from += part, to += part) {
		part = left;
		at = mvf_buffer_at(q->data, &cur, from, &part);
		memcpy(to, at, part);
	}
	mvf_buffer_to_device(q->data);
	return true;
}

/**
 * mvf_track_queues_poll - take the next message
 * @q: the queues; state_mutex is held
 * @entries: memory for the largest message
 * @msg: its description
 *
 * Return: 0, -EAGAIN when there is none yet (an event will follow), or -EIO when
 * the queues do not work any more.
 */
int mvf_track_queues_poll(struct mvf_track_queues *q, __be64 *entries,
			  struct mvf_track_message *msg)
{
	struct mlx5_cqe64 *cqe;
	u32 slot, bytes;

	cqe = mvf_next_cqe(q);
	if (!cqe) {
		/* One may have arrived before the queue was armed. */
		mvf_cq_arm(q);
		cqe = mvf_next_cqe(q);
	}
	if (!cqe)
		return -EAGAIN;
	if (get_cqe_opcode(cqe) != MLX5_CQE_RESP_SEND_IMM)
		return -EIO;

	slot = be16_to_cpu(cqe->wqe_counter) & (q->slots - 1);
	bytes = be32_to_cpu(cqe->byte_cnt);
	if (!mvf_copy_message(q, slot, bytes, entries))
		return -EIO;
	msg->state = be32_to_cpu(cqe->immediate) >> 28;
	msg->count = bytes / sizeof(*entries);
	q->cq.cons_index++;
	mlx5_cq_set_ci(&q->cq);
	mvf_post_slot(q, slot);
	return 0;
}
