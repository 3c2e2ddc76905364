// SPDX-License-Identifier: GPL-2.0-only
/* The contents of a VF's state: made, evolved, read, written. Layout and laziness are told in state.h. */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/bswap.h"
#include "state.h"

enum { GENERATION_OFFSET = 0, SCRATCH_OFFSET = LAB_REG_scratch0 };

/* The finaliser of splitmix64: spreads every bit of @value over all 64. */
uint64_t lab_mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

/* Takes @size bytes (a multiple of 8) into @digest; every bit and its place count. */
uint64_t lab_digest_add(uint64_t digest, const void *data, size_t size)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < size; i += 8) {
		digest = (digest ^ ldq_le_p(byte + i)) * 0x9fb21c651e98df25;
		digest ^= digest >> 32;
	}
	return digest;
}

static void random_page(const struct lab_state *s, uint64_t page, uint64_t generation, uint8_t *out)
{
	uint64_t base = lab_mix(s->seed ^ lab_mix(page * 0x9e3779b97f4a7c15 + generation));

	for (unsigned int i = 0; i < LAB_STATE_PAGE; i += 8)
		stq_le_p(out + i, lab_mix(base + i * 0x9e3779b97f4a7c15));
}

/*
 * A new state of @size bytes, running, evolving once in @period_us microseconds (0: never) from @now (ns) on.
 * @seed decides all its contents but the scratch registers, which are 0.
 */
void lab_state_init(struct lab_state *s, uint64_t size, uint64_t seed, uint64_t period_us, int64_t now)
{
	memset(s, 0, sizeof(*s));
	s->size = QEMU_ALIGN_UP(MAX(size, LAB_STATE_MIN), LAB_STATE_PAGE);
	s->pages = s->size / LAB_STATE_PAGE;
	s->seed = lab_mix(seed);
	s->period_ns = period_us * 1000;
	s->advanced_at = now;
	s->touched = g_new0(uint32_t, s->pages);
	s->front = g_malloc0(LAB_RANDOM_FIRST * LAB_STATE_PAGE);
	for (uint64_t page = LAB_HEAD_PAGES; page < LAB_RANDOM_FIRST; page++)
		random_page(s, page, 0, s->front + page * LAB_STATE_PAGE);
}

void lab_state_free(struct lab_state *s)
{
	lab_saving_end(s);
	lab_loading_end(s);
	g_free(s->touched);
	g_free(s->front);
	g_free(s->digests);
	lab_store_free(s->loaded);
	memset(s, 0, sizeof(*s));
}

uint64_t lab_state_generation(const struct lab_state *s)
{
	return ldq_le_p(s->front + GENERATION_OFFSET);
}

/* Marks a page as changed, so that a tracked save sends it again. */
void lab_state_touch(struct lab_state *s, uint64_t page)
{
	if (s->saving.tracking && !test_and_set_bit(page, s->saving.pending))
		s->saving.pending_count++;
}

static void step(struct lab_state *s)
{
	uint64_t generation = lab_state_generation(s) + 1;
	uint64_t page = LAB_RANDOM_FIRST + lab_mix(s->seed + generation) % (s->pages - LAB_RANDOM_FIRST);

	stq_le_p(s->front + GENERATION_OFFSET, generation);
	s->touched[page] = generation;
	if (s->digests)
		s->digests[page] = 0;
	lab_state_touch(s, 0);
	lab_state_touch(s, page);
}

/* Brings the state up to @now: the steps that were due since the last call, or none if it is suspended. */
void lab_state_advance(struct lab_state *s, int64_t now)
{
	if (s->suspended || !s->period_ns) {
		s->advanced_at = now;
		return;
	}
	for (; s->advanced_at + s->period_ns <= now; s->advanced_at += s->period_ns)
		step(s);
}

/* Copies one page of the state to @out. */
void lab_state_page(const struct lab_state *s, uint64_t page, uint8_t *out)
{
	if (page < LAB_RANDOM_FIRST)
		memcpy(out, s->front + page * LAB_STATE_PAGE, LAB_STATE_PAGE);
	else if (s->loaded && !s->touched[page])
		lab_store_get(s->loaded, page * LAB_STATE_PAGE, out, LAB_STATE_PAGE);
	else
		random_page(s, page, s->touched[page], out);
}

