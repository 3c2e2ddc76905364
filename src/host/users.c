/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/users.h"

#include <errno.h>
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
#define USER_STEPS 1024 /* of a captured host, for the memory that one takes, and its part of a document */

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

/* struct moved - a netdev of a VF, or of its vDPA device @vdpa, that may be in another network namespace */
struct moved {
	size_t device;
	char vdpa[64];
};

/*
 * struct user_search - what is found, and the files and netdevs that are searched for
 * @files, @nodes: what each of @n_files is, and how it is known
 * @moved, @parents: each of @n_moved netdevs, and the name of the device that has it
 * @failed: there was no memory
 */
struct user_search {
	struct users *users;
	struct user_file *files;
	struct char_device *nodes;
	size_t n_files;
	struct moved *moved;
	char (*parents)[DEVICE_NAME_SIZE];
	size_t n_moved;
	bool failed;
};

static void search_free(struct user_search *search)
{
	free(search->files);
	free(search->nodes);
	free(search->moved);
	free(search->parents);
}

static void add_user(struct user_search *search, const struct user *user)
{
	struct users *users = search->users;
	struct user *more;

	if (!sysroot_spend(USER_STEPS))
		return;
	more = reallocarray(users->list, users->n + 1, sizeof(*more));

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

/* @parent has made it a netdev that is not here. */
static void expect_moved(struct user_search *search, size_t device, const char *vdpa,
			 const char *parent)
{
	size_t n = search->n_moved;
	struct moved *moved = reallocarray(search->moved, n + 1, sizeof(*moved));
	char (*parents)[DEVICE_NAME_SIZE] = reallocarray(search->parents, n + 1, sizeof(*parents));

	if (moved)
		search->moved = moved;
	if (parents)
		search->parents = parents;
	if (!moved || !parents) {
		search->failed = true;
		return;
	}
	moved[n] = (struct moved){ .device = device };
	text_copy(moved[n].vdpa, sizeof(moved[n].vdpa), vdpa);
	text_copy(parents[n], sizeof(parents[n]), parent);
	search->n_moved++;
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
	char word[OPERAND_SIZE];

	text_copy(user.name, sizeof(user.name), vdpa->name);
	text_copy(user.through, sizeof(user.through), vdpa->netdev);
	text_format(user.words, sizeof(user.words), "the netdev %s of its vDPA device %s %s",
		    user.through, user.name, use->words);
	if (*use->remedy)
		text_copy(user.hint, sizeof(user.hint), use->remedy);
	else
		text_format(user.hint, sizeof(user.hint), "vdpa dev del %s",
			    text_shell_word(word, user.name, "NAME"));
	add_user(vdpa->search, &user);
}

static void find_vdpa_netdevs(struct vdpa_search *vdpa, const char *virtio)
{
	char dir[PATH_MAX];
	CLEANUP(sysroot_entries_free) struct sysroot_entries netdevs =
		sysroot_list(SYSFS_VDPA "/%s/%s/net", vdpa->name, virtio);

	/* The directory is there as long as a netdev is, in whatever namespace. */
	if (!netdevs.n && sysroot_exists(SYSFS_VDPA "/%s/%s/net", vdpa->name, virtio))
		expect_moved(vdpa->search, vdpa->device, vdpa->name, virtio);
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

static bool is_below(const char *path, const char *dir)
{
	const char *rest = path && dir ? text_starts(path, dir) : NULL;

	return rest && *rest == '/';
}

static void find_vdpa(struct user_search *search, const struct sysroot_entries *vdpa,
		      const struct device *vf, size_t device)
{
	AUTO_FREE char *dir = vdpa->n ? sysroot_real_path(SYSFS_PCI "%s", vf->name) : NULL;

	for (size_t i = 0; i < vdpa->n; i++) {
		const char *name = vdpa->list[i]->d_name;
		AUTO_FREE char *path = sysroot_real_path(SYSFS_VDPA "/%s", name);

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
	if (*use->remedy)
		text_format(user.hint, sizeof(user.hint), "%s, or use --force", use->remedy);
	else
		text_format(user.hint, sizeof(user.hint),
			    "use --force: no command separates %s from %s", user.name,
			    user.through);
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

/* "its netdev eth0", "the netdev of its vDPA device vdpa0": its name need not be known. */
static void moved_words(const struct moved *moved, const char *name, char *words, size_t size)
{
	const char *blank = *name ? " " : "";

	if (*moved->vdpa)
		text_format(words, size, "the netdev%s%s of its vDPA device %s", blank, name,
			    moved->vdpa);
	else
		text_format(words, size, "its netdev%s%s", blank, name);
}

/* Of a captured host that is not looked for. */
#define NO_WAY_THERE ", of which no process and no name in /run/netns was found"

static void add_moved(struct user_search *search, const struct moved *moved,
		      const struct netns_netdev *found)
{
	bool vdpa = *moved->vdpa;
	const char *base = strrchr(found->path, '/'), *or_force = vdpa ? "" : ", or use --force";
	struct user user = { .kind = vdpa ? USER_VDPA : USER_NETDEV_NAMESPACE,
			     .device = moved->device, .pid = found->pid };
	char netdev[128], netdev_buf[OPERAND_SIZE], netns_buf[OPERAND_SIZE];
	const char *netdev_word = text_shell_word(netdev_buf, found->name, "INTERFACE");

	moved_words(moved, found->name, netdev, sizeof(netdev));
	text_copy(user.name, sizeof(user.name), vdpa ? moved->vdpa : found->name);
	text_copy(user.through, sizeof(user.through), vdpa ? found->name : "");
	text_copy(user.file, sizeof(user.file), found->path);
	if (found->pid) {
		process_name(user.process, sizeof(user.process), found->pid);
		text_format(user.words, sizeof(user.words),
			    "%s is in another network namespace, that of %s (pid %d)", netdev,
			    user.process, (int)user.pid);
		text_format(user.hint, sizeof(user.hint),
			    "nsenter -t %d -n ip link set %s netns 1%s", (int)user.pid, netdev_word,
			    or_force);
	} else if (base) {
		text_format(user.words, sizeof(user.words),
			    "%s is in another network namespace, %s", netdev, user.file);
		text_format(user.hint, sizeof(user.hint), "ip -n %s link set %s netns 1%s",
			    text_shell_word(netns_buf, base + 1, "NAMESPACE"), netdev_word,
			    or_force);
	} else {
		text_format(user.words, sizeof(user.words),
			    "%s is in another network namespace%s", netdev,
			    sysroot_is_host() ? NO_WAY_THERE : "");
		text_format(user.hint, sizeof(user.hint),
			    "return its netdev from that namespace%s", or_force);
	}
	add_user(search, &user);
}

/* Has its driver made it a netdev that is not here? */
static bool may_be_moved(const struct device *device)
{
	return device->kind == DEVICE_VF && !strcmp(device->driver, "mlx5_core") &&
	       !device->n_netdevs;
}

/* Of the netdevs that are expected elsewhere, those of VFs themselves need not exist. */
static void find_moved(struct user_search *search)
{
	size_t n = search->n_moved;
	AUTO_FREE bool *ethernet = calloc(n + 1, sizeof(*ethernet));
	AUTO_FREE struct netns_netdev *found = calloc(n + 1, sizeof(*found));

	if (!n)
		return;
	if (!ethernet || !found) {
		search->failed = true;
		return;
	}
	devlink_find_ethernet(search->parents, n, ethernet);
	netns_find(search->parents, n, found);
	for (size_t i = 0; i < n; i++)
		if (*search->moved[i].vdpa || ethernet[i] || *found[i].name)
			add_moved(search, &search->moved[i], &found[i]);
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
	int ret;

	collect_files(search, devices, n);
	ret = processes_find_openers(search->nodes, search->n_files, take_opener, search);
	search->failed |= ret == -ENOMEM;
	search->users->cut = ret == -ETIMEDOUT;
}

int users_find_by_files(const struct device *devices, size_t n, struct users *users,
			struct err *err)
{
	CLEANUP(search_free) struct user_search search = { .users = users };

	find_by_files(&search, devices, n);
	find_moved(&search);
	return require_memory(&search, n, err);
}

int users_find(const struct device *devices, size_t n, struct users *users, struct err *err)
{
	CLEANUP(search_free) struct user_search search = { .users = users };

	find_by_files(&search, devices, n);
	for (size_t i = 0; i < n; i++)
		if (devices[i].kind == DEVICE_VF)
			find_netdevs(&search, &devices[i], i);
	for (size_t i = 0; i < n; i++)
		if (may_be_moved(&devices[i]))
			expect_moved(&search, i, "", devices[i].name);
	find_moved(&search);
	return require_memory(&search, n, err);
}

static const struct user *first_user(const struct users *users, size_t device, enum user_kind kind)
{
	for (size_t i = 0; i < users->n; i++)
		if (users->list[i].device == device && users->list[i].kind == kind)
			return &users->list[i];
	return NULL;
}

/* Of those that stand against it; @force: vDPA alone does. */
static size_t count_users(const struct users *users, size_t device, bool force)
{
	size_t n = 0;

	for (size_t i = 0; i < users->n; i++)
		n += users->list[i].device == device &&
		     (!force || users->list[i].kind == USER_VDPA);
	return n;
}

static int refuse_user(const struct user *user, const char *name, size_t others, struct err *err)
{
	bool file = user->kind == USER_VDPA || user->kind == USER_RDMA;
	char buf[OPERAND_SIZE];

	err_set(err, file ? ERR_BUSY : ERR_NETDEV_BUSY, 0, "%s", user->words);
	if (!others)
		return err_hint(err, "%s", user->hint);
	return err_hint(err, "%s; mlxmigctl status %s reports %zu more %s of it", user->hint,
			text_shell_word(buf, name, "DEVICE"), others, others == 1 ? "use" : "uses");
}

/* What --force does not help against comes first. */
int users_require_none(const struct users *users, size_t device, const char *name, bool force,
		       struct err *err)
{
	for (enum user_kind kind = USER_VDPA; kind < USER_KINDS; kind++) {
		const struct user *user = first_user(users, device, kind);

		if (user && (!force || kind == USER_VDPA))
			return refuse_user(user, name, count_users(users, device, force) - 1, err);
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
