/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/devlink.h"
#include "host/netdev.h"
#include "host/netns.h"
#include "host/pci_function.h"
#include "host/processes.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define SYSFS_VDPA "/sys/bus/vdpa/devices"

const char *user_kind_name(enum user_kind kind)
{
	static const char *const names[USER_KINDS] = {
		[USER_VDPA] = "vdpa",
		[USER_RDMA] = "rdma",
		[USER_NETDEV] = "netdev",
		[USER_NETDEV_NAMESPACE] = "netdev_namespace",
	};

	return names[kind];
}

void users_free(struct users *users)
{
	free(users->list);
	*users = (struct users){};
}

/* struct user_file - a character device of a VF that a process may have open; @name: the vDPA or RDMA device */
struct user_file {
	enum user_kind kind;
	size_t device;
	char name[64];
};

/*
 * struct user_search - what is found, and the files that are searched for
 * @files, @nodes: what each of @n_files is, and how it is known
 * @failed: there was no memory
 */
struct user_search {
	struct users *users;
	struct user_file *files;
	struct char_device *nodes;
	size_t n_files;
	bool failed;
};

static void search_free(struct user_search *search)
{
	free(search->files);
	free(search->nodes);
}

static void add_user(struct user_search *search, const struct user *user)
{
	struct users *users = search->users;
	struct user *more = reallocarray(users->list, users->n + 1, sizeof(*more));

	if (!more) {
		search->failed = true;
		return;
	}
	users->list = more;
	more[users->n++] = *user;
}

/* Its device number is in @dir/@node/dev. */
static void add_file(struct user_search *search, const struct user_file *file, const char *dir,
		     const char *node)
{
	size_t n = search->n_files;
	dev_t number;
	struct user_file *files;
	struct char_device *nodes;

	if (!sysroot_read_device(&number, "%s/%s/dev", dir, node))
		return;
	files = reallocarray(search->files, n + 1, sizeof(*files));
	if (files)
		search->files = files;
	nodes = reallocarray(search->nodes, n + 1, sizeof(*nodes));
	if (nodes)
		search->nodes = nodes;
	if (!files || !nodes) {
		search->failed = true;
		return;
	}
	files[n] = *file;
	nodes[n] = (struct char_device){ .number = number };
	text_copy(nodes[n].name, sizeof(nodes[n].name), node);
	search->n_files++;
}

/* vDPA: a device on a bus of its own, somewhere below the VF. */

/* struct vdpa_search - one vDPA device of one VF; @dir: below the root */
struct vdpa_search {
	struct user_search *search;
	size_t device;
	const char *name;
	const char *netdev;
};

static void take_vdpa_use(const struct netdev_use *use, void *data)
{
	const struct vdpa_search *vdpa = data;
	struct user user = { .kind = USER_VDPA, .device = vdpa->device };

	text_copy(user.name, sizeof(user.name), vdpa->name);
	text_copy(user.through, sizeof(user.through), vdpa->netdev);
	text_format(user.words, sizeof(user.words), "the netdev %s of its vDPA device %s %s",
		    user.through, user.name, use->words);
	text_copy(user.hint, sizeof(user.hint), use->remedy);
	add_user(vdpa->search, &user);
}

static void find_vdpa_netdevs(struct vdpa_search *vdpa, const char *virtio)
{
	char dir[PATH_MAX];
	CLEANUP(sysroot_entries_free) struct sysroot_entries netdevs =
		sysroot_list(SYSFS_VDPA "/%s/%s/net", vdpa->name, virtio);

	for (size_t i = 0; i < netdevs.n; i++) {
		vdpa->netdev = netdevs.list[i]->d_name;
		if (!text_format(dir, sizeof(dir), SYSFS_VDPA "/%s/%s/net/%s", vdpa->name, virtio,
				 vdpa->netdev))
			netdev_each_use(dir, vdpa->netdev, take_vdpa_use, vdpa);
	}
}

static void search_vdpa(struct user_search *search, size_t device, const char *name)
{
	struct vdpa_search vdpa = { .search = search, .device = device, .name = name };
	struct user_file file = { .kind = USER_VDPA, .device = device };
	char dir[PATH_MAX];
	CLEANUP(sysroot_entries_free) struct sysroot_entries entries =
		sysroot_list(SYSFS_VDPA "/%s", name);

	text_copy(file.name, sizeof(file.name), name);
	snprintf(dir, sizeof(dir), SYSFS_VDPA "/%s", name);
	for (size_t i = 0; i < entries.n; i++)
		if (text_starts(entries.list[i]->d_name, "vhost-vdpa-"))
			add_file(search, &file, dir, entries.list[i]->d_name);
		else if (text_starts(entries.list[i]->d_name, "virtio"))
			find_vdpa_netdevs(&vdpa, entries.list[i]->d_name);
}

static char *real_path(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return sysroot_path(path, "%s/%s", dir, name) ? NULL : realpath(path, NULL);
}

