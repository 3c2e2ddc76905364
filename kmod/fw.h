/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_FW_H
#define MVF_FW_H

#include <linux/mlx5/driver.h>
#include <linux/mlx5/device.h>

#include "device.h"

/* The size fields of SAVE and LOAD have 32 bits. */
#define MVF_FW_MAX_IMAGE U32_MAX

enum mvf_half {
	MVF_INITIATOR,	/* the VF starts no DMA of its own */
	MVF_RESPONDER,	/* nothing from outside changes the VF */
};

/**
 * struct mvf_fw_save - a SAVE on its way
 * @ctx: counts the command; cleaning it up waits for it
 * @work: mlx5's part of the command
 * @in: the command
 * @out: its answer
 * @err: how it was delivered, set by the callback
 *
 * Belongs to the caller from mvf_fw_save_start() to the return of
 * mvf_fw_save_finish(), which must follow.
 */
struct mvf_fw_save {
	struct mlx5_async_ctx ctx;
	struct mlx5_async_work work;
	u32 in[MLX5_ST_SZ_DW(save_vhca_state_in)];
	u32 out[MLX5_ST_SZ_DW(save_vhca_state_out)];
	int err;
};

int mvf_fw_exec(struct mvf_device *mvf, void *in, int inlen, void *out,
		int outlen);
bool mvf_fw_wrong_state(struct mvf_device *mvf);

int mvf_fw_query_cap(struct mvf_device *mvf, enum mlx5_cap_type type,
		     enum mlx5_cap_mode mode, void *out, int outlen);
int mvf_fw_suspend(struct mvf_device *mvf, enum mvf_half half);
int mvf_fw_resume(struct mvf_device *mvf, enum mvf_half half);
int mvf_fw_query_size(struct mvf_device *mvf, u32 *size);
int mvf_fw_load(struct mvf_device *mvf, u32 mkey, u32 size);

int mvf_fw_save_start(struct mvf_device *mvf, struct mvf_fw_save *save,
		      u32 mkey, u32 size);
int mvf_fw_save_finish(struct mvf_device *mvf, struct mvf_fw_save *save,
		       u32 *size);

int mvf_fw_alloc_pd(struct mvf_device *mvf, u32 *pdn);
void mvf_fw_dealloc_pd(struct mvf_device *mvf, u32 pdn);
int mvf_fw_create_mkey(struct mvf_device *mvf, void *in, int inlen, u32 *mkey);
int mvf_fw_destroy_mkey(struct mvf_device *mvf, u32 mkey);

#endif
