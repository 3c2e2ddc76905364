/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <string.h>

#include "cmd/device.h"
#include "cmd/documents.h"
#include "cmd/transfer.h"
#include "commands.h"
#include "config.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "migrate/save.h"
#include "migrate/transfer.h"

#define SECONDS_MAX 86400

enum {
	KEY_DIR = 0x300,
	KEY_LIVE,
	KEY_OVERWRITE,
	KEY_PRECOPY,
	KEY_PRECOPY_DIRTY,
	KEY_PRECOPY_ROUNDS,
	KEY_PRECOPY_TIME,
	KEY_RAW,
	KEY_THEN,
	KEY_ZSTD,
};

struct save_options {
	const char *dir;
	bool live;
	bool overwrite;
	bool precopy;
	bool precopy_auto;
	bool has_dirty; /* 0 is a limit too */
	struct precopy_limits limits;
	bool raw;
	bool has_then;
	enum device_state then;
	int zstd_level;
};

static const struct argp_option options[] = {
	{ "dir", KEY_DIR, "DIR", 0,
	  "save every DEVICE named into a file of its name in DIR", 0 },
	{ "live", KEY_LIVE, NULL, 0, LIVE_HELP, 0 },
	{ "overwrite", KEY_OVERWRITE, NULL, 0, "replace an existing file", 0 },
	{ "precopy", KEY_PRECOPY, "always|auto", OPTION_ARG_OPTIONAL,
	  "read what can be read while the device still runs (always: or fail; auto: where the device offers that)", 0 },
	{ "precopy-dirty", KEY_PRECOPY_DIRTY, "SIZE", 0,
	  "stop the device when no more than SIZE is left to read (default 1M)", 0 },
	{ "precopy-rounds", KEY_PRECOPY_ROUNDS, "COUNT", 0,
	  "stop it after COUNT rounds, 1 to 100, in any case (default 10)", 0 },
	{ "precopy-time", KEY_PRECOPY_TIME, "SECONDS", 0,
	  "stop it after SECONDS in any case (default 30)", 0 },
	{ "raw", KEY_RAW, NULL, 0, "write the bare stream, without an image", 0 },
	{ "then", KEY_THEN, THEN_STATES, 0,
	  "leave the device in this state", 0 },
	{ "zstd", KEY_ZSTD, "LEVEL", OPTION_ARG_OPTIONAL,
	  "compress the image (level 1 to 19, default 3)", 0 },
	{}
};

static int parse_when(const char *arg, struct save_options *save, struct err *err)
{
	save->precopy = true;
	save->precopy_auto = arg && !strcmp(arg, "auto");
	if (!arg || save->precopy_auto || !strcmp(arg, "always"))
		return 0;
	err_set(err, ERR_USAGE, 0, "--precopy: neither always nor auto: %s", arg);
	return err_hint(err, "--precopy alone means always");
}

static int parse_dirty(const char *arg, struct save_options *save, struct err *err)
{
	save->has_dirty = true;
	if (!text_size(arg, &save->limits.dirty_bytes))
		return 0;
	err_set(err, ERR_USAGE, 0, "--precopy-dirty: %s is no size", arg);
	return err_hint(err, "a size is a number of bytes, or of larger units: 64K, 1M, 2G");
}

static int parse_rounds(const char *arg, struct save_options *save, struct err *err)
{
	uint64_t rounds;

	if (text_u64(arg, 10, &rounds) || !rounds || rounds > PRECOPY_ROUNDS_MAX)
		return err_set(err, ERR_USAGE, 0, "--precopy-rounds: a number from 1 to %d, not %s",
			       PRECOPY_ROUNDS_MAX, arg);
	save->limits.rounds = (unsigned int)rounds;
	return 0;
}

static int parse_time(const char *arg, struct save_options *save, struct err *err)
{
	uint64_t seconds;

	if (text_u64(arg, 10, &seconds) || !seconds || seconds > SECONDS_MAX)
		return err_set(err, ERR_USAGE, 0,
			       "--precopy-time: a number of seconds from 1 to %d, not %s",
			       SECONDS_MAX, arg);
	save->limits.time_ns = seconds * 1000000000u;
	return 0;
}

/* A limit asks for pre-copy too. */
static int parse_limit(int key, const char *arg, struct save_options *save, struct err *err)
{
	save->precopy = true;
	if (key == KEY_PRECOPY_DIRTY)
		return parse_dirty(arg, save, err);
	if (key == KEY_PRECOPY_ROUNDS)
		return parse_rounds(arg, save, err);
	return parse_time(arg, save, err);
}

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct save_options *save = data;

	switch (key) {
	case KEY_DIR:
		save->dir = arg;
		return 0;
	case KEY_LIVE:
		save->live = true;
		return 0;
	case KEY_OVERWRITE:
		save->overwrite = true;
		return 0;
	case KEY_PRECOPY:
		return parse_when(arg, save, err);
	case KEY_PRECOPY_DIRTY:
	case KEY_PRECOPY_ROUNDS:
	case KEY_PRECOPY_TIME:
		return parse_limit(key, arg, save, err);
	case KEY_RAW:
		save->raw = true;
		return 0;
	case KEY_THEN:
		save->has_then = true;
		return then_parse(arg, &save->then, err);
	case KEY_ZSTD:
		return zstd_parse(arg, &save->zstd_level, err);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const void *data, char **operands, size_t n_operands, struct err *err)
{
	const struct save_options *save = data;
	char buf[OPERAND_SIZE];

	if (save->raw && save->zstd_level) {
		err_set(err, ERR_USAGE, 0, "--raw and --zstd exclude each other");
		return err_hint(err, "compress a bare stream by a pipe: mlxmigctl save --raw %s - | zstd",
				text_shell_word(buf, operands[0], "DEVICE"));
	}
	if (save->dir || n_operands == 2)
		return 0;
	err_set(err, ERR_USAGE, 0,
		n_operands < 2 ? "save: the file to save into is missing"
			       : "save: more than one DEVICE and a FILE");
	return err_hint(err, "it takes DEVICE FILE, or --dir DIR DEVICE...");
}

