/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page trackers: the PF's driver creates one for a VF, and the firmware notes from then on which pages the VF writes to.
 * Asked for a range, it sends their addresses through a queue pair, and forgets them.
 */
#ifndef MLX5_LAB_TRACK_H
#define MLX5_LAB_TRACK_H

#include "queues.h"

/* What a fault does to a report (faults.h: `track`). */
enum lab_track_fault {
	LAB_TRACK_FINE,
	LAB_TRACK_OBJECT,		/* the tracker is in error, and an event says so if the driver wants such */
	LAB_TRACK_CQ,			/* the completion queue breaks */
	LAB_TRACK_QP,			/* the receiver's queue pair breaks */
	LAB_TRACK_MESSAGE,		/* the message says that the tracker is in error */
	LAB_TRACK_OPCODE,		/* the completion is an error */
	LAB_TRACK_STRAY,		/* an address outside what was asked for goes along */
	LAB_TRACK_SILENT,		/* no message ever comes */
	LAB_TRACK_ENDLESS,		/* the same messages come again and again */
};

struct lab_range {
	uint64_t start;
	uint64_t length;
};

struct lab_tracker {
	struct lab_function *fn;	/* whose driver made it: the PF */
	uint32_t id;
	unsigned int number;		/* of the function that it tracks */
	uint8_t state;			/* MLX5_PAGE_TRACK_STATE_* */
	unsigned int log_page;
	unsigned int log_message;
	unsigned int log_space;
	uint32_t qp;
	unsigned int range_count;
	struct lab_range *ranges;
	GHashTable *dirty;		/* page numbers */
	GArray *sending;		/* of uint64_t: addresses still to be sent */
	enum lab_track_fault fault;
	QEMUTimer *timer;
};

void lab_tracker_free(gpointer tracker);
void lab_track_function_reset(struct lab_pf *pf, unsigned int number);
bool lab_track_fault_named(const char *name, int *fault);

#endif
