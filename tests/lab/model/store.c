// SPDX-License-Identifier: GPL-2.0-only
/* Bytes in a file without a name; see store.h. */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "store.h"

struct lab_store {
	int fd;
};

/* An empty store, owned by the caller; NULL when there is no place for the file. */
struct lab_store *lab_store_new(void)
{
	g_autofree char *name = g_build_filename(g_get_tmp_dir(), "mlx5-lab.XXXXXX", NULL);
	int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
	struct lab_store *store;

	if (fd < 0) {
		error_report("mlx5-lab: %s: %s", name, strerror(errno));
		return NULL;
	}
	unlink(name);
	store = g_new(struct lab_store, 1);
	store->fd = fd;
	return store;
}

/* @store may be NULL. */
void lab_store_free(struct lab_store *store)
{
	if (!store)
		return;
	close(store->fd);
	g_free(store);
}

/* Writes @size bytes at @at; false when the disk is full. */
bool lab_store_put(struct lab_store *store, uint64_t at, const void *data, size_t size)
{
	if (pwrite(store->fd, data, size, at) == (ssize_t)size)
		return true;
	error_report("mlx5-lab: a loaded page cannot be kept: %s", strerror(errno));
	return false;
}

/* Reads @size bytes at @at; what was never put is 0. */
void lab_store_get(const struct lab_store *store, uint64_t at, void *data, size_t size)
{
	ssize_t got = pread(store->fd, data, size, at);

	if (got < 0)
		error_report("mlx5-lab: a loaded page cannot be read: %s", strerror(errno));
	memset((uint8_t *)data + MAX(got, 0), 0, size - MAX(got, 0));
}
