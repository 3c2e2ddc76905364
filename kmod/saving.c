// SPDX-License-Identifier: GPL-2.0-only
/*
 * SAVEs: how they are given, and what becomes of their answers; and the arcs
 * that begin and end STOP_COPY without PRE_COPY.
 */
#include "saving.h"

static void mvf_saving_notify(struct mvf_fw_save *save)
{
	struct mvf_session *s = container_of(save, struct mvf_session, save);

	queue_work(system_unbound_wq, &s->work);
}

/* The stream begins with what memory its receiver should expect to need. */
static int mvf_saving_head(struct mvf_session *s, bool initial)
{
	struct mvf_buffer *buf;

	if (!s->mvf->records)
		return 0;
	buf = mvf_buffer_alloc(s->mvf, 0, 0);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	buf->prefix_len = mvf_stream_put_size(buf->prefix, s->room);
	mvf_reading_offer(s, buf, MVF_END_NOT_YET, initial);
	return 0;
}

/**
 * mvf_saving_prepare - find all memory that a session will need
 * @s: the session, new
 * @track: it begins while the VF runs
 * @need: bytes that the first SAVE needs at least
 *
 * One buffer is for the SAVE whose data the user reads, and one for the next: in
 * PRE_COPY for that which stops the VF, in chunk mode for the next chunk.
 *
 * Return: 0, -ENOMEM or an errno from the firmware.
 */
int mvf_saving_prepare(struct mvf_session *s, bool track, u32 *need)
{
	int left = track || s->mvf->chunks ? 2 : 1;
	struct mvf_fw_sizes sizes;
	int err;

	err = mvf_fw_query_sizes(s->mvf, false, &sizes);
	if (err)
		return err;

	*need = sizes.room;
	s->room = mvf_supply_plan(s->mvf, &sizes, track);
	while (left--) {
		err = mvf_supply_add(s);
		if (err)
			return err;
	}
	return mvf_saving_head(s, track);
}

/**
 * mvf_saving_start - give a SAVE
 * @s: the session; its lock is held, and no SAVE is on its way
 * @need: bytes that it needs at least
 * @how: MVF_SAVE_*
 *
 * Return: 0 when it is on its way: readers wait for it, and @s->work takes what
 * it brings. Else -ENOMEM or an errno from the firmware, and nothing was done.
 */
int mvf_saving_start(struct mvf_session *s, u32 need, unsigned int how)
{
	struct mvf_buffer *buf = mvf_supply_take(s, need);
	enum mvf_end end = s->end;
	int err;

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	mvf_buffer_to_device(buf);
	s->flight = buf;
	s->how = how;
	mvf_reading_set_end(s, MVF_END_NOT_YET);
	err = mvf_fw_save_start(s->mvf, &s->save, buf->mkey, buf->room, how);
	if (err) {
		s->flight = NULL;
		mvf_reading_set_end(s, end);
		mvf_supply_discard(s, buf);
	}
	return err;
}

static bool mvf_saving_sane(struct mvf_session *s, struct mvf_buffer *buf,
			    const struct mvf_fw_saved *saved)
{
	bool may_be_empty = s->how & MVF_SAVE_TRACK;

	if (saved->size <= buf->room && (saved->size || may_be_empty))
		return true;
	pci_err(s->mvf->core.pdev,
		"firmware claims to have saved %u bytes to %u bytes of memory\n",
		saved->size, buf->room);
	return false;
}

/* Puts what has been saved into the stream. */
static void mvf_saving_took(struct mvf_session *s, struct mvf_buffer *buf,
			    const struct mvf_fw_saved *saved)
{
	bool initial = s->how == MVF_SAVE_TRACK;
	enum mvf_end end = MVF_END;

	if (s->how & MVF_SAVE_TRACK)
		end = MVF_END_FOR_NOW;
	else if (s->mvf->chunks && saved->next)
		end = MVF_END_NOT_YET;
	if (end == MVF_END_NOT_YET)
		WRITE_ONCE(s->next, saved->next);

	if (!saved->size) {
		mvf_supply_give(s, buf);
		mvf_reading_set_end(s, end);
		return;
	}
	mvf_buffer_to_cpu(buf);
	buf->used = saved->size;
	buf->prefix_len = s->mvf->records ?
		mvf_stream_put_image_head(buf->prefix, saved->size) : 0;
	mvf_reading_offer(s, buf, end, initial);
}

/*
 * Waits for the SAVE that is on its way. After a failure the memory is not used
 * again: the firmware may be slow rather than unwilling.
 */
static int mvf_saving_finish(struct mvf_session *s)
{
	struct mvf_buffer *buf = s->flight;
	struct mvf_fw_saved saved = {};
	int err;

	err = mvf_fw_save_finish(s->mvf, &s->save, &saved);
	s->flight = NULL;
	if (!err && !mvf_saving_sane(s, buf, &saved))
		err = -EIO;
	if (err)
		mvf_supply_discard(s, buf);
	else
		mvf_saving_took(s, buf, &saved);
	return err;
}

