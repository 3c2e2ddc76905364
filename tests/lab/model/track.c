// SPDX-License-Identifier: GPL-2.0-only
/* Page trackers: what they remember, how they report, and the commands that make, ask and end them. */
#include "qemu/osdep.h"
#include "cmd.h"
#include "track.h"

enum { TRACK_TYPE = 1, ENTRY_SIZE = 8, STATE_SHIFT = 28, SELECT_STATE_AND_RANGE = 3 };
enum { RETRY_MS = 1 };

static const char *const fault_names[] = {
	[LAB_TRACK_OBJECT] = "object", [LAB_TRACK_CQ] = "cq", [LAB_TRACK_QP] = "qp", [LAB_TRACK_MESSAGE] = "message",
	[LAB_TRACK_OPCODE] = "opcode", [LAB_TRACK_STRAY] = "stray", [LAB_TRACK_SILENT] = "silent",
	[LAB_TRACK_ENDLESS] = "endless",
};

bool lab_track_fault_named(const char *name, int *fault)
{
	for (size_t i = LAB_TRACK_FINE + 1; i < ARRAY_SIZE(fault_names); i++) {
		if (strcmp(fault_names[i], name))
			continue;
		*fault = i;
		return true;
	}
	return false;
}

/* In error a tracker knows nothing any more. The event reaches only a driver that has asked for events of that type. */
static void break_tracker(struct lab_tracker *t)
{
	uint8_t data[8] = { 0 };

	t->state = MLX5_PAGE_TRACK_STATE_ERROR;
	g_hash_table_remove_all(t->dirty);
	g_array_set_size(t->sending, 0);
	if (t->timer)
		timer_del(t->timer);
	stw_be_p(data + 2, MLX5_OBJ_TYPE_PAGE_TRACK);
	stl_be_p(data + 4, t->id);
	lab_eq_post(t->fn, LAB_EVENT_OBJECT_CHANGE, data, sizeof(data));
}

void lab_tracker_free(gpointer data)
{
	struct lab_tracker *t = data;
	struct lab_qp *qp = lab_qp_find(t->fn, t->qp);

	if (qp)
		qp->tracked = false;
	t->fn->pf->seats[t->number].tracker = NULL;
	if (t->timer)
		timer_free(t->timer);
	g_hash_table_destroy(t->dirty);
	g_array_free(t->sending, true);
	g_free(t->ranges);
	g_free(t);
}

/* The function starts a new life, of which its tracker knows nothing. */
void lab_track_function_reset(struct lab_pf *pf, unsigned int number)
{
	struct lab_tracker *t = pf->seats[number].tracker;

	if (t && pf->reset_ends_tracker)
		g_hash_table_remove(pf->fn.trackers, GUINT_TO_POINTER(t->id));
	else if (t && t->state != MLX5_PAGE_TRACK_STATE_ERROR)
		break_tracker(t);
}

static bool in_ranges(const struct lab_tracker *t, uint64_t address)
{
	for (unsigned int i = 0; i < t->range_count; i++)
		if (address - t->ranges[i].start < t->ranges[i].length)
			return true;
	return false;
}

/* The function has written there. A tracker that can remember no more is in error. */
static void note(struct lab_tracker *t, uint64_t address, uint64_t size)
{
	uint64_t last = (address + size - 1) >> t->log_page, limit = t->fn->pf->track_pages;

	if (!size || t->state == MLX5_PAGE_TRACK_STATE_ERROR)
		return;
	for (uint64_t page = address >> t->log_page; page <= last; page++) {
		if (!in_ranges(t, page << t->log_page))
			continue;
		g_hash_table_add(t->dirty, (gpointer)(uintptr_t)page);
		if (!limit || g_hash_table_size(t->dirty) <= limit)
			continue;
		break_tracker(t);
		return;
	}
}

