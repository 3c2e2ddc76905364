/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a holder leaves in /run, and what is made of it when the holder is gone. */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "host/sysroot.h"
#include "root_kit.h"
#include "vfio/hold_marker.h"

#define VF "0000:3b:00.2"

static struct device vf = { .kind = DEVICE_VF, .name = VF, .vfio = true };

static const char *taken(const struct device *device)
{
	static char text[HOLD_MARKER_TEXT_SIZE];

	hold_marker_take(device, text, sizeof(text));
	return text;
}

static void mark(void)
{
	struct err err = ERR_INIT;

	CHECK_INT(hold_marker_write(VF, &err), 0);
}

static void without_a_folder_it_cannot_be_announced(void)
{
	struct err err = ERR_INIT;

	CHECK_INT(hold_marker_write(VF, &err), -1);
	CHECK(strstr(err.message, "cannot announce that " VF " is held"));
	CHECK_INT(hold_marker_loaded(VF), TRI_UNKNOWN);
	hold_marker_note_load(VF);
	hold_marker_remove(VF);
	CHECK_STR(taken(&vf), "");
	root_kit_put("/run/another", "");
}

static void a_clean_end_leaves_none(void)
{
	mark();
	CHECK_INT(hold_marker_loaded(VF), TRI_NO);
	hold_marker_remove(VF);
	CHECK_INT(hold_marker_loaded(VF), TRI_UNKNOWN);
	CHECK_STR(taken(&vf), "");
}

static void a_killed_holder_is_told_once(void)
{
	char want[HOLD_MARKER_TEXT_SIZE];

	snprintf(want, sizeof(want),
		 "mlxmigctl hold (pid %d) was killed; the kernel has reset the device, and what it held is lost",
		 (int)getpid());
	mark();
	CHECK_STR(taken(&vf), want);
	CHECK_STR(taken(&vf), "");
	mark();
	hold_marker_note_load(VF);
	CHECK_STR(taken(&vf), want);
}

/* Only a PCI device is sure to be reset by its last close. */
static void of_another_device_less_is_known(void)
{
	struct device other = vf;

	other.kind = DEVICE_OTHER;
	mark();
	CHECK(strstr(taken(&other), "may be lost"));
}

static void a_load_is_noted_for_the_holder(void)
{
	mark();
	hold_marker_note_load(VF);
	hold_marker_note_load(VF);
	CHECK_INT(hold_marker_loaded(VF), TRI_YES);
	/* The next one begins anew. */
	mark();
	CHECK_INT(hold_marker_loaded(VF), TRI_NO);
	hold_marker_remove(VF);
}

/* Below this root no process has a number. */
static void a_look_leaves_the_trace(void)
{
	char text[HOLD_MARKER_TEXT_SIZE];

	hold_marker_read(&vf, text, sizeof(text));
	CHECK_STR(text, "");
	root_kit_put(HOLD_MARKER_DIR "/" VF ".hold", "pid 42\nstart 4711\n");
	root_kit_put("/proc/42/stat", "42 (mlxmigctl-hold) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0");
	hold_marker_read(&vf, text, sizeof(text));
	CHECK_STR(text, "");
	/* Its number is another's by now. */
	root_kit_put("/proc/42/stat", "42 (bash) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4712 0 0");
	vf.vfio = false;
	hold_marker_read(&vf, text, sizeof(text));
	CHECK_STR(text, "");
	vf.vfio = true;
	hold_marker_read(&vf, text, sizeof(text));
	CHECK(strstr(text, "mlxmigctl hold (pid 42) was killed;"));
	CHECK_STR(taken(&vf), text);
	hold_marker_read(&vf, text, sizeof(text));
	CHECK_STR(text, "");
}

static void who_has_it_by_now_is_named(void)
{
	struct device other = vf;
	char text[HOLD_MARKER_TEXT_SIZE];

	root_kit_put(HOLD_MARKER_DIR "/" VF ".hold", "pid 43\nstart 4711\n");
	other.holder = (struct holder){ .kind = HOLDER_OTHER, .pid = 44, .comm = "mlxmigctl" };
	hold_marker_read(&other, text, sizeof(text));
	CHECK_STR(text, "");
	strcpy(other.holder.comm, "qemu-system-x86");
	hold_marker_read(&other, text, sizeof(text));
	CHECK_STR(text, "mlxmigctl hold (pid 43) was killed before qemu-system-x86 (pid 44) took the device; what it held is lost");
	other.holder = (struct holder){ .kind = HOLDER_NONE, .unsure = true };
	hold_marker_read(&other, text, sizeof(text));
	CHECK_STR(text, "");
	hold_marker_remove(VF);
}

/* One that was written to in the moment of the kill, or by somebody else. */
static void what_is_no_trace_is_left_alone(void)
{
	root_kit_put(HOLD_MARKER_DIR "/" VF ".hold", "");
	CHECK_STR(taken(&vf), "");
	root_kit_put(HOLD_MARKER_DIR "/" VF ".hold", "pid 42\n");
	CHECK_STR(taken(&vf), "");
	CHECK_INT(hold_marker_loaded(VF), TRI_NO);
}

static void the_keeper_is_who_wrote_it(void)
{
	struct keeper keeper;

	hold_marker_keeper(VF, &keeper);
	CHECK_INT(keeper.pid, 0);
	mark();
	hold_marker_keeper(VF, &keeper);
	CHECK_INT(keeper.pid, getpid());
	root_kit_put(HOLD_MARKER_DIR "/" VF ".hold", "pid -1\nstart 4711\n");
	hold_marker_keeper(VF, &keeper);
	CHECK_INT(keeper.pid, 0);
	hold_marker_remove(VF);
}

static mode_t mode_of(const char *name)
{
	char path[PATH_MAX];
	struct stat st = {};

	CHECK_INT(sysroot_path(path, "%s", name), 0);
	CHECK_INT(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* Other users' commands read it, to know who holds the device. */
static void all_may_read_it_whatever_the_umask(void)
{
	mode_t before = umask(0077);

	CHECK_INT(root_kit_remove(HOLD_MARKER_DIR), 0);
	mark();
	umask(before);
	CHECK_INT(mode_of(HOLD_MARKER_DIR), 0755);
	CHECK_INT(mode_of(HOLD_MARKER_DIR "/" VF ".hold"), 0644);
	hold_marker_remove(VF);
}

int main(void)
{
	int ret;

	if (!root_kit_begin())
		return 99;
	CASE(without_a_folder_it_cannot_be_announced);
	CASE(a_clean_end_leaves_none);
	CASE(a_killed_holder_is_told_once);
	CASE(of_another_device_less_is_known);
	CASE(a_load_is_noted_for_the_holder);
	CASE(the_keeper_is_who_wrote_it);
	CASE(a_look_leaves_the_trace);
	CASE(who_has_it_by_now_is_named);
	CASE(what_is_no_trace_is_left_alone);
	CASE(all_may_read_it_whatever_the_umask);
	ret = CHECK_DONE();
	return root_kit_end() ? 99 : ret;
}
