/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit/check.h"

static void first_failure_wins(void)
{
	struct err err = ERR_INIT;

	CHECK_INT(err_set(&err, ERR_BUSY, 0, "%s is busy", "it"), -1);
	CHECK_INT(err_set(&err, ERR_IO, EIO, "closing it"), -1);
	CHECK_INT(err.code, ERR_BUSY);
	CHECK_STR(err.message, "it is busy");
}

static void errno_is_said(void)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_IO, ENOSPC, "writing");
	CHECK_STR(err.message, "writing: No space left on device");
	CHECK_INT(err.num, ENOSPC);
}

static void errno_has_a_class(void)
{
	static const struct {
		int num;
		enum err_code code;
	} rows[] = {
		{ ENOENT, ERR_NO_FILE }, { ENODEV, ERR_NO_DEVICE },
		{ EACCES, ERR_PERMISSION }, { EBUSY, ERR_BUSY },
		{ ENOSPC, ERR_NO_SPACE }, { ENOMEM, ERR_NO_MEMORY },
		{ ENOTTY, ERR_UNSUPPORTED }, { EPIPE, ERR_IO },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = ERR_INIT;

		err_from_errno(&err, rows[i].num, "x");
		CHECK_INT(err.code, rows[i].code);
	}
}

static void hint_is_the_codes_unless_given(void)
{
	struct err err = ERR_INIT;
	char hint[ERR_HINT_SIZE];

	err_set(&err, ERR_PERMISSION, 0, "x");
	CHECK_STR(err_hint_of(&err, hint), "run it as root");
	err_hint(&err, "ask %s", "her");
	err_hint(&err, "ask him");
	CHECK_STR(err_hint_of(&err, hint), "ask her");
}

static void an_errno_may_have_its_own_hint(void)
{
	static const struct {
		int num;
		const char *hint;
	} rows[] = {
		{ EROFS, "read-only" }, { EDQUOT, "quota" }, { EFBIG, "ulimit -f" },
		{ EMFILE, "ulimit -n" }, { ENFILE, "fs.file-max" }, { EISDIR, "not a directory" },
		{ ELOOP, "symbolic link" }, { EPERM, "root" }, { EACCES, "root" },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = ERR_INIT;
		char hint[ERR_HINT_SIZE];

		err_from_errno(&err, rows[i].num, "x");
		CHECK(strstr(err_hint_of(&err, hint), rows[i].hint) != NULL);
		err_hint(&err, "the place knows better");
		CHECK_STR(err_hint_of(&err, hint), "the place knows better");
	}
}

static void root_is_not_told_to_be_root(void)
{
	struct err err = ERR_INIT;
	char hint[ERR_HINT_SIZE];

	err_from_errno(&err, EACCES, "x");
	CHECK(!strcmp(err_hint_of(&err, hint), "run it as root") == (geteuid() != 0));
}

/* Of another class the errno says nothing that its hint does not. */
static void an_errno_is_no_hint_to_another_class(void)
{
	struct err err = ERR_INIT;
	char hint[ERR_HINT_SIZE];

	err_set(&err, ERR_SECURITY, EPERM, "x");
	CHECK(strstr(err_hint_of(&err, hint), "policy") != NULL);
}

static void the_codes_hint_names_the_device(void)
{
	struct err err = ERR_INIT, own = ERR_INIT;
	char hint[ERR_HINT_SIZE];

	err_set(&err, ERR_NOT_BOUND, 0, "x");
	CHECK_STR(err_hint_of(&err, hint), "bind it first: mlxmigctl bind DEVICE");
	err_device(&err, "0000:3b:00.2");
	CHECK_STR(err_hint_of(&err, hint), "bind it first: mlxmigctl bind 0000:3b:00.2");
	err_set(&own, ERR_NOT_BOUND, 0, "x");
	err_device(&own, "0000:3b:00.2");
	err_hint(&own, "it takes DEVICE");
	CHECK_STR(err_hint_of(&own, hint), "it takes DEVICE");
}

static void context_goes_in_front(void)
{
	struct err err = ERR_INIT;
	char name[600];

	err_set(&err, ERR_IO, 0, "no");
	err_wrap(&err, "a %d", 1);
	CHECK_STR(err.message, "a 1: no");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	err_wrap(&err, "%s", name);
	CHECK_INT(strlen(err.message), sizeof(err.message) - 1);
}

static void long_messages_keep_their_bounds(void)
{
	struct err err = ERR_INIT;
	char name[600];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	err_set(&err, ERR_IO, EIO, "%s", name);
	CHECK_INT(strlen(err.message), sizeof(err.message) - 1);
	err_wrap(&err, "in front");
	CHECK(!strncmp(err.message, "in front: xxx", 13));
	CHECK_INT(strlen(err.message), sizeof(err.message) - 1);
}

static void every_code_has_name_and_status(void)
{
	for (enum err_code code = ERR_NONE + 1; code <= ERR_INTERRUPTED; code++) {
		struct err err = { .code = code, .num = code == ERR_INTERRUPTED ? 2 : 0 };

		CHECK(*err_name(code));
		CHECK(err_exit_status(&err) > 0);
		CHECK(err_exit_status(&err) <= 255);
	}
}

static void signals_have_the_shells_status(void)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_INTERRUPTED, 15, "ended");
	CHECK_INT(err_exit_status(&err), 143);
	CHECK_STR(err.message, "ended");
}

int main(void)
{
	CASE(first_failure_wins);
	CASE(errno_is_said);
	CASE(errno_has_a_class);
	CASE(hint_is_the_codes_unless_given);
	CASE(an_errno_may_have_its_own_hint);
	CASE(root_is_not_told_to_be_root);
	CASE(an_errno_is_no_hint_to_another_class);
	CASE(the_codes_hint_names_the_device);
	CASE(context_goes_in_front);
	CASE(long_messages_keep_their_bounds);
	CASE(every_code_has_name_and_status);
	CASE(signals_have_the_shells_status);
	return CHECK_DONE();
}
