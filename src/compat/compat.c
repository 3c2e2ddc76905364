/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compat/compat.h"

#include <stdlib.h>

#include "image/input.h"
#include "lib/cleanup.h"

/* The best that the target has for one device of the source. */
static enum fit judge_source(struct compat *compat, const struct device *source)
{
	const struct compat_side *target = &compat->target;
	enum fit best = FIT_FORBIDS;

	for (size_t i = 0; i < target->n; i++) {
		struct compat_pair pair = { source, &target->devices[i], {} };

		identity_compare(source, pair.target, &pair.fit);
		if (pair.fit.verdict < best)
			best = pair.fit.verdict;
		if (compat->n_pairs < compat->limit)
			compat->pairs[compat->n_pairs++] = pair;
		else
			compat->n_pairs_more++;
	}
	return best;
}

int compat_judge(struct compat *compat, struct err *err)
{
	size_t n_sources = compat->source.n, n_targets = compat->target.n;
	bool limited = n_sources && n_targets > compat->limit / n_sources;
	size_t room = limited ? compat->limit : n_sources * n_targets;

	compat->pairs = calloc(room + 1, sizeof(*compat->pairs));
	compat->homeless = calloc(n_sources + 1, sizeof(*compat->homeless));
	if (!compat->pairs || !compat->homeless)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu comparisons", room);
	compat->verdict = FIT_YES;
	for (size_t i = 0; i < n_sources; i++) {
		const struct device *source = &compat->source.devices[i];
		enum fit fit = judge_source(compat, source);

		if (fit == FIT_FORBIDS)
			compat->homeless[compat->n_homeless++] = source;
		if (fit > compat->verdict)
			compat->verdict = fit;
	}
	return 0;
}

void compat_free(struct compat *compat)
{
	free(compat->source.devices);
	free(compat->target.devices);
	free(compat->pairs);
	free(compat->homeless);
	*compat = (struct compat){};
}

const char *compat_kind_name(enum compat_kind kind)
{
	static const char *const names[] = {
		[COMPAT_IMAGE] = "image",
		[COMPAT_DOCUMENT] = "document",
		[COMPAT_DEVICE] = "device",
	};

	return names[kind];
}

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
