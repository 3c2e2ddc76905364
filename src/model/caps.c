/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/caps.h"

#include "lib/text.h"

static const struct {
	const char *name;
	unsigned int ops;
} features[FEATURE_COUNT] = {
	[0] = { "pci_vf_token", FEATURE_SET },
	[1] = { "migration", FEATURE_GET },
	[2] = { "mig_device_state", FEATURE_GET | FEATURE_SET },
	[3] = { "low_power_entry", FEATURE_SET },
	[4] = { "low_power_entry_with_wakeup", FEATURE_SET },
	[5] = { "low_power_exit", FEATURE_SET },
	[6] = { "dma_logging_start", FEATURE_SET },
	[7] = { "dma_logging_stop", FEATURE_SET },
	[8] = { "dma_logging_report", FEATURE_GET },
	[9] = { "mig_data_size", FEATURE_GET },
	[10] = { "bus_master", FEATURE_GET | FEATURE_SET },
};

static const char *const device_flags[] = {
	"reset", "pci", "platform", "amba", "ccw", "ap", "fsl_mc", "caps", "cdx",
};

const char *feature_name(unsigned int number)
{
	return number < FEATURE_COUNT ? features[number].name : NULL;
}

unsigned int feature_ops(unsigned int number)
{
	return number < FEATURE_COUNT ? features[number].ops : 0;
}

const char *device_flag_name(unsigned int bit)
{
	return bit < ARRAY_SIZE(device_flags) ? device_flags[bit] : NULL;
}
