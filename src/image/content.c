/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/content.h"

#include <string.h>

#include "image/decompress.h"
#include "image/record.h"
#include "lib/text.h"

enum look_kind { IS_OTHER, IS_PACKED, IS_ENCRYPTED, IS_GUEST, IS_DIALECT, IS_EMPTY };

static const struct {
	const char *name, *words;
	enum look_kind kind;
} looks[LOOK_COUNT] = {
	[LOOK_NOTHING] = { NULL, "nothing that is known", IS_OTHER },
	[LOOK_ZEROS] = { "zeros", "nothing but zeros", IS_EMPTY },
	[LOOK_TEXT] = { "text", "text", IS_OTHER },
	[LOOK_GZIP] = { "gzip", "gzip data", IS_PACKED },
	[LOOK_BZIP2] = { "bzip2", "bzip2 data", IS_PACKED },
	[LOOK_XZ] = { "xz", "xz data", IS_PACKED },
	[LOOK_LZ4] = { "lz4", "lz4 data", IS_PACKED },
	[LOOK_LZOP] = { "lzop", "lzop data", IS_PACKED },
	[LOOK_ZIP] = { "zip", "zip data", IS_PACKED },
	[LOOK_7Z] = { "7z", "7z data", IS_PACKED },
	[LOOK_ZSTD] = { "zstd", "zstd data inside of zstd data", IS_PACKED },
	[LOOK_AGE] = { "age", "a file encrypted by age", IS_ENCRYPTED },
	[LOOK_PGP] = { "pgp", "a file encrypted by OpenPGP", IS_ENCRYPTED },
	[LOOK_OPENSSL] = { "openssl", "a file encrypted by OpenSSL", IS_ENCRYPTED },
	[LOOK_QEMU] = { "qemu_migration", "a QEMU migration stream", IS_GUEST },
	[LOOK_LIBVIRT] = { "libvirt_save", "a libvirt save file", IS_GUEST },
	[LOOK_LIBVIRT_PARTIAL] = { "libvirt_save_partial",
				   "a libvirt save file that was not completed", IS_GUEST },
	[LOOK_QCOW2] = { "qcow2", "a qcow2 disk image", IS_OTHER },
	[LOOK_ELF] = { "elf", "an ELF file", IS_OTHER },
	[LOOK_VFMIG] = { "mlx5_vfmig", "a stream of NVIDIA's mlx5_vfmig", IS_DIALECT },
	[LOOK_XE] = { "xe", "a stream of Intel's xe driver", IS_DIALECT },
};

#define ZSTD_MAGIC "\x28\xb5\x2f\xfd"
#define MAGIC(look, text) { look, text, sizeof(text) - 1 }

static const struct {
	enum content_look look;
	const char *bytes;
	size_t len;
} magics[] = {
	MAGIC(LOOK_GZIP, "\x1f\x8b\x08"),
	MAGIC(LOOK_BZIP2, "BZh"),
	MAGIC(LOOK_XZ, "\xfd" "7zXZ"),
	MAGIC(LOOK_LZ4, "\x04\x22\x4d\x18"),
	MAGIC(LOOK_LZ4, "\x02\x21\x4c\x18"), /* of the legacy format */
	MAGIC(LOOK_LZOP, "\x89LZO\0\r\n\x1a\n"),
	MAGIC(LOOK_ZIP, "PK\x03\x04"),
	MAGIC(LOOK_7Z, "7z\xbc\xaf\x27\x1c"),
	MAGIC(LOOK_ZSTD, ZSTD_MAGIC),
	MAGIC(LOOK_AGE, "age-encryption."),
	MAGIC(LOOK_AGE, "-----BEGIN AGE ENCRYPTED FILE-----"),
	MAGIC(LOOK_PGP, "-----BEGIN PGP MESSAGE-----"),
	MAGIC(LOOK_OPENSSL, "Salted__"),
	MAGIC(LOOK_QEMU, "QEVM\0\0\0"),
	MAGIC(LOOK_LIBVIRT, "LibvirtQemudSave"),
	MAGIC(LOOK_LIBVIRT_PARTIAL, "LibvirtQemudPart"),
	MAGIC(LOOK_QCOW2, "QFI\xfb"),
	MAGIC(LOOK_ELF, "\x7f" "ELF"),
};

