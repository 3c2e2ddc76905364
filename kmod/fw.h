/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_FW_H
#define MVF_FW_H

#include <linux/mlx5/driver.h>
#include <linux/mlx5/device.h>

#include "compat/async.h"
#include "compat/ifc.h"
#include "device.h"

/* The size fields of SAVE and LOAD have 32 bits. */
#define MVF_FW_MAX_IMAGE U32_MAX

enum mvf_half {
	MVF_INITIATOR,	/* the VF starts no DMA of its own */
	MVF_RESPONDER,	/* nothing from outside changes the VF */
};

/* What a SAVE is to write; none of them: the whole state of a stopped VF. */
#define MVF_SAVE_INCREMENT BIT(0)	/* what has changed since the last one */
#define MVF_SAVE_TRACK BIT(1)		/* the VF runs; keep track of changes */

/**
 * struct mvf_fw_sizes - what a QUERY_VHCA_MIGRATION_STATE has answered
 * @room: bytes of memory that the next SAVE needs
 * @total: bytes of all that there is to save, by this and later ones
 */
struct mvf_fw_sizes {
	u32 room;
	u64 total;
};

/**
 * struct mvf_fw_saved - what a SAVE has answered
 * @size: bytes written
 * @next: bytes of memory that the next one needs, 0: this was the last. Of
 *	meaning in chunk mode, and for a VF that is stopped
 */
struct mvf_fw_saved {
	u32 size;
	u32 next;
};

/**
 * struct mvf_fw_save - a SAVE on its way
 * @ctx: counts the command; cleaning it up waits for it
 * @work: mlx5's part of the command
 * @in: the command
 * @out: its answer
 * @err: how it was delivered, set by the callback
 * @track: the VF runs on, and what it changes is tracked
 * @begun: when it was given
 * @ended: when the answer came, set by the callback
 * @answered: set by the callback after @err
 * @notify: called by the callback at last, in interrupt context
 *
 * Belongs to the caller from mvf_fw_save_start() to the return of
 * mvf_fw_save_finish(), which must follow. Only then are the firmware and the
 * callback done with it, and with the memory that the command names.
 */
struct mvf_fw_save {
	struct mlx5_async_ctx ctx;
	struct mlx5_async_work work;
	u32 in[MLX5_ST_SZ_DW(save_vhca_state_in)];
	u32 out[MLX5_ST_SZ_DW(save_vhca_state_out)];
	int err;
	bool track;
	ktime_t begun;
	ktime_t ended;
	bool answered;
	void (*notify)(struct mvf_fw_save *save);
};

/* For what there is more of the larger the image is. */
#define MVF_GFP_MAYFAIL \
	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/**
 * struct mvf_mkey - memory that the firmware is to know
 * @pdn: protection domain of those that may use it
 * @len: its length in bytes
 * @shift: what it is made of: pieces of this size, as a power of two
 * @remote: not only the PF's queues may use it: SAVE and LOAD want that
 * @fill: writes an entry for each piece, its DMA address
 * @memory: handed to @fill
 */
struct mvf_mkey {
	u32 pdn;
	u64 len;
	unsigned int shift;
	bool remote;
	void (*fill)(void *memory, unsigned int shift, __be64 *entry);
	void *memory;
};

/* How often what frees something is given that the kernel has no memory for. */
enum { MVF_FW_TRIES = 10, MVF_FW_PAUSE_MS = 20 };

int mvf_fw_exec(struct mvf_device *mvf, void *in, int inlen, void *out,
		int outlen);
int mvf_fw_give_back(struct mvf_device *mvf, void *in, int inlen, void *out,
		     int outlen);
bool mvf_fw_wrong_state(struct mvf_device *mvf);

int mvf_fw_query_cap(struct mvf_device *mvf, enum mlx5_cap_type type,
		     enum mlx5_cap_mode mode, void *out, int outlen);
int mvf_fw_suspend(struct mvf_device *mvf, enum mvf_half half);
int mvf_fw_resume(struct mvf_device *mvf, enum mvf_half half);
int mvf_fw_query_sizes(struct mvf_device *mvf, bool increment,
		       struct mvf_fw_sizes *sizes);
int mvf_fw_load(struct mvf_device *mvf, u32 mkey, u32 size);

int mvf_fw_save_start(struct mvf_device *mvf, struct mvf_fw_save *save,
		      u32 mkey, u32 size, unsigned int how);
int mvf_fw_save_finish(struct mvf_device *mvf, struct mvf_fw_save *save,
		       struct mvf_fw_saved *saved);
bool mvf_fw_save_untracked(const struct mvf_fw_save *save);
bool mvf_fw_save_misplaced(const struct mvf_fw_save *save);

/* The firmware has answered; mvf_fw_save_finish() will not wait for it. */
static inline bool mvf_fw_save_answered(const struct mvf_fw_save *save)
{
	/* Pairs with the callback's release. */
	return smp_load_acquire(&save->answered);
}

int mvf_fw_alloc_pd(struct mvf_device *mvf, u32 *pdn);
void mvf_fw_dealloc_pd(struct mvf_device *mvf, u32 pdn);

/* mkey.c: memory keys */
int mvf_mkey_create(struct mvf_device *mvf, const struct mvf_mkey *key,
		    u32 *mkey);
int mvf_mkey_destroy(struct mvf_device *mvf, u32 mkey);

#endif