static bool is_below(const char *path, const char *dir)
{
	const char *rest = path && dir ? text_starts(path, dir) : NULL;

	return rest && *rest == '/';
}

static void find_vdpa(struct user_search *search, const struct sysroot_entries *vdpa,
		      const struct device *vf, size_t device)
{
	AUTO_FREE char *dir = vdpa->n ? real_path("/sys/bus/pci/devices", vf->name) : NULL;

	for (size_t i = 0; i < vdpa->n; i++) {
		const char *name = vdpa->list[i]->d_name;
		AUTO_FREE char *path = real_path(SYSFS_VDPA, name);

		if (is_below(path, dir))
			search_vdpa(search, device, name);
	}
}

/* RDMA: files for verbs, and for the subnet's management. */

static void find_rdma(struct user_search *search, const struct device *vf, size_t device)
{
	static const char *const classes[] = { "infiniband_verbs", "infiniband_mad" };

	for (size_t c = 0; c < ARRAY_SIZE(classes); c++) {
		struct user_file file = { .kind = USER_RDMA, .device = device };
		char dir[PATH_MAX];
		CLEANUP(sysroot_entries_free) struct sysroot_entries nodes =
			sysroot_list(SYSFS_PCI "%s/%s", vf->name, classes[c]);

		snprintf(dir, sizeof(dir), SYSFS_PCI "%s/%s", vf->name, classes[c]);
		for (size_t i = 0; i < nodes.n; i++) {
			const char *node = nodes.list[i]->d_name;

			if (sysroot_read(file.name, sizeof(file.name), "%s/%s/ibdev", dir, node) <=
			    0)
				text_copy(file.name, sizeof(file.name), vf->rdma[0]);
			add_file(search, &file, dir, node);
		}
	}
}

static void take_opener(size_t i, pid_t pid, void *data)
{
	struct user_search *search = data;
	const struct user_file *file = &search->files[i];
	bool vdpa = file->kind == USER_VDPA;
	struct user user = { .kind = file->kind, .device = file->device, .pid = pid };

	memcpy(user.name, file->name, sizeof(user.name));
	text_copy(user.file, sizeof(user.file), search->nodes[i].name);
	process_name(user.process, sizeof(user.process), pid);
	text_format(user.words, sizeof(user.words), "its %s device %s is open (%s) in %s (pid %d)",
		    vdpa ? "vDPA" : "RDMA", user.name, user.file, user.process, (int)pid);
	text_copy(user.hint, sizeof(user.hint), vdpa ?
		  "end that process first, or, where it is a VMM, shut its guest down: the kernel would wait for it, also with --force" :
		  "end that process, or use --force");
	add_user(search, &user);
}

/* Netdevs */

/* struct netdev_search - one netdev of one VF */
struct netdev_search {
	struct user_search *search;
	size_t device;
	const char *name;
};

static void take_netdev_use(const struct netdev_use *use, void *data)
{
	const struct netdev_search *netdev = data;
	struct user user = { .kind = USER_NETDEV, .device = netdev->device };

	text_copy(user.name, sizeof(user.name), netdev->name);
	memcpy(user.through, use->through, sizeof(user.through));
	text_format(user.words, sizeof(user.words), "its netdev %s %s", user.name, use->words);
	text_format(user.hint, sizeof(user.hint), "%s, or use --force", use->remedy);
	add_user(netdev->search, &user);
}

static void find_netdevs(struct user_search *search, const struct device *vf, size_t device)
{
	char dir[PATH_MAX];

	for (size_t i = 0; i < vf->n_netdevs; i++) {
		struct netdev_search netdev = { search, device, vf->netdevs[i] };

		snprintf(dir, sizeof(dir), SYSFS_PCI "%s/net/%s", vf->name, netdev.name);
		netdev_each_use(dir, netdev.name, take_netdev_use, &netdev);
	}
}

/* struct moved - the VFs whose netdevs may be in other namespaces: @devices are their indices */
struct moved {
	char (*names)[DEVICE_NAME_SIZE];
	size_t *devices;
	bool *ethernet;
	struct netns_netdev *found;
	size_t n;
};

static void moved_free(struct moved *moved)
{
	free(moved->names);
	free(moved->devices);
	free(moved->ethernet);
	free(moved->found);
}