const char *content_look_name(enum content_look look)
{
	return looks[look].name;
}

/* Is it compressed by a program other than zstd, or twice? */
static bool content_is_packed(enum content_look look)
{
	return looks[look].kind == IS_PACKED;
}

bool content_is_dialect(enum content_look look)
{
	return looks[look].kind == IS_DIALECT;
}

static uint64_t get_le(const unsigned char *p, size_t len)
{
	uint64_t value = 0;

	while (len--)
		value = value << 8 | p[len];
	return value;
}

#define VFMIG_TAG 0x4853
#define VFMIG_MAGIC 0x564d4947u /* first in the payload */

/* Its framing is that of the records that are known, and its first record may not be skipped. */
static bool is_vfmig(const unsigned char *p, size_t len)
{
	return len >= RECORD_HEADER_SIZE + 4 && !get_le(p + 8, 4) &&
	       get_le(p + 12, 4) == VFMIG_TAG && get_le(p, 8) >= 4 &&
	       (get_le(p + 16, 4) == VFMIG_MAGIC ||
		__builtin_bswap32((uint32_t)get_le(p + 16, 4)) == VFMIG_MAGIC);
}

#define XE_HEADER_SIZE 24 /* u8 version, type, tile, GT; le32 flags; le64 offset, size */
#define XE_DESCRIPTOR 1   /* the type of the first packet */
#define XE_KEY 0xf001u    /* of the descriptor's first value, the device id, ... */
#define XE_KEY_LEN 1      /* ... which has so many words of 32 bits */
#define XE_DESCRIPTOR_MAX 4096

/* Its first 16 bytes are those of a record FW_DATA of 257 bytes, too. */
static bool is_xe(const unsigned char *p, size_t len)
{
	static const unsigned char first[16] = { 1, XE_DESCRIPTOR };
	uint64_t size;

	if (len < XE_HEADER_SIZE + 4 || memcmp(p, first, sizeof(first)))
		return false;
	size = get_le(p + 16, 8);
	return size >= 8 && size <= XE_DESCRIPTOR_MAX && !(size % 4) &&
	       get_le(p + XE_HEADER_SIZE, 4) == (XE_KEY << 16 | XE_KEY_LEN);
}

static bool is_zero(const unsigned char *p, size_t len)
{
	return !len || (!*p && !memcmp(p, p + 1, len - 1));
}

static bool is_control(unsigned char byte)
{
	return byte < ' ' ? !strchr("\t\n\v\f\r\b\x1b", byte) || !byte : byte == 0x7f;
}

/* How many bytes a character of UTF-8 has that begins with this one; 0: none does. */
static size_t utf8_len(unsigned char byte)
{
	if (byte < 0x80)
		return 1;
	if (byte >= 0xc2 && byte < 0xe0)
		return 2;
	if (byte >= 0xe0 && byte < 0xf0)
		return 3;
	return byte >= 0xf0 && byte < 0xf5 ? 4 : 0;
}

