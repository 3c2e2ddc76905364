/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that several rooms have in common: mlx5's drivers, and the two forms of the streams that they write. */
#ifndef LIB_MLX5_H
#define LIB_MLX5_H

#define DRIVER_MLX5 "mlx5_core"
#define DRIVER_VARIANT "mlx5_vfio_pci"

enum stream_format { STREAM_UNKNOWN, STREAM_RECORDS, STREAM_BARE };

#endif
