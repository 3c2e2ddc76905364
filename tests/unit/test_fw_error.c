/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which firmware command failed, as the driver's debugfs file tells it. */
#include <errno.h>

#include "lib/err.h"
#include "check.h"
#include "root_kit.h"
#include "host/fw_error.h"

#define VF "0000:3b:00.2"
#define HEADING \
	"# number arc time_ns command opcode op_mod status syndrome errno status_name\n"
#define FIRST \
	"1 0 1795370463040652169 QUERY_VHCA_MIGRATION_STATE 0x117 0x0 0x1 0x5 5 internal error\n"
#define CAUSE \
	"2 7 1795370463040652170 SAVE_VHCA_STATE 0x118 0x0 0x9 0x2c9bb0 22 bad resource state\n"
#define AFTER \
	"3 7 1795370463040652171 DEALLOC_PD 0x801 0x0 0x0 0x0 110 OK\n"

static void tell(const char *text)
{
	root_kit_put("/sys/kernel/debug/mlx5-vfio-pci/" VF "/failures", text);
}

static void nobody_tells(void)
{
	struct fw_error_watch watch = FW_ERROR_WATCH_INIT;
	struct fw_error failure;

	fw_error_watch_begin(&watch, "0000:ff:1f.7");
	CHECK(!watch.told);
	fw_error_watch_end(&watch);
	fw_error_watch_end(&watch);
	CHECK(!fw_error_watch_first(&watch, &failure));
	CHECK(!fw_error_last("0000:ff:1f.7", &failure));
}

static void nothing_has_failed(void)
{
	struct fw_error_watch watch = FW_ERROR_WATCH_INIT;
	struct fw_error failure;

	tell(HEADING);
	fw_error_watch_begin(&watch, VF);
	CHECK(watch.told);
	CHECK(watch.log < 0);
	CHECK(!fw_error_watch_first(&watch, &failure));
	CHECK(!fw_error_last(VF, &failure));
	fw_error_watch_end(&watch);
}

static void the_first_since_then_is_the_cause(void)
{
	struct fw_error_watch watch = FW_ERROR_WATCH_INIT;
	struct fw_error failure;

	tell(HEADING FIRST);
	fw_error_watch_begin(&watch, VF);
	CHECK_INT(watch.mark, 1);
	CHECK(!fw_error_watch_first(&watch, &failure));
	tell(HEADING FIRST CAUSE AFTER);
	CHECK(fw_error_watch_first(&watch, &failure));
	CHECK_INT(failure.number, 2);
	CHECK_INT(failure.arc, 7);
	CHECK_INT(failure.time_unix_ns, 1795370463040652170);
	CHECK_STR(failure.command, "SAVE_VHCA_STATE");
	CHECK_INT(failure.opcode, 0x118);
	CHECK_INT(failure.op_mod, 0);
	CHECK_INT(failure.status, 9);
	CHECK_INT(failure.syndrome, 0x2c9bb0);
	CHECK_INT(failure.num, 22);
	CHECK_STR(failure.status_name, "bad resource state");
	fw_error_watch_end(&watch);
}

static void of_the_last_arc_the_cause_is_meant(void)
{
	struct fw_error failure;

	tell(HEADING FIRST);
	CHECK(fw_error_last(VF, &failure) && failure.number == 1);
	tell(HEADING FIRST CAUSE AFTER);
	CHECK(fw_error_last(VF, &failure) && failure.number == 2);
	tell(HEADING AFTER);
	CHECK(fw_error_last(VF, &failure) && failure.number == 3);
	/* In no arc each stands for itself. */
	tell(HEADING FIRST "9 0 1 ALLOC_PD 0x800 0x0 0x5 0x6 22 bad resource\n");
	CHECK(fw_error_last(VF, &failure) && failure.number == 9);
}

static void what_is_no_failure_is_passed_over(void)
{
	struct fw_error failure;

	tell("");
	CHECK(!fw_error_last(VF, &failure));
	tell("\n\n1 2 3\nwords\n5 0 1 X 0x1 0x0 0x9 0x1\n");
	CHECK(!fw_error_last(VF, &failure));
	tell("1 2 3\n" FIRST "2 0");
	CHECK(fw_error_last(VF, &failure) && failure.number == 1);
}

static void an_error_quotes_it_once(void)
{
	struct err err = ERR_INIT;
	struct fw_error failure = { .command = "SAVE_VHCA_STATE",
				      .status = 9, .syndrome = 0x2c9bb0,
				      .status_name = "bad resource state" };
	struct fw_error none = { 0 };
	struct fw_error silent = { .command = "LOAD_VHCA_STATE",
				     .num = ETIMEDOUT };
	char words[160];

	err_set(&err, ERR_REFUSED, EINVAL, "it was refused");
	err_firmware(&err, &none);
	CHECK_STR(err.message, "it was refused: Invalid argument");
	CHECK_INT(err_firmware(&err, &failure), -1);
	err_firmware(&err, &silent);
	CHECK_STR(err.message,
		  "it was refused: Invalid argument; the firmware refused SAVE_VHCA_STATE: bad resource state (0x9), syndrome 0x2c9bb0");
	CHECK_INT(err.firmware.status, 9);
	fw_error_words(&silent, words, sizeof(words));
	CHECK_STR(words, "the firmware did not answer LOAD_VHCA_STATE: Connection timed out");
	fw_error_words(&failure, words, 20);
	CHECK_STR(words, "the firmware refuse");
}

int main(void)
{
	int ret;

	if (!root_kit_begin())
		return 99;
	CASE(nobody_tells);
	CASE(nothing_has_failed);
	CASE(the_first_since_then_is_the_cause);
	CASE(of_the_last_arc_the_cause_is_meant);
	CASE(what_is_no_failure_is_passed_over);
	CASE(an_error_quotes_it_once);
	ret = CHECK_DONE();
	return root_kit_end() ? 99 : ret;
}
