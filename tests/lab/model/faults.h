/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults that a test orders by the property `fault`: the n-th command of an opcode fails, lingers, lies, or loses a bit. */
#ifndef MLX5_LAB_FAULTS_H
#define MLX5_LAB_FAULTS_H

#include "cmd.h"

enum { LAB_ANY = -1 };

/* Sizes of which the firmware may claim something else than the truth. */
enum lab_lie { LAB_LIE_UMEM, LAB_LIE_REMAINING, LAB_LIE_IMAGE, LAB_LIE_NEXT, LAB_LIES };

struct lab_fault {
	uint16_t opcode;
	int vhca;			/* only commands about this VHCA, or LAB_ANY */
	uint64_t first;			/* the first matching command that is hit, counted from 1 */
	uint64_t count;			/* how many in a row, 0: all from then on */
	uint64_t seen;
	int status;			/* refuse with this status, or LAB_ANY */
	uint32_t syndrome;
	int delivery;			/* fail the delivery with this code, or LAB_ANY */
	uint64_t hang_ns;		/* answer that much later */
	bool outlives;			/* a reset does not abort it */
	int64_t corrupt;		/* flip a bit of this byte of the data moved, or LAB_ANY */
	int track;			/* what becomes of a report: enum lab_track_fault, 0: nothing bad */
	unsigned int lying;		/* bits 1 << LAB_LIE_*: these are claimed */
	uint64_t lies[LAB_LIES];
};

/* What the faults together do to one command. */
struct lab_verdict {
	int status;
	uint32_t syndrome;
	int delivery;
	uint64_t hang_ns;
	bool outlives;
	int64_t corrupt;
	int track;
	unsigned int lying;
	uint64_t lies[LAB_LIES];
};

bool lab_faults_parse(const char *text, GArray *faults, Error **errp);
struct lab_verdict lab_faults_judge(struct lab_pf *pf, const struct lab_cmd *cmd);

#endif
