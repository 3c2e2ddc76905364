/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "cmd/transfer.h"
#include "commands.h"
#include "image/survey.h"
#include "report/image.h"

#define LIMIT_DEFAULT 10000

struct options {
	bool limited;
	uint64_t limit;
};

static const struct argp_option options[] = {
	{ "limit", 'l', "COUNT", 0,
	  "list at most COUNT members and COUNT records (default 10000)", 0 },
	{}
};

static int parse(int key, const char *arg, void *data, struct err *err)
{
	struct options *opts = data;

	if (key != 'l')
		return ARGP_ERR_UNKNOWN;
	opts->limited = true;
	if (text_u64(arg, 10, &opts->limit))
		return err_set(err, ERR_USAGE, 0, "--limit=%s is no number",
			       arg);
	return 0;
}

static int run(const struct request *request, struct reply *reply,
	       struct err *err)
{
	static const struct image_json json = {
		.device = report_image_check_device,
		.manifest = report_image_read_manifest,
	};
	const struct options *opts = request->options;
	struct survey survey = {
		.path = request->operands[0],
		.limit = opts->limited ? opts->limit : LIMIT_DEFAULT,
	};
	int ret = image_survey(&json, &survey, err);

	if (survey.opened)
		reply->document = report_survey(&survey);
	survey_free(&survey);
	return ret;
}

static const char *const record_columns[] = {
	"offset=offset_bytes", "size=bytes", "tag", "name", "flags", "optional",
	NULL
};

static const struct text_part text[] = {
	TEXT_LINE("file", "{file} ({kind}[, {compressed?yes=compressed}])"),
	TEXT_LINE("complete", "{complete?yes=yes;no=no;-=not known, nothing in it tells}"),
	TEXT_LINE("checked", "{checked?yes=yes;no=no, mlxmigctl verify does that}"),
	TEXT_LINE("device", "{device.device}[, VF {device.vf_number}][ of {device.pf}]"),
	TEXT_LINE("product", "{device.product}"),
	TEXT_LINE("ids", "{device.vendor_id}:{device.device_id}[, subsystem {device.subsystem_vendor_id}:{device.subsystem_id}][, revision {device.revision}]"),
	TEXT_LINE("psid", "{device.psid}"),
	TEXT_LINE("firmware", "{device.fw_version}"),
	TEXT_LINE("driver", "{device.driver}[, Linux {device.kernel}]"),
	TEXT_LINE("saved", "{device.saved}[ by {device.tool.name} {device.tool.version}]"),
	TEXT_LINE("transfer", "from {manifest.from}[, {manifest.fresh?yes=just reset}][, in {manifest.duration_ns|time}]"),
	TEXT_LINE("stopped", "{manifest.stopped.duration_ns|time}" TEXT_STOPPED_PARTS("manifest.stopped")),
	TEXT_LINE("pre-copy", "{manifest.precopy.duration_ns|time}[, until {manifest.precopy.ended_by?dirty=little was left;rounds=the rounds were used up;time=the time was}], {manifest.precopy.dirty_bytes_left|size} dirty then"),
	TEXT_LINE("stream", "{stream.bytes|size}[, {stream.format?records=in records;bare=bare, without records;unknown=too short to tell}][, firmware data {stream.firmware_bytes|size}]"),
	TEXT_LINE("digest", "{stream.xxh3_128/manifest.xxh3_128}"),
	TEXT_LINE("members", "{members,members_not_listed|count}"),
	TEXT_LINE("records", "{records,records_not_listed|count}[, {records_not_listed|some} of them not listed (--limit)]"),
	{ .each = "manifest.phases/phases", .columns = transfer_text_phases },
	{ .each = "manifest.precopy.rounds", .columns = transfer_text_rounds, .some = true },
	{ .each = "records", .columns = record_columns, .some = true },
	{}
};

const struct command command_inspect = {
	.name = "inspect",
	.operand_words = "FILE",
	.summary = "show what an image or a bare stream holds",
	.description =
		"Looks through FILE (- for standard input) and tells the "
		"device that the state is of, the phases and members of the "
		"image, and the records of the stream. The state itself is "
		"passed over where that is possible, and then its digests are "
		"not checked: verify does that. Of a damaged image it tells "
		"what there is. No device is needed.",
	.options = options,
	.operands = { OPERAND_FILE },
	.min_operands = 1,
	.max_operands = 1,
	.options_size = sizeof(struct options),
	.parse = parse,
	.run = run,
	.text = text,
};
