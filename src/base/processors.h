/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many threads are worth starting. */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

/** processors - that this process may use, at least 1 */
unsigned int processors(void);

#endif
