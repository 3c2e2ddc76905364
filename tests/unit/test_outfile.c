/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
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

/* The name that the message gives to what is kept; "" where there is none. */
static const char *kept_name(const struct err *err)
{
	static const char words[] = "the whole file is kept as ";
	const char *name = strstr(err->message, words);
	static char kept[64] = "";

	if (name) {
		name += strlen(words);
		snprintf(kept, sizeof(kept), "%.*s", (int)strcspn(name, ":"), name);
	}
	return kept;
}

static void kept_is(const struct err *err, const char *text)
{
	const char *name = kept_name(err);

	CHECK_INT(strlen(name), strlen("old.0123456789ab"));
	CHECK(!strncmp(name, "old.", 4));
	CHECK(strstr(err->hint, name));
	CHECK_STR(get(name), text);
	unlink(name);
}

static void one_that_comes_meanwhile_stays_and_so_do_the_data(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	CHECK_INT(outfile_open(&out, "old", false, &err), 0);
	save(&out, "state");
	put("old", "old");
	CHECK_INT(outfile_publish(&out, &err), -1);
	CHECK_INT(err.code, ERR_EXISTS);
	CHECK_STR(get("old"), "old");
	CHECK_INT(entries(), 2);
	kept_is(&err, "state");
	unlink("old");
}

static void a_directory_that_comes_meanwhile_costs_no_data(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	CHECK_INT(outfile_open(&out, "old", true, &err), 0);
	save(&out, "state");
	CHECK_INT(mkdir("old", 0700), 0);
	CHECK_INT(outfile_publish(&out, &err), -1);
	CHECK_INT(entries(), 2);
	kept_is(&err, "state");
	rmdir("old");
}

/* What is kept is whole: no later save takes it for what a killed one has left. */
static void what_is_kept_stays(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	put("new.0123456789ab", "whole");
	CHECK_INT(outfile_open(&out, "new", false, &err), 0);
	CHECK_INT(outfile_publish(&out, &err), 0);
	CHECK_STR(get("new.0123456789ab"), "whole");
	unlink("new.0123456789ab");
	unlink("new");
}

/* As on a file system that makes no file without a name. */
static void refuse_tmpfiles(void)
{
	const unsigned int unnamed = O_TMPFILE & ~O_DIRECTORY;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, unnamed, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	CHECK_INT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_INT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* In a child, with which the filter ends. */
static void with_dotfiles(void (*body)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		refuse_tmpfiles();
		body();
		fflush(stdout);
		_exit(check_failures != 0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

static void write_by_dotfile(void)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	CHECK_INT(outfile_open(&out, "new", false, &err), 0);
	CHECK_INT(out.kind, OUTFILE_DOTFILE);
	CHECK_INT(entries(), 1);
	save(&out, "whole");
	CHECK_INT(outfile_publish(&out, &err), 0);
	CHECK_STR(get("new"), "whole");
	CHECK_INT(entries(), 1);
	unlink("new");
}

static void a_dotfile_becomes_the_file(void)
{
	with_dotfiles(write_by_dotfile);
}

static void keep_dotfile(void)
{
	one_that_comes_meanwhile_stays_and_so_do_the_data();
	a_directory_that_comes_meanwhile_costs_no_data();
}

static void a_dotfile_is_kept_too(void)
{
	with_dotfiles(keep_dotfile);
}

static void write_twice(void)
{
	AUTO_OUTFILE struct outfile first = OUTFILE_INIT;
	AUTO_OUTFILE struct outfile second = OUTFILE_INIT;
	struct err err = ERR_INIT;

	CHECK_INT(outfile_open(&first, "old", true, &err), 0);
	save(&first, "first");
	CHECK_INT(outfile_open(&second, "old", true, &err), 0);
	save(&second, "second");
	CHECK_INT(outfile_publish(&second, &err), 0);
	CHECK_INT(outfile_publish(&first, &err), 0);
	CHECK_STR(get("old"), "first");
	CHECK_INT(entries(), 1);
	unlink("old");
}

static void two_writers_of_one_name_spare_each_other(void)
{
	write_twice();
	with_dotfiles(write_twice);
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
	static const char *const names[] = { ".new.mlxmigctl", ".new.0123456789ab.mlxmigctl" };

	for (unsigned int i = 0; i < 2; i++) {
		AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
		struct err err = ERR_INIT;

		put(names[i], "part");
		CHECK_INT(outfile_open(&out, "new", false, &err), 0);
		CHECK_INT(outfile_publish(&out, &err), 0);
		CHECK_STR(get("new"), "");
		CHECK_INT(entries(), 1);
		unlink("new");
	}
}

/* Each stays, and none is waited for. */
static void write_beside(const char *name)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	alarm(5);
	CHECK_INT(outfile_open(&out, "new", false, &err), 0);
	save(&out, "whole");
	CHECK_INT(outfile_publish(&out, &err), 0);
	alarm(0);
	CHECK_STR(get("new"), "whole");
	CHECK_INT(faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_INT(unlink("new"), 0);
}

static const char *const parts[] = { ".new.mlxmigctl", ".new.fedcba987654.mlxmigctl" };

static void a_living_writers_dotfile_stays(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		AUTO_CLOSE int other = open(parts[i], O_WRONLY | O_CREAT, 0600);

		CHECK_INT(flock(other, LOCK_EX), 0);
		write_beside(parts[i]);
		unlink(parts[i]);
	}
}

static void other_things_with_its_name_stay(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		CHECK_INT(mkfifo(parts[i], 0600), 0);
		write_beside(parts[i]);
		unlink(parts[i]);
		CHECK_INT(mkdir(parts[i], 0700), 0);
		write_beside(parts[i]);
		rmdir(parts[i]);
		put("other", "text");
		CHECK_INT(symlink("other", parts[i]), 0);
		write_beside(parts[i]);
		unlink(parts[i]);
		CHECK_INT(link("other", parts[i]), 0);
		write_beside(parts[i]);
		unlink(parts[i]);
		CHECK_STR(get("other"), "text");
		unlink("other");
	}
}

