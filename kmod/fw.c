// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware commands. The PF sends them, and they name the VF by its vhca_id.
 * Layouts: include/linux/mlx5/mlx5_ifc.h.
 */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "fw.h"

/**
 * mvf_fw_result - return the errno for the result of a command, and record both
 * @mvf: the VF
 * @err: result of the transport, as mlx5_cmd_do() gives it
 * @in: the command
 * @out: its answer
 * @ns: its duration in nanoseconds
 *
 * Return: 0 or an errno.
 */
int mvf_fw_result(struct mvf_device *mvf, int err, void *in, void *out, u64 ns)
{
	err = mlx5_cmd_check(mvf->pf, err, in, out);
	mvf_note_command(mvf, err, in, out, ns);
	return err;
}

/* Has mlx5_core waited for a command slot, or for its own worker, in vain? */
static bool mvf_fw_waited(int err)
{
	return err == -EBUSY || err == -ECANCELED;
}

/*
 * Did the command not reach the firmware? @err is mlx5_cmd_do()'s, which is
 * EREMOTEIO for every refusal, so these are the kernel's own: no memory, and no
 * free command slot; or mvf_fw_send()'s, for a PF that has disabled the VF.
 */
static bool mvf_fw_unsent(int err)
{
	return err == -ENOMEM || err == -EAGAIN || err == -ENOTCONN ||
	       mvf_fw_waited(err);
}

/**
 * mvf_fw_try_again - shall a command be sent once more?
 * @err: result of the transport
 * @tries: how often it may still be tried, counted down
 *
 * Waits a little, so that the kernel may have memory, or a command slot. After
 * mlx5_core has waited for one, which takes a minute, there is one more try.
 *
 * Return: true if the kernel could not send it, and may be able to now.
 */
bool mvf_fw_try_again(int err, unsigned int *tries)
{
	if (mvf_fw_waited(err))
		*tries = min(*tries, 2U);
	if (!mvf_fw_unsent(err) || !--*tries)
		return false;
	msleep(MVF_FW_PAUSE_MS);
	return true;
}

/*
 * Sends a command and waits for its answer. The result is mlx5_cmd_do()'s, or
 * -ENOTCONN without a command when the PF has disabled the VF.
 */
static int mvf_fw_send(struct mvf_device *mvf, void *in, int inlen, void *out,
		       int outlen, unsigned int tries, u64 *ns)
{
	ktime_t begun;
	int err;

	if (READ_ONCE(mvf->detached))
		return -ENOTCONN;

	mutex_lock(&mvf->fw_mutex);
	begun = ktime_get();
	do {
		err = mlx5_cmd_do(mvf->pf, in, inlen, out, outlen);
	} while (mvf_fw_try_again(err, &tries));
	*ns = ktime_sub(ktime_get(), begun);
	mutex_unlock(&mvf->fw_mutex);
	return err;
}

static int mvf_fw_try(struct mvf_device *mvf, void *in, int inlen, void *out,
		      int outlen, unsigned int tries)
{
	u64 ns;
	int err;

	err = mvf_fw_send(mvf, in, inlen, out, outlen, tries, &ns);
	return err == -ENOTCONN ? err : mvf_fw_result(mvf, err, in, out, ns);
}

/**
 * mvf_fw_exec - send a command and wait for its answer
 * @mvf: the VF
 * @in: the command
 * @inlen: its length in bytes
 * @out: memory for the answer, zeroed
 * @outlen: its length in bytes
 *
 * All synchronous commands of this driver are sent here, by mvf_fw_exec_retry() or
 * by mvf_fw_half(), but for those about a completion queue, which mlx5_core
 * sends; a failed DESTROY_CQ is not recorded. The caller ensures that the PF
 * stays attached, by state_mutex or by the lock of a session that has not ended.
 *
 * Return: 0, -ENOTCONN when the PF has disabled the VF, or mlx5_core's errno for
 * the firmware's status.
 */
int mvf_fw_exec(struct mvf_device *mvf, void *in, int inlen, void *out,
		int outlen)
{
	return mvf_fw_try(mvf, in, inlen, out, outlen, 1);
}