static void add_moved(struct user_search *search, size_t device, const struct netns_netdev *found)
{
	struct user user = { .kind = USER_NETDEV_NAMESPACE, .device = device, .pid = found->pid };
	const char *base = strrchr(found->path, '/');

	text_copy(user.name, sizeof(user.name), found->name);
	text_copy(user.file, sizeof(user.file), found->path);
	if (found->pid) {
		process_name(user.process, sizeof(user.process), found->pid);
		text_format(user.words, sizeof(user.words),
			    "its netdev %s is in another network namespace, that of %s (pid %d)",
			    user.name, user.process, (int)user.pid);
		text_format(user.hint, sizeof(user.hint),
			    "nsenter -t %d -n ip link set %s netns 1, or use --force",
			    (int)user.pid, user.name);
	} else if (base) {
		text_format(user.words, sizeof(user.words),
			    "its netdev %s is in another network namespace, %s", user.name,
			    user.file);
		text_format(user.hint, sizeof(user.hint),
			    "ip -n %s link set %s netns 1, or use --force", base + 1, user.name);
	} else {
		text_copy(user.words, sizeof(user.words),
			  "its netdev is in another network namespace, of which no process and no name in /run/netns was found");
		text_copy(user.hint, sizeof(user.hint),
			  "return its netdev from that namespace, or use --force");
	}
	add_user(search, &user);
}

/* Has its driver made it a netdev that is not here? */
static bool may_be_moved(const struct device *device)
{
	return device->kind == DEVICE_VF && !strcmp(device->driver, "mlx5_core") &&
	       !device->n_netdevs;
}

static void find_moved(struct user_search *search, const struct device *devices, size_t n)
{
	CLEANUP(moved_free) struct moved moved = {
		.names = calloc(n + 1, sizeof(*moved.names)),
		.devices = calloc(n + 1, sizeof(*moved.devices)),
		.ethernet = calloc(n + 1, sizeof(*moved.ethernet)),
		.found = calloc(n + 1, sizeof(*moved.found)),
	};

	if (!moved.names || !moved.devices || !moved.ethernet || !moved.found) {
		search->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (may_be_moved(&devices[i])) {
			text_copy(moved.names[moved.n], sizeof(moved.names[0]), devices[i].name);
			moved.devices[moved.n++] = i;
		}
	devlink_find_ethernet(moved.names, moved.n, moved.ethernet);
	netns_find(moved.names, moved.n, moved.found);
	for (size_t i = 0; i < moved.n; i++)
		if (moved.ethernet[i] || *moved.found[i].name)
			add_moved(search, moved.devices[i], &moved.found[i]);
}

static void collect_files(struct user_search *search, const struct device *devices, size_t n)
{
	CLEANUP(sysroot_entries_free) struct sysroot_entries vdpa = sysroot_list(SYSFS_VDPA);

	for (size_t i = 0; i < n; i++)
		if (devices[i].kind == DEVICE_VF) {
			find_vdpa(search, &vdpa, &devices[i], i);
			find_rdma(search, &devices[i], i);
		}
}

static int require_memory(const struct user_search *search, size_t n, struct err *err)
{
	return search->failed ? err_set(err, ERR_NO_MEMORY, 0, "the users of %zu devices", n) : 0;
}

/* Those by files of vDPA and RDMA devices, and virtio netdevs on vDPA. */
static void find_by_files(struct user_search *search, const struct device *devices, size_t n)
{
	collect_files(search, devices, n);
	if (processes_find_openers(search->nodes, search->n_files, take_opener, search))
		search->failed = true;
}

int users_find_by_files(const struct device *devices, size_t n, struct users *users,
			struct err *err)
{
	CLEANUP(search_free) struct user_search search = { .users = users };

	find_by_files(&search, devices, n);
	return require_memory(&search, n, err);
}

int users_find(const struct device *devices, size_t n, struct users *users, struct err *err)
{
	CLEANUP(search_free) struct user_search search = { .users = users };

	find_by_files(&search, devices, n);
	for (size_t i = 0; i < n; i++)
		if (devices[i].kind == DEVICE_VF)
			find_netdevs(&search, &devices[i], i);
	find_moved(&search, devices, n);
	return require_memory(&search, n, err);
}

static const struct user *first_user(const struct users *users, size_t device, enum user_kind kind)
{
	for (size_t i = 0; i < users->n; i++)
		if (users->list[i].device == device && users->list[i].kind == kind)
			return &users->list[i];
	return NULL;
}

/* What --force does not help against comes first. */
int users_require_none(const struct users *users, size_t device, bool force, struct err *err)
{
	for (enum user_kind kind = USER_VDPA; kind < USER_KINDS; kind++) {
		const struct user *user = first_user(users, device, kind);
		bool file = kind == USER_VDPA || kind == USER_RDMA;

		if (!user || (force && kind != USER_VDPA))
			continue;
		err_set(err, file ? ERR_BUSY : ERR_NETDEV_BUSY, 0, "%s", user->words);
		return err_hint(err, "%s", user->hint);
	}
	return 0;
}

bool users_may_hide(const struct device *device, bool force)
{
	struct users none = {};
	CLEANUP(search_free) struct user_search search = { .users = &none };
	bool may = false;

	collect_files(&search, device, 1);
	for (size_t i = 0; i < search.n_files; i++)
		may |= !force || search.files[i].kind == USER_VDPA;
	users_free(&none);
	return may;
}