/* Not the digits of one, or of another file's. */
static void other_names_stay(void)
{
	static const char *const names[] = {
		".new.0123456789a.mlxmigctl", ".new.0123456789abc.mlxmigctl", ".newer.mlxmigctl",
		".new.0123456789ab.mlxmigctl.bak", "new.0123456789ab.mlxmigctl", ".new.mlxmigctl~",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++) {
		put(names[i], "text");
		write_beside(names[i]);
		unlink(names[i]);
	}
}

static void another_users_dotfile_stays(void)
{
	for (unsigned int i = 0; i < 2 && !geteuid(); i++) {
		put(parts[i], "text");
		CHECK_INT(chown(parts[i], 65534, 65534), 0);
		write_beside(parts[i]);
		unlink(parts[i]);
	}
}

static void refuse(const char *name, bool overwrite, enum err_code code)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct err err = ERR_INIT;

	alarm(5);
	CHECK_INT(outfile_open(&out, name, overwrite, &err), -1);
	alarm(0);
	CHECK_INT(err.code, code);
	CHECK(strstr(err.message, name));
}

/* Of whoever made it, where others could make one. */
static void a_fifo_that_may_be_anothers_is_refused(void)
{
	CHECK_INT(mkfifo("fifo", 0666), 0);
	CHECK_INT(link("fifo", "second"), 0);
	CHECK_INT(chmod(".", 01777), 0);
	refuse("fifo", false, ERR_PERMISSION);
	unlink("second");
	if (!geteuid()) {
		CHECK_INT(chown("fifo", 65534, 65534), 0);
		refuse("fifo", true, ERR_PERMISSION);
		CHECK_INT(chmod(".", 0770), 0);
		refuse("fifo", true, ERR_PERMISSION);
		CHECK_INT(chmod(".", 0755), 0);
		CHECK_INT(chown(".", 65534, 65534), 0);
		refuse("fifo", true, ERR_PERMISSION);
		CHECK_INT(chown(".", 0, 0), 0);
	}
	CHECK_INT(chmod(".", 0700), 0);
	unlink("fifo");
}

static void a_socket_is_refused(void)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };

	CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	refuse("socket", true, ERR_USAGE);
	unlink("socket");
}

/* Without a device of that number nothing could be written to it by mistake. */
static void a_block_device_needs_overwrite(void)
{
	if (mknod("block", S_IFBLK | 0600, makedev(0, 0)))
		return;
	refuse("block", false, ERR_EXISTS);
	unlink("block");
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
	CASE(one_that_comes_meanwhile_stays_and_so_do_the_data);
	CASE(a_directory_that_comes_meanwhile_costs_no_data);
	CASE(what_is_kept_stays);
	CASE(a_dotfile_becomes_the_file);
	CASE(a_dotfile_is_kept_too);
	CASE(two_writers_of_one_name_spare_each_other);
	CASE(overwrite_replaces_at_the_end);
	CASE(overwrite_discarded_keeps_the_old);
	CASE(a_symlink_is_refused);
	CASE(a_late_symlink_is_replaced);
	CASE(a_folder_is_refused);
	CASE(a_missing_folder_is_told);
	CASE(a_fifo_is_written_and_stays);
	CASE(a_killed_writers_dotfile_goes);
	CASE(a_living_writers_dotfile_stays);
	CASE(other_things_with_its_name_stay);
	CASE(other_names_stay);
	CASE(another_users_dotfile_stays);
	CASE(a_fifo_that_may_be_anothers_is_refused);
	CASE(a_socket_is_refused);
	CASE(a_block_device_needs_overwrite);
	CASE(dash_is_stdout);
	if (chdir("/") || rmdir(folder))
		printf("# %s is not empty\n", folder);
	return CHECK_DONE();
}
