/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/digest.h"
#include "lib/cleanup.h"
#include "lib/clock.h"

#define STRETCH 4096          /* looked at for being zero throughout */
#define TABLES 4              /* the same byte twice in a row need not wait for the first one's count */
#define STRETCHES_MAX 65536u  /* what a table's numbers are good for, and more */

static bool is_zero(const unsigned char *p, size_t len)
{
	return !*p && !memcmp(p, p + 1, len - 1);
}

static void count_few(struct payload_counts *counts, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		counts->of[p[i]]++;
}

static void sum_tables(struct payload_counts *counts, uint32_t tables[TABLES][256])
{
	for (size_t i = 0; i < 256; i++)
		for (size_t t = 0; t < TABLES; t++)
			counts->of[i] += tables[t][i];
}

/* At most STRETCHES_MAX of STRETCH bytes; how many bytes were counted, the rest are too few. */
static size_t count_many(struct payload_counts *counts, const unsigned char *p, size_t len)
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

void payload_add(struct payload_counts *counts, const struct payload_counts *more)
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

#define BLOCK_SIZE (256u << 10)

/* struct span - a payload in the stream */
struct span {
	uint64_t begin, end;
};

/* struct sum - what is being summed up */
struct sum {
	struct payload_counts counts;
	struct digest *digest;
};

/**
 * struct stats_work
 * @spans: of the payloads to be summed up, in order, of which @span is next
 * @cell: that is being counted
 */
struct stats_work {
	struct stream_stats *scan;
	struct span *spans;
	size_t n_spans;
	size_t span;
	size_t cell_number;
	struct payload_counts cell;
	struct sum payload;
	struct sum stream;
};

static int add_span(struct stats_work *work, uint64_t begin, uint64_t len)
{
	size_t n = work->n_spans;
	struct span *list = work->spans;

	if (!(n & (n - 1))) {
		list = reallocarray(list, n ? 2 * n : 1, sizeof(*list));
		if (!list)
			return -1;
		work->spans = list;
	}
	/* A header may promise more than numbers hold: that is not there. */
	list[n].begin = begin;
	list[n].end = len > UINT64_MAX - begin ? UINT64_MAX : begin + len;
	work->n_spans++;
	return 0;
}

static int note_record(const struct record *record, void *data)
{
	struct stats_work *work = data;
	struct stream_stats *scan = work->scan;
	uint64_t number = scan->n_records++;

	if (scan->n_cells) {
		struct stats_cell *cell = &scan->cells[record->offset /
						       scan->cell_bytes];

		if (!cell->borders++)
			cell->first = number;
	}
	if (!scan->summaries || work->n_spans >= scan->limit)
		return 0;
	return add_span(work, record->offset + RECORD_HEADER_SIZE, record->size);
}

static int find_records(struct stats_work *work, const struct view *view, struct err *err)
{
	struct record_parser parser = {};

	if (view_records(view, &parser, note_record, work, err))
		return err_is_set(err) ? -1 : err_set(err, ERR_NO_MEMORY, 0, "the list of records");
	work->scan->format = parser.format;
	return 0;
}

static int make_room(struct stream_stats *scan, struct err *err)
{
	if (scan->cell_bytes)
		scan->n_cells = (size_t)(scan->bytes / scan->cell_bytes +
					 !!(scan->bytes % scan->cell_bytes));
	scan->cells = calloc(scan->n_cells + 1, sizeof(*scan->cells));
	if (!scan->cells)
		return err_set(err, ERR_NO_MEMORY, 0, "the map's cells");
	return 0;
}

static void sum_up(const struct sum *sum, struct payload *payload)
{
	payload->whole = true;
	payload->bytes = sum->counts.bytes;
	payload->zero_bytes = sum->counts.of[0];
	payload->entropy = payload_entropy(&sum->counts);
	digest_text(sum->digest, payload->digest);
}

/* Every payload that ends here, among them those without a byte. */
static void end_payloads(struct stats_work *work, uint64_t offset)
{
	for (; work->span < work->n_spans && work->spans[work->span].end == offset; work->span++) {
		sum_up(&work->payload, &work->scan->payloads[work->span]);
		work->payload.counts = (struct payload_counts){};
		digest_reset(work->payload.digest);
	}
}

