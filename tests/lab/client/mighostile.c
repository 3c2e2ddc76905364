// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mighostile: streams that nobody should send, written to a driver's resuming data file. Of each it is asked that what is
 * wrong be told by an errno that fits, that the device stay in RESUMING until a reset, that memory be taken for what was
 * written and not for what was announced, and that a good stream load afterwards.
 */
#include "migcheck.h"

static const char usage_text[] =
	"usage: mighostile BDF heads | bytes | memory | mutations N SEED\n"
	"  heads          heads of records that are wrong, in the first place and in the second\n"
	"  bytes          a good stream byte by byte, with its end asked for at each of them\n"
	"  memory         records that announce more than they bring\n"
	"  mutations      a good stream changed at random, N times\n";

enum { HEAD = 16, SIZE_RECORD = 24, MIB = 1 << 20 };

struct head {
	uint64_t size;
	uint32_t flags, tag;
};

/* FITS: the head is taken, and what follows decides. */
enum { FITS = 0 };

/* Heads behind a good STOP_COPY_SIZE, and what writing them gives. */
static const struct {
	struct head head;
	int err;
} second[] = {
	{ { 0, 0, 0 }, EINVAL },
	{ { 1, 0, 0 }, FITS },
	{ { 0xffffffff, 0, 0 }, FITS },
	{ { 0x100000000, 0, 0 }, EFBIG },
	{ { 0x7fffffffffffffff, 0, 0 }, EFBIG },
	{ { 0x8000000000000000, 0, 0 }, EFBIG },
	{ { 0xfffffffffffffff0, 0, 0 }, EFBIG },
	{ { 0xffffffffffffffff, 0, 0 }, EFBIG },
	{ { 0, 1, 1 }, EINVAL },
	{ { 7, 1, 1 }, EINVAL },
	{ { 0xffffffffffffffff, 1, 1 }, FITS },
	{ { 8, 2, 0 }, EOPNOTSUPP },
	{ { 8, 0x80000001, 1 }, EOPNOTSUPP },
	{ { 8, 0, 2 }, EOPNOTSUPP },
	{ { 0, 0, 0xffffffff }, EOPNOTSUPP },
	{ { 0xffffffffffffffff, 0, 77 }, EOPNOTSUPP },
	{ { 8, 3, 77 }, EOPNOTSUPP },
	{ { 0, 1, 77 }, FITS },
	{ { 0xffffffffffffffff, 1, 77 }, FITS },
	{ { 0xfffffffffffffff0, 1, 0xffffffff }, FITS },
};

/* The same as the first 16 bytes of all: most are none of a record then, but those of an image, as far as anybody can tell. */
static const struct head first[] = {
	{ 0, 0, 0 }, { 1, 0, 0 }, { 4096, 0, 0 }, { 0xffffffff, 0, 0 }, { 0x100000000, 0, 0 }, { 8, 0, 1 }, { 8, 1, 1 }, { 8, 2, 1 },
	{ 7, 1, 1 }, { 9, 1, 1 }, { 8, 1, 2 }, { 0xffffffffffffffff, 0xffffffff, 0xffffffff },
};

static long available_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *file = fopen("/proc/meminfo", "re");

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "MemAvailable: %ld", &kib);
	if (file)
		fclose(file);
	if (kib < 0)
		broken("/proc/meminfo has no MemAvailable");
	return kib;
}

/* The errors that say something of a stream. */
static bool clear_error(int err)
{
	switch (err) {
	case EINVAL:		/* nonsense, or what the firmware refuses as such */
	case EOPNOTSUPP:	/* a record that must be understood */
	case EFBIG:		/* more than a LOAD can name */
	case ENOMEM:
		return true;
	default:
		return false;
	}
}

static void start(void)
{
	reset_vf();
	must("RESUMING", ask_state(VFIO_DEVICE_STATE_RESUMING));
}

/* The stream cannot be complete: the arc fails, and the device stays. */
static void incomplete(void)
{
	int err = ask_state(VFIO_DEVICE_STATE_STOP);

	if (!clear_error(err))
		broken("RESUMING > STOP: %s", err ? strerrorname_np(err) : "no error");
	want_state(VFIO_DEVICE_STATE_RESUMING);
}

static void name_head(const char *place, const struct head *head)
{
	snprintf(vf.name, sizeof(vf.name), "%s head size=0x%" PRIx64 " flags=0x%x tag=0x%x", place, head->size, head->flags, head->tag);
}

/* What follows a head: bytes that make no image. Fails clearly or not at all. */
static void garbage(size_t size)
{
	static uint8_t bytes[1 << 16];
	int err;

	memset(bytes, 0xa5, sizeof(bytes));
	err = pour(bytes, size, size);
	if (err && !clear_error(err))
		broken("what follows gives %s", strerrorname_np(err));
}

static void try_heads(void)
{
	for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		int err;

		name_head("second", &second[i].head);
		start();
		must("STOP_COPY_SIZE", pour(vf.stream, SIZE_RECORD, SIZE_RECORD));
		err = pour((const uint8_t *)&second[i].head, HEAD, HEAD);
		if (err != second[i].err)
			broken("%s, expected %s", err ? strerrorname_np(err) : "no error",
			       second[i].err ? strerrorname_np(second[i].err) : "none");
		garbage(5000);
		incomplete();
		printf("ok %s\n", vf.name);
	}
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		name_head("first", &first[i]);
		start();
		must("16 bytes", pour((const uint8_t *)&first[i], HEAD, HEAD));
		garbage(5000);
		incomplete();
		printf("ok %s\n", vf.name);
	}
}

