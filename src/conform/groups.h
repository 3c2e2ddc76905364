/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of checks, in the order in which engine/conform makes them. */
#ifndef CONFORM_GROUPS_H
#define CONFORM_GROUPS_H

#include "conform/harness.h"

/** conform_error - leaving ERROR, if the device is found in it */
void conform_error(struct trial *t) __attribute__((nonnull(1)));

/** conform_features - VFIO_DEVICE_FEATURE itself, well and badly called */
void conform_features(struct trial *t) __attribute__((nonnull(1)));

/** conform_arcs - every state from every other, and what is no way */
void conform_arcs(struct trial *t) __attribute__((nonnull(1)));

/** conform_data - what a data fd is and is not */
void conform_data(struct trial *t) __attribute__((nonnull(1)));

/** conform_precopy - reading while the device runs */
void conform_precopy(struct trial *t) __attribute__((nonnull(1)));

/** conform_transfer - a state out and in again */
void conform_transfer(struct trial *t) __attribute__((nonnull(1)));

/** conform_reset - a reset in every state */
void conform_reset(struct trial *t) __attribute__((nonnull(1)));

#endif