/* ASCII or UTF-8; its last character may be cut. */
static bool is_text(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_len(p[i]);

		if (!n || is_control(p[i]))
			return false;
		for (i++; --n && i < len; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static enum stream_format format_of(const unsigned char *p, size_t len)
{
	struct record_parser parser = {};

	record_feed(&parser, p, len < RECORD_HEADER_SIZE ? len : RECORD_HEADER_SIZE, NULL, NULL);
	return parser.format;
}

enum content_look content_look(const unsigned char *p, size_t len)
{
	if (is_vfmig(p, len))
		return LOOK_VFMIG;
	if (is_xe(p, len))
		return LOOK_XE;
	if (format_of(p, len) == STREAM_RECORDS)
		return LOOK_NOTHING;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (len >= magics[i].len && !memcmp(p, magics[i].bytes, magics[i].len))
			return magics[i].look;
	return len && is_text(p, len) ? LOOK_TEXT : LOOK_NOTHING;
}

/* A frame of zstd behind text, which never has its magic number, or behind zeros. */
static void find_frame(struct content_scan *scan, const unsigned char *p, size_t len)
{
	const unsigned char *found = memmem(p, len, ZSTD_MAGIC, strlen(ZSTD_MAGIC));
	size_t at = found ? (size_t)(found - p) : 0;

	if (!at || !frame_begins(found, len - at) || (!is_text(p, at) && !is_zero(p, at)))
		return;
	scan->has_header = scan->is_frame = true;
	scan->header_at = at;
}

void content_scan_begin(struct content_scan *scan, const unsigned char *bytes, size_t len)
{
	*scan = (struct content_scan){
		.look = content_look(bytes, len), .format = format_of(bytes, len),
		.only_zeros = true,
	};
	if (content_is_dialect(scan->look))
		scan->format = STREAM_BARE;
	if (scan->look == LOOK_NOTHING && scan->format != STREAM_RECORDS)
		find_frame(scan, bytes, len);
}

/* A header of a tar: the old format has no magic, and only the sum. */
#define USTAR_AT 257
#define NAME_LEN 100
#define PREFIX_AT 345
#define PREFIX_LEN 155
#define CHECKSUM_AT 148
#define CHECKSUM_LEN 8
#define ANY_OFFSET_BYTES (8u << 20)

static uint32_t octal(const unsigned char *p, size_t len)
{
	uint32_t value = 0;

	for (; len && *p == ' '; len--)
		p++;
	for (; len && *p >= '0' && *p <= '7'; len--)
		value = value << 3 | (uint32_t)(*p++ - '0');
	return value;
}

/* The sum of its bytes, those of the sum itself being counted as spaces. */
static bool has_checksum(const unsigned char *header)
{
	uint32_t sum = CHECKSUM_LEN * ' ';

	for (size_t i = 0; i < CONTENT_HEADER_SIZE; i++)
		if (i < CHECKSUM_AT || i >= CHECKSUM_AT + CHECKSUM_LEN)
			sum += header[i];
	return sum == octal(header + CHECKSUM_AT, CHECKSUM_LEN);
}

/* The last one in a path; what tars put before a pax header's name is none. */
static const char *drop_pax_parts(char *path)
{
	static const char pax[] = "PaxHeader";
	char *part;

	while ((part = strstr(path, pax)) && (part == path || part[-1] == '/')) {
		char *end = strchr(part, '/');

		if (!end)
			break;
		memmove(part, end + 1, strlen(end + 1) + 1);
	}
	while (!strncmp(path, "./", 2))
		path += 2;
	return path;
}

static bool is_state_name(const char *name)
{
	static const char state[] = "state/";
	size_t digits;

	if (strncmp(name, state, strlen(state)))
		return false;
	name += strlen(state);
	digits = strspn(name, "0123456789");
	if (digits != 8 || name[digits] != '-')
		return false;
	for (enum phase phase = 0; phase < PHASE_COUNT; phase++)
		if (!strcmp(name + digits + 1, phase_name(phase)))
			return true;
	return false;
}

static bool is_member_name(const char *name)
{
	return !strcmp(name, FORMAT_DEVICE) || !strcmp(name, FORMAT_MANIFEST) ||
	       is_state_name(name);
}

/* @name takes a whole header's name, without what tars put before it. */
static bool read_name(const unsigned char *header, char name[PREFIX_LEN + NAME_LEN + 2])
{
	if (!has_checksum(header))
		return false;
	snprintf(name, PREFIX_LEN + NAME_LEN + 2, "%.*s%s%.*s", PREFIX_LEN,
		 (const char *)header + PREFIX_AT, header[PREFIX_AT] ? "/" : "", NAME_LEN,
		 (const char *)header);
	return true;
}

static bool is_member_header(const unsigned char *header, char member[FORMAT_NAME_SIZE])
{
	char path[PREFIX_LEN + NAME_LEN + 2];
	const char *name;

	if (!read_name(header, path))
		return false;
	name = drop_pax_parts(path);
	if (!is_member_name(name))
		return false;
	text_copy(member, FORMAT_NAME_SIZE, name);
	return true;
}

bool content_is_tar_header(const unsigned char *header)
{
	return *header && has_checksum(header);
}

bool content_begins_image(const unsigned char *bytes, size_t len)
{
	char member[FORMAT_NAME_SIZE];

	return len >= CONTENT_HEADER_SIZE && is_member_header(bytes, member) &&
	       !strcmp(member, FORMAT_DEVICE);
}

bool content_is_member_path(const char *path)
{
	for (const char *name = path; name; name = strchr(name, '/')) {
		name += *name == '/';
		if (is_member_name(name))
			return true;
	}
	return false;
}

bool content_has_member_names(const unsigned char *bytes, size_t len)
{
	for (size_t at = 0; at + CONTENT_HEADER_SIZE <= len; at += CONTENT_HEADER_SIZE) {
		char path[PREFIX_LEN + NAME_LEN + 2];

		if (read_name(bytes + at, path) && content_is_member_path(drop_pax_parts(path)))
			return true;
	}
	return false;
}

static bool try_header(struct content_scan *scan, const unsigned char *header, uint64_t at)
{
	if (!is_member_header(header, scan->header_name))
		return false;
	scan->has_header = true;
	scan->header_at = at;
	return true;
}

/* Headers that begin at multiples of 512 bytes of the content; @base is where @p stands in it. */
static void search_aligned(struct content_scan *scan, const unsigned char *p, size_t len,
			   uint64_t base)
{
	size_t at = (size_t)(-base % CONTENT_HEADER_SIZE);

	for (; at + CONTENT_HEADER_SIZE <= len; at += CONTENT_HEADER_SIZE)
		if (!memcmp(p + at + USTAR_AT, "ustar", 5) && try_header(scan, p + at, base + at))
			return;
}

/* Headers at any offset: something may stand before an image. */
static void search_all(struct content_scan *scan, const unsigned char *p, size_t len,
		       uint64_t base)
{
	const unsigned char *end = p + len, *from = p, *found;

	while ((found = memmem(from, (size_t)(end - from), "ustar", 5))) {
		size_t at = (size_t)(found - p);

		if (at >= USTAR_AT && at - USTAR_AT + CONTENT_HEADER_SIZE <= len &&
		    try_header(scan, found - USTAR_AT, base + at - USTAR_AT))
			return;
		from = found + 1;
	}
}

/* Of an image out of zstd no header may be right after one bit was flipped: then its own words are enough. */
static void search_words(struct content_scan *scan, const unsigned char *p, size_t len,
			 uint64_t base)
{
	static const char *const words[] = { FORMAT_XATTR, "mlxmigctl.image/",
					     "mlxmigctl.manifest/" };

	if (!scan->compressed || scan->look == LOOK_TEXT)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(words) && !scan->has_header; i++) {
		const unsigned char *found = memmem(p, len, words[i], strlen(words[i]));

		scan->has_header = found;
		scan->header_at = found ? base + (uint64_t)(found - p) : 0;
	}
}

static void search(struct content_scan *scan, const unsigned char *p, size_t len, uint64_t base)
{
	if (scan->has_header || len < CONTENT_HEADER_SIZE)
		return;
	if (base >= ANY_OFFSET_BYTES) {
		search_aligned(scan, p, len, base);
		return;
	}
	search_all(scan, p, len, base);
	if (!scan->has_header)
		search_words(scan, p, len, base);
}

static size_t at_most(size_t len, size_t max)
{
	return len < max ? len : max;
}

/* A header may begin in one block and end in the next. */
static void search_over_border(struct content_scan *scan, const unsigned char *bytes, size_t len)
{
	unsigned char both[2 * CONTENT_HEADER_SIZE];
	size_t more = at_most(len, CONTENT_HEADER_SIZE - 1);
	size_t kept, all = scan->tail_len + more;

	memcpy(both, scan->tail, scan->tail_len);
	memcpy(both + scan->tail_len, bytes, more);
	search(scan, both, all, scan->offset - scan->tail_len);
	if (len >= CONTENT_HEADER_SIZE)
		return;
	kept = at_most(all, CONTENT_HEADER_SIZE - 1);
	memcpy(scan->tail, both + all - kept, kept);
	scan->tail_len = kept;
}

static void keep_tail(struct content_scan *scan, const unsigned char *bytes, size_t len)
{
	if (len < CONTENT_HEADER_SIZE)
		return;
	scan->tail_len = CONTENT_HEADER_SIZE - 1;
	memcpy(scan->tail, bytes + len - scan->tail_len, scan->tail_len);
}

static void count_zeros(struct content_scan *scan, const unsigned char *bytes, size_t len)
{
	size_t n = 0;

	if (!scan->only_zeros)
		return;
	scan->only_zeros = is_zero(bytes, len);
	while (!scan->only_zeros && !bytes[n])
		n++;
	scan->zeros += scan->only_zeros ? len : n;
}

void content_scan_take(struct content_scan *scan, const unsigned char *bytes, size_t len)
{
	if (scan->format == STREAM_RECORDS)
		return;
	count_zeros(scan, bytes, len);
	search_over_border(scan, bytes, len);
	search(scan, bytes, len, scan->offset);
	keep_tail(scan, bytes, len);
	scan->offset += len;
}

bool content_is_unknown(const struct content_scan *scan)
{
	return scan->format == STREAM_BARE && !scan->has_header;
}

enum content_look content_look_now(const struct content_scan *scan)
{
	return scan->offset && scan->only_zeros && scan->format == STREAM_BARE ? LOOK_ZEROS :
										  scan->look;
}

static int hint_remove(const struct content_scan *scan, const char *name, struct err *err)
{
	char filter[40];

	snprintf(filter, sizeof(filter), "tail -c +%" PRIu64, scan->header_at + 1);
	return image_hint_filter(err, "remove them, and verify what is left", name, scan->compressed,
				 filter);
}

int content_require_no_image(const struct content_scan *scan, const char *name, struct err *err)
{
	uint64_t at = scan->header_at;

	/* An archive that stores an image as it is has that image's headers in it. */
	if (!scan->has_header || content_is_packed(scan->look))
		return 0;
	if (scan->is_frame) {
		err_set(err, ERR_DAMAGED, 0,
			"%s is damaged: %" PRIu64 " bytes that do not belong to it stand before what is compressed with zstd",
			name, at);
		return hint_remove(scan, name, err);
	}
	if (!*scan->header_name)
		return err_set(err, ERR_DAMAGED, 0,
			       "%s is a damaged image: no header in it can be read", name);
	if (strcmp(scan->header_name, FORMAT_DEVICE)) {
		err_set(err, ERR_DAMAGED, 0,
			"%s is a damaged image: its beginning is lost, and the first header in it is that of %s, at byte %" PRIu64,
			name, scan->header_name, at);
		return err_hint(err, "copy the image anew from where it was saved, or save the state again");
	}
	err_set(err, ERR_DAMAGED, 0,
		"%s is a damaged image: %" PRIu64 " bytes that do not belong to it stand before its first header",
		name, at);
	return hint_remove(scan, name, err);
}

static const char *hint_of(enum look_kind kind)
{
	switch (kind) {
	case IS_PACKED:
		return "uncompress it first: images and streams are read as they are, or in zstd";
	case IS_ENCRYPTED:
		return "decrypt it first: images and streams are read as they are, or in zstd";
	case IS_GUEST:
		return "it holds a whole guest: restore it with the program that saved it";
	case IS_DIALECT:
		return "load it with the driver that saved it: no mlx5_vfio_pci reads it";
	case IS_EMPTY:
		return "copy the file anew from where it was saved: no state is all zeros";
	default:
		return NULL;
	}
}

int content_unjudged(enum content_look look, const char *name, const char *advice, struct err *err)
{
	const char *hint = hint_of(looks[look].kind);

	if (look == LOOK_NOTHING)
		err_set(err, ERR_UNJUDGED, 0,
			"%s is neither an image nor a stream of records: its contents cannot be judged",
			name);
	else
		err_set(err, ERR_UNJUDGED, 0,
			"%s is neither an image nor a stream of records: it looks like %s", name,
			looks[look].words);
	if (!hint && look == LOOK_NOTHING)
		hint = advice;
	return hint ? err_hint(err, "%s", hint) : -1;
}

int content_refuse_packed(enum content_look look, const char *name, struct err *err)
{
	return content_is_packed(look) ? content_unjudged(look, name, NULL, err) : 0;
}
