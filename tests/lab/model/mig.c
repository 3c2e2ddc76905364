// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration commands, which the PF's driver sends with a VF's VHCA id, and the rules of their order. All refusals are
 * listed in the README beside this file.
 */
#include "qemu/osdep.h"
#include "cmd.h"
#include "image.h"

enum { STOPPED = LAB_SUSPENDED_INITIATOR | LAB_SUSPENDED_RESPONDER };

/* The VF that a command is about, enabled, its state brought up to now; NULL with the syndrome set. */
static struct lab_vf *subject(struct lab_cmd *cmd)
{
	struct lab_vf *vf = lab_vf_by_vhca(cmd->fn->pf, IFC_GET(suspend_vhca_in, cmd->in, vhca_id));

	cmd->syndrome = cmd->fn->pf->migration ? LAB_SYND_NO_VHCA : LAB_SYND_NO_CAPABILITY;
	if (!vf || !cmd->fn->pf->seats[vf->fn.number].enabled || !cmd->fn->pf->migration)
		return NULL;
	lab_state_advance(&vf->state, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
	return vf;
}

/* The initiator stops first: what it started may still need the responder's answers. */
enum lab_status lab_suspend_vhca(struct lab_cmd *cmd)
{
	struct lab_vf *vf = subject(cmd);
	bool responder = cmd->op_mod == MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_RESPONDER;

	if (!vf)
		return LAB_BAD_RESOURCE;
	if (cmd->op_mod > MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_RESPONDER)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
	if (vf->state.suspended != (responder ? LAB_SUSPENDED_INITIATOR : 0))
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_SUSPEND_ORDER);
	vf->state.suspended |= responder ? LAB_SUSPENDED_RESPONDER : LAB_SUSPENDED_INITIATOR;
	return LAB_OK;
}

enum lab_status lab_resume_vhca(struct lab_cmd *cmd)
{
	struct lab_vf *vf = subject(cmd);
	bool responder = cmd->op_mod == MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_RESPONDER;

	if (!vf)
		return LAB_BAD_RESOURCE;
	if (cmd->op_mod > MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_INITIATOR)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
	if (vf->state.suspended != (responder ? STOPPED : LAB_SUSPENDED_INITIATOR))
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_RESUME_ORDER);
	if (vf->state.loading.state == LAB_LOAD_PARTIAL)
		return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_PARTIAL_LOAD);
	vf->state.suspended &= ~(responder ? LAB_SUSPENDED_RESPONDER : LAB_SUSPENDED_INITIATOR);
	if (responder) {
		lab_loading_end(&vf->state);
		lab_saving_end(&vf->state);
	} else {
		lab_cmd_wake(&vf->fn);
	}
	return LAB_OK;
}

/* Bytes still to be saved; with nothing left a stopped VF still owes the piece that ends the image. */
static uint64_t remaining(const struct lab_state *s)
{
	if (!s->saving.pending_count && s->suspended != STOPPED)
		return 0;
	return lab_image_size(s->saving.pending_count);
}

enum lab_status lab_query_migration(struct lab_cmd *cmd)
{
	struct lab_vf *vf = subject(cmd);
	bool incremental = IFC_GET(query_vhca_migration_state_in, cmd->in, incremental);
	bool chunk = IFC_GET(query_vhca_migration_state_in, cmd->in, chunk);
	uint64_t size, piece;

	if (!vf)
		return LAB_BAD_RESOURCE;
	if ((chunk && !cmd->fn->pf->in_chunks) || (incremental && !cmd->fn->pf->tracking))
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_CAPABILITY);
	if (incremental && !vf->state.saving.active)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NOT_TRACKED);
	size = incremental ? remaining(&vf->state) : lab_image_size(vf->state.pages);
	piece = chunk ? MIN(size, LAB_IMAGE_CHUNK) : size;
	if (piece > UINT32_MAX - LAB_PAGE_SIZE)
		return lab_refuse(cmd, LAB_EXCEEDED, LAB_SYND_NEEDS_CHUNKS);
	IFC_SET(query_vhca_migration_state_out, cmd->out, required_umem_size, piece);
	IFC_SET(query_vhca_migration_state_out, cmd->out, remaining_total_size, size);
	return LAB_OK;
}

