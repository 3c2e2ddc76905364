/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "compat/identity.h"

static const struct device like = {
	.kind = DEVICE_VF,
	.name = "0000:3b:00.2",
	.vendor_id = 0x15b3,
	.device_id = 0x101e,
	.fw_version = "28.41.1000",
	.psid = "MT_0000000834",
	.probed = true,
	.caps = { .flags = MIG_STOP_COPY | MIG_P2P },
	.formats = { .writes = STREAM_RECORDS, .reads = 1u << STREAM_RECORDS },
};

static struct identity_fit compare(const struct device *target)
{
	struct identity_fit fit;

	identity_compare(&like, target, &fit);
	return fit;
}

static void equal_devices_fit(void)
{
	struct device target = like;
	struct identity_fit fit;
	struct err err = ERR_INIT;

	strcpy(target.name, "0000:5e:01.7");
	target.vf_number = 31;
	target.formats.writes = STREAM_BARE;
	target.formats.reads |= 1u << STREAM_BARE;
	fit = compare(&target);
	CHECK_INT(fit.worst, FIT_YES);
	CHECK_INT(fit.n_facts, 0);
	CHECK_INT(identity_require(&fit, &err), 0);
}

static void each_fact_forbids(void)
{
	struct device targets[4] = { like, like, like, like };
	static const char *const names[] = { "vendor_id", "device_id", "psid",
					     "fw_version" };

	targets[0].vendor_id = 0x8086;
	targets[1].device_id = 0x1018;
	strcpy(targets[2].psid, "MT_0000000999");
	strcpy(targets[3].fw_version, "28.43.1000");
	for (size_t i = 0; i < 4; i++) {
		struct identity_fit fit = compare(&targets[i]);
		struct err err = ERR_INIT;

		CHECK_INT(fit.worst, FIT_FORBIDS);
		CHECK_INT(fit.n_facts, 1);
		CHECK_STR(fit.facts[0].name, names[i]);
		CHECK(*fit.facts[0].reason);
		CHECK_INT(identity_require(&fit, &err), -1);
		CHECK_INT(err.code, ERR_INCOMPATIBLE);
		CHECK(strstr(err.message, names[i]));
	}
}

static void all_that_forbids_is_named(void)
{
	struct device target = like;
	struct identity_fit fit;
	struct err err = ERR_INIT;

	strcpy(target.psid, "MT_0000000999");
	strcpy(target.fw_version, "28.43.1000");
	fit = compare(&target);
	CHECK_INT(identity_require(&fit, &err), -1);
	CHECK_STR(err.message,
		  "the state does not fit the device: psid is MT_0000000834 there and MT_0000000999 here, fw_version is 28.41.1000 there and 28.43.1000 here");
}

static void the_unknown_warns(void)
{
	struct device target = like;
	struct identity_fit fit;
	struct err err = ERR_INIT;

	*target.psid = '\0';
	fit = compare(&target);
	CHECK_INT(fit.worst, FIT_WARNS);
	CHECK_INT(fit.n_facts, 1);
	CHECK_STR(fit.facts[0].source, "MT_0000000834");
	CHECK_STR(fit.facts[0].target, "");
	CHECK_INT(identity_require(&fit, &err), 0);
	CHECK_STR(fit_name(fit.worst), "warns");
}

static void features_never_forbid(void)
{
	struct device target = like;
	struct identity_fit fit;

	target.caps.flags = MIG_STOP_COPY | MIG_P2P | MIG_PRE_COPY;
	fit = compare(&target);
	CHECK_INT(fit.worst, FIT_WARNS);
	CHECK_INT(fit.n_facts, 1);
	CHECK_STR(fit.facts[0].source, "0x3");
	CHECK_STR(fit.facts[0].target, "0x7");
	target.probed = false;
	fit = compare(&target);
	CHECK_INT(fit.worst, FIT_WARNS);
	CHECK_STR(fit.facts[0].target, "");
}

static void the_form_of_the_stream_must_be_read(void)
{
	struct device target = like;
	struct identity_fit fit;
	struct err err = ERR_INIT;

	target.formats.reads = 1u << STREAM_BARE;
	fit = compare(&target);
	CHECK_INT(fit.worst, FIT_FORBIDS);
	CHECK_STR(fit.facts[0].name, "stream_format");
	CHECK_INT(identity_require(&fit, &err), -1);
	CHECK_STR(err.message,
		  "the state does not fit the device: stream_format is records there and bare here");
	target.formats.reads |= 1u << STREAM_RECORDS;
	CHECK_INT(compare(&target).worst, FIT_YES);
	/* Not told what it reads: what it writes, in any case. */
	target.formats.reads = 0;
	CHECK_INT(compare(&target).worst, FIT_YES);
	target.formats.writes = STREAM_UNKNOWN;
	CHECK_INT(compare(&target).worst, FIT_WARNS);
}

static void mediated_devices_fit_by_their_type(void)
{
	struct device source = { .kind = DEVICE_OTHER, .mdev_type = "mtty-2",
				 .driver = "mtty",
				 .formats = { .writes = STREAM_BARE } };
	struct device target = source;
	struct identity_fit fit;

	target.formats.writes = STREAM_UNKNOWN;
	identity_compare(&source, &target, &fit);
	CHECK_INT(fit.worst, FIT_YES);
	strcpy(target.mdev_type, "mtty-1");
	identity_compare(&source, &target, &fit);
	CHECK_INT(fit.worst, FIT_FORBIDS);
	CHECK_STR(fit.facts[0].name, "mdev_type");
	/* Another driver's stream may be another one. */
	target = source;
	strcpy(target.driver, "other");
	target.formats.writes = STREAM_UNKNOWN;
	identity_compare(&source, &target, &fit);
	CHECK_INT(fit.worst, FIT_WARNS);
	/* And none of them is a VF. */
	identity_compare(&like, &source, &fit);
	CHECK_INT(fit.worst, FIT_FORBIDS);
}

int main(void)
{
	CASE(mediated_devices_fit_by_their_type);
	CASE(equal_devices_fit);
	CASE(each_fact_forbids);
	CASE(all_that_forbids_is_named);
	CASE(the_unknown_warns);
	CASE(features_never_forbid);
	CASE(the_form_of_the_stream_must_be_read);
	return CHECK_DONE();
}