static void end_cell(struct stats_work *work)
{
	struct stats_cell *cell = &work->scan->cells[work->cell_number++];

	cell->bytes = work->cell.bytes;
	cell->zero_bytes = work->cell.of[0];
	cell->density = payload_density(&work->cell);
	work->cell = (struct payload_counts){};
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Where the bytes from @offset on begin to belong to another cell or payload. */
static uint64_t next_border(const struct stats_work *work, uint64_t offset, bool *in_payload)
{
	const struct stream_stats *scan = work->scan;
	uint64_t border = scan->bytes;

	*in_payload = false;
	if (scan->n_cells)
		border = least(border, (work->cell_number + 1) * scan->cell_bytes);
	if (work->span < work->n_spans) {
		const struct span *span = &work->spans[work->span];

		*in_payload = offset >= span->begin;
		border = least(border, *in_payload ? span->end : span->begin);
	}
	return border;
}

static void take_piece(struct stats_work *work, const unsigned char *data, size_t len,
		       bool in_payload)
{
	struct payload_counts counts = {};

	payload_count(&counts, data, len);
	if (work->scan->n_cells)
		payload_add(&work->cell, &counts);
	if (!work->scan->summaries)
		return;
	payload_add(&work->stream.counts, &counts);
	if (!in_payload)
		return;
	payload_add(&work->payload.counts, &counts);
	digest_update(work->payload.digest, data, len);
}

static void take_block(struct stats_work *work, const unsigned char *data, uint64_t offset,
		       size_t len)
{
	const struct stream_stats *scan = work->scan;

	if (scan->summaries)
		digest_update(work->stream.digest, data, len);
	for (uint64_t end = offset + len; offset < end;) {
		bool in_payload;
		uint64_t border = least(end, next_border(work, offset, &in_payload));
		size_t n = (size_t)(border - offset);

		take_piece(work, data, n, in_payload);
		data += n;
		offset += n;
		end_payloads(work, offset);
		if (scan->n_cells && (offset == scan->bytes || offset % scan->cell_bytes == 0))
			end_cell(work);
	}
}

static void show_progress(const struct view *view, uint64_t done, uint64_t started_ns,
			  progress_fn progress, void *progress_data)
{
	struct progress sample = {
		.device = view_name(view),
		.phase = "scan",
		.bytes = done,
		.total_bytes = view_size(view),
		.elapsed_ns = now_ns() - started_ns,
		.last = done == view_size(view),
	};

	if (progress)
		progress(&sample, progress_data);
}

static int read_all(struct stats_work *work, const struct view *view,
		    progress_fn progress, void *progress_data, struct err *err)
{
	AUTO_FREE unsigned char *data = malloc(BLOCK_SIZE);
	uint64_t started_ns = now_ns(), size = work->scan->bytes;

	if (!data)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for a block");
	for (uint64_t at = 0; at < size;) {
		size_t len = (size_t)least(size - at, BLOCK_SIZE);

		if (view_read(view, data, len, at, err))
			return -1;
		take_block(work, data, at, len);
		at += len;
		show_progress(view, at, started_ns, progress, progress_data);
	}
	if (work->scan->summaries)
		sum_up(&work->stream, &work->scan->stream);
	return 0;
}

/* A stream without records is a payload itself. */
static int list_payloads(struct stats_work *work, struct err *err)
{
	struct stream_stats *scan = work->scan;

	if (!scan->summaries)
		return 0;
	if (scan->format == STREAM_BARE && scan->limit && add_span(work, 0, scan->bytes))
		return err_set(err, ERR_NO_MEMORY, 0, "the list of records");
	scan->payloads = calloc(work->n_spans + 1, sizeof(*scan->payloads));
	work->payload.digest = digest_new();
	work->stream.digest = digest_new();
	if (!scan->payloads || !work->payload.digest || !work->stream.digest)
		return err_set(err, ERR_NO_MEMORY, 0, "the summaries");
	scan->n_payloads = work->n_spans;
	return 0;
}

int stream_stats_run(struct stream_stats *scan, const struct view *view, progress_fn progress,
		     void *progress_data, struct err *err)
{
	struct stats_work *work = calloc(1, sizeof(*work));
	int ret = -1;

	if (!work)
		return err_set(err, ERR_NO_MEMORY, 0, "memory to sum up in");
	work->scan = scan;
	scan->bytes = view_size(view);
	if (!make_room(scan, err) && !find_records(work, view, err) && !list_payloads(work, err))
		ret = read_all(work, view, progress, progress_data, err);
	digest_free(work->payload.digest);
	digest_free(work->stream.digest);
	free(work->spans);
	free(work);
	return ret;
}

void stream_stats_free(struct stream_stats *scan)
{
	free(scan->cells);
	free(scan->payloads);
	scan->cells = NULL;
	scan->payloads = NULL;
	scan->n_cells = scan->n_payloads = 0;
}
