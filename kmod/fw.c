// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware commands. The PF gives them; the VF is named by its vhca_id.
 * Layouts: include/linux/mlx5/mlx5_ifc.h.
 */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "fw.h"

/* Turns what became of a command into an errno, and has it noted. */
static int mvf_fw_verdict(struct mvf_device *mvf, int err, void *in, void *out,
			  u64 ns)
{
	err = mlx5_cmd_check(mvf->pf, err, in, out);
	mvf_note_command(mvf, err, in, out, ns);
	return err;
}

static int mvf_fw_try(struct mvf_device *mvf, void *in, int inlen, void *out,
		      int outlen, unsigned int tries)
{
	ktime_t begun;
	int err;

	if (READ_ONCE(mvf->detached))
		return -ENOTCONN;

	mutex_lock(&mvf->fw_mutex);
	begun = ktime_get();
	err = mlx5_cmd_do(mvf->pf, in, inlen, out, outlen);
	/* The command was not sent: of refusals mlx5_cmd_do() says EREMOTEIO. */
	while (err == -ENOMEM && --tries) {
		msleep(MVF_FW_PAUSE_MS);
		err = mlx5_cmd_do(mvf->pf, in, inlen, out, outlen);
	}
	err = mvf_fw_verdict(mvf, err, in, out, ktime_sub(ktime_get(), begun));
	mutex_unlock(&mvf->fw_mutex);
	return err;
}

/**
 * mvf_fw_exec - give a command and wait for its answer
 * @mvf: the VF
 * @in: the command
 * @inlen: its length in bytes
 * @out: room for the answer, zeroed
 * @outlen: its length in bytes
 *
 * Every synchronous command of this driver goes through here or through
 * mvf_fw_give_back(), but for a completion queue's, which mlx5_core gives; what
 * DESTROY_CQ is answered is not among the failures noted. The caller makes sure
 * that the PF stays attached: by state_mutex, or by the lock of a session that
 * has not ended.
 *
 * Return: 0, -ENOTCONN when the PF has disabled the VF, or the errno that mlx5
 * gives for the firmware's status.
 */
int mvf_fw_exec(struct mvf_device *mvf, void *in, int inlen, void *out,
		int outlen)
{
	return mvf_fw_try(mvf, in, inlen, out, outlen, 1);
}

/**
 * mvf_fw_give_back - as mvf_fw_exec(), for a command that frees something
 * @mvf: the VF
 * @in: the command
 * @inlen: its length in bytes
 * @out: room for the answer, zeroed
 * @outlen: its length in bytes
 *
 * What it frees would be lost with it, so a kernel that has no memory for the
 * command is asked again, for a fifth of a second.
 *
 * Return: as mvf_fw_exec().
 */
int mvf_fw_give_back(struct mvf_device *mvf, void *in, int inlen, void *out,
		     int outlen)
{
	return mvf_fw_try(mvf, in, inlen, out, outlen, MVF_FW_TRIES);
}

/*
 * Firmware answers a command that does not fit what the VF is doing with a bad
 * resource state or (seen on ConnectX-7) a bad parameter.
 */
static bool mvf_fw_misplaced(u8 status)
{
	return status == MLX5_CMD_STAT_BAD_RES_STATE_ERR ||
	       status == MLX5_CMD_STAT_BAD_PARAM_ERR;
}

/**
 * mvf_fw_wrong_state - was there nothing to suspend or to resume?
 * @mvf: the VF; its state_mutex is held
 *
 * Return: true if that is why the last SUSPEND or RESUME was refused.
 */
bool mvf_fw_wrong_state(struct mvf_device *mvf)
{
	return mvf_fw_misplaced(mvf->arc_status);
}

/**
 * mvf_fw_query_cap - read a VF's capabilities
 * @mvf: the VF
 * @type: which group of capabilities
 * @mode: the maximum or the current ones
 * @out: a query_hca_cap_out, zeroed
 * @outlen: its length in bytes
 *
 * Return: as mvf_fw_exec().
 */
int mvf_fw_query_cap(struct mvf_device *mvf, enum mlx5_cap_type type,
		     enum mlx5_cap_mode mode, void *out, int outlen)
{
	u32 in[MLX5_ST_SZ_DW(query_hca_cap_in)] = {};

	MLX5_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	MLX5_SET(query_hca_cap_in, in, op_mod, type << 1 | mode);
	MLX5_SET(query_hca_cap_in, in, other_function, 1);
	/* Function 0 is the PF itself. */
	MLX5_SET(query_hca_cap_in, in, function_id, mvf->vf_id + 1);
	return mvf_fw_exec(mvf, in, sizeof(in), out, outlen);
}

