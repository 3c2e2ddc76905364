/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_PRECOPY_H
#define MVF_PRECOPY_H

#include <linux/fs.h>
#include <linux/vfio.h>

#include "compat/compat.h"
#include "device.h"

/*
 * A kernel without PRE_COPY leaves out precopy.c, precopy_info.c with its file
 * operation, some arcs in fsm.c, and this flag.
 */
#ifdef MVF_HAVE_PRE_COPY
#define MVF_PRE_COPY_FLAG VFIO_MIGRATION_PRE_COPY
#else
#define MVF_PRE_COPY_FLAG 0
#endif

/* Arcs that begin and end PRE_COPY, and those within it. */
int mvf_precopy_begin(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_end(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_stop_initiating(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_start_initiating(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_stop_copy(struct mvf_device *mvf, struct file **filp);
int mvf_precopy_undo_stop_copy(struct mvf_device *mvf, struct file **filp);

#endif
