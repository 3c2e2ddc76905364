/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of options that several commands have. */
#ifndef CMD_OPTION_H
#define CMD_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/** struct limit - how much is listed, if --limit says it */
struct limit {
	bool given;
	uint64_t count;
};

/** option_limit - the argument of --limit; 0 or -1 */
int option_limit(const char *arg, struct limit *limit, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

static inline uint64_t limit_or(const struct limit *limit, uint64_t otherwise)
{
	return limit->given ? limit->count : otherwise;
}

/** option_width - the argument of --width, columns of a map; 0 or -1 */
int option_width(const char *arg, unsigned int *width, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

#define CHECK_WITH_HELP \
	"run COMMAND (sh -c) with the file as its standard input; exit status 0 accepts it"

/** option_check_with - the argument of --check-with; an empty command, which would accept any file, is refused; 0 or -1 */
int option_check_with(const char *arg, const char **command, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

#endif
