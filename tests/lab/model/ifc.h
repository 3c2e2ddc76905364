/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fields of the ConnectX command layouts, by the names of <linux/mlx5/mlx5_ifc.h>, so that no offset is typed by hand.
 * That header describes each layout as a structure in which one byte stands for one bit; all fields are big endian.
 */
#ifndef MLX5_LAB_IFC_H
#define MLX5_LAB_IFC_H

#include "qemu/osdep.h"
#include "qemu/bswap.h"

typedef uint8_t u8;		/* the kernel's header is written with these */
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#ifndef BIT
#define BIT(n) (1UL << (n))
#endif
#ifndef BIT_ULL
#define BIT_ULL(n) (1ULL << (n))
#endif
#ifndef DECLARE_FLEX_ARRAY
#define DECLARE_FLEX_ARRAY(type, name) struct { struct { } empty_##name; type name[]; }
#endif
#include <linux/mlx5/mlx5_ifc.h>

/* Reads @bits bits (1 to 32 within one 32-bit word, or 64 aligned ones) that lie @offset bits into @base. */
static inline uint64_t lab_field_get(const void *base, size_t offset, size_t bits)
{
	const uint8_t *word = (const uint8_t *)base + offset / 32 * 4;

	if (bits == 64)
		return ldq_be_p(word);
	return ((uint64_t)ldl_be_p(word) >> (32 - offset % 32 - bits)) & ((1ULL << bits) - 1);
}

/* Writes a field; see lab_field_get(). */
static inline void lab_field_set(void *base, size_t offset, size_t bits, uint64_t value)
{
	uint8_t *word = (uint8_t *)base + offset / 32 * 4;
	unsigned int shift;
	uint32_t mask;

	if (bits == 64) {
		stq_be_p(word, value);
		return;
	}
	shift = 32 - offset % 32 - bits;
	mask = ((1ULL << bits) - 1) << shift;
	stl_be_p(word, (ldl_be_p(word) & ~mask) | ((uint32_t)(value << shift) & mask));
}

/* What the head of every command and of every answer has in common. */
#define mlx5_ifc_any_in_bits	mlx5_ifc_suspend_vhca_in_bits
#define mlx5_ifc_any_out_bits	mlx5_ifc_suspend_vhca_out_bits

#define IFC_BIT_OFFSET(type, field)	offsetof(struct mlx5_ifc_##type##_bits, field)
#define IFC_BITS(type, field)		sizeof(((struct mlx5_ifc_##type##_bits *)0)->field)
#define IFC_SIZE(type)			(sizeof(struct mlx5_ifc_##type##_bits) / 8)
#define IFC_OFFSET(type, field)		(IFC_BIT_OFFSET(type, field) / 8)
#define IFC_ADDR(type, base, field)	((void *)((uint8_t *)(base) + IFC_OFFSET(type, field)))

#define IFC_GET(type, base, field) \
	lab_field_get(base, IFC_BIT_OFFSET(type, field), IFC_BITS(type, field))
#define IFC_SET(type, base, field, value) \
	lab_field_set(base, IFC_BIT_OFFSET(type, field), IFC_BITS(type, field), value)

#endif
