/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walks of migfaults over the migration states, and how one is taken. */
#ifndef LAB_FAULT_WALKS_H
#define LAB_FAULT_WALKS_H

#include "migcheck.h"

/*
 * Walks. @before leads to where faults begin, @path is what comes then: the present state, and those which one call
 * passes, or no other when the walk stays there. Words in lower case do something else than ask for a state:
 *   drain   read what there is		some	read a little
 *   records, bare   write a good stream with and without records
 *   info    VFIO_MIG_GET_PRECOPY_INFO	nap	leave the VF time to change
 */
struct walk {
	const char *before, *path, *then;
};

static const struct walk walks[] = {
	{ "", "RUNNING RUNNING_P2P", "" },
	{ "RUNNING_P2P", "RUNNING_P2P RUNNING", "" },
	{ "RUNNING_P2P", "RUNNING_P2P STOP", "" },
	{ "STOP", "STOP RUNNING_P2P", "" },
	{ "STOP", "STOP STOP_COPY", "drain" },
	{ "STOP_COPY some", "STOP_COPY STOP", "" },
	{ "STOP", "STOP RESUMING", "" },
	{ "RESUMING", "RESUMING", "records" },
	{ "RESUMING records", "RESUMING STOP", "" },
	{ "RESUMING bare", "RESUMING STOP", "" },
	{ "", "RUNNING RUNNING_P2P STOP STOP_COPY", "drain" },
	{ "STOP_COPY drain", "STOP_COPY STOP RUNNING_P2P RUNNING", "" },
	{ "STOP_COPY", "STOP_COPY STOP RESUMING", "" },
	{ "", "RUNNING RUNNING_P2P STOP RESUMING", "records" },
	{ "RESUMING records", "RESUMING STOP RUNNING_P2P RUNNING", "" },
	{ "RESUMING bare", "RESUMING STOP STOP_COPY", "" },
	{ "", "RUNNING PRE_COPY", "drain" },
	{ "PRE_COPY drain", "PRE_COPY RUNNING", "" },
	{ "PRE_COPY", "PRE_COPY RUNNING", "" },
	{ "RUNNING_P2P", "RUNNING_P2P PRE_COPY_P2P", "drain" },
	{ "PRE_COPY_P2P drain", "PRE_COPY_P2P RUNNING_P2P", "" },
	{ "PRE_COPY drain", "PRE_COPY PRE_COPY_P2P", "" },
	{ "PRE_COPY PRE_COPY_P2P", "PRE_COPY_P2P PRE_COPY", "drain" },
	{ "PRE_COPY drain PRE_COPY_P2P", "PRE_COPY_P2P STOP_COPY", "drain" },
	{ "PRE_COPY drain nap", "PRE_COPY", "info drain" },
	{ "PRE_COPY drain", "PRE_COPY PRE_COPY_P2P STOP_COPY", "drain" },
	{ "PRE_COPY some", "PRE_COPY RUNNING RUNNING_P2P STOP RESUMING", "records" },
	{ "RESUMING records", "RESUMING STOP RUNNING_P2P RUNNING PRE_COPY", "drain" },
};
enum { WALKS = sizeof(walks) / sizeof(walks[0]) };

/* The state that a word names; STATES for a word in lower case. */
static uint32_t state_of(const char *word)
{
	uint32_t state = 0;

	while (state < STATES && strcmp(states[state], word))
		state++;
	return state;
}

/* Behind STOP_COPY_SIZE and the head of the first FW_DATA. */
enum { IMAGE_AT = 40 };

static int write_stream(bool bare)
{
	size_t skip = bare ? IMAGE_AT : 0;

	return pour(vf.stream + skip, vf.stream_size - skip, 100000);
}

static int info(void)
{
	struct {
		uint32_t argsz, flags;
		uint64_t initial, dirty;
	} info = { .argsz = sizeof(info) };

	return ioctl(vf.data, _IO(VFIO_TYPE, VFIO_BASE + 21), &info) ? errno : 0;
}

/* A little of the data, once there is some: 0 or an errno. */
static int read_some(void)
{
	double begun = now();
	uint8_t some[100];

	while (read(vf.data, some, sizeof(some)) < 0) {
		if (errno != EAGAIN)
			return errno;
		await_data(begun);
	}
	return 0;
}

/* Does what a word says: 0 or an errno. The end of the data, for now or for good, is no error. */
static int act(const char *word)
{
	size_t size;
	int err;

	if (state_of(word) < STATES)
		return ask_state(state_of(word));
	if (!strcmp(word, "records") || !strcmp(word, "bare"))
		return write_stream(*word == 'b');
	if (!strcmp(word, "info"))
		return info();
	if (!strcmp(word, "nap"))
		return nap(100), 0;
	if (!strcmp(word, "some"))
		return read_some();
	err = drain(NULL, &size);
	return err == ENOMSG ? 0 : err;
}

/* The words of @text one by one: 0, or the errno of the first that fails. */
static int act_all(const char *text)
{
	char copy[128], *rest = copy, *word;
	int err = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while (!err && (word = strsep(&rest, " ")))
		err = *word ? act(word) : 0;
	return err;
}

static uint32_t last_state(const struct walk *walk)
{
	const char *last = strrchr(walk->path, ' ');

	return state_of(last ? last + 1 : walk->path);
}

static bool on_the_way(const struct walk *walk, uint32_t state)
{
	char copy[128], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", walk->path);
	while ((word = strsep(&rest, " ")))
		if (state_of(word) == state)
			return true;
	return false;
}

/* Takes the walk from where it begins: one call for the state at its end, then the rest. */
static int take(const struct walk *walk)
{
	int err = strchr(walk->path, ' ') ? ask_state(last_state(walk)) : 0;

	return err ? err : act_all(walk->then);
}

static void start(const struct walk *walk)
{
	reset_vf();
	must(walk->before, act_all(walk->before));
}

#endif
