/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device's firmware says when it does not carry out a command. */
#ifndef BASE_FIRMWARE_H
#define BASE_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct fw_failure - a command that failed; empty (*command == 0): none
 * @number: counts the device's failures since it was bound; 0: not known
 * @arc: what has the same number, but 0, came of the same transition
 * @time_unix_ns: CLOCK_REALTIME; 0: not known
 * @command, @status_name: the kernel's names for @opcode and @status
 * @op_mod: the command's modifier
 * @status: 0: there was no answer
 * @syndrome: the firmware's own number for the reason
 * @num: the errno that the kernel made of it
 */
struct fw_failure {
	uint64_t number, arc;
	uint64_t time_unix_ns;
	char command[48];
	uint32_t opcode, op_mod, status, syndrome;
	int num;
	char status_name[48];
};

static inline bool fw_failure_is_set(const struct fw_failure *failure)
{
	return *failure->command;
}

/** fw_failure_words - "the firmware refused SAVE_VHCA_STATE: bad resource state (0x9), syndrome 0x2c9bb0"; what does not fit is cut */
void fw_failure_words(const struct fw_failure *failure, char *buf, size_t size)
	__attribute__((nonnull(1, 2)));

#endif