/**
 * mvf_fw_exec_retry - as mvf_fw_exec(), for a command that must not be lost
 * @mvf: the VF
 * @in: the command
 * @inlen: its length in bytes
 * @out: memory for the answer, zeroed
 * @outlen: its length in bytes
 *
 * Without the command, what it frees would leak, or a stream or a dirty log would
 * end. So one that the kernel could not send is sent again, for a fifth of a
 * second (mvf_fw_try_again()).
 *
 * Return: as mvf_fw_exec().
 */
int mvf_fw_exec_retry(struct mvf_device *mvf, void *in, int inlen, void *out,
		      int outlen)
{
	return mvf_fw_try(mvf, in, inlen, out, outlen, MVF_FW_TRIES);
}

/**
 * mvf_fw_is_wrong_state - does the status refuse a command for the VF's state?
 * @status: MLX5_CMD_STAT_*
 *
 * Firmware answers so with a bad resource state or (seen on ConnectX-7) a bad
 * parameter.
 *
 * Return: true if it does.
 */
bool mvf_fw_is_wrong_state(u8 status)
{
	return status == MLX5_CMD_STAT_BAD_RES_STATE_ERR ||
	       status == MLX5_CMD_STAT_BAD_PARAM_ERR;
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

/* Says what is known of a half of the VF after a SUSPEND or RESUME. */
static enum mvf_half_result mvf_fw_half_result(int err, u8 status)
{
	if (!err)
		return MVF_HALF_DONE;
	if (mvf_fw_unsent(err))
		return MVF_HALF_UNSENT;
	if (err == -ETIMEDOUT)
		return MVF_HALF_UNANSWERED;
	return err == -EREMOTEIO && mvf_fw_is_wrong_state(status) ?
		MVF_HALF_WRONG_STATE : MVF_HALF_FAILED;
}

/*
 * SUSPEND and RESUME have one layout. A refusal for the wrong state is neither
 * logged nor recorded where the caller sends the command only to be sure.
 */
static int mvf_fw_half(struct mvf_device *mvf, u16 opcode, u16 op_mod,
		       unsigned int tries, bool to_be_sure)
{
	u32 out[MLX5_ST_SZ_DW(suspend_vhca_out)] = {};
	u32 in[MLX5_ST_SZ_DW(suspend_vhca_in)] = {};
	u64 ns;
	int err;

	MLX5_SET(suspend_vhca_in, in, opcode, opcode);
	MLX5_SET(suspend_vhca_in, in, op_mod, op_mod);
	MLX5_SET(suspend_vhca_in, in, vhca_id, mvf->vhca_id);
	err = mvf_fw_send(mvf, in, sizeof(in), out, sizeof(out), tries, &ns);
	mvf->half_result = mvf_fw_half_result(err, MLX5_GET(suspend_vhca_out,
							    out, status));
	if (to_be_sure && mvf->half_result == MVF_HALF_WRONG_STATE)
		return 0;
	return err == -ENOTCONN ? err : mvf_fw_result(mvf, err, in, out, ns);
}

/*
 * A SUSPEND may be carried out after a reset: when that comes while it is in the
 * firmware, or when its arc started before the reset.
 */
static void mvf_fw_set_suspending(struct mvf_device *mvf, bool suspending)
{
	spin_lock(&mvf->reset_lock);
	mvf->suspending = suspending;
	if (suspending && (mvf->resetting || mvf->reset_pending))
		mvf->reset_raced = true;
	spin_unlock(&mvf->reset_lock);
}

static int mvf_fw_suspend_tries(struct mvf_device *mvf, enum mvf_half half,
				unsigned int tries)
{
	int err;

	mvf_fw_set_suspending(mvf, true);
	err = mvf_fw_half(mvf, MLX5_CMD_OP_SUSPEND_VHCA, half == MVF_INITIATOR ?
			  MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_INITIATOR :
			  MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_RESPONDER, tries,
			  false);
	if (mvf->half_result != MVF_HALF_UNANSWERED)
		mvf_fw_set_suspending(mvf, false);
	return err;
}

/**
 * mvf_fw_suspend - stop one half of a VF
 * @mvf: the VF; its state_mutex is held
 * @half: the initiator is stopped first, the responder second
 *
 * Return: as mvf_fw_exec(); @mvf->half_result has more.
 */
int mvf_fw_suspend(struct mvf_device *mvf, enum mvf_half half)
{
	return mvf_fw_suspend_tries(mvf, half, 1);
}

static u16 mvf_fw_resume_op_mod(enum mvf_half half)
{
	return half == MVF_INITIATOR ?
		MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_INITIATOR :
		MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_RESPONDER;
}

/**
 * mvf_fw_resume - resume one half of a VF
 * @mvf: the VF; its state_mutex is held
 * @half: the responder is resumed first, the initiator second
 *
 * What a SUSPEND has stopped would stay stopped without it, so it is sent again
 * as by mvf_fw_exec_retry().
 *
 * Return: as mvf_fw_exec(); @mvf->half_result has more.
 */
int mvf_fw_resume(struct mvf_device *mvf, enum mvf_half half)
{
	return mvf_fw_half(mvf, MLX5_CMD_OP_RESUME_VHCA,
			   mvf_fw_resume_op_mod(half), MVF_FW_TRIES, false);
}

/**
 * mvf_fw_ensure_running - resume whatever is suspended of a VF
 * @mvf: the VF; its state_mutex is held
 *
 * A RESUME is refused for the wrong state if nothing is suspended, and also if the
 * VF is partly loaded and cannot run. SUSPEND distinguishes them, and is sent again
 * as by mvf_fw_exec_retry(): without it a running VF would count as one in ERROR.
 *
 * Return: 0 when both halves run, or as mvf_fw_exec().
 */
int mvf_fw_ensure_running(struct mvf_device *mvf)
{
	int err;

	err = mvf_fw_half(mvf, MLX5_CMD_OP_RESUME_VHCA,
			  mvf_fw_resume_op_mod(MVF_RESPONDER), MVF_FW_TRIES,
			  true);
	if (err)
		return err;
	err = mvf_fw_half(mvf, MLX5_CMD_OP_RESUME_VHCA,
			  mvf_fw_resume_op_mod(MVF_INITIATOR), MVF_FW_TRIES,
			  true);
	if (err || mvf->half_result == MVF_HALF_DONE)
		return err;

	err = mvf_fw_suspend_tries(mvf, MVF_INITIATOR, MVF_FW_TRIES);
	return err ? err : mvf_fw_resume(mvf, MVF_INITIATOR);
}

/**
 * mvf_fw_query_sizes - ask for the size of what can be saved
 * @mvf: the VF, running or suspended
 * @increment: only what has changed since the last SAVE; the VF is tracked
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

	sizes->required = MLX5_GET(query_vhca_migration_state_out, out,
				   required_umem_size);
	sizes->total = mvf->chunks ?
		MLX5_GET64(query_vhca_migration_state_out, out,
			   remaining_total_size) : sizes->required;
	return 0;
}

/**
 * mvf_fw_load - load an image into a suspended VF
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

/**
 * mvf_fw_alloc_pd - make a protection domain on the PF
 * @mvf: the VF whose keys will be in it
 * @pdn: its number
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

/** mvf_fw_dealloc_pd - undo mvf_fw_alloc_pd(); where the firmware refuses, it leaks */
void mvf_fw_dealloc_pd(struct mvf_device *mvf, u32 pdn)
{
	u32 out[MLX5_ST_SZ_DW(dealloc_pd_out)] = {};
	u32 in[MLX5_ST_SZ_DW(dealloc_pd_in)] = {};

	MLX5_SET(dealloc_pd_in, in, opcode, MLX5_CMD_OP_DEALLOC_PD);
	MLX5_SET(dealloc_pd_in, in, pd, pdn);
	mvf_fw_exec_retry(mvf, in, sizeof(in), out, sizeof(out));
}
