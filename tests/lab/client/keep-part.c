// SPDX-License-Identifier: GPL-2.0-or-later
/* keep-part: opens a VFIO device and keeps one thing alone of what keeps it open, for tests of who has a device. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vfio_open.h"

static const char usage_text[] =
	"usage: keep-part BDF PART READY\n"
	"Opens the device by its group, keeps PART, makes the file READY, and sleeps.\n"
	"PART: group (with the device), device (its own file), socket (that file on its way through\n"
	"a socket), mapping (of its BAR)\n";

static void give_up(const char *what)
{
	fprintf(stderr, "keep-part: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Sends the file to ourselves, and does not receive it. */
static void send_file(int file)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int ends[2];

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &file, sizeof(file));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || sendmsg(ends[0], &message, 0) != 1)
		give_up("sending the file");
}

static void map_bar(int device)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, device, (off_t)bar.offset) == MAP_FAILED)
		give_up("mapping the BAR");
}

int main(int argc, char **argv)
{
	struct vfio_open vfio = VFIO_CLOSED;

	if (argc != 4) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (vfio_open(&vfio, argv[1]))
		give_up(argv[1]);
	if (!strcmp(argv[2], "socket"))
		send_file(vfio.device);
	if (!strcmp(argv[2], "mapping"))
		map_bar(vfio.device);
	if (strcmp(argv[2], "group")) {
		close(vfio.group);
		close(vfio.container);
		if (strcmp(argv[2], "device"))
			close(vfio.device);
	}
	if (open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0)
		give_up(argv[3]);
	for (;;)
		pause();
}
