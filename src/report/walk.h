/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents of the commands that open a device and walk: caps, state, step, reset, hold. */
#ifndef REPORT_WALK_H
#define REPORT_WALK_H

#include <jansson.h>

#include "host/driver_info.h"
#include "migrate/hold.h"
#include "migrate/step_files.h"
#include "vfio/open.h"
#include "vfio/walk.h"

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

/** report_arcs - [{"from", "to", "at_ns", "duration_ns", "errno"}]; at_ns counts from the first one, errno is null where the arc was walked */
json_t *report_arcs(const struct arc *arcs, size_t n) __attribute__((nonnull(1)));

/** report_access - add to @object: "device", "access", "fresh" and "lender": whose it was, if it was borrowed */
void report_access(json_t *object, const char *device,
		   const struct holder *lender) __attribute__((nonnull(1, 3)));

/** report_visit - a document that begins with what @visit says of the device */
json_t *report_visit(const char *command, const struct visit *visit)
	__attribute__((nonnull(1, 2)));

/** report_visit_warnings - the "warnings" of a document that has no others; an array, to be added to */
json_t *report_visit_warnings(const struct visit *visit)
	__attribute__((nonnull(1)));

/** report_caps, _state, _step, _reset, _hold - the command's whole document */
json_t *report_caps(const struct caps_result *result) __attribute__((nonnull(1)));
json_t *report_state(const struct visit *visit) __attribute__((nonnull(1)));
json_t *report_step(const struct step_result *result) __attribute__((nonnull(1)));
json_t *report_reset(const struct reset_result *result)
	__attribute__((nonnull(1)));
json_t *report_hold(const struct hold_result *result) __attribute__((nonnull(1)));

#endif