/*
 * Whether this SAVE may happen now, given @incremental and @track:
 * - the whole, or the last increment: only when suspended on both sides;
 * - with tracking asked for: only while not suspended on both sides;
 * - neither, while tracked and running: ends the tracking, the piece is thrown away.
 */
static enum lab_status may_save(struct lab_cmd *cmd, const struct lab_state *s, bool incremental, bool track)
{
	bool stopped = s->suspended == STOPPED;

	if (track && !cmd->fn->pf->tracking)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_CAPABILITY);
	if (track && stopped)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_TRACK_SUSPENDED);
	if (incremental && !s->saving.active)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NOT_TRACKED);
	if (!track && !stopped && (incremental || !s->saving.tracking))
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NOT_SUSPENDED);
	return LAB_OK;
}

/* Sends what fits. The last piece of a stopped VF ends the save; only a driver that takes chunks may need several. */
static enum lab_status send_piece(struct lab_cmd *cmd, struct lab_vf *vf, struct lab_dma *dma, bool track)
{
	struct lab_state *s = &vf->state;
	uint64_t pages = MIN(lab_image_pages(dma->size), s->saving.pending_count);
	bool all = pages == s->saving.pending_count;
	uint32_t flags = (s->saving.sequence ? 0 : LAB_IMAGE_FIRST) | (!track && all ? LAB_IMAGE_LAST : 0);

	if (dma->size < LAB_IMAGE_HEADER || (!all && (!pages || (!track && !cmd->fn->pf->in_chunks))))
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_TOO_SMALL);
	if (!lab_image_write(s, dma, flags, pages)) {
		lab_saving_end(s);
		return lab_refuse(cmd, LAB_BAD_RESOURCE, dma->syndrome);
	}
	IFC_SET(save_vhca_state_out, cmd->out, actual_image_size, lab_image_size(pages));
	if (!track && !all)
		IFC_SET(save_vhca_state_out, cmd->out, next_required_umem_size,
			MIN(lab_image_size(s->saving.pending_count), LAB_IMAGE_CHUNK));
	if (!track && all)
		lab_saving_end(s);
	vf->saves++;
	return LAB_OK;
}

/* A SAVE or LOAD that has passed all checks that come before its data. */
struct transfer {
	struct lab_vf *vf;
	struct lab_dma dma;
	bool incremental;
	bool track;
	bool discards;			/* only ends the tracking: nothing is sent */
};

static enum lab_status open_memory(struct lab_cmd *cmd, struct lab_dma *dma, bool write)
{
	if (!lab_dma_open(dma, cmd->fn, IFC_GET(save_vhca_state_in, cmd->in, mkey),
			  IFC_GET(save_vhca_state_in, cmd->in, va), IFC_GET(save_vhca_state_in, cmd->in, size), write))
		return lab_refuse(cmd, LAB_BAD_RESOURCE, dma->syndrome);
	dma->corrupt = cmd->corrupt;
	return LAB_OK;
}

static enum lab_status open_save(struct lab_cmd *cmd, struct transfer *t)
{
	enum lab_status status;

	*t = (struct transfer){
		.vf = subject(cmd),
		.incremental = IFC_GET(save_vhca_state_in, cmd->in, incremental),
		.track = IFC_GET(save_vhca_state_in, cmd->in, set_track),
	};
	if (!t->vf)
		return LAB_BAD_RESOURCE;
	status = may_save(cmd, &t->vf->state, t->incremental, t->track);
	t->discards = !t->incremental && !t->track && t->vf->state.suspended != STOPPED;
	if (status || t->discards)
		return status;
	return open_memory(cmd, &t->dma, true);
}

enum lab_status lab_save_vhca(struct lab_cmd *cmd)
{
	struct transfer t;
	enum lab_status status = open_save(cmd, &t);

	if (status)
		return status;
	if (t.discards) {
		lab_saving_end(&t.vf->state);
		return LAB_OK;
	}
	if (!t.incremental)
		lab_saving_begin(&t.vf->state);
	t.vf->state.saving.tracking = t.track;
	lab_dma_behind(&t.dma, &cmd->fn->pf->behind.save_bytes, NULL);
	return send_piece(cmd, t.vf, &t.dma, t.track);
}

