/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/conform.h"

#include <stdlib.h>

const char *conform_verdict_name(enum conform_verdict verdict)
{
	static const char *const names[] = {
		[CONFORM_PASS] = "pass",
		[CONFORM_FAIL] = "fail",
		[CONFORM_SKIP] = "skip",
	};

	return names[verdict];
}

struct conform_check *conform_add(struct conform_result *result)
{
	size_t n = result->n + 1;
	struct conform_check *checks =
		realloc(result->checks, n * sizeof(*checks));

	if (!checks)
		return NULL;
	result->checks = checks;
	result->n = n;
	checks[n - 1] = (struct conform_check){ .verdict = CONFORM_PASS };
	return &checks[n - 1];
}

void conform_free(struct conform_result *result)
{
	free(result->checks);
	result->checks = NULL;
	result->n = 0;
}
