/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many images and streams checked at the same time. */
#ifndef ENGINE_VERIFY_H
#define ENGINE_VERIFY_H

#include <stddef.h>

#include "image/verify.h"
#include "migrate/transfer.h"

#define VERIFY_JOBS_MAX 256
#define VERIFY_JOBS_DEFAULT_MAX 8 /* unless it is asked for more: each may take memory */

/**
 * struct verify_plan - what is to be done
 * @jobs: threads in all, 1 to VERIFY_JOBS_MAX; 0: as many as there are
 *        processors for this process, up to VERIFY_JOBS_DEFAULT_MAX
 * @progress: may be NULL; called by one thread at a time
 */
struct verify_plan {
	const struct image_json *json;
	unsigned int jobs;
	progress_fn progress;
	void *progress_data;
};

/**
 * verify_files - check @n files
 * @verdicts: one for each, with path and limit set
 *
 * One file that cannot be read or is damaged does not keep the others from
 * being checked; each verdict tells of its own.
 */
void verify_files(const struct verify_plan *plan, struct verdict *verdicts,
		  size_t n) __attribute__((nonnull(1, 2)));

#endif
