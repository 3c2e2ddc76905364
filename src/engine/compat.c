/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/compat.h"

#include <stdlib.h>

#include "engine/document.h"
#include "image/input.h"
#include "lib/cleanup.h"

/* In which form the stream is; its first members may be too short to tell. */
static int read_format(struct device *device, struct image_reader *reader,
		       struct err *err)
{
	struct record_parser records = {};
	struct image_member member;
	int ret = 1;

	while (records.format == STREAM_UNKNOWN &&
	       (ret = image_reader_next(reader, &member, err)) > 0)
		record_feed(&records, member.data, member.len, NULL, NULL);
	device->formats.writes = records.format;
	return ret < 0 ? -1 : 0;
}

static int read_image(struct compat_side *side, struct input *input,
		      const struct compat_readers *readers, struct err *err)
{
	struct device *device = calloc(1, sizeof(*device));
	const char *json;
	size_t len;

	side->kind = COMPAT_IMAGE;
	side->devices = device;
	side->n = 1;
	if (!device)
		return err_set(err, ERR_NO_MEMORY, 0, "a device");
	json = image_reader_device(input->reader, &len);
	if (readers->read_device(json, len, device, NULL, err))
		return err_wrap(err, "%s", input->name);
	return read_format(device, input->reader, err);
}

static int read_document(struct compat_side *side, struct input *input,
			 const struct compat_readers *readers, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	side->kind = COMPAT_DOCUMENT;
	text = document_read(input, &len, err);
	if (text && !readers->read_devices(text, len, &side->devices, &side->n,
					   err))
		return 0;
	err_hint(err, "name an image, or what mlxmigctl status or inspect printed; of a bare stream nothing tells the device (mlxmigctl pack makes an image of it)");
	return text ? err_wrap(err, "%s", input->name) : -1;
}

int compat_read(struct compat_side *side, const struct compat_readers *readers,
		struct err *err)
{
	AUTO_INPUT struct input input = INPUT_INIT;

	if (input_open(&input, side->name, &readers->json, err))
		return -1;
	return input_is_raw(&input) ? read_document(side, &input, readers, err)
				    : read_image(side, &input, readers, err);
}
