/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>

/** now_ns - CLOCK_MONOTONIC, to measure with */
uint64_t now_ns(void);

/** now_unix_ns - CLOCK_REALTIME, to write down */
uint64_t now_unix_ns(void);

#endif
