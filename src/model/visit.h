/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands find out that only open a device: filled by cmd and engine, printed by report. */
#ifndef MODEL_VISIT_H
#define MODEL_VISIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/firmware.h"
#include "host/device.h"
#include "lib/states.h"
#include "migrate/transfer.h"
#include "model/caps.h"
#include "model/outcome.h"

/**
 * struct visit - a device that a command has open
 * @lender: who had it open, and from whom it was borrowed; of kind HOLDER_NONE: the command opened it, which reset it
 * @resets: VFIO says that it is reset when it is closed
 * @has_state: it has a migration state, @state
 * @failure: the firmware command that last failed for it, or empty
 * @warning: that its last holder was killed, or empty
 */
struct visit {
	char device[DEVICE_NAME_SIZE];
	char driver[64];
	struct holder lender;
	bool resets;
	bool has_state;
	enum device_state state;
	struct fw_failure failure;
	char warning[160];
};

static inline bool visit_is_borrowed(const struct visit *visit)
{
	return visit->lender.kind != HOLDER_NONE;
}

/**
 * struct measured_rates - bytes a second of the firmware's last save and load
 * of a device, without what it takes to read and write the data; 0: not known
 */
struct measured_rates {
	uint64_t save;
	uint64_t load;
};

/**
 * struct caps_result - all that the device's driver offers
 * @verdict: why it cannot migrate, or empty
 * @rate: at which its state can be moved while it stands still, in bytes a
 *        second, as the user says; 0: nothing was said
 * @measured: what its driver has measured
 */
struct caps_result {
	struct visit visit;
	struct mig_caps caps;
	struct feature_set features;
	char verdict[192];
	uint64_t rate;
	struct measured_rates measured;
};

/** struct step_target - a state to walk to, and the file that is written or read there, or NULL */
struct step_target {
	enum device_state state;
	const char *file;
};

/**
 * struct step_result - a walk; @visit.state is where it ended
 * @files: what became of each file, @n_files of them; not owned
 * @lost: the device was reset out of RESUMING: it holds no state any more
 * @closed_fd: an arc gave a data fd, which was closed: the session that the
 *             device has now can be neither read nor written
 */
struct step_result {
	struct visit visit;
	enum device_state origin;
	struct walk walk;
	bool closed_fd;
	struct outcome *files;
	size_t n_files;
	bool lost;
};

/** struct reset_result - @visit.state is the one afterwards */
struct reset_result {
	struct visit visit;
	enum device_state before;
	uint64_t duration_ns;
};

/**
 * struct held_device - one that mlxmigctl hold keeps open
 * @visit: its state is the one in which it is held
 * @walk: how it came there
 * @closed_fd: as in struct step_result
 * @loaded: what was loaded into it, with the walk and the warnings; or NULL
 */
struct held_device {
	struct visit visit;
	struct walk walk;
	bool closed_fd;
	const struct outcome *loaded;
};

/** struct hold_result - devices held by this process */
struct hold_result {
	pid_t pid;
	const struct held_device *devices;
	size_t n;
};

#endif
