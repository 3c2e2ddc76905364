/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command line tells of a process, and who has what open. */
#include "check.h"
#include "vfio/process.h"

/* The arguments in @line are parted by '|'. */
static struct process read_line(const char *line)
{
	struct process process = {};
	char text[1024] = "";
	size_t len = strlen(line);

	memcpy(text, line, len);
	for (size_t i = 0; i < len; i++)
		if (text[i] == '|')
			text[i] = '\0';
	process_read_command(&process, text, len);
	return process;
}

static void check_guest(const char *line, const char *guest)
{
	struct process process = read_line(line);

	CHECK_STR(process.guest, guest);
}

static void the_name_of_a_guest(void)
{
	check_guest("qemu|-name|web|", "web");
	check_guest("qemu|--name|web|", "web");
	check_guest("qemu|-S|-name|guest=web,debug-threads=on|-m|1G|", "web");
	check_guest("qemu|-name|debug-threads=on,guest=web|", "web");
	check_guest("qemu|-name|web,process=x|", "web");
	check_guest("qemu|-name|a,,b,,,process=x|", "a,b,");
	check_guest("qemu|-name|guest=a=b|", "a=b");
	check_guest("qemu|-name|web", "web");
	/* As in QEMU, the last one counts. */
	check_guest("qemu|-name|one|-name|two|", "two");
}

static void no_name_of_a_guest(void)
{
	check_guest("", "");
	check_guest("qemu|", "");
	check_guest("qemu|-name|", "");
	check_guest("qemu|-name||", "");
	check_guest("qemu|-name|process=x|", "");
	check_guest("qemu|-name|debug-threads=on,web|", "");
	check_guest("qemu|-drive|guest=web|", "");
}

static void a_long_name_is_cut(void)
{
	char line[600] = "qemu|-name|";
	struct process process;

	memset(line + strlen(line), 'x', 500);
	process = read_line(line);
	CHECK_INT(strlen(process.guest), sizeof(process.guest) - 1);
}

static void libvirts_are_known_by_their_folder(void)
{
	CHECK(read_line("qemu|-name|guest=web|-object|{\"file\":\"/var/lib/libvirt/qemu/domain-1-web/master-key.aes\"}|").libvirt);
	CHECK(!read_line("qemu|-name|guest=web|").libvirt);
	CHECK(!read_line("qemu|-drive|file=/var/lib/libvirt/images/domain-1.img|").libvirt);
}

static void the_command_is_the_first_argument(void)
{
	CHECK_STR(read_line("/usr/bin/qemu|-m|1G|").command, "/usr/bin/qemu");
	CHECK_STR(read_line("title without an end").command, "title without an end");
	CHECK_STR(read_line("").command, "");
}

static void any_number_is_listed(void)
{
	struct holdings holdings = {};

	for (int i = 0; i < 100; i++) {
		struct process *process = holdings_add_process(&holdings);
		struct holding holding = { .fd = i };

		process->pid = i;
		CHECK_INT(holdings_add(&holdings, &holding), 0);
		CHECK_INT(holdings_add(&holdings, &holding), 0);
	}
	CHECK_INT(holdings.n_processes, 100);
	CHECK_INT(holdings.n, 200);
	for (int i = 0; i < 200; i++) {
		CHECK_INT(holdings.list[i].fd, i / 2);
		CHECK_INT(holdings.processes[holdings.list[i].process].pid, i / 2);
	}
	holdings_free(&holdings);
	CHECK_INT(holdings.n, 0);
	CHECK(!holdings.list);
}

int main(void)
{
	CASE(the_name_of_a_guest);
	CASE(no_name_of_a_guest);
	CASE(a_long_name_is_cut);
	CASE(libvirts_are_known_by_their_folder);
	CASE(the_command_is_the_first_argument);
	CASE(any_number_is_listed);
	return CHECK_DONE();
}
