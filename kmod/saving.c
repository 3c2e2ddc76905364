// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saving sessions: how SAVEs are sent, and what happens with their answers.
 */
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "saving.h"

static void mvf_saving_notify(struct mvf_fw_save *command)
{
	struct mvf_save *save = container_of(command, struct mvf_save, command);

	queue_work(mvf_workqueue, &save->work);
}

/* The stream begins with the memory that its receiver needs for one image. */
static int mvf_saving_head(struct mvf_save *save, bool initial)
{
	struct mvf_buffer *buf;

	if (!save->session.mvf->records)
		return 0;
	buf = mvf_buffer_alloc(save->session.mvf, 0, 0);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	buf->prefix_len = mvf_stream_put_size(buf->prefix, save->save_size);
	mvf_reading_append(save, buf, MVF_END_NOT_YET, initial);
	return 0;
}

/**
 * mvf_saving_prepare - allocate all memory that a session should need
 * @save: the session, new; its lock is held
 * @track: it begins while the VF runs
 * @required: bytes that the first SAVE requires
 *
 * One buffer is for the SAVE whose data the user reads, and one for the next: in
 * PRE_COPY for the one that stops the VF, in chunk mode for the next chunk.
 *
 * Return: 0, -ENOMEM or an errno from the firmware.
 */
int mvf_saving_prepare(struct mvf_save *save, bool track, u32 *required)
{
	struct mvf_device *mvf = save->session.mvf;
	int count = track || mvf->chunks ? 2 : 1;
	struct mvf_fw_sizes sizes;
	int err;

	err = mvf_fw_query_sizes(mvf, false, &sizes);
	if (err)
		return err;

	*required = sizes.required;
	save->save_size = mvf_supply_plan(mvf, &sizes, track);
	while (count--) {
		err = mvf_supply_add(save);
		if (err)
			return err;
	}
	return mvf_saving_head(save, track);
}

/**
 * mvf_saving_start - send a SAVE
 * @save: the session; its lock is held, and no SAVE is on its way
 * @required: bytes that it requires
 * @how: MVF_SAVE_*
 *
 * Return: 0 when it was sent: readers wait for it, and @save->work processes the
 * answer. Otherwise -ENOMEM or an errno from the firmware, and nothing has
 * changed.
 */
int mvf_saving_start(struct mvf_save *save, u32 required, unsigned int how)
{
	struct mvf_buffer *buf = mvf_supply_take(save, required);
	enum mvf_end end = save->end;
	int err;

	if (IS_ERR(buf))
		return PTR_ERR(buf);

	mvf_buffer_to_device(buf);
	save->flight = buf;
	mvf_reading_set_end(save, MVF_END_NOT_YET);
	err = mvf_fw_save_start(save->session.mvf, &save->command, buf->mkey,
				buf->save_size, how);
	if (err) {
		save->flight = NULL;
		mvf_reading_set_end(save, end);
		mvf_supply_return(save, buf);
	}
	return err;
}

static void mvf_saving_fail(struct mvf_save *save, int err)
{
	mvf_reading_fail(save, err == -ENOMEM ? err : -EIO);
}

static bool mvf_saving_is_valid(struct mvf_save *save, struct mvf_buffer *buf,
				const struct mvf_fw_saved *saved)
{
	bool may_be_empty = save->command.how & MVF_SAVE_TRACK;

	if (saved->size <= buf->save_size && (saved->size || may_be_empty))
		return true;
	pci_err(save->session.mvf->core.pdev,
		"firmware claims to have saved %u bytes to %u bytes of memory\n",
		saved->size, buf->save_size);
	return false;
}

/* Appends what has been saved to the stream. */
static void mvf_saving_append(struct mvf_save *save, struct mvf_buffer *buf,
			      const struct mvf_fw_saved *saved)
{
	struct mvf_device *mvf = save->session.mvf;
	bool initial = save->command.how == MVF_SAVE_TRACK;
	enum mvf_end end = MVF_END;

	if (save->command.how & MVF_SAVE_TRACK)
		end = MVF_END_FOR_NOW;
	else if (mvf->chunks && saved->next)
		end = MVF_END_NOT_YET;
	if (end == MVF_END_NOT_YET)
		WRITE_ONCE(save->next, saved->next);

	if (!saved->size) {
		mvf_supply_return(save, buf);
		mvf_reading_set_end(save, end);
		return;
	}
	mvf_buffer_to_cpu(buf);
	buf->used = saved->size;
	buf->prefix_len = mvf->records ?
		mvf_stream_put_image_head(buf->prefix, saved->size) : 0;
	mvf_reading_append(save, buf, end, initial);
}

/*
 * Waits for the SAVE that is on its way. After a failure its memory is not used
 * again, since the firmware may still write to it.
 */
static int mvf_saving_complete(struct mvf_save *save)
{
	struct mvf_buffer *buf = save->flight;
	struct mvf_fw_saved saved = {};
	int err;

	err = mvf_fw_save_finish(save->session.mvf, &save->command, &saved);
	save->flight = NULL;
	if (!err && !mvf_saving_is_valid(save, buf, &saved))
		err = -EIO;
	if (err)
		mvf_supply_discard(save, buf);
	else
		mvf_saving_append(save, buf, &saved);
	return err;
}

/*
 * A SAVE that no arc waits for has failed. If the firmware cannot track the VF,
 * PRE_COPY has no more data, and the VF can still be stopped and saved as a
 * whole. After any other failure the stream cannot be completed.
 */
