/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The documents of status, bind and unbind. */
#ifndef REPORT_DEVICE_H
#define REPORT_DEVICE_H

#include <jansson.h>
#include <stddef.h>

#include "host/device.h"
#include "vfio/bind.h"
#include "vfio/process.h"

/** report_devices - {"devices": […], "processes": […], "warnings": […]}: everything that is known of them, and who has them open; see mlxmigctl-status(8) */
json_t *report_devices(const struct device *devices, size_t n,
		       const struct holdings *holdings)
	__attribute__((nonnull(3)));

/** report_bindings - {"devices": […]} of @command, bind or unbind; see mlxmigctl-bind(8) */
json_t *report_bindings(const char *command, const struct binding *bindings,
			size_t n) __attribute__((nonnull(1)));

#endif
