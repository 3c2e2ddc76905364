/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/outfile.h"
#include "tests/unit/check.h"

/* Each case works in the test's own folder, which is the present one, and empty. */

static int entries(void)
{
	AUTO_DIR DIR *dir = opendir(".");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	return n - 2;
}

static void put(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
}

static const char *get(const char *path)
{
	static char text[64];
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

static void save(struct outfile *out, const char *text)
{
	CHECK_INT(write(out->fd, text, strlen(text)), strlen(text));
}

static void an_absent_file_appears_when_published(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	umask(0);
	CHECK_INT(outfile_open(&out, "new", false, &err), 0);
	save(&out, "whole");
	CHECK(access("new", F_OK));
	CHECK_INT(outfile_publish(&out, &err), 0);
	CHECK_STR(get("new"), "whole");
	CHECK_INT(stat("new", &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_INT(entries(), 1);
	unlink("new");
}

static void discarded_leaves_nothing(void)
{
	struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	CHECK_INT(outfile_open(&out, "./new", false, &err), 0);
	save(&out, "part");
	outfile_discard(&out);
	outfile_discard(&out);
	CHECK_INT(entries(), 0);
}

static void an_existing_file_stays(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	put("old", "old");
	CHECK_INT(outfile_open(&out, "old", false, &err), -1);
	CHECK_INT(err.code, ERR_EXISTS);
	CHECK_STR(get("old"), "old");
	CHECK_INT(entries(), 1);
	unlink("old");
}

static void one_that_comes_meanwhile_stays(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	CHECK_INT(outfile_open(&out, "old", false, &err), 0);
	put("old", "old");
	CHECK_INT(outfile_publish(&out, &err), -1);
	CHECK_INT(err.code, ERR_EXISTS);
	CHECK_STR(get("old"), "old");
	CHECK_INT(entries(), 1);
	unlink("old");
}

static void overwrite_replaces_at_the_end(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	put("old", "old");
	CHECK_INT(outfile_open(&out, "old", true, &err), 0);
	save(&out, "newer");
	CHECK_STR(get("old"), "old");
	CHECK_INT(outfile_publish(&out, &err), 0);
	CHECK_STR(get("old"), "newer");
	CHECK_INT(entries(), 1);
	unlink("old");
}

static void overwrite_discarded_keeps_the_old(void)
{
	struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	put("old", "old");
	CHECK_INT(outfile_open(&out, "old", true, &err), 0);
	save(&out, "newer");
	outfile_discard(&out);
	CHECK_STR(get("old"), "old");
	CHECK_INT(entries(), 1);
	unlink("old");
}

static void a_symlink_is_refused(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	put("old", "old");
	CHECK_INT(symlink("old", "link"), 0);
	CHECK_INT(symlink("nowhere", "dangling"), 0);
	CHECK_INT(outfile_open(&out, "link", true, &err), -1);
	CHECK_INT(err.code, ERR_EXISTS);
	err = (struct err)ERR_INIT;
	CHECK_INT(outfile_open(&out, "dangling", true, &err), -1);
	CHECK_INT(err.code, ERR_EXISTS);
	CHECK_STR(get("old"), "old");
	CHECK(access("nowhere", F_OK));
	unlink("link");
	unlink("dangling");
	unlink("old");
}

/* One that is slipped in while we write is replaced; what it points to is not touched. */
static void a_late_symlink_is_replaced(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	put("old", "old");
	CHECK_INT(outfile_open(&out, "new", true, &err), 0);
	save(&out, "state");
	CHECK_INT(symlink("old", "new"), 0);
	CHECK_INT(outfile_publish(&out, &err), 0);
	CHECK_STR(get("old"), "old");
	CHECK_INT(lstat("new", &st), 0);
	CHECK(S_ISREG(st.st_mode));
	unlink("new");
	unlink("old");
}

static void a_folder_is_refused(void)
{
	static const char *const names[] = { "dir", "dir/", ".", "/", "" };

	CHECK_INT(mkdir("dir", 0700), 0);
	for (unsigned int i = 0; i < 5; i++) {
		struct outfile out = OUTFILE_INIT;
		struct err err = ERR_INIT;

		CHECK_INT(outfile_open(&out, names[i], true, &err), -1);
		CHECK_INT(err.code, ERR_USAGE);
	}
	rmdir("dir");
}

static void a_missing_folder_is_told(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	CHECK_INT(outfile_open(&out, "nowhere/file", false, &err), -1);
	CHECK_INT(err.code, ERR_NO_FILE);
}

static void a_fifo_is_written_and_stays(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	AUTO_CLOSE int reader = -1;
	struct err err = ERR_INIT;
	char text[16] = "";
	struct stat st;

	CHECK_INT(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	CHECK_INT(outfile_open(&out, "fifo", false, &err), 0);
	CHECK_INT(out.kind, OUTFILE_DIRECT);
	save(&out, "data");
	CHECK_INT(outfile_publish(&out, &err), 0);
	CHECK_INT(read(reader, text, sizeof(text)), 4);
	CHECK_STR(text, "data");
	CHECK_INT(lstat("fifo", &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_INT(entries(), 1);
	unlink("fifo");
}

static void a_killed_writers_dotfile_goes(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	put(".new.mlxmigctl", "part");
	CHECK_INT(outfile_open(&out, "new", false, &err), 0);
	CHECK_INT(outfile_publish(&out, &err), 0);
	CHECK_STR(get("new"), "");
	CHECK_INT(entries(), 1);
	unlink("new");
}

static void a_living_writers_dotfile_stays(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	AUTO_CLOSE int other = open(".new.mlxmigctl", O_WRONLY | O_CREAT, 0600);
	struct err err = ERR_INIT;

	CHECK_INT(flock(other, LOCK_EX), 0);
	CHECK_INT(outfile_open(&out, "new", false, &err), -1);
	CHECK_INT(err.code, ERR_BUSY);
	CHECK_INT(entries(), 1);
	unlink(".new.mlxmigctl");
}

static void dash_is_stdout(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	if (isatty(STDOUT_FILENO)) {
		CHECK_INT(outfile_open(&out, "-", false, &err), -1);
		CHECK_INT(err.code, ERR_USAGE);
		return;
	}
	CHECK_INT(outfile_open(&out, "-", false, &err), 0);
	CHECK_INT(out.fd, STDOUT_FILENO);
	CHECK_INT(outfile_publish(&out, &err), 0);
	CHECK(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
	CHECK_INT(entries(), 0);
}

int main(void)
{
	char folder[] = "/tmp/test_outfile.XXXXXX";

	if (!mkdtemp(folder) || chdir(folder))
		return 99;
	CASE(an_absent_file_appears_when_published);
	CASE(discarded_leaves_nothing);
	CASE(an_existing_file_stays);
	CASE(one_that_comes_meanwhile_stays);
	CASE(overwrite_replaces_at_the_end);
	CASE(overwrite_discarded_keeps_the_old);
	CASE(a_symlink_is_refused);
	CASE(a_late_symlink_is_replaced);
	CASE(a_folder_is_refused);
	CASE(a_missing_folder_is_told);
	CASE(a_fifo_is_written_and_stays);
	CASE(a_killed_writers_dotfile_goes);
	CASE(a_living_writers_dotfile_stays);
	CASE(dash_is_stdout);
	if (chdir("/") || rmdir(folder))
		printf("# %s is not empty\n", folder);
	return CHECK_DONE();
}
