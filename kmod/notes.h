/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_NOTES_H
#define MVF_NOTES_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct mvf_device;

#define MVF_FAILURES_KEPT 16

/**
 * struct mvf_fw_failure - a command that has failed
 * @number: counts the VF's failures from 1 on, since it was bound
 * @arc: number of the arc that sent the command, or 0. Of several failures in one
 *	arc the first is the cause; the others come from undoing the arc
 * @opcode: the command
 * @op_mod: its modifier
 * @status: MLX5_CMD_STAT_*, 0 when the command was never answered
 * @syndrome: the firmware's number of the reason
 * @err: result of the command, a negative errno
 * @when: wall clock, nanoseconds since 1970
 */
struct mvf_fw_failure {
	u64 number;
	u64 arc;
	u16 opcode;
	u16 op_mod;
	u8 status;
	u32 syndrome;
	int err;
	u64 when;
};

/* Capabilities of the firmware; mvf_cap_name() has their names. */
enum mvf_cap {
	MVF_CAP_MIGRATION,
	MVF_CAP_MULTI_LOAD,
	MVF_CAP_TRACKING,
	MVF_CAP_CHUNKS,
	MVF_CAP_ADV_VIRT,
	MVF_CAP_MIGRATABLE,
	MVF_CAPS,
};

enum mvf_way {
	MVF_WAY_SAVE,
	MVF_WAY_LOAD,
	MVF_WAYS,
};

/* MVF_PART_PRE_COPY: saved while the VF ran. */
enum mvf_part {
	MVF_PART_PRE_COPY,
	MVF_PART_STOP_COPY,
	MVF_PART_LOAD,
	MVF_PARTS,
};

/**
 * struct mvf_amount - images that the firmware has saved or loaded
 * @images: their number
 * @bytes: in them
 * @ns: duration of their commands in nanoseconds
 */
struct mvf_amount {
	u64 images;
	u64 bytes;
	u64 ns;
};

/**
 * struct mvf_session_note - the last data session of one direction
 * @count: sessions since the VF was bound
 * @begun: its begin, ktime
 * @ns: its duration in nanoseconds; 0 while it is open
 * @open: it has not ended
 */
struct mvf_session_note {
	u64 count;
	ktime_t begun;
	u64 ns;
	bool open;
};

/**
 * struct mvf_notes - the history of one VF since it was bound
 * @lock: protects all but @why_not. Innermost, and without sleep under it, so that
 *	debugfs never waits for the firmware. Not taken in interrupts
 * @why_not: why the VF cannot migrate, or NULL; constant after mvf_attach()
 * @caps: bits of enum mvf_cap, as read when the VF was bound
 * @commands: sent to the firmware
 * @failures: those of them that have failed
 * @failed: the last failures; number n is at n % MVF_FAILURES_KEPT
 * @cause: the last failure, or the first one of its arc
 * @arcs: completed
 * @arcs_failed: failed
 * @resets: of the function, with the device open or not
 * @arc_from: state from which the current arc starts
 * @arc_to: state to which it leads
 * @arc_begun: its begin, ktime; 0 without a current arc. Its number is the count of
 *	all arcs before it, plus 1
 * @session: by direction
 * @part: of the last save, and the last load
 */
struct mvf_notes {
	spinlock_t lock;
	const char *why_not;
	u32 caps;
	u64 commands;
	u64 failures;
	struct mvf_fw_failure failed[MVF_FAILURES_KEPT];
	struct mvf_fw_failure cause;
	u64 arcs;
	u64 arcs_failed;
	u64 resets;
	int arc_from;
	int arc_to;
	ktime_t arc_begun;
	struct mvf_session_note session[MVF_WAYS];
	struct mvf_amount part[MVF_PARTS];
};

void mvf_notes_init(struct mvf_device *mvf);
void mvf_note_cap(struct mvf_device *mvf, enum mvf_cap cap, bool has);
void mvf_note_command(struct mvf_device *mvf, int err, void *in, void *out,
		      u64 ns);
void mvf_note_arc_begin(struct mvf_device *mvf, int from, int to);
void mvf_note_arc_end(struct mvf_device *mvf, int err);
void mvf_note_reset(struct mvf_device *mvf);
void mvf_note_session_begin(struct mvf_device *mvf, enum mvf_way way);
void mvf_note_session_end(struct mvf_device *mvf);
void mvf_note_image(struct mvf_device *mvf, enum mvf_part part, u64 bytes,
		    u64 ns);

/* names.c */
const char *mvf_opcode_name(u16 opcode);
const char *mvf_status_name(u8 status);
const char *mvf_state_name(int state);
const char *mvf_cap_name(enum mvf_cap cap);
const char *mvf_part_name(enum mvf_part part);
const char *mvf_way_name(enum mvf_way way);

/* debugfs.c: the files that show the history */
void mvf_debugfs_init(void);
void mvf_debugfs_exit(void);
void mvf_debugfs_add(struct mvf_device *mvf);
void mvf_debugfs_remove(struct mvf_device *mvf);

#endif
