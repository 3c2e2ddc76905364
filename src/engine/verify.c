/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/verify.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/processors.h"
#include "lib/clock.h"

struct crew {
	const struct verify_plan *plan;
	struct verdict *verdicts;
	size_t n;
	unsigned int threads_each; /* of a file */
	pthread_mutex_t lock;      /* of what follows */
	size_t next;
	struct progress sample;
	uint64_t started_ns;
	char words[32];
};

static void tick(uint64_t bytes, void *data)
{
	struct crew *crew = data;

	pthread_mutex_lock(&crew->lock);
	crew->sample.bytes += bytes;
	crew->sample.elapsed_ns = now_ns() - crew->started_ns;
	crew->plan->progress(&crew->sample, crew->plan->progress_data);
	pthread_mutex_unlock(&crew->lock);
}

static void *work(void *data)
{
	struct crew *crew = data;

	for (;;) {
		size_t i;

		pthread_mutex_lock(&crew->lock);
		i = crew->next++;
		pthread_mutex_unlock(&crew->lock);
		if (i >= crew->n)
			return NULL;
		image_verify(crew->plan->json, crew->threads_each,
			     crew->plan->progress ? tick : NULL, crew,
			     &crew->verdicts[i]);
	}
}

/* The caller's thread is one of them, and does it all where no other can be started. */
static void work_all(struct crew *crew, unsigned int n)
{
	pthread_t threads[VERIFY_JOBS_MAX];
	unsigned int started = 0;

	while (started + 1 < n &&
	       !pthread_create(&threads[started], NULL, work, crew))
		started++;
	work(crew);
	while (started)
		pthread_join(threads[--started], NULL);
}

/* How much there is to be read, where each of the files tells; a compressed one does not. */
static void begin_progress(struct crew *crew)
{
	uint64_t total = 0;
	bool known = true;

	for (size_t i = 0; i < crew->n; i++) {
		struct stat st;
		const char *path = crew->verdicts[i].path;

		known = known && strcmp(path, "-") && !stat(path, &st) &&
			S_ISREG(st.st_mode);
		total += known ? (uint64_t)st.st_size : 0;
	}
	snprintf(crew->words, sizeof(crew->words), "%zu files", crew->n);
	crew->sample.device = crew->n == 1 ? crew->verdicts[0].path
					   : crew->words;
	crew->sample.phase = "verify";
	crew->sample.total_bytes = known ? total : 0;
	crew->started_ns = now_ns();
}

static void end_progress(struct crew *crew)
{
	crew->sample.last = true;
	crew->sample.elapsed_ns = now_ns() - crew->started_ns;
	crew->plan->progress(&crew->sample, crew->plan->progress_data);
}

/* A compressed image takes up to 8 MiB while it is read. */
static unsigned int jobs_default(void)
{
	unsigned int n = processors();

	return n < VERIFY_JOBS_DEFAULT_MAX ? n : VERIFY_JOBS_DEFAULT_MAX;
}

void verify_files(const struct verify_plan *plan, struct verdict *verdicts,
		  size_t n)
{
	unsigned int jobs = plan->jobs ? plan->jobs : jobs_default();
	unsigned int at_once;
	struct crew crew = {
		.plan = plan, .verdicts = verdicts, .n = n,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};

	jobs = jobs > VERIFY_JOBS_MAX ? VERIFY_JOBS_MAX : jobs;
	at_once = n < jobs ? (unsigned int)n : jobs;
	crew.threads_each = at_once ? jobs / at_once : 1;
	begin_progress(&crew);
	work_all(&crew, at_once);
	if (plan->progress)
		end_progress(&crew);
}