/* Writes into host memory, as the function: every write of the model's goes through here. */
MemTxResult lab_bus_write(struct lab_function *fn, uint64_t address, const void *data, size_t size)
{
	struct lab_tracker *t = fn->pf->seats[fn->number].tracker;

	if (t)
		note(t, address, size);
	return pci_dma_write(&fn->pci, address, data, size);
}

/* Sends one message; the last one says that the tracker goes on tracking. */
static enum lab_delivery send_message(struct lab_tracker *t)
{
	unsigned int room = (1U << t->log_message) / ENTRY_SIZE, count = MIN(room, t->sending->len);
	uint32_t state = count < t->sending->len ? MLX5_PAGE_TRACK_STATE_REPORTING : MLX5_PAGE_TRACK_STATE_TRACKING;
	enum lab_cqe_opcode opcode = t->fault == LAB_TRACK_OPCODE ? LAB_CQE_RECEIVE_ERROR : LAB_CQE_SEND_IMMEDIATE;
	g_autofree uint8_t *entries = g_malloc(count * ENTRY_SIZE);
	enum lab_delivery delivery;

	if (t->fault == LAB_TRACK_MESSAGE)
		state = MLX5_PAGE_TRACK_STATE_ERROR;
	if (t->fault == LAB_TRACK_ENDLESS)
		state = MLX5_PAGE_TRACK_STATE_REPORTING;
	for (unsigned int i = 0; i < count; i++)
		stq_be_p(entries + i * ENTRY_SIZE, g_array_index(t->sending, uint64_t, t->sending->len - 1 - i));
	delivery = lab_qp_send(t->fn, t->qp, entries, count * ENTRY_SIZE, state << STATE_SHIFT, opcode);
	if (delivery != LAB_DELIVERED)
		return delivery;
	if (t->fault != LAB_TRACK_ENDLESS)
		g_array_set_size(t->sending, t->sending->len - count);
	t->state = state;
	if (state == MLX5_PAGE_TRACK_STATE_ERROR)
		break_tracker(t);
	return delivery;
}

static void break_something(struct lab_tracker *t)
{
	struct lab_qp *from = lab_qp_find(t->fn, t->qp), *to = lab_qp_find(t->fn, from->remote);

	if (!to || !to->has_rq)
		return;
	switch (t->fault) {
	case LAB_TRACK_OBJECT:
		break_tracker(t);
		break;
	case LAB_TRACK_CQ:
		lab_cq_break(t->fn, lab_cq_find(t->fn, to->cq));
		break;
	case LAB_TRACK_QP:
		lab_qp_break(t->fn, to, LAB_EVENT_WQ_CATAS_ERROR);
		break;
	default:
		break;
	}
}

/* Sends what the receiver has room for, and tries again a little later. */
static void report(void *opaque)
{
	struct lab_tracker *t = opaque;
	enum lab_delivery delivery = LAB_DELIVERED;

	break_something(t);
	while (t->state == MLX5_PAGE_TRACK_STATE_REPORTING && t->fault != LAB_TRACK_SILENT && delivery == LAB_DELIVERED)
		delivery = send_message(t);
	if (t->fault != LAB_TRACK_SILENT && t->fault != LAB_TRACK_ENDLESS)
		t->fault = LAB_TRACK_FINE;
	if (delivery == LAB_UNDELIVERABLE)
		break_tracker(t);
	else if (delivery == LAB_NOT_READY)
		timer_mod(t->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + RETRY_MS * SCALE_MS);
}

/* Moves the dirty pages of a range from what is remembered to what is sent. */
static void collect(struct lab_tracker *t, uint64_t start, uint64_t length)
{
	uint64_t page_size = 1ULL << t->log_page, last = start + length - 1;
	GHashTableIter iter;
	gpointer page;

	g_hash_table_iter_init(&iter, t->dirty);
	while (g_hash_table_iter_next(&iter, &page, NULL)) {
		uint64_t address = (uint64_t)(uintptr_t)page << t->log_page;

		if (address > last || address + page_size - 1 < start)
			continue;
		g_array_append_val(t->sending, address);
		g_hash_table_iter_remove(&iter);
	}
	if (t->fault == LAB_TRACK_STRAY) {
		uint64_t below = start - page_size, beyond = last + 1;

		g_array_append_val(t->sending, below);
		g_array_append_val(t->sending, beyond);
	}
}

