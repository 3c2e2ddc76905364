/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Firmware layouts as far as the driver needs them, for kernels whose
 * mlx5_ifc.h is older than the fields. They take the place of the kernel's, so
 * that MLX5_GET() and MLX5_SET() find them under the usual names. Firmware
 * ignores what it does not know in a command, and capabilities tell what it
 * knows.
 *
 * They are not used within the kernel's larger layouts: a capability is to be
 * read as MLX5_GET(cmd_hca_cap_2, MLX5_ADDR_OF(query_hca_cap_out, out,
 * capability), ...).
 */
#ifndef MVF_COMPAT_IFC_H
#define MVF_COMPAT_IFC_H

#include <linux/mlx5/device.h>
#include <linux/mlx5/mlx5_ifc.h>

#include "compat/have.h"

#ifndef MVF_HAVE_IFC_HCA_CAP_2
struct mlx5_ifc_mvf_hca_cap_2_bits {
	u8 reserved_at_0[0x80];

	u8 migratable[0x1];
	u8 reserved_at_81[0x1f];

	u8 reserved_at_a0[0x20];

	u8 reserved_at_c0[0x8];
	u8 migration_multi_load[0x1];
	u8 migration_tracking_state[0x1];
	u8 reserved_at_ca[0x6];
	u8 migration_in_chunks[0x1];
	u8 reserved_at_d1[0xf];

	u8 reserved_at_e0[0x720];
};

#define mlx5_ifc_cmd_hca_cap_2_bits mlx5_ifc_mvf_hca_cap_2_bits
#endif

#ifndef MVF_HAVE_IFC_QUERY_IN
struct mlx5_ifc_mvf_query_state_in_bits {
	u8 opcode[0x10];
	u8 uid[0x10];

	u8 reserved_at_20[0x10];
	u8 op_mod[0x10];

	u8 incremental[0x1];
	u8 chunk[0x1];
	u8 reserved_at_42[0xe];
	u8 vhca_id[0x10];

	u8 reserved_at_60[0x20];
};

#define mlx5_ifc_query_vhca_migration_state_in_bits \
	mlx5_ifc_mvf_query_state_in_bits
#endif

#ifndef MVF_HAVE_IFC_QUERY_OUT
struct mlx5_ifc_mvf_query_state_out_bits {
	u8 status[0x8];
	u8 reserved_at_8[0x18];

	u8 syndrome[0x20];

	u8 reserved_at_40[0x40];

	u8 required_umem_size[0x20];

	u8 reserved_at_a0[0x20];

	u8 remaining_total_size[0x40];

	u8 reserved_at_100[0x100];
};

#define mlx5_ifc_query_vhca_migration_state_out_bits \
	mlx5_ifc_mvf_query_state_out_bits
#endif

#ifndef MVF_HAVE_IFC_SAVE_IN
struct mlx5_ifc_mvf_save_state_in_bits {
	u8 opcode[0x10];
	u8 uid[0x10];

	u8 reserved_at_20[0x10];
	u8 op_mod[0x10];

	u8 incremental[0x1];
	u8 set_track[0x1];
	u8 reserved_at_42[0xe];
	u8 vhca_id[0x10];

	u8 reserved_at_60[0x20];

	u8 va[0x40];

	u8 mkey[0x20];

	u8 size[0x20];
};

#define mlx5_ifc_save_vhca_state_in_bits mlx5_ifc_mvf_save_state_in_bits
#endif

#ifndef MVF_HAVE_IFC_SAVE_OUT
struct mlx5_ifc_mvf_save_state_out_bits {
	u8 status[0x8];
	u8 reserved_at_8[0x18];

	u8 syndrome[0x20];

	u8 actual_image_size[0x20];

	u8 next_required_umem_size[0x20];
};

#define mlx5_ifc_save_vhca_state_out_bits mlx5_ifc_mvf_save_state_out_bits
#endif

#endif