/* Until the last byte of the last image the stream is cut, and can go on. */
static void try_bytes(void)
{
	size_t whole = SIZE_RECORD + HEAD + 70;

	snprintf(vf.name, sizeof(vf.name), "byte by byte");
	start();
	incomplete();
	for (size_t at = 0; at < vf.stream_size; at++) {
		must("one byte", pour(vf.stream + at, 1, 1));
		if (at < whole || at > vf.stream_size - 20 || at % 4096 == 0) {
			snprintf(vf.name, sizeof(vf.name), "byte by byte, cut behind %zu", at + 1);
			if (at + 1 < vf.stream_size)
				incomplete();
		}
	}
	must("the whole stream", ask_state(VFIO_DEVICE_STATE_STOP));
	printf("ok %s\n", vf.name);
}

/* Memory that was taken since there were @before KiB, with @written bytes in the data file. */
static void take_little(long before, size_t written)
{
	long taken = before - available_kib(), may = (long)(written / 1024) * 2 + 24 * 1024;

	if (taken > may)
		broken("%ld KiB are taken after %zu bytes", taken, written);
}

static void try_memory(void)
{
	static const struct head announced[] = { { 0xffffffff, 0, 0 }, { 0xffffffffffffffff, 1, 77 }, { 0xffffffffffffffff, 1, 1 } };

	for (size_t i = 0; i < sizeof(announced) / sizeof(announced[0]); i++) {
		long before;

		name_head("announcing", &announced[i]);
		start();
		before = available_kib();
		must("STOP_COPY_SIZE", pour(vf.stream, SIZE_RECORD, SIZE_RECORD));
		must("the head", pour((const uint8_t *)&announced[i], HEAD, HEAD));
		take_little(before, 0);
		for (size_t written = 0; written < 32 * MIB; written += 1 << 16) {
			garbage(1 << 16);
			if (written % MIB == 0)
				take_little(before, written);
		}
		incomplete();
		reset_vf();
		take_little(before, 0);
		printf("ok %s\n", vf.name);
	}
}

/* One change of the @size bytes at @at, which may grow up to twice as long: how long they are then. */
static size_t mutate(uint8_t *at, size_t size, uint64_t *seed)
{
	static const uint64_t values[] = { 0, 1, 7, 8, 16, 0xff, 0x7fffffff, 0xffffffff, 0x100000000, 0xffffffffffffffff };
	/* Where the heads are is where it hurts. */
	size_t place = seeded(seed) % (seeded(seed) % 4 ? 64 : size), length = seeded(seed) % 64, rest = size - place;

	switch (seeded(seed) % 6) {
	case 0:
		at[place] ^= 1 << seeded(seed) % 8;
		return size;
	case 1:
		length = 1 << seeded(seed) % 4;
		memcpy(at + place, &values[seeded(seed) % (sizeof(values) / sizeof(values[0]))], length < rest ? length : rest);
		return size;
	case 2: /* cut off */
		return place;
	case 3: /* cut out */
		length = length < rest ? length : rest;
		memmove(at + place, at + place + length, rest - length);
		return size - length;
	case 4: /* twice */
		length = length < rest ? length : rest;
		memmove(at + place + length, at + place, rest);
		return size + length;
	default:
		for (size_t i = 0; i < length && place + i < size; i++)
			at[place + i] = seeded(seed);
		return size;
	}
}

static void try_mutation(uint64_t number, uint64_t seed)
{
	static uint8_t changed[STREAM_MAX];
	size_t size = vf.stream_size, step;
	long before = available_kib();
	int err;

	snprintf(vf.name, sizeof(vf.name), "mutation %" PRIu64 " (seed %" PRIu64 ")", number, seed);
	alarm(PATIENCE_S);
	memcpy(changed, vf.stream, size);
	for (uint64_t changes = 1 + seeded(&seed) % 3; changes && size > 64; changes--)
		size = mutate(changed, size, &seed);
	step = seeded(&seed) % 3 ? size + 1 : 1 + seeded(&seed) % 5000;
	start();
	err = pour(changed, size, step);
	if (err && !clear_error(err))
		broken("%s", strerrorname_np(err));
	take_little(before, size);
	/* What was changed may be nothing that counts, as in a record that is skipped. */
	if (err || ask_state(VFIO_DEVICE_STATE_STOP))
		incomplete();
	else if (vf_register(LAB_REG_load_state, 4) != LAB_LOAD_COMPLETE)
		broken("the arc did not fail, and nothing is loaded");
}

static void try_mutations(uint64_t count, uint64_t seed)
{
	uint64_t refused = 0;

	for (uint64_t i = 0; i < count; i++) {
		try_mutation(i, seed + i);
		refused += present_state() == VFIO_DEVICE_STATE_RESUMING;
	}
	printf("ok %" PRIu64 " mutations from seed %" PRIu64 ", %" PRIu64 " refused\n", count, seed, refused);
	if (count > 50 && refused < count / 2)
		broken("few mutations do harm");
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	bool mutations = argc == 5 && !strcmp(what, "mutations");
	bool known = !strcmp(what, "heads") || !strcmp(what, "bytes") || !strcmp(what, "memory");

	if (!mutations && !(argc == 3 && known))
		return fputs(usage_text, stderr), 2;
	begin(argv[1]);
	save_whole();
	if (mutations)
		try_mutations(strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
	else if (*what == 'h')
		try_heads();
	else if (*what == 'b')
		try_bytes();
	else
		try_memory();
	snprintf(vf.name, sizeof(vf.name), "a good stream behind all that");
	reset_vf();
	works();
	printf("ok %s\n", vf.name);
	return 0;
}
