/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test registers of a lab VF: shared by the device model and its clients.
 *
 * They lie in a range of the VF's BAR 0 that mlx5_core never touches (UAR pages that the model never hands out).
 * All are little endian. A 64-bit register may be read in two halves: reading the low half latches the high one.
 */
#ifndef MLX5_LAB_VF_REGS_H
#define MLX5_LAB_VF_REGS_H

/* Sizes and places in the VF's BAR 0. */
#define LAB_VF_BAR_SIZE		0x100000
#define LAB_REGS_OFFSET		0xc0000		/* the register page */
#define LAB_REGS_SIZE		0x1000
#define LAB_WINDOW_OFFSET	0xd0000		/* the part of the state that a client can read and write */
#define LAB_WINDOW_SIZE		0x10000

#define LAB_MAGIC		0x4c584c4d	/* "MLXL" */
#define LAB_VERSION		1

/*
 * X(name, offset, bytes, writable): offsets from LAB_REGS_OFFSET. Counters start at 0 when the VF is created;
 * "state" marks what travels with the VF's state.
 */
#define LAB_REGISTERS(X) \
	X(magic,	0x000, 4, 0)	/* LAB_MAGIC */ \
	X(version,	0x004, 4, 0)	/* LAB_VERSION */ \
	X(generation,	0x008, 8, 0)	/* state: moves with time while the VF runs, stands while it is suspended */ \
	X(suspended,	0x010, 4, 0)	/* LAB_SUSPENDED_* */ \
	X(tracking,	0x014, 4, 0)	/* 1 while the firmware tracks changes for incremental saves */ \
	X(loads,	0x018, 4, 0)	/* images taken in whole since the VF was created */ \
	X(resets,	0x01c, 4, 0)	/* function level resets since the VF was created */ \
	X(dropped,	0x020, 4, 0)	/* writes to window and scratch dropped while suspended, since the last reset */ \
	X(vf,		0x024, 4, 0)	/* number of the VF, from 0 */ \
	X(vhca_id,	0x028, 4, 0)	/* what the PF's migration commands call it */ \
	X(saves,	0x02c, 4, 0)	/* SAVE_VHCA_STATE commands that succeeded since the VF was created */ \
	X(state_size,	0x030, 8, 0)	/* bytes of the state, window included */ \
	X(digest,	0x038, 8, 0)	/* of the whole state, computed when read; takes a second for each GiB of which it is not known yet */ \
	X(window_offset, 0x040, 4, 0)	/* LAB_WINDOW_OFFSET */ \
	X(window_size,	0x044, 4, 0)	/* LAB_WINDOW_SIZE */ \
	X(load_state,	0x048, 4, 0)	/* LAB_LOAD_* */ \
	X(dma_address,	0x100, 8, 1)	/* of the next DMA: where it writes, as the IOMMU has it, in whole words of 8 bytes */ \
	X(dma_length,	0x108, 8, 1)	/* bytes, at most LAB_DMA_MAX */ \
	X(dma_pattern,	0x110, 8, 1)	/* see LAB_DMA_WORD */ \
	X(dma_go,	0x118, 4, 1)	/* any write starts it; it is done when the write returns */ \
	X(dma_errors,	0x11c, 4, 0)	/* DMAs that were refused, since the last reset */ \
	X(dma_bytes,	0x120, 8, 0)	/* bytes written, since the last reset */ \
	X(scratch0,	0x080, 8, 1)	/* state */ \
	X(scratch1,	0x088, 8, 1) \
	X(scratch2,	0x090, 8, 1) \
	X(scratch3,	0x098, 8, 1) \
	X(scratch4,	0x0a0, 8, 1) \
	X(scratch5,	0x0a8, 8, 1) \
	X(scratch6,	0x0b0, 8, 1) \
	X(scratch7,	0x0b8, 8, 1)

#define LAB_REG_ENUM(name, offset, bytes, writable) LAB_REG_##name = (offset),
enum lab_reg { LAB_REGISTERS(LAB_REG_ENUM) };
#undef LAB_REG_ENUM

#define LAB_SCRATCH_COUNT	8

/* What the DMA engine writes at an address. */
#define LAB_DMA_WORD(pattern, address)	((pattern) * 0x9e3779b97f4a7c15 ^ (address))
#define LAB_DMA_MAX			0x10000000

#define LAB_SUSPENDED_INITIATOR	0x1	/* starts nothing of itself: the state stops evolving */
#define LAB_SUSPENDED_RESPONDER	0x2	/* answers nothing: writes are dropped and counted */

#define LAB_LOAD_NONE		0	/* nothing loaded since the last reset or resume */
#define LAB_LOAD_PARTIAL	1	/* some pieces in, the last one not yet: RESUME is refused */
#define LAB_LOAD_COMPLETE	2

#endif
