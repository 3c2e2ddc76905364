/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that other processes cannot foresee. */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stdint.h>

/** random_u64 - from the kernel; before its generator is ready, at boot, made of the time and the pid */
uint64_t random_u64(void);

#endif