/**
 * mvf_fw_suspend - stop one half of a VF
 * @mvf: the VF; its state_mutex is held
 * @half: the initiator goes first, the responder second
 *
 * Return: as mvf_fw_exec(); mvf_fw_wrong_state() says more.
 */
int mvf_fw_suspend(struct mvf_device *mvf, enum mvf_half half)
{
	u32 out[MLX5_ST_SZ_DW(suspend_vhca_out)] = {};
	u32 in[MLX5_ST_SZ_DW(suspend_vhca_in)] = {};
	int err;

	MLX5_SET(suspend_vhca_in, in, opcode, MLX5_CMD_OP_SUSPEND_VHCA);
	MLX5_SET(suspend_vhca_in, in, op_mod, half == MVF_INITIATOR ?
		 MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_INITIATOR :
		 MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_RESPONDER);
	MLX5_SET(suspend_vhca_in, in, vhca_id, mvf->vhca_id);
	err = mvf_fw_exec(mvf, in, sizeof(in), out, sizeof(out));
	mvf->arc_status = MLX5_GET(suspend_vhca_out, out, status);
	return err;
}

/**
 * mvf_fw_resume - let one half of a VF go on
 * @mvf: the VF; its state_mutex is held
 * @half: the responder goes first, the initiator second
 *
 * Return: as mvf_fw_exec(); mvf_fw_wrong_state() says more.
 */
int mvf_fw_resume(struct mvf_device *mvf, enum mvf_half half)
{
	u32 out[MLX5_ST_SZ_DW(resume_vhca_out)] = {};
	u32 in[MLX5_ST_SZ_DW(resume_vhca_in)] = {};
	int err;

	MLX5_SET(resume_vhca_in, in, opcode, MLX5_CMD_OP_RESUME_VHCA);
	MLX5_SET(resume_vhca_in, in, op_mod, half == MVF_INITIATOR ?
		 MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_INITIATOR :
		 MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_RESPONDER);
	MLX5_SET(resume_vhca_in, in, vhca_id, mvf->vhca_id);
	err = mvf_fw_exec(mvf, in, sizeof(in), out, sizeof(out));
	mvf->arc_status = MLX5_GET(resume_vhca_out, out, status);
	return err;
}

/**
 * mvf_fw_query_sizes - ask how much there is to save
 * @mvf: the VF, running or suspended
 * @increment: ask about what has changed since the last SAVE; it is tracked
 * @sizes: the answer
 *
 * Return: as mvf_fw_exec().
 */
int mvf_fw_query_sizes(struct mvf_device *mvf, bool increment,
		       struct mvf_fw_sizes *sizes)
{
	u32 out[MLX5_ST_SZ_DW(query_vhca_migration_state_out)] = {};
	u32 in[MLX5_ST_SZ_DW(query_vhca_migration_state_in)] = {};
	int err;

	MLX5_SET(query_vhca_migration_state_in, in, opcode,
		 MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE);
	MLX5_SET(query_vhca_migration_state_in, in, vhca_id, mvf->vhca_id);
	MLX5_SET(query_vhca_migration_state_in, in, incremental, increment);
	MLX5_SET(query_vhca_migration_state_in, in, chunk, mvf->chunks);
	err = mvf_fw_exec(mvf, in, sizeof(in), out, sizeof(out));
	if (err)
		return err;

	sizes->room = MLX5_GET(query_vhca_migration_state_out, out,
			       required_umem_size);
	sizes->total = mvf->chunks ?
		MLX5_GET64(query_vhca_migration_state_out, out,
			   remaining_total_size) : sizes->room;
	return 0;
}

/**
 * mvf_fw_load - give a suspended VF a state
 * @mvf: the VF
 * @mkey: key of the memory that holds the image, from its first byte on
 * @size: bytes of the image
 *
 * Return: as mvf_fw_exec().
 */
int mvf_fw_load(struct mvf_device *mvf, u32 mkey, u32 size)
{
	u32 out[MLX5_ST_SZ_DW(load_vhca_state_out)] = {};
	u32 in[MLX5_ST_SZ_DW(load_vhca_state_in)] = {};
	ktime_t begun = ktime_get();
	int err;

	MLX5_SET(load_vhca_state_in, in, opcode, MLX5_CMD_OP_LOAD_VHCA_STATE);
	MLX5_SET(load_vhca_state_in, in, vhca_id, mvf->vhca_id);
	MLX5_SET(load_vhca_state_in, in, mkey, mkey);
	MLX5_SET(load_vhca_state_in, in, size, size);
	err = mvf_fw_exec(mvf, in, sizeof(in), out, sizeof(out));
	if (!err)
		mvf_note_image(mvf, MVF_PART_LOAD, size,
			       ktime_sub(ktime_get(), begun));
	return err;
}

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