/* The operands taken apart: devices, and a path for each. */
struct save_operands {
	size_t n;
	struct device *devices;
	struct transfer_result *results;
	char **paths;
	bool own_paths;
};

static void work_release(struct save_operands *work)
{
	for (size_t i = 0; work->own_paths && work->paths && i < work->n; i++)
		free(work->paths[i]);
	free(work->paths);
	free(work->devices);
	free(work->results);
}

static int work_init(struct save_operands *work, struct err *err)
{
	work->devices = calloc(work->n, sizeof(*work->devices));
	work->results = calloc(work->n, sizeof(*work->results));
	work->paths = calloc(work->n, sizeof(*work->paths));
	if (work->devices && work->results && work->paths)
		return 0;
	return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", work->n);
}

static int name_files(struct save_operands *work, const struct request *request,
		      const struct save_options *save, struct err *err)
{
	const char *ending = save->raw ? "stream" : save->zstd_level ? "mig.zst" : "mig";

	work->own_paths = save->dir;
	if (!save->dir)
		work->paths[0] = request->operands[1];
	for (size_t i = 0; save->dir && i < work->n; i++) {
		work->paths[i] = malloc(PATH_MAX);
		if (!work->paths[i])
			return err_set(err, ERR_NO_MEMORY, 0, "a path");
		if (text_format(work->paths[i], PATH_MAX, "%s/%s.%s", save->dir,
				work->devices[i].name, ending))
			return err_set(err, ERR_USAGE, 0, "--dir: the path is too long");
	}
	return 0;
}

static struct precopy_limits limits_of(const struct save_options *save)
{
	struct precopy_limits limits = save->limits;

	if (!save->has_dirty)
		limits.dirty_bytes = PRECOPY_DIRTY_DEFAULT;
	if (!limits.rounds)
		limits.rounds = PRECOPY_ROUNDS_DEFAULT;
	if (!limits.time_ns)
		limits.time_ns = PRECOPY_SECONDS_DEFAULT * 1000000000ull;
	return limits;
}

static int run(const struct request *request, struct reply *reply, struct err *err)
{
	const struct save_options *save = request->options;
	const struct save_plan how = {
		.image = { .raw = save->raw, .zstd_level = save->zstd_level },
		.overwrite = save->overwrite,
		.use = device_use(save->live),
		.has_then = save->has_then,
		.then = save->then,
		.precopy = save->precopy,
		.precopy_where_offered = save->precopy_auto,
		.precopy_limits = limits_of(save),
		.tool = PACKAGE_VERSION,
		.progress = request->progress,
		.progress_data = request->progress_data,
	};
	CLEANUP(work_release)
	struct save_operands work = { .n = save->dir ? request->n_operands : 1 };
	int ret;

	reply->stdout_is_data = !save->dir && !strcmp(request->operands[1], "-");
	if (work_init(&work, err))
		return -1;
	if (transfer_resolve(request->operands, work.n, work.devices, work.results, err))
		return save->dir ? -1 : transfer_hint_order("save", request->operands, err);
	if (name_files(&work, request, save, err))
		return -1;
	ret = save_devices(work.devices, work.paths, work.n, &how, work.results, err);
	reply->document = save_document(work.results, work.n, save->dir);
	return ret;
}

static const struct text_part text_of_one[] = {
	{ .parts = transfer_text_device },
	TEXT_LINE("saved", "{saved}"),
	{ .parts = transfer_text_stream },
	{}
};

static const struct text_part text[] = {
	{ .parts = text_of_one },
	{ .each = "devices", .parts = text_of_one }, /* with --dir */
	{}
};

const struct command command_save = {
	.name = "save",
	.operand_words = "DEVICE FILE|-\n--dir DIR DEVICE...",
	.summary = "save the migration state of devices into files",
	.description =
		"Stops DEVICE, writes its migration state into the image FILE (or to stdout, for "
		"-), and takes it back to the state it came from. With --precopy most of the state "
		"is read while the device still runs, so that it stands still for less time. With "
		"--dir several devices stop and are saved together, all brought to RUNNING_P2P "
		"before any stops.\vFILE appears whole or not at all, and is created readable for "
		"its owner alone: it holds the state of a guest. A device held by mlxmigctl hold "
		"is borrowed from it; a free one is opened, which resets it, so that what is saved "
		"is the state of a device just reset.",
	.options = options,
	.operands = { OPERAND_DEVICE, OPERAND_FILE },
	.min_operands = 1,
	.max_operands = -1,
	.options_size = sizeof(struct save_options),
	.handles_state = true,
	.parse = parse,
	.check = check,
	.run = run,
	.text = text,
};
