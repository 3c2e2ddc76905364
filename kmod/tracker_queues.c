// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queues that a page tracker reports through: two connected queue pairs on
 * the PF. The firmware sends from one; the other one's receive queue is ours.
 */
#include <linux/delay.h>
#include <linux/mlx5/qp.h>
#include <linux/sizes.h>

#include "fw.h"
#include "tracker.h"

enum {
	MVF_SLOTS_MIN = 4,	/* the firmware makes no smaller receive queue */
	MVF_LOG_MSG_WANTED = 16,
	MVF_LOG_MSG_MAX = 22,
	MVF_REPORT_ROOM = SZ_2M,
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

/* Gives the slot of @data that is @slot to the firmware, as the next one. */
static void mvf_post_slot(struct mvf_track_queues *q, u32 slot)
{
	u32 at = (q->posted & (q->slots - 1)) * MVF_WQE_SIZE;
	struct mlx5_wqe_data_seg *seg = mvf_frag_at(&q->host.buf, at);

	seg->byte_count = cpu_to_be32(1U << q->log_msg);
	seg->lkey = cpu_to_be32(q->mkey);
	seg->addr = cpu_to_be64((u64)slot << q->log_msg);
	q->posted++;
	/* The request first, then the word that there is one. */
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

static int mvf_make_uar(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	q->uar = mlx5_get_uars_page(mvf->pf);
	return PTR_ERR_OR_ZERO(q->uar);
}

static int mvf_make_pd(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_fw_alloc_pd(mvf, &q->pdn);
}

static int mvf_make_cq_db(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_db_alloc(mvf, &q->cq_db);
}

static int mvf_make_cq_buf(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_frag_alloc(mvf, &q->cq_buf, q->slots * MVF_CQE_SIZE);
}

static int mvf_make_host_db(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_db_alloc(mvf, &q->host.db);
}

static int mvf_make_host_buf(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_frag_alloc(mvf, &q->host.buf, q->slots * MVF_WQE_SIZE);
}

static int mvf_make_data(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_frag_alloc(mvf, &q->data, q->slots << q->log_msg);
}

static int mvf_make_host(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_qp_create(mvf, q, &q->host, &q->cq);
}

static int mvf_make_fw(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_qp_create(mvf, q, &q->fw, NULL);
}

static int mvf_drop_uar(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	mlx5_put_uars_page(mvf->pf, q->uar);
	return 0;
}

static int mvf_drop_pd(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	mvf_fw_dealloc_pd(mvf, q->pdn);
	return 0;
}

static int mvf_drop_cq_db(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	mlx5_db_free(mvf->pf, &q->cq_db);
	return 0;
}

static int mvf_drop_cq_buf(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	mlx5_frag_buf_free(mvf->pf, &q->cq_buf);
	return 0;
}

static int mvf_drop_cq(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	unsigned int tries = MVF_FW_TRIES;
	int err;

	/* The command is mlx5_core's own; else as mvf_fw_give_back(). */
	err = mlx5_core_destroy_cq(mvf->pf, &q->cq);
	while (err == -ENOMEM && --tries) {
		msleep(MVF_FW_PAUSE_MS);
		err = mlx5_core_destroy_cq(mvf->pf, &q->cq);
	}
	return err;
}

static int mvf_drop_host_db(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	mlx5_db_free(mvf->pf, &q->host.db);
	return 0;
}

static int mvf_drop_host_buf(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	mlx5_frag_buf_free(mvf->pf, &q->host.buf);
	return 0;
}

static int mvf_drop_data(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	mlx5_frag_buf_free(mvf->pf, &q->data);
	return 0;
}

static int mvf_drop_mkey(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_mkey_destroy(mvf, q->mkey);
}

static int mvf_drop_host(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_qp_destroy(mvf, &q->host);
}

static int mvf_drop_fw(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	return mvf_qp_destroy(mvf, &q->fw);
}

/* What queues are made of, in order; the way back is the opposite one. */
static const struct mvf_track_part {
	int (*make)(struct mvf_device *mvf, struct mvf_track_queues *q);
	int (*drop)(struct mvf_device *mvf, struct mvf_track_queues *q);
} mvf_track_parts[] = {
	{ mvf_make_uar, mvf_drop_uar },
	{ mvf_make_pd, mvf_drop_pd },
	{ mvf_make_cq_db, mvf_drop_cq_db },
	{ mvf_make_cq_buf, mvf_drop_cq_buf },
	{ mvf_cq_create, mvf_drop_cq },
	{ mvf_make_host_db, mvf_drop_host_db },
	{ mvf_make_host_buf, mvf_drop_host_buf },
	{ mvf_make_data, mvf_drop_data },
	{ mvf_data_mkey, mvf_drop_mkey },
	{ mvf_make_host, mvf_drop_host },
	{ mvf_make_fw, mvf_drop_fw },
	{ mvf_connect, NULL },
};

/* Messages need not be as large as they may be: what takes long is the rest. */
static int mvf_choose_sizes(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	unsigned int min, max;

	min = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_log_min_msg_size);
	max = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf, pg_track_log_max_msg_size);
	if (min > max || min > MVF_LOG_MSG_MAX || max < 3)
		return -EOPNOTSUPP;
	q->log_msg = clamp_t(unsigned int, MVF_LOG_MSG_WANTED, max(min, 3U),
			     max);
	q->slots = clamp_t(u32, MVF_REPORT_ROOM >> q->log_msg, MVF_SLOTS_MIN,
			   SZ_4K);
	return 0;
}

