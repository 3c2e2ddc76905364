/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors by value. A function that has something to say takes `struct err *`
 * as its last parameter and returns 0 or -1; the first failure wins, so that
 * a failing clean-up never hides its cause.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a device's firmware says when it does not carry out a command. */

/**
 * struct fw_error - a command that failed; empty (*command == 0): none
 * @number: counts the device's failures since it was bound; 0: not known
 * @arc: what has the same number, but 0, came of the same transition
 * @time_unix_ns: CLOCK_REALTIME; 0: not known
 * @command, @status_name: the kernel's names for @opcode and @status
 * @op_mod: the command's modifier
 * @status: 0: there was no answer
 * @syndrome: the firmware's own number for the reason
 * @num: the errno that the kernel made of it
 */
struct fw_error {
	uint64_t number, arc;
	uint64_t time_unix_ns;
	char command[48];
	uint32_t opcode, op_mod, status, syndrome;
	int num;
	char status_name[48];
};

static inline bool fw_error_is_set(const struct fw_error *failure)
{
	return *failure->command;
}

/** fw_error_words - "the firmware refused SAVE_VHCA_STATE: bad resource state (0x9), syndrome 0x2c9bb0"; what does not fit is cut */
void fw_error_words(const struct fw_error *failure, char *buf, size_t size)
	__attribute__((nonnull(1, 2)));

/*
 * The one table of error codes: X(enumerator, JSON name, exit status, hint).
 * The exit statuses are documented in mlxmigctl(8); the hint is what the user
 * is told unless the place that fails knows better, or the errno has its own. DEVICE in it becomes the
 * device that the failure is about.
 */
#define ERR_TABLE(X)                                                           \
	X(ERR_NONE, "none", 0, "")                                             \
	X(ERR_INTERNAL, "internal", 1,                                         \
	  "this is a bug in mlxmigctl: please report it with the command line") \
	X(ERR_IO, "io", 1, "look at the kernel log (dmesg) for the cause")     \
	X(ERR_NO_MEMORY, "no_memory", 1, "free some memory and try again")     \
	X(ERR_NO_SPACE, "no_space", 1,                                         \
	  "free some space, or write to another file system")                  \
	X(ERR_EXISTS, "exists", 1, "use another name, or --overwrite")         \
	X(ERR_USAGE, "usage", 2, "see mlxmigctl --help")                       \
	X(ERR_NO_DEVICE, "no_such_device", 3,                                  \
	  "mlxmigctl status -t lists the devices")                             \
	X(ERR_NO_FILE, "no_such_file", 3, "check the path")                    \
	X(ERR_NOT_MLX5, "not_mlx5", 4,                                         \
	  "mlxmigctl status -t lists the mlx5 devices")                        \
	X(ERR_NOT_VF, "not_a_vf", 4,                                           \
	  "only virtual functions migrate: name one, such as DEVICE/vf0")          \
	X(ERR_NOT_BOUND, "not_bound", 4,                                       \
	  "bind it first: mlxmigctl bind DEVICE")                              \
	X(ERR_WRONG_DRIVER, "wrong_driver", 4,                                 \
	  "bind it to the variant driver: mlxmigctl bind DEVICE")              \
	X(ERR_NO_DRIVER, "no_driver", 4,                                       \
	  "install the driver for this kernel, and run depmod")                \
	X(ERR_NO_IOMMU, "no_iommu", 4,                                         \
	  "switch the IOMMU on: in the firmware set-up, and, for an Intel "    \
	  "processor, with intel_iommu=on on the kernel's command line")       \
	X(ERR_NO_VFIO, "no_vfio", 4,                                           \
	  "load the VFIO modules: modprobe vfio_pci vfio_iommu_type1")         \
	X(ERR_NOT_MIGRATABLE, "not_migratable", 4,                             \
	  "see mlxmigctl status DEVICE for what it lacks")                     \
	X(ERR_OLD_PROTOCOL, "old_protocol", 4,                                 \
	  "use a kernel of 5.18 or later and a driver for its protocol")       \
	X(ERR_UNSUPPORTED, "not_supported", 4,                                 \
	  "see mlxmigctl caps DEVICE for what the device offers")              \
	X(ERR_BUSY, "busy", 5,                                                 \
	  "end the process that uses it; of a VMM, shut the guest down or detach the device") \
	X(ERR_NOT_PAUSED, "guest_not_paused", 5,                               \
	  "pause the guest first: virsh suspend GUEST, or QMP's stop")         \
	X(ERR_HOLDER_GONE, "holder_gone", 5,                                   \
	  "try again: the device may be free by now, or somebody else's")      \
	X(ERR_HOLDER_HIDDEN, "holder_hidden", 5,                               \
	  "run it on the host itself, or give the container the host's PID "   \
	  "namespace and its /proc")                                           \
	X(ERR_NETDEV_BUSY, "netdev_in_use", 5,                                 \
	  "take the interface down first, or use --force")                     \
	X(ERR_PERMISSION, "permission", 6, "run it as root")                   \
	X(ERR_NO_PTRACE, "no_ptrace", 6,                                       \
	  "run it as root, outside of any container that takes "               \
	  "CAP_SYS_PTRACE away or has a user namespace of its own")            \
	X(ERR_PTRACE_SCOPE, "ptrace_scope", 6,                                 \
	  "only a reboot lowers it again: set it to 2 or less below "          \
	  "/etc/sysctl.d first")                                               \
	X(ERR_SECURITY, "security_module", 6,                                  \
	  "let its policy permit this command to ptrace other processes "      \
	  "(journalctl -k may tell what it denied); a container's seccomp "    \
	  "filter can be it too")                                              \
	X(ERR_REFUSED, "transition_refused", 7,                                \
	  "look at the kernel log (dmesg) for more")                              \
	X(ERR_IN_ERROR, "device_in_error", 7,                                  \
	  "only a reset ends this state: mlxmigctl reset DEVICE")              \
	X(ERR_DAMAGED, "damaged", 8,                                           \
	  "copy the file anew from where it was saved, or save the state again") \
	X(ERR_INCOMPATIBLE, "incompatible", 8,                                 \
	  "load it into a device like the source, or use --force")             \
	X(ERR_UNTRUSTED, "not_trusted", 9,                                     \
	  "do not load it: read what the command of --check-with printed, "    \
	  "and get the file, and what it is checked by, from their maker")     \
	X(ERR_DIFFERENT, "different", 9, "")                                   \
	X(ERR_UNJUDGED, "cannot_be_judged", 14,                                \
	  "check that it is the right file: only images and streams of "       \
	  "records can be judged")                                             \
	X(ERR_INTERRUPTED, "interrupted", 128, "")

