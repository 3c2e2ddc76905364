// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware's object that tracks pages: its ranges, and commands about it.
 */
#include <linux/interval_tree.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vfio.h>

#include "compat/compat.h"
#include "fw.h"
#include "tracker.h"

enum {
	MVF_TRACK_TYPE = 1,		/* log what the VF writes */
	MVF_TRACK_SELECT_REPORT = 3,	/* state and range are modified */
};

static int mvf_compare_ranges(const void *a, const void *b)
{
	const struct mvf_track_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Removes range @i + 1 by letting range @i reach to its end. */
static void mvf_join_ranges(struct mvf_tracker *t, unsigned int i)
{
	t->ranges[i].last = max(t->ranges[i].last, t->ranges[i + 1].last);
	t->range_count--;
	memmove(&t->ranges[i + 1], &t->ranges[i + 2],
		(t->range_count - i - 1) * sizeof(*t->ranges));
}

/* Whole pages may touch and overlap where the ranges asked for did not. */
static void mvf_join_touching(struct mvf_tracker *t)
{
	unsigned int i = 0;

	while (i + 1 < t->range_count) {
		if (t->ranges[i].last >= t->ranges[i + 1].start ||
		    t->ranges[i].last + 1 == t->ranges[i + 1].start)
			mvf_join_ranges(t, i);
		else
			i++;
	}
}

/**
 * mvf_tracker_take_ranges - decide what is tracked
 * @t: the tracker; its page size is known
 * @root: the ranges asked for, an interval tree
 * @count: of its ranges
 * @max: ranges that the firmware takes
 *
 * Ranges become whole pages of the tracker's; where there are too many, the
 * smallest gaps between them are tracked too.
 *
 * Return: 0, -EINVAL for a range without bytes, or -ENOMEM.
 */
int mvf_tracker_take_ranges(struct mvf_tracker *t, struct rb_root_cached *root,
			    u32 count, unsigned int max)
{
	u64 page = BIT_ULL(t->log_page) - 1;
	struct interval_tree_node *node;

	t->ranges = kcalloc(count, sizeof(*t->ranges), MVF_GFP_CHARGED);
	if (!t->ranges)
		return -ENOMEM;

	if (count > max)
		vfio_combine_iova_ranges(root, count, max);
	for (node = interval_tree_iter_first(root, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		struct mvf_track_range *range = &t->ranges[t->range_count];

		/* A range of no bytes ends before it begins. */
		if (node->last < node->start || t->range_count == count)
			return -EINVAL;
		range->start = node->start & ~page;
		range->last = node->last | page;
		t->range_count++;
	}
	if (!t->range_count)
		return -EINVAL;
	sort(t->ranges, t->range_count, sizeof(*t->ranges), mvf_compare_ranges,
	     NULL);
	mvf_join_touching(t);
	return 0;
}

static u64 mvf_tracked_bytes(struct mvf_tracker *t)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < t->range_count; i++)
		bytes += t->ranges[i].last - t->ranges[i].start + 1;
	return bytes;
}

/* Log 2 of the tracked bytes, as the firmware wants it, or a negative errno. */
static int mvf_log_space(struct mvf_device *mvf, struct mvf_tracker *t)
{
	int min = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf,
					      pg_track_log_min_addr_space);
	int max = MLX5_CAP_ADV_VIRTUALIZATION(mvf->pf,
					      pg_track_log_max_addr_space);
	u64 bytes = mvf_tracked_bytes(t);
	int log;

	/* 0 is 2^64. */
	if (!bytes)
		return -EOPNOTSUPP;
	log = bytes > BIT_ULL(63) ? 64 : order_base_2(bytes);
	return log > max ? -EOPNOTSUPP : max(log, min);
}

static void mvf_put_ranges(struct mvf_tracker *t, void *context)
{
	void *at = MLX5_ADDR_OF(page_track, context, track_range);
	unsigned int i;

	MLX5_SET(page_track, context, num_ranges, t->range_count);
	for (i = 0; i < t->range_count; i++) {
		MLX5_SET64(page_track_range, at, start_address,
			   t->ranges[i].start);
		MLX5_SET64(page_track_range, at, length,
			   t->ranges[i].last - t->ranges[i].start + 1);
		at += MLX5_ST_SZ_BYTES(page_track_range);
	}
}

static void mvf_object_header(void *in, u16 opcode, u32 object)
{
	MLX5_SET(general_obj_in_cmd_hdr, in, opcode, opcode);
	MLX5_SET(general_obj_in_cmd_hdr, in, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);
	MLX5_SET(general_obj_in_cmd_hdr, in, obj_id, object);
}

