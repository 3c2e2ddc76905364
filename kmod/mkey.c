// SPDX-License-Identifier: GPL-2.0-only
/* Memory keys, by which commands and queues name the memory that the firmware accesses. */
#include <linux/math64.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "buffer.h"
#include "fw.h"

/*
 * Log 2 of the largest page size to which the start of each block and, but for
 * the last one, its end are aligned. All blocks of a buffer above 2 MiB have 2
 * MiB, and so have the pages, unless the host had no such blocks: then the
 * smallest block decides, and with it the number of translation entries.
 */
static unsigned int mvf_page_shift(struct mvf_buffer *buf)
{
	u64 bits = SZ_2M;
	struct mvf_block *block;

	list_for_each_entry(block, &buf->blocks, node) {
		bits |= block->dma;
		if (!list_is_last(&block->node, &buf->blocks))
			bits |= PAGE_SIZE << block->order;
	}
	return __ffs64(bits);
}

/* Writes the entries of the first @len bytes. */
static void mvf_fill_translation(struct mvf_buffer *buf, u64 len,
				 unsigned int shift, __be64 *entry)
{
	struct mvf_block *block;
	u64 offset, done = 0;

	list_for_each_entry(block, &buf->blocks, node)
		for (offset = 0; offset < PAGE_SIZE << block->order;
		     offset += BIT_ULL(shift), done += BIT_ULL(shift)) {
			if (done >= len)
				return;
			*entry++ = cpu_to_be64(block->dma + offset);
		}
}

static void mvf_mkey_fill(void *in, struct mvf_buffer *buf, u64 len, u32 pdn,
			  unsigned int shift, u64 octwords)
{
	void *mkc = MLX5_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry);

	MLX5_SET(create_mkey_in, in, opcode, MLX5_CMD_OP_CREATE_MKEY);
	MLX5_SET(create_mkey_in, in, translations_octword_actual_size,
		 octwords);
	MLX5_SET(mkc, mkc, access_mode_1_0, MLX5_MKC_ACCESS_MODE_MTT);
	MLX5_SET(mkc, mkc, lr, 1);
	MLX5_SET(mkc, mkc, lw, 1);
	MLX5_SET(mkc, mkc, rr, 1);
	MLX5_SET(mkc, mkc, rw, 1);
	MLX5_SET(mkc, mkc, qpn, 0xffffff);
	MLX5_SET(mkc, mkc, pd, pdn);
	MLX5_SET64(mkc, mkc, len, len);
	MLX5_SET(mkc, mkc, log_page_size, shift);
	MLX5_SET(mkc, mkc, translations_octword_size, octwords);
	mvf_fill_translation(buf, len, shift,
			     MLX5_ADDR_OF(create_mkey_in, in, klm_pas_mtt));
}

/**
 * mvf_mkey_create - make a key for memory
 * @mvf: the VF whose commands will name it
 * @buf: the memory, mapped for the PF
 * @len: bytes from its start that the key names, at most its capacity
 * @pdn: protection domain of those that may use it
 * @mkey: the key
 *
 * Return: 0, -ENOMEM, or as mvf_fw_exec().
 */
int mvf_mkey_create(struct mvf_device *mvf, struct mvf_buffer *buf, u64 len,
		    u32 pdn, u32 *mkey)
{
	unsigned int shift = mvf_page_shift(buf);
	u64 entries = DIV_ROUND_UP_ULL(len, BIT_ULL(shift));
	u64 octwords = DIV_ROUND_UP_ULL(entries, 2);
	u32 out[MLX5_ST_SZ_DW(create_mkey_out)] = {};
	int inlen = MLX5_ST_SZ_BYTES(create_mkey_in) + octwords * 16;
	void *in;
	int err;

	in = kvzalloc(inlen, MVF_GFP_CHARGED);
	if (!in)
		return -ENOMEM;

	mvf_mkey_fill(in, buf, len, pdn, shift, octwords);
	err = mvf_fw_exec_retry(mvf, in, inlen, out, sizeof(out));
	kvfree(in);
	if (!err)
		*mkey = mlx5_idx_to_mkey(MLX5_GET(create_mkey_out, out,
						  mkey_index));
	return err;
}

/**
 * mvf_mkey_destroy - undo mvf_mkey_create()
 * @mvf: the VF
 * @mkey: the key
 *
 * Return: as mvf_fw_exec(). After a failure the firmware may still use the memory.
 */
int mvf_mkey_destroy(struct mvf_device *mvf, u32 mkey)
{
	u32 out[MLX5_ST_SZ_DW(destroy_mkey_out)] = {};
	u32 in[MLX5_ST_SZ_DW(destroy_mkey_in)] = {};

	MLX5_SET(destroy_mkey_in, in, opcode, MLX5_CMD_OP_DESTROY_MKEY);
	MLX5_SET(destroy_mkey_in, in, mkey_index, mlx5_mkey_to_idx(mkey));
	return mvf_fw_exec_retry(mvf, in, sizeof(in), out, sizeof(out));
}
