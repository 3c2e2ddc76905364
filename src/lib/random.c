/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/random.h"

#include <sys/random.h>
#include <unistd.h>

#include "lib/clock.h"

uint64_t random_u64(void)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		number = now_ns() ^ (uint64_t)getpid() << 24;
	return number;
}
