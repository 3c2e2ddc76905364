/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/firmware.h"

#include <stdio.h>
#include <string.h>

void fw_failure_words(const struct fw_failure *failure, char *buf, size_t size)
{
	if (failure->status)
		snprintf(buf, size,
			 "the firmware refused %s: %s (0x%x), syndrome 0x%x",
			 failure->command, failure->status_name,
			 failure->status, failure->syndrome);
	else
		snprintf(buf, size, "the firmware did not answer %s: %s",
			 failure->command, strerror(failure->num));
}
