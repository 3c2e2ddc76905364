/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What save and load share, and hold, step, compat and pack some of it: options, documents, texts. */
#ifndef CMD_TRANSFER_H
#define CMD_TRANSFER_H

#include "json/text.h"
#include "lib/err.h"
#include "lib/states.h"
#include "migrate/transfer.h"

/* What --then accepts, for help and completion. */
#define THEN_STATES "STOP|RUNNING|RUNNING_P2P"

/** then_parse - the argument of --then: a state in which a device may rest; 0 or -1 */
int then_parse(const char *arg, enum device_state *then, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

/** zstd_parse - the argument of --zstd, NULL for none: a level; 0 or -1 */
int zstd_parse(const char *arg, int *level, struct err *err) __attribute__((nonnull(2, 3)));

/* Of what is neither an image nor a stream of records; the values are content_look_name()'s. */
#define TEXT_LOOKS_LIKE                                                        \
	"{looks_like?qemu_migration=a QEMU migration stream;"                  \
	"libvirt_save=a libvirt save file;"                                    \
	"libvirt_save_partial=a libvirt save file that was not completed;"     \
	"mlx5_vfmig=a stream of NVIDIA's mlx5_vfmig;xe=a stream of Intel's xe driver;*}"

/* What a save's time without the device is made of, after the document's or manifest's @at_. */
#define TEXT_STOPPED_PARTS(at_)                                               \
	"[: {" at_ ".arcs_ns|time} of arcs, {" at_ ".read_ns|time} of reading, " \
	"{" at_ ".other_ns|time} of other things]"

/* Of one device, in the text of save and load: who it is, what of it moved, and how. */
extern const struct text_part transfer_text_device[];
extern const struct text_part transfer_text_stream[];

/* The phases in its columns. */
extern const char *const transfer_text_phases[];

/* The rounds of pre-copy. */
extern const char *const transfer_text_rounds[];

/**
 * transfer_resolve - the devices whose state shall move, and their firmware
 * @names: DEVICE operands, @n of them
 * @devices, @results: @n of each; where devlink does not answer, the
 *           results get a warning
 *
 * A PF is ERR_NOT_VF. Nothing is opened. 0 or -1.
 */
int transfer_resolve(char **names, size_t n, struct device *devices,
		     struct transfer_result *results, struct err *err)
	__attribute__((nonnull(1, 3, 4, 5)));

/**
 * transfer_hint_order - after a failed transfer_resolve(): were DEVICE and FILE swapped?
 * @command: whose operands these two are
 *
 * Puts the right order into the hint where the first looks like a file and the
 * second like a device. Returns -1.
 */
int transfer_hint_order(const char *command, char **operands, struct err *err)
	__attribute__((nonnull(1, 2, 3)));

#define WARN_CLOSED_FD                                                        \
	"the data fd that came with the state was closed: nothing can read "  \
	"or write this session any more (mlxmigctl save and load keep theirs)"

/** transfer_warnings - what went with it that somebody should know; an array */
json_t *transfer_warnings(const struct transfer_result *result) __attribute__((nonnull(1)));

/** loaded_json - what was loaded: the part of load's document about file, identity, stream and times */
json_t *loaded_json(const struct transfer_result *result) __attribute__((nonnull(1)));

/** step_file_json - of a file of a walk: what was done with it */
json_t *step_file_json(const struct transfer_result *result) __attribute__((nonnull(1)));

/** identity_json - [{"fact", "fit", "source", "target", "reason"}] */
json_t *identity_json(const struct identity_fit *fit) __attribute__((nonnull(1)));

#endif
