/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading the module of a PCI driver. */
#ifndef HOST_MODULES_H
#define HOST_MODULES_H

#include "lib/err.h"

/**
 * module_require - see to it that the PCI driver @driver is there
 *
 * Nothing is done when it is; else modprobe(8) is asked for the module of
 * that name. ERR_NO_DRIVER when there is none for this kernel or the kernel
 * refuses its signature, ERR_PERMISSION without the right to load; modprobe's
 * own words are in the message. 0 or -1.
 */
int module_require(const char *driver, struct err *err)
	__attribute__((nonnull(1, 2)));

#endif
