/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/document.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

#define DOCUMENT_MAX (4u << 20) /* of inspect, with 10,000 records; in memory it is many times as much */

/* To the reader a document is a stream like any other. */
char *document_read(struct input *input, size_t *len, struct err *err)
{
	struct image_member member;
	AUTO_FREE char *text = NULL;
	char *more;
	int ret;

	*len = 0;
	while ((ret = image_reader_next(input->reader, &member, err)) > 0) {
		if (member.len > DOCUMENT_MAX - *len) {
			err_set(err, ERR_USAGE, 0,
				"%s: more than %u MiB is no document",
				input->name, DOCUMENT_MAX >> 20);
			return NULL;
		}
		more = realloc(text, *len + member.len);
		if (!more) {
			err_set(err, ERR_NO_MEMORY, 0, "%s", input->name);
			return NULL;
		}
		text = more;
		memcpy(text + *len, member.data, member.len);
		*len += member.len;
	}
	return ret ? NULL : TAKE_PTR(text);
}
