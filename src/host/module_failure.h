/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a module could not be loaded: modprobe(8)'s words, and what the host adds to them. */
#ifndef HOST_MODULE_FAILURE_H
#define HOST_MODULE_FAILURE_H

#include "lib/err.h"

/**
 * module_explain_refusal - the error for a modprobe that failed
 * @module: the module that was asked for
 * @words: what modprobe printed (LC_ALL=C), in one line
 *
 * Looks for the cause below the root: modprobe.d, kernel.modules_disabled, the
 * kernel's command line, its lockdown, this process's rights, and whose
 * mlx5_core is loaded. ERR_PERMISSION where the kernel refuses any module or
 * this one, else ERR_NO_DRIVER; the message has modprobe's words. Returns -1.
 */
int module_explain_refusal(const char *module, const char *words, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * module_explain_absence - the error for a modprobe that succeeded without effect
 * @module: the module that was asked for, of whose name there is no driver
 *
 * ERR_NO_DRIVER. Returns -1.
 */
int module_explain_absence(const char *module, struct err *err) __attribute__((nonnull(1, 2)));

#endif
