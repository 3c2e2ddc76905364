/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mlxmigctl hold leaves in /run while it has a device, and takes away
 * when it ends. It shows which process holds the device, which the name of a
 * process does not, since any process can take any name. Where it is there and
 * no process has the device open, the holder was killed, and it shows what the
 * device lost by that.
 */
#ifndef VFIO_HOLD_MARKER_H
#define VFIO_HOLD_MARKER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/device.h"

#define HOLD_MARKER_DIR "/run/mlxmigctl"
#define HOLD_MARKER_TEXT_SIZE 160

/**
 * struct keeper - the process that keeps a device, by its marker
 * @pid: 0: there is none
 * @start: when it began (process_start())
 */
struct keeper {
	pid_t pid;
	uint64_t start;
};

/** hold_marker_make_dir - make a directory like HOLD_MARKER_DIR, which every user can read; 0 or -errno (-EEXIST: it is there) */
int hold_marker_make_dir(const char *path) __attribute__((nonnull(1)));

/**
 * hold_marker_write - this process holds @name
 *
 * Root writes it into HOLD_MARKER_DIR, another user into its own directory
 * below /run/user. Every user can read it, whatever the umask. 0, or -1 with
 * @err set.
 */
int hold_marker_write(const char *name, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * hold_marker_keeper - the mlxmigctl hold that says that it keeps @name
 *
 * Only a marker counts that none but root, or this process's own user, can
 * have written; of a captured host, any. Whether that process still runs is
 * not looked at.
 */
void hold_marker_keeper(const char *name, struct keeper *keeper) __attribute__((nonnull(1, 2)));

/** hold_marker_remove - it no longer does, and has put the device back */
void hold_marker_remove(const char *name) __attribute__((nonnull(1)));

/** hold_marker_note_load - a state is being loaded into @name, which a holder keeps open */
void hold_marker_note_load(const char *name) __attribute__((nonnull(1)));

/** hold_marker_loaded - was a state loaded into it since hold_marker_write()? TRI_UNKNOWN: there is no trace */
enum tristate hold_marker_loaded(const char *name) __attribute__((nonnull(1)));

/**
 * hold_marker_read - was the last holder of @device killed?
 * @device: one that somebody else has open, by its holder, or nobody
 * @text: takes words for the user, or nothing
 *
 * Of a device that no driver of VFIO has any more nothing is reported.
 * The trace stays until a process opens the device, or this tool changes its
 * driver. Of one that another program
 * than a command of ours has by now it is told once, on the running host: what
 * that loses when it ends is no holder's.
 */
void hold_marker_read(const struct device *device, char *text, size_t size)
	__attribute__((nonnull(1, 2)));

/**
 * hold_marker_take - was the last holder of @device killed?
 * @device: just opened, and so nobody else's: whoever left a trace is gone,
 *          whichever process may have its number by now
 * @text: as for hold_marker_read()
 *
 * Told once: the trace goes.
 */
void hold_marker_take(const struct device *device, char *text, size_t size)
	__attribute__((nonnull(1, 2)));

#endif
