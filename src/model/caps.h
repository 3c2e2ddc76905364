/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features of VFIO (VFIO_DEVICE_FEATURE_… in include/uapi/linux/vfio.h). */
#ifndef MODEL_CAPS_H
#define MODEL_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEATURE_COUNT 11 /* known to the kernel as of 6.12: numbers 0..10 */

/* What may be done with a feature; the same bits for "known" and "offered". */
#define FEATURE_GET (1u << 0)
#define FEATURE_SET (1u << 1)

/* Flags of VFIO_DEVICE_GET_INFO. */
#define DEVICE_FLAG_RESET (1u << 0)

/**
 * struct feature_set - what a device answers, feature by feature
 * @ops: by number: FEATURE_GET and FEATURE_SET, as offered
 * @vfio_flags, @n_regions, @n_irqs: of VFIO_DEVICE_GET_INFO
 */
struct feature_set {
	unsigned int ops[FEATURE_COUNT];
	uint32_t vfio_flags;
	uint32_t n_regions;
	uint32_t n_irqs;
};

/** feature_name - "mig_device_state"; NULL for a number that the table lacks */
const char *feature_name(unsigned int number);

/** feature_ops - what the interface lets one do with a feature */
unsigned int feature_ops(unsigned int number);

/**
 * device_flag_name - what bit @bit of VFIO_DEVICE_GET_INFO's flags says
 *
 * NULL for a bit that has no name here.
 */
const char *device_flag_name(unsigned int bit);

#endif