/*
 * Whether a checked piece is the one that comes next. A first piece starts anew, but not within the same save: there it is
 * a piece that comes twice.
 */
static enum lab_status may_load(struct lab_cmd *cmd, const struct lab_loading *loading,
				const struct lab_image_header *header)
{
	const uint32_t whole = LAB_IMAGE_FIRST | LAB_IMAGE_LAST;
	bool same = loading->state == LAB_LOAD_PARTIAL && loading->session == header->session;

	if (!cmd->fn->pf->multi_load && (header->flags & whole) != whole)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_IMAGE_MORE);
	if (header->flags & LAB_IMAGE_FIRST ? header->sequence || same : !same || loading->sequence != header->sequence)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_IMAGE_SEQUENCE);
	return LAB_OK;
}

/* All pieces are said to be in: are all pages, and do they make the state that was saved? */
static enum lab_status finish_load(struct lab_cmd *cmd, struct lab_vf *vf, uint64_t digest)
{
	if (vf->state.loading.missing_count || lab_state_digest(&vf->state) != digest)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_IMAGE_DIGEST);
	vf->state.loading.state = LAB_LOAD_COMPLETE;
	vf->loads++;
	return LAB_OK;
}

static enum lab_status open_load(struct lab_cmd *cmd, struct transfer *t)
{
	*t = (struct transfer){ .vf = subject(cmd) };
	if (!t->vf)
		return LAB_BAD_RESOURCE;
	if (t->vf->state.suspended != STOPPED)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NOT_SUSPENDED);
	return open_memory(cmd, &t->dma, false);
}

/* What the image's reader found: the memory cannot be read, there is no room for its pages, or it holds no good image. */
static enum lab_status refuse_image(struct lab_cmd *cmd, const struct lab_dma *dma)
{
	switch (dma->syndrome) {
	case LAB_SYND_KEY_DMA:
		return lab_refuse(cmd, LAB_BAD_RESOURCE, dma->syndrome);
	case LAB_SYND_NO_ROOM:
		return lab_refuse(cmd, LAB_NO_RESOURCES, dma->syndrome);
	default:
		return lab_refuse(cmd, LAB_BAD_PARAMETER, dma->syndrome);
	}
}

enum lab_status lab_load_vhca(struct lab_cmd *cmd)
{
	struct lab_image_header header;
	struct transfer t;
	enum lab_status status = open_load(cmd, &t);
	struct lab_state *s;

	if (status)
		return status;
	cmd->fn->pf->behind.loads++;
	lab_dma_behind(&t.dma, &cmd->fn->pf->behind.load_bytes, &cmd->fn->pf->behind.load_nonzero);
	s = &t.vf->state;
	if (!lab_image_check(s, &t.dma, &header))
		return refuse_image(cmd, &t.dma);
	status = may_load(cmd, &s->loading, &header);
	if (status)
		return status;
	lab_saving_end(s);
	if (header.flags & LAB_IMAGE_FIRST && !lab_loading_begin(s, header.session))
		return lab_refuse(cmd, LAB_NO_RESOURCES, LAB_SYND_NO_ROOM);
	s->loading.sequence++;
	if (!lab_image_apply(s, &t.dma, &header))
		return refuse_image(cmd, &t.dma);
	return header.flags & LAB_IMAGE_LAST ? finish_load(cmd, t.vf, header.digest) : LAB_OK;
}

/* Bytes that a SAVE or LOAD would move if it were carried out now; 0 when it would be refused. Changes nothing. */
uint64_t lab_transfer_size(struct lab_cmd *cmd)
{
	const struct lab_state *s;
	struct transfer t;

	if (cmd->opcode == MLX5_CMD_OP_LOAD_VHCA_STATE)
		return open_load(cmd, &t) ? 0 : t.dma.size;
	if (open_save(cmd, &t) || t.discards)
		return 0;
	s = &t.vf->state;
	return lab_image_size(MIN(lab_image_pages(t.dma.size), t.incremental ? s->saving.pending_count : s->pages));
}
