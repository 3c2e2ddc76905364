/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands and the faults of migfaults. */
#ifndef LAB_FAULT_KINDS_H
#define LAB_FAULT_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum { SUSPEND = 0x115, RESUME = 0x116, QUERY = 0x117, SAVE = 0x118, LOAD = 0x119, CREATE_MKEY = 0x200,
	DESTROY_MKEY = 0x202, ALLOC_PD = 0x800, DEALLOC_PD = 0x801 };

static const struct {
	unsigned int code;
	const char *name;
} opcodes[] = {
	{ SUSPEND, "SUSPEND" }, { RESUME, "RESUME" }, { QUERY, "QUERY" }, { SAVE, "SAVE" }, { LOAD, "LOAD" },
	{ CREATE_MKEY, "CREATE_MKEY" }, { DESTROY_MKEY, "DESTROY_MKEY" }, { ALLOC_PD, "ALLOC_PD" },
	{ DEALLOC_PD, "DEALLOC_PD" },
};
enum { OPCODES = sizeof(opcodes) / sizeof(opcodes[0]) };

/* What a fault is, and what has to be said of it. */
enum {
	GOES_WELL = 1,		/* the command is only slow */
	LIES = 2,		/* the command was carried out, and answered with another size */
	UNHEARD = 4,		/* it is or will be carried out, and the driver is told that it was not */
	HANGS = 8,		/* it takes longer than a driver waits */
	UNDO_TOO = 16,		/* the command that would take it back fails, too */
};

static const struct fault {
	const char *name, *text;
	unsigned int only;	/* this opcode alone; 0: any; SUSPEND: RESUME, too */
	unsigned int what;
} faults[] = {
	{ "internal", "status=1,syndrome=0x5eed", 0, 0 },
	{ "bad-parameter", "status=3,syndrome=0x5eed", 0, 0 },
	{ "busy", "status=6,syndrome=0x5eed", 0, 0 },
	{ "bad-state", "status=9,syndrome=0x5eed", 0, 0 },
	{ "no-resources", "status=0xf,syndrome=0x5eed", 0, 0 },
	{ "undelivered", "delivery=2", 0, UNHEARD },
	{ "late", "hang=0.3", 0, GOES_WELL },
	{ "hung", "hang=", 0, UNHEARD | HANGS },
	{ "undo-refused", "status=1", SUSPEND, UNDO_TOO },
	{ "undo-hung", "hang=", SUSPEND, UNHEARD | HANGS | UNDO_TOO },
	{ "wants-0", "umem=0,remaining=0", QUERY, LIES },
	{ "wants-1", "umem=1,remaining=1", QUERY, LIES },
	{ "wants-4G", "umem=0xffffffff,remaining=0xffffffff", QUERY, LIES },
	{ "remains-all", "remaining=0xffffffffffffffff", QUERY, LIES },
	{ "saved-0", "image=0", SAVE, LIES },
	{ "saved-1", "image=1", SAVE, LIES },
	{ "saved-4G", "image=0xffffffff", SAVE, LIES },
	{ "next-4G", "next=0xffffffff", SAVE, LIES },
	{ "damaged", "corrupt=100", LOAD, 0 },
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

/* One command of a walk: the @nth one of its opcode. */
struct command {
	unsigned int opcode, nth;
};

static const char *opcode_name(unsigned int opcode)
{
	for (unsigned int i = 0; i < OPCODES; i++)
		if (opcodes[i].code == opcode)
			return opcodes[i].name;
	return NULL;
}

/*
 * Is there more of its answer than the slot holds? mlx5_core frees the blocks for the rest of it when it has waited in vain.
 * An answer that comes later then lands in memory that is somebody else's, whichever driver asked, and the kernel goes
 * down. So a command of these that hangs is carried out, and its answer stays in the slot.
 */
static bool answers_in_blocks(unsigned int opcode)
{
	return opcode == QUERY || opcode == SAVE;
}

static bool fits(const struct fault *fault, const struct command *command)
{
	return !fault->only || fault->only == command->opcode || (fault->only == SUSPEND && command->opcode == RESUME);
}

#endif
