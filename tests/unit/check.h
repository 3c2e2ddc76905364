/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a unit test needs: named cases as TAP. A failed CHECK tells
 * where, and fails its case; the case goes on, so that all of them are told.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_cases, check_failed_cases, check_failures;

#define CHECK(cond)                                                    \
	do {                                                           \
		if (!(cond)) {                                         \
			check_failures++;                              \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
		}                                                      \
	} while (0)

#define CHECK_INT(got, want)                                                \
	do {                                                                \
		long long got_ = (long long)(got), want_ = (long long)(want); \
		if (got_ != want_) {                                        \
			check_failures++;                                   \
			printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, \
			       __LINE__, #got, got_, want_);                \
		}                                                           \
	} while (0)

#define CHECK_STR(got, want)                                               \
	do {                                                               \
		const char *got_ = (got), *want_ = (want);                 \
		if (!got_ || strcmp(got_, want_)) {                        \
			check_failures++;                                  \
			printf("# %s:%d: %s is \"%s\", not \"%s\"\n",      \
			       __FILE__, __LINE__, #got, got_ ? got_ : "(null)", \
			       want_);                                     \
		}                                                          \
	} while (0)

/* Opens a file of tests/fixtures; NULL when it is missing. */
static inline FILE *check_fixture(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/fixtures/%s", top ? top : ".", name);
	return fopen(path, "r");
}

/* Runs one case: a function without parameters, named by what it shows. */
#define CASE(fn)                                                      \
	do {                                                          \
		check_failures = 0;                                   \
		fn();                                                 \
		check_failed_cases += check_failures != 0;            \
		printf("%sok %d - %s\n", check_failures ? "not " : "", \
		       ++check_cases, #fn);                           \
		fflush(stdout);                                       \
	} while (0)

/* The last line of main(). */
#define CHECK_DONE() (printf("1..%d\n", check_cases), check_failed_cases != 0)

#endif
