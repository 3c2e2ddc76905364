/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_STOP_COPY_H
#define MVF_STOP_COPY_H

#include <linux/fs.h>

#include "device.h"

/* The operations of the file that a save is read from. */
extern const struct file_operations mvf_save_fops;

/* Arcs to and from STOP_COPY without PRE_COPY. */
int mvf_stop_copy_begin(struct mvf_device *mvf, struct file **filp);
int mvf_stop_copy_end(struct mvf_device *mvf, struct file **filp);

#endif
