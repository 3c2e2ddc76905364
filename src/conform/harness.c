/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conform/harness.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conform/raw_ioctl.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/interrupt.h"
#include "lib/text.h"
#include "vfio/migration.h"

static bool is_wanted(const struct harness *t, const char *name)
{
	if (!t->patterns)
		return true;
	for (const char *const *pattern = t->patterns; *pattern; pattern++)
		if (!fnmatch(*pattern, name, 0))
			return true;
	return false;
}

bool harness_begin(struct harness *t, const char *asks, const char *fmt, ...)
{
	struct conform_check *check;
	char name[sizeof(check->name)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	if (err_is_set(t->err) || interrupt_check(t->err) || !is_wanted(t, name))
		return false;
	check = conform_add(t->result);
	if (!check) {
		err_set(t->err, ERR_NO_MEMORY, 0, "%zu checks", t->result->n);
		return false;
	}
	text_copy(check->name, sizeof(check->name), name);
	check->asks = asks;
	t->check = t->result->n - 1;
	t->begun_ns = now_ns();
	return t->vdev;
}

static struct conform_check *current_check(struct harness *t)
{
	return &t->result->checks[t->check];
}

void harness_end(struct harness *t)
{
	struct conform_check *check = current_check(t);

	check->duration_ns = now_ns() - t->begun_ns;
	t->result->counts[check->outcome]++;
}

static void set_detail(struct conform_check *check, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void set_detail(struct conform_check *check, const char *fmt, va_list ap)
{
	vsnprintf(check->detail, sizeof(check->detail), fmt, ap);
}

bool harness_want(struct harness *t, bool ok, const char *fmt, ...)
{
	struct conform_check *check = current_check(t);
	va_list ap;

	if (ok || check->outcome == CONFORM_FAIL)
		return ok;
	check->outcome = CONFORM_FAIL;
	va_start(ap, fmt);
	set_detail(check, fmt, ap);
	va_end(ap);
	return false;
}

const char *harness_errno(int ret)
{
	const char *name = strerrorname_np(-ret);

	return !ret ? "success" : name ? name : "an unknown error";
}

bool harness_want_errno(struct harness *t, int ret, int want, const char *what)
{
	return harness_want(t, ret == want, "%s: %s, where %s is due", what,
			    harness_errno(ret), harness_errno(want));
}

void harness_skip(struct harness *t, const char *fmt, ...)
{
	struct conform_check *check = current_check(t);
	va_list ap;

	if (check->outcome != CONFORM_PASS)
		return;
	check->outcome = CONFORM_SKIP;
	va_start(ap, fmt);
	set_detail(check, fmt, ap);
	va_end(ap);
}

void harness_note(struct harness *t, const char *fmt, ...)
{
	struct conform_check *check = current_check(t);
	va_list ap;

	if (check->outcome != CONFORM_PASS)
		return;
	va_start(ap, fmt);
	set_detail(check, fmt, ap);
	va_end(ap);
}

enum device_state harness_state(struct harness *t)
{
	enum device_state state;
	struct err err = ERR_INIT;

	if (!mig_state_get(t->vdev, &state, &err))
		return state;
	harness_want(t, false, "its state cannot be read: %s", err.message);
	return STATE_COUNT;
}

int harness_set(struct harness *t, enum device_state state)
{
	AUTO_CLOSE int fd = -1;

	return raw_state_set(t->vdev, state, &fd);
}

bool harness_move(struct harness *t, enum device_state state)
{
	int ret = harness_set(t, state);

	return harness_want(t, !ret, "%s was refused with %s",
			    state_name(state), harness_errno(ret));
}

/* From where the way to any other state may ask for data, or for a reset. */
static bool is_stuck(enum device_state state)
{
	return state == STATE_ERROR || state == STATE_RESUMING;
}

static int set_state(struct harness *t, enum device_state state, int *fd)
{
	int ret;

	do {
		ret = mig_state_set(t->vdev, state, fd);
	} while (ret == -EINTR && !interrupt_signal());
	return ret;
}

/* To RUNNING, if need be by a reset, which leads there too. */
static bool recover_running(struct harness *t)
{
	struct err err = ERR_INIT;
	AUTO_CLOSE int fd = -1;

	if (!is_stuck(harness_state(t)) && !set_state(t, STATE_RUNNING, &fd) &&
	    harness_state(t) == STATE_RUNNING)
		return true;
	if (!mig_reset(t->vdev, &err) && harness_state(t) == STATE_RUNNING)
		return true;
	err_set(t->err, ERR_REFUSED, 0, "%s is not to be had back to RUNNING, by a reset neither",
		t->vdev->name);
	err_hint(t->err, "close it, which resets it; %s is where it happened", current_check(t)->name);
	harness_want(t, false, "the device is not to be had back to RUNNING");
	return false;
}

/* The states before a data state in which its session begins; others are entered from RUNNING. */
static enum device_state state_before(enum device_state state)
{
	switch (state) {
	case STATE_STOP_COPY:
	case STATE_RESUMING:
		return STATE_STOP;
	case STATE_PRE_COPY_P2P:
		return STATE_RUNNING_P2P;
	default:
		return STATE_RUNNING;
	}
}

static bool go_to(struct harness *t, enum device_state state, int *fd)
{
	enum device_state now;
	int ret = set_state(t, state, fd);

	if (!harness_want(t, !ret, "on the way to the check: %s was refused with %s",
			  state_name(state), harness_errno(ret)))
		return false;
	now = harness_state(t);
	return harness_want(t, now == state,
			    "on the way to the check: %s was asked for, and it is in %s",
			    state_name(state), state_name(now));
}

bool harness_enter(struct harness *t, enum device_state state, int *fd)
{
	AUTO_CLOSE int passing = -1;
	AUTO_CLOSE int none = -1;

	if (fd)
		*fd = -1;
	if (!recover_running(t))
		return false;
	if (state_before(state) != STATE_RUNNING && !go_to(t, state_before(state), &passing))
		return false;
	if (state == STATE_RUNNING)
		return true;
	if (!go_to(t, state, fd ? fd : &none))
		return false;
	return !fd || harness_want(t, *fd >= 0, "on the way to the check: %s gave no data fd",
				   state_name(state));
}