/**
 * mvf_fw_save_start - have the firmware write a VF's state to memory
 * @mvf: the VF; state_mutex is held, or the lock of a session that has not
 *	ended
 * @save: where the command lives until mvf_fw_save_finish(), with @notify set
 * @mkey: key of the memory
 * @size: its size in bytes
 * @how: MVF_SAVE_*
 *
 * Return: 0 when the command is on its way, and only then must
 * mvf_fw_save_finish() be called.
 */
int mvf_fw_save_start(struct mvf_device *mvf, struct mvf_fw_save *save,
		      u32 mkey, u32 size, unsigned int how)
{
	int err;

	if (READ_ONCE(mvf->detached))
		return -ENOTCONN;

	mvf_fw_save_fill(mvf, save, mkey, size, how);
	save->err = 0;
	save->answered = false;
	save->track = how & MVF_SAVE_TRACK;
	save->begun = ktime_get();
	mlx5_cmd_init_async_ctx(mvf->pf, &save->ctx);
	err = mlx5_cmd_exec_cb(&save->ctx, save->in, sizeof(save->in),
			       save->out, sizeof(save->out),
			       mvf_fw_save_answer, &save->work);
	if (!err)
		return 0;

	mlx5_cmd_cleanup_async_ctx(&save->ctx);
	return mvf_fw_verdict(mvf, err, save->in, save->out, 0);
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

	mlx5_cmd_cleanup_async_ctx(&save->ctx);
	ns = ktime_sub(save->ended, save->begun);
	err = mvf_fw_verdict(mvf, save->err, save->in, save->out, ns);
	if (err)
		return err;

	saved->size = MLX5_GET(save_vhca_state_out, save->out,
			       actual_image_size);
	saved->next = MLX5_GET(save_vhca_state_out, save->out,
			       next_required_umem_size);
	if (saved->size)
		mvf_note_image(mvf, save->track ? MVF_PART_PRE_COPY :
			       MVF_PART_STOP_COPY, saved->size, ns);
	return 0;
}

/* What the firmware said; 0 when it never answered, or has not refused. */
static u8 mvf_fw_save_status(const struct mvf_fw_save *save)
{
	return save->err == -EREMOTEIO ?
		MLX5_GET(save_vhca_state_out, save->out, status) : 0;
}

/**
 * mvf_fw_save_untracked - has the firmware given up tracking?
 * @save: a tracked SAVE that has failed
 *
 * A VF can come into a state in which the firmware does not track it, and no
 * increment can be had; it can still be saved as a whole once it is stopped.
 *
 * Return: true if that is what the refusal says.
 */
bool mvf_fw_save_untracked(const struct mvf_fw_save *save)
{
	return mvf_fw_save_status(save) == MLX5_CMD_STAT_BAD_RES_STATE_ERR;
}

/** mvf_fw_save_misplaced - did the refusal say that the VF is not tracked? */
bool mvf_fw_save_misplaced(const struct mvf_fw_save *save)
{
	return mvf_fw_misplaced(mvf_fw_save_status(save));
}

/**
 * mvf_fw_alloc_pd - make a protection domain on the PF
 * @mvf: the VF whose keys will be in it
 * @pdn: its number, for mvf_fw_dealloc_pd()
 *
 * Return: as mvf_fw_exec().
 */
int mvf_fw_alloc_pd(struct mvf_device *mvf, u32 *pdn)
{
	u32 out[MLX5_ST_SZ_DW(alloc_pd_out)] = {};
	u32 in[MLX5_ST_SZ_DW(alloc_pd_in)] = {};
	int err;

	MLX5_SET(alloc_pd_in, in, opcode, MLX5_CMD_OP_ALLOC_PD);
	err = mvf_fw_exec(mvf, in, sizeof(in), out, sizeof(out));
	if (err)
		return err;

	*pdn = MLX5_GET(alloc_pd_out, out, pd);
	return 0;
}

/** mvf_fw_dealloc_pd - let it go; a firmware that refuses keeps it */
void mvf_fw_dealloc_pd(struct mvf_device *mvf, u32 pdn)
{
	u32 out[MLX5_ST_SZ_DW(dealloc_pd_out)] = {};
	u32 in[MLX5_ST_SZ_DW(dealloc_pd_in)] = {};

	MLX5_SET(dealloc_pd_in, in, opcode, MLX5_CMD_OP_DEALLOC_PD);
	MLX5_SET(dealloc_pd_in, in, pd, pdn);
	mvf_fw_give_back(mvf, in, sizeof(in), out, sizeof(out));
}
