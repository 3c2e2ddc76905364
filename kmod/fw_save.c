// SPDX-License-Identifier: GPL-2.0-only
/* SAVE_VHCA_STATE, which is sent without waiting for its answer. */
#include <linux/ktime.h>

#include "fw.h"

/* Runs in interrupt context. */
static void mvf_fw_save_answer(int err, struct mlx5_async_work *work)
{
	struct mvf_fw_save *save = container_of(work, struct mvf_fw_save, work);

	save->ended = ktime_get();
	save->err = err;
	/* @err and the answer first; pairs with mvf_fw_save_answered(). */
	smp_store_release(&save->answered, true);
	save->notify(save);
}

static void mvf_fw_save_fill(struct mvf_device *mvf, struct mvf_fw_save *save,
			     u32 mkey, u32 size, unsigned int how)
{
	memset(save->in, 0, sizeof(save->in));
	memset(save->out, 0, sizeof(save->out));
	MLX5_SET(save_vhca_state_in, save->in, opcode,
		 MLX5_CMD_OP_SAVE_VHCA_STATE);
	MLX5_SET(save_vhca_state_in, save->in, vhca_id, mvf->vhca_id);
	MLX5_SET(save_vhca_state_in, save->in, mkey, mkey);
	MLX5_SET(save_vhca_state_in, save->in, size, size);
	MLX5_SET(save_vhca_state_in, save->in, incremental,
		 !!(how & MVF_SAVE_INCREMENT));
	MLX5_SET(save_vhca_state_in, save->in, set_track,
		 !!(how & MVF_SAVE_TRACK));
}

static int mvf_fw_save_send(struct mvf_device *mvf, struct mvf_fw_save *save)
{
	unsigned int tries = MVF_FW_TRIES;
	int err;

	save->err = 0;
	save->answered = false;
	save->begun = ktime_get();
	save->ended = save->begun;
	mlx5_cmd_init_async_ctx(mvf->pf, &save->ctx);
	do {
		err = mlx5_cmd_exec_cb(&save->ctx, save->in, sizeof(save->in),
				       save->out, sizeof(save->out),
				       mvf_fw_save_answer, &save->work);
	} while (mvf_fw_try_again(err, &tries));
	if (err)
		mlx5_cmd_cleanup_async_ctx(&save->ctx);
	return err;
}

/**
 * mvf_fw_save_start - have the firmware write a VF's state to memory
 * @mvf: the VF; state_mutex is held, or the lock of a session that has not
 *	ended
 * @save: the command, the firmware's until mvf_fw_save_finish(); @notify is set
 * @mkey: key of the memory
 * @size: its size in bytes
 * @how: MVF_SAVE_*
 *
 * mlx5_core allocates the command's mailbox atomically, which fails on a busy
 * host; it is sent again as by mvf_fw_exec_retry().
 *
 * Return: 0 when the command was sent, and only then must mvf_fw_save_finish()
 * be called.
 */
int mvf_fw_save_start(struct mvf_device *mvf, struct mvf_fw_save *save,
		      u32 mkey, u32 size, unsigned int how)
{
	int err;

	if (READ_ONCE(mvf->detached))
		return -ENOTCONN;

	mvf_fw_save_fill(mvf, save, mkey, size, how);
	save->how = how;
	err = mvf_fw_save_send(mvf, save);
	return err ? mvf_fw_result(mvf, err, save->in, save->out, 0) : 0;
}

/*
 * Waits for the answer. A command for which mlx5_core finds no slot fails
 * only in its callback; it is sent again.
 */
static int mvf_fw_save_wait(struct mvf_device *mvf, struct mvf_fw_save *save)
{
	unsigned int tries = MVF_FW_TRIES;
	int err;

	mlx5_cmd_cleanup_async_ctx(&save->ctx);
	while (mvf_fw_try_again(save->err, &tries)) {
		if (READ_ONCE(mvf->detached) || READ_ONCE(*save->unwanted))
			break;
		err = mvf_fw_save_send(mvf, save);
		if (err)
			return err;
		mlx5_cmd_cleanup_async_ctx(&save->ctx);
	}
	return save->err;
}

/* What a SAVE counts as; the one that only ends tracking counts as none. */
static void mvf_fw_save_note(struct mvf_device *mvf, struct mvf_fw_save *save,
			     u32 size, u64 ns)
{
	if (size && !(save->how & MVF_SAVE_UNTRACK))
		mvf_note_image(mvf, save->how & MVF_SAVE_TRACK ?
			       MVF_PART_PRE_COPY : MVF_PART_STOP_COPY, size, ns);
}

/**
 * mvf_fw_save_drop - wait for a SAVE whose answer is not needed
 * @mvf: the VF
 * @save: the command
 */
void mvf_fw_save_drop(struct mvf_device *mvf, struct mvf_fw_save *save)
{
	mlx5_cmd_cleanup_async_ctx(&save->ctx);
	mvf_fw_result(mvf, save->err, save->in, save->out,
		      ktime_sub(save->ended, save->begun));
}

/**
 * mvf_fw_save_finish - wait for a SAVE
 * @mvf: the VF
 * @save: the command
 * @saved: its answer
 *
 * Return: 0 or the errno of the firmware's refusal.
 */
int mvf_fw_save_finish(struct mvf_device *mvf, struct mvf_fw_save *save,
		       struct mvf_fw_saved *saved)
{
	u64 ns;
	int err;

	err = mvf_fw_save_wait(mvf, save);
	ns = ktime_sub(save->ended, save->begun);
	err = mvf_fw_result(mvf, err, save->in, save->out, ns);
	if (err)
		return err;

	saved->size = MLX5_GET(save_vhca_state_out, save->out,
			       actual_image_size);
	saved->next = MLX5_GET(save_vhca_state_out, save->out,
			       next_required_umem_size);
	mvf_fw_save_note(mvf, save, saved->size, ns);
	return 0;
}

/* The status of the answer; 0 when there was none, or no refusal. */
static u8 mvf_fw_save_status(const struct mvf_fw_save *save)
{
	return save->err == -EREMOTEIO ?
		MLX5_GET(save_vhca_state_out, save->out, status) : 0;
}

/**
 * mvf_fw_save_untracked - has the firmware stopped tracking the VF?
 * @save: a tracked SAVE that has failed
 *
 * A VF can reach a state in which the firmware does not track it and saves no
 * increments. It can still be saved as a whole when it is stopped.
 *
 * Return: true if the firmware refused the SAVE for that reason.
 */
bool mvf_fw_save_untracked(const struct mvf_fw_save *save)
{
	return mvf_fw_save_status(save) == MLX5_CMD_STAT_BAD_RES_STATE_ERR;
}

/** mvf_fw_save_wrong_state - was the SAVE refused since the VF is not tracked? */
bool mvf_fw_save_wrong_state(const struct mvf_fw_save *save)
{
	return mvf_fw_is_wrong_state(mvf_fw_save_status(save));
}