static enum lab_status read_ranges(struct lab_cmd *cmd, struct lab_tracker *t)
{
	const uint8_t *range = cmd->in + IFC_SIZE(create_page_track_obj_in);
	uint64_t mask = (1ULL << t->log_page) - 1;

	if (cmd->in_size < IFC_SIZE(create_page_track_obj_in) + t->range_count * IFC_SIZE(page_track_range))
		return lab_refuse(cmd, LAB_BAD_INPUT_LENGTH, 0);
	t->ranges = g_new(struct lab_range, t->range_count);
	for (unsigned int i = 0; i < t->range_count; i++, range += IFC_SIZE(page_track_range)) {
		uint64_t start = IFC_GET(page_track_range, range, start_address);
		uint64_t length = IFC_GET(page_track_range, range, length);

		/* Linux 6.1 asks for a byte less than whole pages, and rounds the size of the space down: firmware puts up with it. */
		length = (length + mask) & ~mask;
		if (!length || start & mask || start + length - 1 < start)
			return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_TRACK_RANGE);
		for (unsigned int j = 0; j < i; j++)
			if (start < t->ranges[j].start + t->ranges[j].length && t->ranges[j].start < start + length)
				return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_TRACK_RANGE);
		t->ranges[i] = (struct lab_range){ start, length };
	}
	return LAB_OK;
}

static bool within_limits(const struct lab_pf *pf, const struct lab_tracker *t)
{
	return t->range_count && t->range_count <= pf->track_ranges && t->log_page >= pf->track_log_page_min &&
	       t->log_page <= pf->track_log_page_max && t->log_message >= LAB_TRACK_LOG_MESSAGE_MIN &&
	       t->log_message <= pf->track_log_message_max && t->log_space >= LAB_TRACK_LOG_SPACE_MIN &&
	       t->log_space <= pf->track_log_space_max;
}

static enum lab_status fill_tracker(struct lab_cmd *cmd, struct lab_tracker *t, const void *context)
{
	const struct lab_pf *pf = cmd->fn->pf;
	struct lab_qp *qp = lab_qp_find(cmd->fn, t->qp);

	if (IFC_GET(page_track, context, track_type) != TRACK_TYPE || !within_limits(pf, t))
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_TRACK_LIMIT);
	if (!qp || qp->state != LAB_QP_RTS)
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_QP_ORDER);
	if (qp->tracked || pf->seats[t->number].tracker)
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_OBJECT_IN_USE);
	return read_ranges(cmd, t);
}

static enum lab_status create(struct lab_cmd *cmd)
{
	const void *context = IFC_ADDR(create_page_track_obj_in, cmd->in, obj_context);
	struct lab_vf *vf = lab_vf_by_vhca(cmd->fn->pf, IFC_GET(page_track, context, vhca_id));
	enum lab_status status;
	struct lab_tracker *t;

	if (!vf || !cmd->fn->pf->seats[vf->fn.number].enabled)
		return lab_refuse(cmd, LAB_BAD_RESOURCE, LAB_SYND_NO_VHCA);
	t = g_new0(struct lab_tracker, 1);
	t->fn = cmd->fn;
	t->number = vf->fn.number;
	t->log_page = IFC_GET(page_track, context, log_page_size);
	t->log_message = IFC_GET(page_track, context, log_msg_size);
	t->log_space = IFC_GET(page_track, context, log_addr_space_size);
	t->qp = IFC_GET(page_track, context, reporting_qpn);
	t->range_count = IFC_GET(page_track, context, num_ranges);
	status = fill_tracker(cmd, t, context);
	if (status) {
		g_free(t->ranges);
		g_free(t);
		return status;
	}
	t->dirty = g_hash_table_new(g_direct_hash, g_direct_equal);
	t->sending = g_array_new(false, false, sizeof(uint64_t));
	t->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, report, t);
	t->id = cmd->fn->next_id++;
	lab_qp_find(cmd->fn, t->qp)->tracked = true;
	cmd->fn->pf->seats[t->number].tracker = t;
	g_hash_table_insert(cmd->fn->trackers, GUINT_TO_POINTER(t->id), t);
	IFC_SET(general_obj_out_cmd_hdr, cmd->out, obj_id, t->id);
	return LAB_OK;
}

