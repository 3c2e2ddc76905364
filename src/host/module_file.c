/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/module_file.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/modprobe_config.h"
#include "host/sysroot.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* "updates/dkms/mlx5_vfio_pci.ko.xz: kernel/…": is the file before the colon that of @module? */
static bool is_of_module(const char *path, const char *module)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *end = strstr(base, ".ko");
	char name[64];

	if (!end)
		return false;
	text_format(name, sizeof(name), "%.*s", (int)(end - base), base);
	return modprobe_is_about(name, module);
}

/* The path of @module's file, below the root. */
static bool find_file(const char *module, char path[PATH_MAX])
{
	char release[128];
	AUTO_FREE char *line = NULL;
	AUTO_FILE FILE *file = NULL;
	size_t size = 0;

	if (sysroot_read(release, sizeof(release), "/proc/sys/kernel/osrelease") <= 0)
		return false;
	file = sysroot_fopen("/lib/modules/%s/modules.dep", release);
	while (file && getline(&line, &size, file) > 0) {
		line[strcspn(line, ":")] = '\0';
		if (is_of_module(line, module))
			return !text_format(path, PATH_MAX, "/lib/modules/%s/%s", release, line);
	}
	return false;
}

/* The sections' table is the last that the linker writes, but for a signature. */
static bool is_cut(const Elf64_Ehdr *head, uint64_t size)
{
	uint64_t table = (uint64_t)head->e_shnum * head->e_shentsize;

	return !head->e_shoff || head->e_shoff > size || table > size - head->e_shoff;
}

/* NULL: nothing is seen. */
static const char *damage_of(int fd, const char *path)
{
	const char *suffix = strrchr(path, '.');
	Elf64_Ehdr head = {};
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st))
		return NULL;
	if (!st.st_size)
		return "is empty";
	len = pread(fd, &head, sizeof(head), 0);
	if (len < 0 || !suffix || strcmp(suffix, ".ko"))
		return NULL;
	if (memcmp(head.e_ident, ELFMAG, SELFMAG))
		return "is no module (it does not begin as an ELF file)";
	if (len < (ssize_t)sizeof(head))
		return "is cut short";
	if (head.e_ident[EI_CLASS] == ELFCLASS64 && is_cut(&head, (uint64_t)st.st_size))
		return "is cut short";
	return NULL;
}

bool module_file_damage(const char *module, char *why, size_t size)
{
	char path[PATH_MAX], shown[PATH_MAX];
	AUTO_CLOSE int fd = -1;
	const char *damage;

	if (!find_file(module, path))
		return false;
	fd = sysroot_open(O_RDONLY | O_NONBLOCK, "%s", path);
	damage = fd < 0 ? NULL : damage_of(fd, path);
	if (damage && !sysroot_path(shown, "%s", path))
		snprintf(why, size, "the file %.120s %s", shown, damage);
	return damage;
}
