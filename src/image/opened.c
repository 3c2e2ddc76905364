/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/opened.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/io.h"

int opened_open(struct opened *opened, const char *path,
		const struct image_json *json, struct err *err)
{
	struct stat st;
	off_t base;

	*opened = (struct opened)OPENED_INIT;
	opened->name = strcmp(path, "-") ? path : "standard input";
	opened->fd = open_input(path, err);
	if (opened->fd < 0)
		return -1;
	base = lseek(opened->fd, 0, SEEK_CUR);
	opened->base = base < 0 ? 0 : (uint64_t)base;
	if (image_reader_try(&opened->reader, opened->fd, opened->name, json,
			     err))
		return -1;
	/* Files whose contents the kernel makes up say that they are empty. */
	opened->in_place = !fstat(opened->fd, &st) && S_ISREG(st.st_mode) &&
			   (uint64_t)st.st_size > opened->base &&
			   !image_reader_is_compressed(opened->reader);
	return 0;
}

void opened_close(struct opened *opened)
{
	image_reader_free(TAKE_PTR(opened->reader));
	cleanup_closep(&opened->fd);
	opened->fd = -1;
}
