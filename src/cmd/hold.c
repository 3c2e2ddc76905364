/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/interrupt.h"
#include "cmd/common.h"
#include "cmd/visit.h"
#include "commands.h"
#include "report/walk.h"
#include "sys/holder.h"
#include "sys/mig.h"

/* struct held - what this process keeps open: @n of each */
struct held {
	struct device *devices;
	struct visit *visits;
	struct vdev *vdevs;
	size_t n;
};

static void held_close(struct held *held)
{
	for (size_t i = 0; held->vdevs && i < held->n; i++)
		vdev_close(&held->vdevs[i]);
	free(held->vdevs);
	free(held->visits);
	free(held->devices);
}

static int held_allocate(struct held *held, size_t n, struct err *err)
{
	held->devices = calloc(n, sizeof(*held->devices));
	held->visits = calloc(n, sizeof(*held->visits));
	held->vdevs = calloc(n, sizeof(*held->vdevs));
	if (!held->devices || !held->visits || !held->vdevs)
		return err_set(err, ERR_NO_MEMORY, 0, "%zu devices", n);
	return 0;
}

static int held_open(struct held *held, char **names, size_t n,
		     struct err *err)
{
	struct inventory inventory = { 0 };
	struct mig_caps caps;
	int ret;

	if (held_allocate(held, n, err))
		return -1;
	ret = devices_resolve(&inventory, names, n, held->devices, err);
	inventory_free(&inventory);
	if (ret || vdev_open_all(held->vdevs, held->devices, n, VDEV_FRESH, err))
		return -1;
	held->n = n;
	for (size_t i = 0; i < n; i++) {
		if (mig_offer_read(&held->vdevs[i], &caps, err))
			return -1;
		visit_fill(&held->visits[i], &held->devices[i],
			   &held->vdevs[i], &caps);
	}
	return 0;
}

static int say_ready(const struct request *request, const struct held *held,
		     struct err *err)
{
	struct hold_result result = { .pid = getpid(),
				      .visits = held->visits,
				      .n = held->n };
	json_t *document = report_hold(&result);
	int ret = request->emit(request, document, err);

	json_decref(document);
	return ret;
}

static void wait_for_signal(void)
{
	struct pollfd pollfd = { .fd = interrupt_fd(), .events = POLLIN };

	while (!interrupt_signal())
		poll(&pollfd, 1, -1);
}

static int run(const struct request *request, struct reply *reply,
	       struct err *err)
{
	int AUTO_INTERRUPT begun = interrupt_begin(err);
	__attribute__((cleanup(held_close))) struct held held = { 0 };

	(void)reply;
	if (begun)
		return -1;
	if (held_open(&held, request->operands, request->n_operands, err) ||
	    interrupt_check(err) ||
	    holder_announce(held.devices, held.n, err) ||
	    say_ready(request, &held, err))
		return -1;
	wait_for_signal();
	return 0;
}

static const char *const columns[] = { "device", "access", "driver", "state",
				       NULL };

static const struct text_part text[] = {
	{ .each = "devices", .columns = columns },
	{}
};

const struct command command_hold = {
	.name = "hold",
	.operand_words = "DEVICE...",
	.summary = "keep devices open, so that their state outlives commands",
	.description =
		"Opens each DEVICE, which resets it, prints its document when "
		"all are open, and keeps them until SIGTERM or SIGINT. "
		"Meanwhile every other command borrows them from it. If one "
		"cannot be opened, none is kept.",
	.operands = { OPERAND_DEVICE },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
	.text = text,
};
