/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/verdict.h"

#include <stdlib.h>

const char *check_name(enum check check)
{
	static const char *const names[CHECK_COUNT] = {
		[CHECK_DIGESTS] = "digests",
		[CHECK_STRUCTURE] = "structure",
		[CHECK_TOTALS] = "totals",
		[CHECK_FRAMING] = "framing",
	};

	return names[check];
}

bool verdict_good(const struct verdict *verdict)
{
	return verdict->opened && !err_is_set(&verdict->err);
}

bool verdict_is_damage(const struct err *err)
{
	return err->code == ERR_DAMAGED || err->code == ERR_INCOMPATIBLE;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static bool is_touched(const struct damage *damage, const struct record *record)
{
	uint64_t end = damage->len ? add(damage->offset, damage->len)
				   : UINT64_MAX;
	uint64_t record_end = add(record->offset + RECORD_HEADER_SIZE,
				  record->size);

	return record->offset < end && record_end > damage->offset;
}

int verdict_touch(struct verdict *verdict, const struct record *record,
		  uint64_t number)
{
	size_t n = verdict->n_records;
	struct verdict_record *list = verdict->records;

	if (!is_touched(&verdict->damage, record))
		return 0;
	if (n >= verdict->limit) {
		verdict->n_records_more++;
		return 0;
	}
	if (!(n & (n - 1))) {
		list = reallocarray(list, n ? 2 * n : 1, sizeof(*list));
		if (!list)
			return -1;
		verdict->records = list;
	}
	list[verdict->n_records++] = (struct verdict_record){ number, *record };
	return 0;
}

void verdict_release(struct verdict *verdict)
{
	free(verdict->records);
	verdict->records = NULL;
	verdict->n_records = 0;
}
