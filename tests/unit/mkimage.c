/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkimage PRE_COPY_BYTES ZSTD_LEVEL <STREAM >IMAGE: an image of a stream,
 * without a device, by the writer that save uses. The first PRE_COPY_BYTES are
 * those of the phase pre_copy. Level "raw": the bare stream.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/io.h"
#include "image/writer.h"
#include "image/record.h"
#include "image/members.h"
#include "migrate/transfer.h"

#define SAVED_UNIX_NS 1700000000123456789u
#define READ_SIZE 100000 /* no divisor of a member's size */

static const struct device source = {
	.kind = DEVICE_VF,
	.name = "0000:3b:00.2",
	.bdf = { .bus = 0x3b, .function = 2 },
	.vendor_id = 0x15b3,
	.device_id = 0x101e,
	.product = "ConnectX Family mlx5Gen Virtual Function",
	.has_pf = true,
	.pf = { .bus = 0x3b },
	.driver = "mlx5_vfio_pci",
	.fw_version = "28.41.1000",
	.psid = "MT_0000000834",
	.caps = { .migration = true, .flags = MIG_STOP_COPY | MIG_P2P },
};

static int copy_stream(struct image_writer *writer, size_t pre_copy,
		       struct transfer *transfer, struct err *err)
{
	AUTO_FREE unsigned char *data = malloc(READ_SIZE);
	ssize_t n;

	if (!data)
		return err_set(err, ERR_NO_MEMORY, 0, "no memory");
	while ((n = read_full(STDIN_FILENO, data, READ_SIZE)) > 0) {
		size_t early = pre_copy < (size_t)n ? pre_copy : (size_t)n;

		record_feed(&transfer->records, data, (size_t)n, NULL, NULL);
		if (early && image_writer_data(writer, PHASE_PRE_COPY, data, early, err))
			return -1;
		if (early < (size_t)n &&
		    image_writer_data(writer, PHASE_STOP_COPY, data + early,
				      (size_t)n - early, err))
			return -1;
		pre_copy -= early;
		transfer->bytes += (uint64_t)n;
	}
	return n < 0 ? err_from_errno(err, (int)-n, "reading") : 0;
}

static int make(size_t pre_copy, const char *level, struct err *err)
{
	struct image_origin origin = {
		.kernel = "6.12.0", .tool = "0.1.0",
		.saved_unix_ns = SAVED_UNIX_NS,
	};
	struct image_options options = {
		.raw = !strcmp(level, "raw"),
		.zstd_level = atoi(level),
		.mtime_s = SAVED_UNIX_NS / 1000000000u,
	};
	struct transfer transfer = { .origin = STATE_RUNNING };
	AUTO_FREE char *device = device_json_make(&source, &origin);
	AUTO_FREE char *manifest = NULL;
	struct image_writer *writer = NULL;
	struct image_totals totals;
	int ret = -1;

	if (!image_writer_open(&writer, STDOUT_FILENO, &options, device,
			       strlen(device), err) &&
	    !copy_stream(writer, pre_copy, &transfer, err) &&
	    !image_writer_flush(writer, &totals, err)) {
		manifest = manifest_json_make(&totals, &transfer);
		ret = image_writer_finish(writer, manifest, strlen(manifest), err);
	}
	image_writer_free(writer);
	return ret;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (argc != 3) {
		fprintf(stderr, "usage: mkimage PRE_COPY_BYTES ZSTD_LEVEL\n");
		return 2;
	}
	if (!make(strtoul(argv[1], NULL, 10), argv[2], &err))
		return 0;
	fprintf(stderr, "mkimage: %s\n", err.message);
	return 1;
}