/*
 * A SAVE that no arc waits for has failed. When the firmware cannot track the VF,
 * that is the end of PRE_COPY's data, and the VF can still be stopped and saved
 * as a whole. After any other failure the stream is of no use.
 */
static void mvf_saving_lost(struct mvf_session *s)
{
	if (s->how & MVF_SAVE_TRACK && mvf_fw_save_untracked(&s->save)) {
		s->tracked = false;
		mvf_reading_set_end(s, MVF_END_FOR_NOW);
	} else {
		mvf_reading_fail(s, -EIO);
	}
}

/**
 * mvf_saving_settle - wait until no SAVE is on its way
 * @s: the session; its lock is held
 *
 * The firmware takes no other migration command for the VF meanwhile.
 */
void mvf_saving_settle(struct mvf_session *s)
{
	if (s->flight && mvf_saving_finish(s))
		mvf_saving_lost(s);
}

/* Gives the SAVE of the next chunk, if there is one, and memory for it. */
static void mvf_saving_next(struct mvf_session *s)
{
	u32 need = s->next;

	if (!need || !mvf_supply_ready(s) || s->flight || s->err)
		return;

	WRITE_ONCE(s->next, 0);
	if (mvf_saving_start(s, need, MVF_SAVE_INCREMENT))
		mvf_reading_fail(s, -EIO);
}

/* A SAVE was answered, or a buffer has become free. */
static void mvf_saving_work(struct work_struct *work)
{
	struct mvf_session *s = container_of(work, struct mvf_session, work);

	mutex_lock(&s->lock);
	if (!mvf_session_ended(s)) {
		if (s->flight && mvf_fw_save_answered(&s->save))
			mvf_saving_settle(s);
		mvf_saving_next(s);
	}
	mutex_unlock(&s->lock);
}

/**
 * mvf_saving_final - save a VF that stands still, to the end of its stream
 * @s: the session; its lock is held, and no SAVE is on its way
 * @need: bytes that the SAVE needs at least
 *
 * Waits for the SAVE, so that a refusal fails the arc; in chunk mode for that of
 * the first chunk. The wait cannot be interrupted: until the answer comes the
 * firmware may write to the memory.
 *
 * Return: 0, or an errno; the stream is then as it was.
 */
int mvf_saving_final(struct mvf_session *s, u32 need)
{
	enum mvf_end end = s->end;
	int err;

	err = mvf_saving_start(s, need, s->tracked ? MVF_SAVE_INCREMENT : 0);
	if (err)
		return err;
	err = mvf_saving_finish(s);
	if (err) {
		mvf_reading_set_end(s, end);
		return err;
	}
	s->tracked = false;
	mvf_saving_next(s);
	return 0;
}

/** mvf_saving_abandon - wait for a SAVE, and let go of what it brings */
void mvf_saving_abandon(struct mvf_session *s)
{
	struct mvf_fw_saved saved;

	if (!s->flight)
		return;
	mvf_fw_save_finish(s->mvf, &s->save, &saved);
	mvf_supply_discard(s, s->flight);
	s->flight = NULL;
}

/** mvf_saving_init - prepare what a session needs before it can end */
void mvf_saving_init(struct mvf_session *s)
{
	s->save.notify = mvf_saving_notify;
	INIT_WORK(&s->work, mvf_saving_work);
}

/**
 * mvf_saving_estimate - how long the stream would be
 * @mvf: the VF
 * @sizes: what there is to save
 *
 * Return: bytes; in chunk mode without what the firmware adds to each chunk.
 */
u64 mvf_saving_estimate(struct mvf_device *mvf,
			const struct mvf_fw_sizes *sizes)
{
	u64 images = DIV_ROUND_UP_ULL(sizes->total,
				      mvf_supply_plan(mvf, sizes, false));

	if (!mvf->records)
		return sizes->total;
	return sizes->total + MVF_SIZE_RECORD_LEN +
	       max_t(u64, images, 1) * MVF_HEAD_LEN;
}

/*
 * STOP to STOP_COPY. The arc takes as long as the SAVE, so that a refusal
 * fails the arc, and the device stays in STOP.
 */
int mvf_saving_begin(struct mvf_device *mvf, struct file **filp)
{
	struct mvf_session *s;
	u32 need;
	int err;

	s = mvf_session_new(mvf);
	if (IS_ERR(s))
		return PTR_ERR(s);
	mvf_note_session_begin(mvf, MVF_WAY_SAVE);

	s->phase = MVF_STOP_COPY;
	mutex_lock(&s->lock);
	err = mvf_saving_prepare(s, false, &need);
	if (!err)
		err = mvf_saving_final(s, need);
	mutex_unlock(&s->lock);
	if (err)
		goto out_end;
	err = mvf_session_open(s, &mvf_saving_fops, O_RDONLY, filp);
	if (err)
		goto out_end;
	return 0;

out_end:
	mvf_session_end(s);
	return err;
}

/* STOP_COPY to STOP. */
int mvf_saving_end(struct mvf_device *mvf, struct file **filp)
{
	mvf_session_end_current(mvf);
	return 0;
}