/**
 * mvf_object_create - have the firmware track the ranges
 * @mvf: the VF; state_mutex is held
 * @t: the tracker, with its ranges and queues
 *
 * Return: 0, -EOPNOTSUPP when the ranges have more bytes than the firmware
 * tracks, or as mvf_fw_exec().
 */
int mvf_object_create(struct mvf_device *mvf, struct mvf_tracker *t)
{
	int inlen = MLX5_ST_SZ_BYTES(create_page_track_obj_in) +
		    t->range_count * MLX5_ST_SZ_BYTES(page_track_range);
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	int space = mvf_log_space(mvf, t);
	void *in, *context;
	int err;

	if (space < 0)
		return space;
	in = kzalloc(inlen, GFP_KERNEL);
	if (!in)
		return -ENOMEM;

	mvf_object_header(in, MLX5_CMD_OP_CREATE_GENERAL_OBJECT, 0);
	context = MLX5_ADDR_OF(create_page_track_obj_in, in, obj_context);
	MLX5_SET(page_track, context, vhca_id, mvf->vhca_id);
	MLX5_SET(page_track, context, track_type, MVF_TRACK_TYPE);
	MLX5_SET(page_track, context, log_page_size, t->log_page);
	MLX5_SET(page_track, context, log_msg_size, t->q.log_msg);
	MLX5_SET(page_track, context, log_addr_space_size, space);
	MLX5_SET(page_track, context, reporting_qpn, t->q.fw.number);
	mvf_put_ranges(t, context);
	err = mvf_fw_exec(mvf, in, inlen, out, sizeof(out));
	kfree(in);
	if (!err)
		t->object = MLX5_GET(general_obj_out_cmd_hdr, out, obj_id);
	return err;
}

/*
 * Destroys it, and with it its DMA; returns as mvf_fw_exec(). After a reset the
 * firmware need not have it any more.
 */
int mvf_object_destroy(struct mvf_device *mvf, struct mvf_tracker *t)
{
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	u32 in[MLX5_ST_SZ_DW(general_obj_in_cmd_hdr)] = {};
	int err;

	mvf_object_header(in, MLX5_CMD_OP_DESTROY_GENERAL_OBJECT, t->object);
	err = mvf_fw_exec_retry(mvf, in, sizeof(in), out, sizeof(out));
	return MLX5_GET(general_obj_out_cmd_hdr, out, status) ==
		       MLX5_CMD_STAT_BAD_RES_ERR ? 0 : err;
}

/**
 * mvf_object_report - ask which pages are dirty
 * @mvf: the VF; state_mutex is held
 * @t: the tracker
 * @iova: of the first byte
 * @length: in bytes
 *
 * Messages follow; the pages in them count as clean from now on.
 *
 * Return: as mvf_fw_exec().
 */
int mvf_object_report(struct mvf_device *mvf, struct mvf_tracker *t, u64 iova,
		      u64 length)
{
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	u32 in[MLX5_ST_SZ_DW(modify_page_track_obj_in)] = {};
	void *context = MLX5_ADDR_OF(modify_page_track_obj_in, in, obj_context);

	mvf_object_header(in, MLX5_CMD_OP_MODIFY_GENERAL_OBJECT, t->object);
	MLX5_SET64(page_track, context, modify_field_select,
		   MVF_TRACK_SELECT_REPORT);
	MLX5_SET64(page_track, context, range_start_address, iova);
	MLX5_SET64(page_track, context, length, length);
	MLX5_SET(page_track, context, state, MLX5_PAGE_TRACK_STATE_REPORTING);
	return mvf_fw_exec_retry(mvf, in, sizeof(in), out, sizeof(out));
}

/* Returns -EIO for a tracker in error, of which the firmware may send no event. */
int mvf_object_check(struct mvf_device *mvf, struct mvf_tracker *t)
{
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr) +
		MLX5_ST_SZ_DW(page_track)] = {};
	void *context = out + MLX5_ST_SZ_DW(general_obj_out_cmd_hdr);
	u32 in[MLX5_ST_SZ_DW(general_obj_in_cmd_hdr)] = {};
	int err;

	mvf_object_header(in, MLX5_CMD_OP_QUERY_GENERAL_OBJECT, t->object);
	err = mvf_fw_exec_retry(mvf, in, sizeof(in), out, sizeof(out));
	if (err)
		return err;
	return MLX5_GET(page_track, context, state) ==
		       MLX5_PAGE_TRACK_STATE_ERROR ? -EIO : 0;
}
