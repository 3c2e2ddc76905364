/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_FW_H
#define MVF_FW_H

#include <linux/mlx5/driver.h>
#include <linux/mlx5/device.h>

#include "compat/async.h"
#include "compat/ifc.h"
#include "device.h"

struct mvf_buffer;

enum mvf_half {
	MVF_INITIATOR,	/* starts the VF's own DMA */
	MVF_RESPONDER,	/* takes what others send to the VF */
};

/* What a SAVE writes; 0 is the whole state of a stopped VF. */
#define MVF_SAVE_INCREMENT BIT(0)	/* what has changed since the last one */
#define MVF_SAVE_TRACK BIT(1)		/* the VF runs; track further changes */
#define MVF_SAVE_UNTRACK BIT(2)		/* the VF runs; end tracking */

/**
 * struct mvf_fw_sizes - the answer to a QUERY_VHCA_MIGRATION_STATE
 * @required: bytes of memory that the next SAVE requires
 * @total: bytes of all that can be saved, by this SAVE and later ones
 */
struct mvf_fw_sizes {
	u32 required;
	u64 total;
};

/**
 * struct mvf_fw_saved - the answer to a SAVE
 * @size: bytes written
 * @next: bytes of memory that the next one requires, 0: this was the last. Valid
 *	in chunk mode, for a VF that is stopped
 */
struct mvf_fw_saved {
	u32 size;
	u32 next;
};

/**
 * struct mvf_fw_save - a SAVE that was sent
 * @ctx: counts the command; cleaning it up waits for the answer
 * @work: mlx5_core's part of the command
 * @in: the command
 * @out: its answer
 * @how: MVF_SAVE_*
 * @err: result of the transport, set by the callback
 * @begun: when it was sent
 * @ended: when the answer came, set by the callback
 * @answered: set by the callback after @err
 * @unwanted: where it is seen when the session has ended; the command is not sent
 *	again then
 * @notify: called by the callback at its end, in interrupt context
 *
 * Belongs to the firmware and the callback, as does the memory that the command
 * names, from mvf_fw_save_start() to the return of mvf_fw_save_finish(), which
 * must follow.
 */
struct mvf_fw_save {
	struct mlx5_async_ctx ctx;
	struct mlx5_async_work work;
	u32 in[MLX5_ST_SZ_DW(save_vhca_state_in)];
	u32 out[MLX5_ST_SZ_DW(save_vhca_state_out)];
	unsigned int how;
	int err;
	ktime_t begun;
	ktime_t ended;
	bool answered;
	const bool *unwanted;
	void (*notify)(struct mvf_fw_save *save);
};

/* How often a command is sent that the kernel cannot send. */
enum { MVF_FW_TRIES = 10, MVF_FW_PAUSE_MS = 20 };

int mvf_fw_exec(struct mvf_device *mvf, void *in, int inlen, void *out,
		int outlen);
int mvf_fw_exec_retry(struct mvf_device *mvf, void *in, int inlen, void *out,
		      int outlen);

int mvf_fw_query_cap(struct mvf_device *mvf, enum mlx5_cap_type type,
		     enum mlx5_cap_mode mode, void *out, int outlen);
int mvf_fw_suspend(struct mvf_device *mvf, enum mvf_half half);
int mvf_fw_resume(struct mvf_device *mvf, enum mvf_half half);
int mvf_fw_ensure_running(struct mvf_device *mvf);
int mvf_fw_query_sizes(struct mvf_device *mvf, bool increment,
		       struct mvf_fw_sizes *sizes);
int mvf_fw_load(struct mvf_device *mvf, u32 mkey, u32 size);
int mvf_fw_alloc_pd(struct mvf_device *mvf, u32 *pdn);
void mvf_fw_dealloc_pd(struct mvf_device *mvf, u32 pdn);

int mvf_fw_result(struct mvf_device *mvf, int err, void *in, void *out, u64 ns);
bool mvf_fw_try_again(int err, unsigned int *tries);
bool mvf_fw_is_wrong_state(u8 status);

/* fw_save.c: SAVE */
int mvf_fw_save_start(struct mvf_device *mvf, struct mvf_fw_save *save,
		      u32 mkey, u32 size, unsigned int how);
void mvf_fw_save_drop(struct mvf_device *mvf, struct mvf_fw_save *save);
int mvf_fw_save_finish(struct mvf_device *mvf, struct mvf_fw_save *save,
		       struct mvf_fw_saved *saved);
bool mvf_fw_save_untracked(const struct mvf_fw_save *save);
bool mvf_fw_save_wrong_state(const struct mvf_fw_save *save);

/* The firmware has answered; mvf_fw_save_finish() will not wait for it. */
static inline bool mvf_fw_save_answered(const struct mvf_fw_save *save)
{
	/* Pairs with the callback's release. */
	return smp_load_acquire(&save->answered);
}

/* mkey.c: memory keys */
int mvf_mkey_create(struct mvf_device *mvf, struct mvf_buffer *buf, u64 len,
		    u32 pdn, u32 *mkey);
int mvf_mkey_destroy(struct mvf_device *mvf, u32 mkey);

#endif
