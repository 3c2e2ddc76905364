/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/outcome.h"

#include <stdarg.h>
#include <stdio.h>

void outcome_warn(struct outcome *outcome, const char *fmt, ...)
{
	char *text;
	va_list ap;

	if (outcome->n_warnings == OUTCOME_WARNINGS_MAX)
		return;
	text = outcome->warnings[outcome->n_warnings++];
	va_start(ap, fmt);
	vsnprintf(text, sizeof(outcome->warnings[0]), fmt, ap);
	va_end(ap);
}