/* The digest of a page that holds @data at present. Known ones are kept until the page is rewritten. */
uint64_t lab_page_digest(struct lab_state *s, uint64_t page, const uint8_t *data)
{
	uint64_t digest;

	if (page >= LAB_RANDOM_FIRST && s->digests && s->digests[page])
		return s->digests[page];
	digest = lab_digest_add(page + 1, data, LAB_STATE_PAGE);
	if (page < LAB_RANDOM_FIRST)
		return digest;
	if (!s->digests)
		s->digests = g_new0(uint64_t, s->pages);
	s->digests[page] = digest;
	return digest;
}

/* Of the whole state as it is, whatever was saved or tracked of it. */
uint64_t lab_state_digest(struct lab_state *s)
{
	uint8_t data[LAB_STATE_PAGE], bytes[8];
	uint64_t digest = s->size;

	for (uint64_t page = 0; page < s->pages; page++) {
		bool known = page >= LAB_RANDOM_FIRST && s->digests && s->digests[page];

		if (!known)
			lab_state_page(s, page, data);
		stq_le_p(bytes, lab_page_digest(s, page, data));
		digest = lab_digest_add(digest, bytes, sizeof(bytes));
	}
	return digest;
}

/* The window's LAB_WINDOW_SIZE bytes; who writes them calls lab_state_touch(). */
uint8_t *lab_state_window(struct lab_state *s)
{
	return s->front + LAB_HEAD_PAGES * LAB_STATE_PAGE;
}

uint64_t lab_state_scratch(const struct lab_state *s, unsigned int index)
{
	return ldq_le_p(s->front + SCRATCH_OFFSET + 8 * index);
}

void lab_state_set_scratch(struct lab_state *s, unsigned int index, uint64_t value)
{
	stq_le_p(s->front + SCRATCH_OFFSET + 8 * index, value);
	lab_state_touch(s, 0);
}

/*
 * Starts a save: every page is still to be sent. It is named by the state with which it begins, so that a state that stands
 * still is saved to the same bytes each time.
 */
void lab_saving_begin(struct lab_state *s)
{
	lab_saving_end(s);
	s->saving.active = true;
	s->saving.session = lab_state_digest(s);
	s->saving.pending = bitmap_new(s->pages);
	bitmap_set(s->saving.pending, 0, s->pages);
	s->saving.pending_count = s->pages;
}

/* Ends a save and forgets what it knew. Harmless when there is none. */
void lab_saving_end(struct lab_state *s)
{
	g_free(s->saving.pending);
	memset(&s->saving, 0, sizeof(s->saving));
}

/* Starts a load named @session: all pages are missing. False when there is no place for them. */
bool lab_loading_begin(struct lab_state *s, uint64_t session)
{
	struct lab_store *store = lab_store_new();

	if (!store)
		return false;
	lab_loading_end(s);
	lab_store_free(s->loaded);
	s->loaded = store;
	g_free(s->touched);
	s->touched = g_new0(uint32_t, s->pages);
	g_clear_pointer(&s->digests, g_free);
	s->loading.state = LAB_LOAD_PARTIAL;
	s->loading.session = session;
	s->loading.missing = bitmap_new(s->pages);
	bitmap_set(s->loading.missing, 0, s->pages);
	s->loading.missing_count = s->pages;
	return true;
}

/* Puts one page of the image being loaded in its place. False when there is no room for it. */
bool lab_loading_write(struct lab_state *s, uint64_t page, const uint8_t *data)
{
	if (page < LAB_RANDOM_FIRST)
		memcpy(s->front + page * LAB_STATE_PAGE, data, LAB_STATE_PAGE);
	else if (!lab_store_put(s->loaded, page * LAB_STATE_PAGE, data, LAB_STATE_PAGE))
		return false;
	else if (s->digests)
		s->digests[page] = 0;
	lab_page_digest(s, page, data);
	if (test_and_clear_bit(page, s->loading.missing))
		s->loading.missing_count--;
	return true;
}

/* Forgets a load, finished or not; the bytes stay. Harmless when there is none. */
void lab_loading_end(struct lab_state *s)
{
	g_free(s->loading.missing);
	memset(&s->loading, 0, sizeof(s->loading));
}