enum err_code {
#define X(code, name, status, hint) code,
	ERR_TABLE(X)
#undef X
};

/**
 * struct err - one failure
 * @code:    what class it is of; ERR_NONE: nothing failed yet
 * @num:     errno where the kernel gave one, else 0; for ERR_INTERRUPTED the
 *           number of the signal
 * @message: what failed, naming the thing; no full stop
 * @hint:    the next step; empty: the code's own hint is meant
 * @device:  the device it is about, or empty
 * @firmware: the firmware's part in it, or empty
 */
struct err {
	enum err_code code;
	int num;
	char message[512];
	char hint[320];
	char device[64];
	struct fw_error firmware;
};

#define ERR_INIT { .code = ERR_NONE }

/**
 * err_set - record a failure, unless one is recorded already
 *
 * Returns -1 always, to be returned on. @num is an errno or 0; with an errno
 * ": <its text>" is appended to the message.
 */
int err_set(struct err *err, enum err_code code, int num, const char *fmt, ...)
	__attribute__((format(printf, 4, 5), nonnull(1, 4)));

/**
 * err_from_errno - err_set() with the code that fits the errno
 *
 * ENOENT, ENODEV, EACCES, EPERM, EBUSY, ENOSPC, ENOMEM and their like have a
 * class of their own; all else is ERR_IO. Returns -1.
 */
int err_from_errno(struct err *err, int num, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3)));

/** err_hint - give the recorded failure a hint of its own, if it has none; returns -1 */
int err_hint(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/** err_device - name the device of the recorded failure, if it names none; returns -1 */
int err_device(struct err *err, const char *device) __attribute__((nonnull(1, 2)));

/** err_firmware - say what of the firmware's was behind the recorded failure, if that is not said: in the message, too; returns -1 */
int err_firmware(struct err *err, const struct fw_error *failure) __attribute__((nonnull(1, 2)));

/** err_wrap - put "context: " before the recorded message; returns -1 */
int err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

static inline bool err_is_set(const struct err *err)
{
	return err->code != ERR_NONE;
}

/** err_name - the code's name in JSON documents */
const char *err_name(enum err_code code);

/** err_code_status - the exit status of a code: for what is found, and is no failure */
int err_code_status(enum err_code code);

#define ERR_HINT_SIZE 320

/**
 * err_hint_of - the hint to show for a failure: its own, else its errno's, else its code's with the device's name in it
 * @buf: is used where a name goes in
 *
 * May be "". Points into @err, @buf or the table.
 */
const char *err_hint_of(const struct err *err, char buf[ERR_HINT_SIZE])
	__attribute__((nonnull(1, 2)));

/** err_exit_status - what the process exits with: see mlxmigctl(8) */
int err_exit_status(const struct err *err) __attribute__((nonnull(1)));

#endif
