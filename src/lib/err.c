/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"

void fw_error_words(const struct fw_error *failure, char *buf, size_t size)
{
	if (failure->status)
		snprintf(buf, size, "the firmware refused %s: %s (0x%x), syndrome 0x%x",
			 failure->command, failure->status_name, failure->status,
			 failure->syndrome);
	else
		snprintf(buf, size, "the firmware did not answer %s: %s",
			 failure->command, strerror(failure->num));
}

static const struct {
	const char *name;
	int status;
	const char *hint;
} codes[] = {
#define X(code, name, status, hint) [code] = { name, status, hint },
	ERR_TABLE(X)
#undef X
};

static void err_vset(struct err *err, enum err_code code, int num, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void err_vset(struct err *err, enum err_code code, int num, const char *fmt, va_list ap)
{
	size_t used;

	if (err_is_set(err))
		return;
	err->code = code;
	err->num = num;
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	used = strlen(err->message);
	if (num && code != ERR_INTERRUPTED)
		snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(num));
}

int err_set(struct err *err, enum err_code code, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(err, code, num, fmt, ap);
	va_end(ap);
	return -1;
}

static enum err_code code_of_errno(int num)
{
	switch (num) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NO_FILE;
	case ENODEV:
	case ENXIO:
		return ERR_NO_DEVICE;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERMISSION;
	case EBUSY:
	case ETXTBSY:
		return ERR_BUSY;
	case EEXIST:
		return ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NO_SPACE;
	case ENOMEM:
		return ERR_NO_MEMORY;
	case ENOTTY:
	case EOPNOTSUPP:
		return ERR_UNSUPPORTED;
	default:
		return ERR_IO;
	}
}

int err_from_errno(struct err *err, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(err, code_of_errno(num), num, fmt, ap);
	va_end(ap);
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (*err->hint)
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

int err_device(struct err *err, const char *device)
{
	if (!*err->device)
		snprintf(err->device, sizeof(err->device), "%s", device);
	return -1;
}

int err_firmware(struct err *err, const struct fw_error *failure)
{
	size_t used = strlen(err->message);
	char words[160];

	if (fw_error_is_set(&err->firmware) || !fw_error_is_set(failure))
		return -1;
	err->firmware = *failure;
	fw_error_words(failure, words, sizeof(words));
	snprintf(err->message + used, sizeof(err->message) - used, "; %s", words);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->message)];
	va_list ap;
	int used, left;

	memcpy(inner, err->message, sizeof(inner));
	va_start(ap, fmt);
	used = vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	left = (int)sizeof(err->message) - used - 3;
	if (used >= 0 && left > 0)
		sprintf(err->message + used, ": %.*s", left, inner);
	return -1;
}

const char *err_name(enum err_code code)
{
	return codes[code].name;
}

/* What an errno makes of its code's hint; NULL: nothing. */
static const char *hint_of_errno(enum err_code code, int num)
{
	switch (num) {
	case EROFS:
		return "it is on a file system that is mounted read-only: name a place on another one, or have it mounted writable";
	case EPERM:
	case EACCES:
		if (code != ERR_PERMISSION || geteuid())
			return NULL;
		return "root itself is refused: run it on the host, outside of any container, or look for what forbids it in the kernel log (dmesg)";
	case EDQUOT:
		return "the user's quota is used up: free some of it, or write to another file system";
	case EFBIG:
		return "raise the limit of a file's size (ulimit -f), or write to another file system";
	case EMFILE:
		return "raise the limit of open files: ulimit -n";
	case ENFILE:
		return "raise the host's limit of open files: sysctl fs.file-max";
	case EISDIR:
		return "name a file, not a directory";
	case ELOOP:
		return "name the file that is meant: a symbolic link is not followed";
	default:
		return NULL;
	}
}

static const char *default_hint(const struct err *err)
{
	const char *hint = hint_of_errno(err->code, err->num);

	return hint ? hint : codes[err->code].hint;
}

const char *err_hint_of(const struct err *err, char buf[ERR_HINT_SIZE])
{
	static const char word[] = "DEVICE";
	const char *hint = *err->hint ? err->hint : default_hint(err);
	const char *place = strstr(hint, word);
	char quoted[OPERAND_SIZE];

	if (hint == err->hint || !place || !*err->device)
		return hint;
	snprintf(buf, ERR_HINT_SIZE, "%.*s%s%s", (int)(place - hint), hint,
		 text_shell_word(quoted, err->device, word), place + strlen(word));
	return buf;
}

int err_code_status(enum err_code code)
{
	return codes[code].status;
}

int err_exit_status(const struct err *err)
{
	if (err->code == ERR_INTERRUPTED)
		return codes[err->code].status + err->num;
	return codes[err->code].status;
}