/* The tracker that a command names. Of all general objects there are only these. */
static struct lab_tracker *named(struct lab_cmd *cmd)
{
	uint32_t id = IFC_GET(general_obj_in_cmd_hdr, cmd->in, obj_id);

	cmd->syndrome = LAB_SYND_OBJECT_UNKNOWN;
	if (IFC_GET(general_obj_in_cmd_hdr, cmd->in, obj_type) != MLX5_OBJ_TYPE_PAGE_TRACK)
		return NULL;
	return g_hash_table_lookup(cmd->fn->trackers, GUINT_TO_POINTER(id));
}

enum lab_status lab_create_object(struct lab_cmd *cmd)
{
	if (IFC_GET(general_obj_in_cmd_hdr, cmd->in, obj_type) != MLX5_OBJ_TYPE_PAGE_TRACK)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
	if (!cmd->fn->pf->adv_virtualization)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_CAPABILITY);
	return create(cmd);
}

/* A report is all that can be asked for, and only one at a time. */
enum lab_status lab_modify_object(struct lab_cmd *cmd)
{
	const void *context = IFC_ADDR(modify_page_track_obj_in, cmd->in, obj_context);
	uint64_t start = IFC_GET(page_track, context, range_start_address), length = IFC_GET(page_track, context, length);
	struct lab_tracker *t = named(cmd);

	if (!t)
		return LAB_BAD_RESOURCE;
	if (IFC_GET(page_track, context, modify_field_select) != SELECT_STATE_AND_RANGE ||
	    IFC_GET(page_track, context, state) != MLX5_PAGE_TRACK_STATE_REPORTING || !length ||
	    start + length - 1 < start)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_TRACK_RANGE);
	if (t->state != MLX5_PAGE_TRACK_STATE_TRACKING)
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_TRACK_STATE);
	t->state = MLX5_PAGE_TRACK_STATE_REPORTING;
	t->fault = cmd->track;
	collect(t, start, length);
	timer_mod(t->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + cmd->fn->pf->report_delay_us * SCALE_US);
	return LAB_OK;
}

enum lab_status lab_query_object(struct lab_cmd *cmd)
{
	void *context = IFC_ADDR(query_page_track_obj_out, cmd->out, obj_context);
	struct lab_tracker *t = named(cmd);

	if (!t)
		return LAB_BAD_RESOURCE;
	IFC_SET(page_track, context, vhca_id, LAB_VHCA_BASE + t->number);
	IFC_SET(page_track, context, state, t->state);
	IFC_SET(page_track, context, track_type, TRACK_TYPE);
	IFC_SET(page_track, context, log_addr_space_size, t->log_space);
	IFC_SET(page_track, context, log_page_size, t->log_page);
	IFC_SET(page_track, context, log_msg_size, t->log_message);
	IFC_SET(page_track, context, reporting_qpn, t->qp);
	IFC_SET(page_track, context, num_ranges, t->range_count);
	return LAB_OK;
}

enum lab_status lab_destroy_object(struct lab_cmd *cmd)
{
	struct lab_tracker *t = named(cmd);

	if (!t)
		return LAB_BAD_RESOURCE;
	g_hash_table_remove(cmd->fn->trackers, GUINT_TO_POINTER(t->id));
	return LAB_OK;
}
