/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/payload.h"

#include <math.h>
#include <string.h>

#define STRETCH 4096          /* looked at for being zero throughout */
#define TABLES 4              /* the same byte twice in a row need not wait for the first one's count */
#define STRETCHES_MAX 65536u  /* what a table's numbers are good for, and more */

static bool is_zero(const unsigned char *p, size_t len)
{
	return !*p && !memcmp(p, p + 1, len - 1);
}

static void count_few(struct payload_counts *counts, const unsigned char *p,
		      size_t len)
{
	for (size_t i = 0; i < len; i++)
		counts->of[p[i]]++;
}

static void sum_tables(struct payload_counts *counts,
		       uint32_t tables[TABLES][256])
{
	for (size_t i = 0; i < 256; i++)
		for (size_t t = 0; t < TABLES; t++)
			counts->of[i] += tables[t][i];
}

/* At most STRETCHES_MAX of STRETCH bytes; how many bytes were counted, the rest are too few. */
static size_t count_many(struct payload_counts *counts, const unsigned char *p,
			 size_t len)
{
	uint32_t tables[TABLES][256] = {};
	size_t n = len / STRETCH;

	n = n < STRETCHES_MAX ? n : STRETCHES_MAX;
	for (size_t s = 0; s < n; s++, p += STRETCH) {
		if (is_zero(p, STRETCH)) {
			counts->of[0] += STRETCH;
			continue;
		}
		for (size_t i = 0; i < STRETCH; i += TABLES)
			for (size_t t = 0; t < TABLES; t++)
				tables[t][p[i + t]]++;
	}
	sum_tables(counts, tables);
	return n * STRETCH;
}

void payload_count(struct payload_counts *counts, const void *data, size_t len)
{
	const unsigned char *p = data;

	counts->bytes += len;
	while (len >= STRETCH) {
		size_t n = count_many(counts, p, len);

		p += n;
		len -= n;
	}
	count_few(counts, p, len);
}

void payload_add(struct payload_counts *counts,
		 const struct payload_counts *more)
{
	counts->bytes += more->bytes;
	for (size_t i = 0; i < 256; i++)
		counts->of[i] += more->of[i];
}

double payload_entropy(const struct payload_counts *counts)
{
	double all = (double)counts->bytes, sum = 0;

	for (size_t i = 0; i < 256; i++) {
		double n = (double)counts->of[i];

		if (counts->of[i] && counts->of[i] != counts->bytes)
			sum += n * log2(all / n);
	}
	return counts->bytes ? fmin(sum / all, 8) : 0;
}

double payload_density(const struct payload_counts *counts)
{
	double most = counts->bytes < 256 ? log2((double)counts->bytes) : 8;

	return counts->bytes < 2 ? 0 : fmin(payload_entropy(counts) / most, 1);
}

double payload_zero_ratio(uint64_t zero_bytes, uint64_t bytes)
{
	return bytes ? (double)zero_bytes / (double)bytes : 0;
}
