/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_LOADING_H
#define MVF_LOADING_H

#include <linux/fs.h>

#include "device.h"

/* Arcs to and from RESUMING. */
int mvf_loading_begin(struct mvf_device *mvf, struct file **filp);
int mvf_loading_end(struct mvf_device *mvf, struct file **filp);

#endif
