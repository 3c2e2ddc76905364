/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_TRACKER_H
#define MVF_TRACKER_H

#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/mlx5/cq.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/eq.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "buffer.h"
#include "device.h"

struct iova_bitmap;
struct mem_cgroup;

enum {
	MVF_CQE_SIZE = 64,
	MVF_WQE_SIZE = 16,	/* struct mlx5_wqe_data_seg */
};

/* Flags of a tracker, set and read without a lock. */
enum {
	MVF_TRACKER_EVENT,	/* there may be a message */
	MVF_TRACKER_BROKEN,	/* which pages are dirty is unknown */
	MVF_TRACKER_STOPPED,	/* by STOP, or by the last close */
};

/**
 * struct mvf_qp - one end of the connection on which the firmware reports
 * @buf: its queue, for the end that receives
 * @db: its doorbell record
 * @number: its number in commands
 */
struct mvf_qp {
	struct mlx5_frag_buf buf;
	struct mlx5_db db;
	u32 number;
};

/**
 * struct mvf_track_queues - the queues that messages arrive on
 * @pdn: protection domain of what follows
 * @uar: doorbell page
 * @cq: completions, one for each message
 * @cq_buf: its entries
 * @cq_db: its doorbell record
 * @host: the end that receives
 * @fw: the firmware's end
 * @data: memory of the messages, slot by slot
 * @slots: messages that can be on their way, a power of two
 * @log_msg: log 2 of a slot's bytes
 * @posted: receive requests, since the queues were made
 * @stuck: the errno of the firmware's refusal to destroy one of them, or 0
 *
 * All of it belongs to the PF's device, and is protected by state_mutex.
 */
struct mvf_track_queues {
	u32 pdn;
	struct mlx5_uars_page *uar;
	struct mlx5_core_cq cq;
	struct mlx5_frag_buf cq_buf;
	struct mlx5_db cq_db;
	struct mvf_qp host;
	struct mvf_qp fw;
	struct mvf_buffer *data;
	u32 slots;
	unsigned int log_msg;
	u16 posted;
	int stuck;
};

struct mvf_track_range {
	u64 start;
	u64 last;
};

/**
 * struct mvf_tracker - the firmware's log of the pages that a VF writes to
 * @ref: held by the device, and by each report
 * @report_mutex: one report at a time; held while user memory is accessed, so
 *	nothing that ends the tracker takes it
 * @wait: the report
 * @flags: MVF_TRACKER_*
 * @nb: notified of errors
 * @memcg: of the process that has started tracking; memory is charged to it
 * @q: the queues (state_mutex)
 * @alive: @q and the firmware's object exist (state_mutex)
 * @object: its number in commands
 * @log_page: log 2 of the bytes of a tracked page
 * @ranges: what is tracked, in order; constant
 * @range_count: their number
 * @entries: a copy of one message (report_mutex)
 * @stale: ranges in which all is dirty once more, after a reset (report_mutex)
 * @carried: pages that the firmware has reported, and so forgotten, though only a
 *	part of them was asked about: dirty until tracking stops (report_mutex)
 *
 * A tracker that is broken reports all that it tracks as dirty until it is
 * stopped. After a STOP, the last close, or a reset after which another was made,
 * it is not the device's any more; a report that is under way notices that when
 * it takes state_mutex.
 */
struct mvf_tracker {
	struct kref ref;
	struct mutex report_mutex;
	wait_queue_head_t wait;
	unsigned long flags;
	struct mlx5_nb nb;
	struct mem_cgroup *memcg;

	struct mvf_track_queues q;
	bool alive;
	u32 object;
	unsigned int log_page;
	struct mvf_track_range *ranges;
	unsigned int range_count;

	__be64 *entries;
	struct rb_root_cached stale;
	struct xarray carried;
};

/* A message, as its completion describes it. */
struct mvf_track_message {
	u32 state;	/* MLX5_PAGE_TRACK_STATE_* */
	u32 count;	/* of the addresses that were copied */
};

static inline bool mvf_tracker_broken(struct mvf_tracker *t)
{
	return test_bit(MVF_TRACKER_BROKEN, &t->flags);
}

/* tracker.c */
void mvf_tracker_break(struct mvf_tracker *t);
void mvf_tracker_put(struct mvf_tracker *t);
int mvf_tracker_begin(struct mvf_device *mvf, struct rb_root_cached *ranges,
		      u32 count, u64 *page_size);
void mvf_tracker_end(struct mvf_device *mvf);
void mvf_tracker_lost(struct mvf_device *mvf);
void mvf_tracker_renew(struct mvf_device *mvf);

/* tracker_stale.c */
void mvf_mark_range(struct iova_bitmap *dirty, u64 from, u64 last);
int mvf_stale_add_all(struct mvf_tracker *t);
void mvf_stale_free(struct mvf_tracker *t);
void mvf_stale_mark(struct mvf_tracker *t, struct iova_bitmap *dirty, u64 iova,
		    u64 end);

/* tracker_object.c */
int mvf_tracker_take_ranges(struct mvf_tracker *t, struct rb_root_cached *root,
			    u32 count, unsigned int max);
int mvf_object_create(struct mvf_device *mvf, struct mvf_tracker *t);
int mvf_object_destroy(struct mvf_device *mvf, struct mvf_tracker *t);
int mvf_object_report(struct mvf_device *mvf, struct mvf_tracker *t, u64 iova,
		      u64 length);
int mvf_object_check(struct mvf_device *mvf, struct mvf_tracker *t);

/* tracker_report.c */
int mvf_tracker_report(struct mvf_device *mvf, struct mvf_tracker *t, u64 iova,
		       u64 length, struct iova_bitmap *dirty);

/* tracker_qp.c: commands about the queues */
int mvf_cq_create(struct mvf_device *mvf, struct mvf_track_queues *q);
int mvf_qp_create(struct mvf_device *mvf, struct mvf_track_queues *q,
		  struct mvf_qp *qp, struct mlx5_core_cq *cq);
int mvf_qp_destroy(struct mvf_device *mvf, struct mvf_qp *qp);
int mvf_qp_init(struct mvf_device *mvf, struct mvf_qp *qp);
int mvf_qp_connect(struct mvf_device *mvf, struct mvf_qp *qp,
		   struct mvf_qp *to);
int mvf_qp_let_send(struct mvf_device *mvf, struct mvf_qp *qp);

/* tracker_queues.c */
int mvf_track_queues_make(struct mvf_device *mvf, struct mvf_track_queues *q);
int mvf_track_queues_drop(struct mvf_device *mvf, struct mvf_track_queues *q);
int mvf_track_queues_poll(struct mvf_track_queues *q, __be64 *entries,
			  struct mvf_track_message *msg);

static inline void *mvf_frag_at(struct mlx5_frag_buf *buf, size_t offset)
{
	return buf->frags[offset >> PAGE_SHIFT].buf + offset_in_page(offset);
}

static inline void mvf_cq_arm(struct mvf_track_queues *q)
{
	mlx5_cq_arm(&q->cq, MLX5_CQ_DB_REQ_NOT, q->uar->map, q->cq.cons_index);
}

#endif
