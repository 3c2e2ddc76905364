/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Part of a record's payload in hex, for inspect. */
#ifndef CMD_HEXDUMP_H
#define CMD_HEXDUMP_H

#include "command.h"
#include "image/view.h"
#include "lib/err.h"

/**
 * struct hexdump_range - what is to be shown
 * @record: its number, from 0 on; in a stream without records 0 is all of it
 * @offset, @length: in bytes of its payload; a length beyond the end ends there
 */
struct hexdump_range {
	bool wanted;
	uint64_t record;
	uint64_t offset;
	uint64_t length;
};

/** hexdump_parse - "RECORD[:OFFSET[:LENGTH]]"; 0 or -1 (ERR_USAGE) */
int hexdump_parse(const char *arg, struct hexdump_range *range, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/**
 * hexdump_show - print it by request->emit_text()
 *
 * ERR_USAGE where there is no such record or offset; ERR_DAMAGED where the
 * stream ends before, after what there is was printed. 0 or -1.
 */
int hexdump_show(const struct request *request, const struct view *view,
		 const struct hexdump_range *range, struct err *err)
	__attribute__((nonnull(1, 2, 3, 4)));

#endif