/**
 * mvf_track_queues_make - make all that a report needs
 * @mvf: the VF; state_mutex is held
 * @q: part of a tracker, zeroed
 *
 * Return: 0 or an errno; after either, mvf_track_queues_drop() undoes what was
 * made.
 */
int mvf_track_queues_make(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	int err;

	err = mvf_choose_sizes(mvf, q);
	while (!err && q->made < ARRAY_SIZE(mvf_track_parts)) {
		err = mvf_track_parts[q->made].make(mvf, q);
		if (!err)
			q->made++;
	}
	return err;
}

/**
 * mvf_track_queues_drop - undo as much of them as was made
 * @mvf: the VF; state_mutex is held
 * @q: the queues
 *
 * Return: 0, or the errno of the firmware's refusal to let one of them go: it
 * may go on using the memory, and the tracker must not be freed.
 */
int mvf_track_queues_drop(struct mvf_device *mvf, struct mvf_track_queues *q)
{
	int err;

	while (q->made) {
		const struct mvf_track_part *part =
			&mvf_track_parts[q->made - 1];

		err = part->drop ? part->drop(mvf, q) : 0;
		if (err)
			return err;
		q->made--;
	}
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
	/* The rest of it was written before. */
	dma_rmb();
	return cqe;
}

/* Copies a message out; false when it says more than there can be. */
static bool mvf_copy_message(struct mvf_track_queues *q, u32 slot, u32 bytes,
			     __be64 *entries)
{
	size_t from = (size_t)slot << q->log_msg, left = bytes, part;
	void *to = entries;

	if (bytes > 1U << q->log_msg || bytes % sizeof(*entries))
		return false;
	for (; left; left -= part, from += part, to += part) {
		part = min_t(size_t, left, PAGE_SIZE - offset_in_page(from));
		memcpy(to, mvf_frag_at(&q->data, from), part);
	}
	return true;
}

/**
 * mvf_track_queues_poll - take the next message, if it is there
 * @q: the queues; state_mutex is held
 * @entries: room for the largest message
 * @msg: what it says
 *
 * Return: 0, -EAGAIN when there is none yet, and an event will tell of the
 * next, or -EIO when the queues are of no use any more.
 */
int mvf_track_queues_poll(struct mvf_track_queues *q, __be64 *entries,
			  struct mvf_track_message *msg)
{
	struct mlx5_cqe64 *cqe;
	u32 slot, bytes;

	cqe = mvf_next_cqe(q);
	if (!cqe) {
		/* It may have come between the look and the arming. */
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