static void mvf_saving_lost(struct mvf_save *save, int err)
{
	if (save->command.how & MVF_SAVE_TRACK &&
	    mvf_fw_save_untracked(&save->command)) {
		save->tracked = false;
		mvf_reading_set_end(save, MVF_END_FOR_NOW);
	} else {
		mvf_saving_fail(save, err);
	}
}

/**
 * mvf_saving_wait - wait until no SAVE is on its way
 * @save: the session; its lock is held
 *
 * In which order the firmware carries out a SAVE on its way and the next command
 * about the VF is not defined. Only what does not depend on it is sent meanwhile:
 * the question for the size of the whole state.
 */
void mvf_saving_wait(struct mvf_save *save)
{
	int err;

	if (!save->flight)
		return;
	err = mvf_saving_complete(save);
	if (err)
		mvf_saving_lost(save, err);
}

/* Sends the SAVE of the next chunk, if there is one, and memory for it. */
static void mvf_saving_next(struct mvf_save *save)
{
	u32 required = save->next;
	int err;

	if (!required || !mvf_supply_available(save) || save->flight ||
	    save->err)
		return;

	WRITE_ONCE(save->next, 0);
	err = mvf_saving_start(save, required, MVF_SAVE_INCREMENT);
	if (err)
		mvf_saving_fail(save, err);
}

/* A SAVE was answered, or a buffer can be saved to again. */
static void mvf_saving_work(struct work_struct *work)
{
	struct mvf_save *save = container_of(work, struct mvf_save, work);
	struct mem_cgroup *memcg = set_active_memcg(save->memcg);

	mutex_lock(&save->session.lock);
	if (!mvf_session_ended(&save->session)) {
		if (save->flight && mvf_fw_save_answered(&save->command))
			mvf_saving_wait(save);
		mvf_saving_next(save);
	}
	mutex_unlock(&save->session.lock);
	set_active_memcg(memcg);
}

/**
 * mvf_saving_final - save a VF that is stopped, to the end of the stream
 * @save: the session; its lock is held, and no SAVE is on its way
 * @required: bytes that the SAVE requires
 *
 * Waits for the SAVE, in chunk mode for that of the first chunk, so that a
 * refusal fails the arc. The wait cannot be interrupted: until the answer comes,
 * the firmware may write to the memory.
 *
 * Return: 0, or an errno; the stream is then as it was.
 */
int mvf_saving_final(struct mvf_save *save, u32 required)
{
	enum mvf_end end = save->end;
	int err;

	err = mvf_saving_start(save, required,
			       save->tracked ? MVF_SAVE_INCREMENT : 0);
	if (err)
		return err;
	err = mvf_saving_complete(save);
	if (err) {
		mvf_reading_set_end(save, end);
		return err;
	}
	save->tracked = false;
	mvf_saving_next(save);
	return 0;
}

/* From here on nothing is read from the lists, and the work is not queued. */
static void mvf_saving_take_buffers(struct mvf_save *save,
				    struct list_head *all)
{
	spin_lock(&save->list_lock);
	WRITE_ONCE(save->session.ended, true);
	list_splice_tail_init(&save->ready, all);
	list_splice_tail_init(&save->spare, all);
	spin_unlock(&save->list_lock);
	wake_up_all(&save->session.wait);
}

/* A read that copies from one of them has a reference. */
static void mvf_saving_end(struct mvf_session *s)
{
	struct mvf_save *save = mvf_save_of(s);
	struct mvf_buffer *buf, *next;
	LIST_HEAD(all);

	mvf_saving_take_buffers(save, &all);
	if (save->flight) {
		mvf_fw_save_drop(s->mvf, &save->command);
		mvf_supply_discard(save, save->flight);
		save->flight = NULL;
	}
	list_for_each_entry_safe(buf, next, &all, node) {
		list_del_init(&buf->node);
		if (mvf_buffer_mapped(buf))
			mvf_buffer_unmap(buf, s->mvf);
		mvf_buffer_put(buf);
	}
}

static void mvf_saving_free(struct mvf_session *s)
{
	struct mvf_save *save = mvf_save_of(s);

	cancel_work_sync(&save->work);
	mem_cgroup_put(save->memcg);
	mvf_session_destroy(s);
	kfree(save);
}

static const struct mvf_session_ops mvf_saving_ops = {
	.end = mvf_saving_end,
	.free = mvf_saving_free,
};

/**
 * mvf_save_new - make a session that saves
 * @mvf: the device; state_mutex is held
 * @phase: the state that it begins with
 *
 * Return: the session, for mvf_session_end(), or an ERR_PTR().
 */
struct mvf_save *mvf_save_new(struct mvf_device *mvf, enum mvf_phase phase)
{
	struct mvf_save *save;
	int err;

	save = kzalloc(sizeof(*save), MVF_GFP_CHARGED);
	if (!save)
		return ERR_PTR(-ENOMEM);

	err = mvf_session_init(&save->session, mvf, &mvf_saving_ops);
	if (err) {
		kfree(save);
		return ERR_PTR(err);
	}
	save->command.notify = mvf_saving_notify;
	save->command.unwanted = &save->session.ended;
	save->phase = phase;
	save->memcg = get_mem_cgroup_from_mm(current->mm);
	INIT_WORK(&save->work, mvf_saving_work);
	spin_lock_init(&save->list_lock);
	INIT_LIST_HEAD(&save->ready);
	INIT_LIST_HEAD(&save->spare);
	mvf_note_session_begin(mvf, MVF_WAY_SAVE);
	return save;
}

/**
 * mvf_saving_estimate - estimate the length of the stream
 * @mvf: the VF
 * @sizes: what can be saved
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
