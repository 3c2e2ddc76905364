/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does the state of one device fit into another? */
#ifndef COMPAT_IDENTITY_H
#define COMPAT_IDENTITY_H

#include "host/device.h"
#include "lib/err.h"

#define IDENTITY_FACTS_MAX 8

enum fit { FIT_YES, FIT_WARNS, FIT_FORBIDS };

/** struct fit_fact - one fact in which two devices differ, or that one lacks */
struct fit_fact {
	const char *name;   /* "psid": the key in JSON */
	enum fit fit;       /* FIT_WARNS or FIT_FORBIDS */
	const char *reason; /* why it matters; a sentence without full stop */
	char source[48];    /* its value; empty: unknown */
	char target[48];    /* of stream_format: all that it reads */
};

struct identity_fit {
	enum fit worst; /* the worst of the facts */
	struct fit_fact facts[IDENTITY_FACTS_MAX];
	size_t n_facts;
};

/**
 * identity_compare - hold the source of a state against the device it shall be loaded into
 *
 * Ids, PSID, firmware, migration features and the stream's format; a fact that
 * is known of one of them only warns.
 */
void identity_compare(const struct device *source, const struct device *target,
		      struct identity_fit *fit)
	__attribute__((nonnull(1, 2, 3)));

/** identity_require - 0 unless the verdict forbids; then -1 and ERR_INCOMPATIBLE, all forbidding facts named */
int identity_require(const struct identity_fit *fit, struct err *err)
	__attribute__((nonnull(1, 2)));

/** fit_name - "yes", "warns", "forbids" */
const char *fit_name(enum fit fit);

#endif
