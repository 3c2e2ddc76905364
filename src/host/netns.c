/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/netns.h"

#include <fcntl.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/netlink.h"
#include "host/processes.h"
#include "host/sysroot.h"
#include "lib/bounded.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define NETNS_LIMIT_MS 2000
#define NETNS_DIR "/run/netns"

/* struct netns - a network namespace, and the file that leads to it; @pid: of the process whose file it is, or 0 */
struct netns {
	dev_t dev;
	ino_t ino;
	pid_t pid;
	char path[64];
};

struct netns_list {
	struct netns *list;
	size_t n, room;
};

static bool has_netns(const struct netns_list *list, const struct stat *st)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->list[i].ino == st->st_ino && list->list[i].dev == st->st_dev)
			return true;
	return false;
}

static void add_netns(struct netns_list *list, const char *path, pid_t pid)
{
	struct netns *more;
	struct stat st;

	if (stat(path, &st) || has_netns(list, &st))
		return;
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 32;

		more = reallocarray(list->list, room, sizeof(*more));
		if (!more)
			return;
		list->list = more;
		list->room = room;
	}
	more = &list->list[list->n++];
	*more = (struct netns){ .dev = st.st_dev, .ino = st.st_ino, .pid = pid };
	text_copy(more->path, sizeof(more->path), path);
}

static void list_netns(struct netns_list *list)
{
	CLEANUP(sysroot_entries_free) struct sysroot_entries named = sysroot_list(NETNS_DIR);
	AUTO_FREE pid_t *pids = NULL;
	size_t n = processes_list(&pids);
	char path[PATH_MAX];

	for (size_t i = 0; i < n; i++)
		if (!text_format(path, sizeof(path), "/proc/%d/ns/net", (int)pids[i]))
			add_netns(list, path, pids[i]);
	for (size_t i = 0; i < named.n; i++)
		if (!text_format(path, sizeof(list->list->path), NETNS_DIR "/%s",
				 named.list[i]->d_name))
			add_netns(list, path, 0);
}

/* struct netns_work - the work of the child: @n names of devices, to be looked for in each namespace */
struct netns_work {
	const struct netns_list *namespaces;
	const char (*names)[DEVICE_NAME_SIZE];
	size_t n;
};

/* struct link_search - @found: the name of the netdev of each device */
struct link_search {
	const struct netns_work *work;
	char (*found)[NETDEV_NAME_SIZE];
};

static void take_link(const struct netlink_link *link, void *data)
{
	const struct link_search *search = data;

	for (size_t i = 0; i < search->work->n; i++)
		if (!strcmp(search->work->names[i], link->parent))
			text_copy(search->found[i], sizeof(search->found[i]), link->name);
}

static int search_netns(size_t i, const void *arg, void *result)
{
	const struct netns_work *work = arg;
	struct link_search search = { .work = work, .found = result };
	AUTO_CLOSE int fd = open(work->namespaces->list[i].path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		return -errno;
	return netlink_each_link(take_link, &search);
}

static void note_found(struct netns_netdev *found, const char *name, const struct netns *netns)
{
	if (!*name || *found->name)
		return;
	text_copy(found->name, sizeof(found->name), name);
	found->pid = netns->pid;
	memcpy(found->path, netns->path, sizeof(found->path));
}

static void search_all(const struct netns_work *work, struct netns_netdev *found)
{
	size_t n = work->namespaces->n, size = work->n * NETDEV_NAME_SIZE;
	AUTO_FREE char (*names)[NETDEV_NAME_SIZE] = calloc(n + 1, size);
	AUTO_FREE int *nums = calloc(n + 1, sizeof(*nums));

	if (!names || !nums)
		return;
	bounded_each(n, search_netns, work, names, size, nums, NETNS_LIMIT_MS);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < work->n; k++)
			note_found(&found[k], names[i * work->n + k], &work->namespaces->list[i]);
}

void netns_find(const char (*names)[DEVICE_NAME_SIZE], size_t n, struct netns_netdev *found)
{
	struct netns_list namespaces = {};
	const struct netns_work work = { .namespaces = &namespaces, .names = names, .n = n };

	memset(found, 0, n * sizeof(*found));
	if (!n || !sysroot_is_host())
		return;
	list_netns(&namespaces);
	search_all(&work, found);
	free(namespaces.list);
}
