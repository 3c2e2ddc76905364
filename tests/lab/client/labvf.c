// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labvf: looks into a lab VF and writes into it, through VFIO.
 *
 * A device that a process holds open is borrowed from it by pidfd_getfd (the device's own file, or the group's and then
 * one more device file by name), so nothing is reset. A free device is opened here, which resets it, and resets it again at the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../model/vf_regs.h"

enum { EXIT_DIFFERENT = 9, EXIT_USAGE = 2 };

enum { PATIENCE_MS = 30000, LOOK_AGAIN_MS = 5 };

static const char usage_text[] =
	"usage: labvf BDF COMMAND [ARGUMENT...]\n"
	"  info             all registers as name=value\n"
	"  get REG          one register\n"
	"  set REG VALUE    write a scratch register\n"
	"  await REG VALUE  wait until the register has that value, 30 seconds at most\n"
	"  past REG VALUE   wait until it is above that\n"
	"  fill SEED        write a pattern made from SEED over the whole window\n"
	"  check SEED       compare the window with that pattern; exit status 9 when different\n"
	"  sum              digest of the window\n"
	"  peek OFF LEN     bytes of the window in hex\n"
	"  poke OFF HEX     write bytes into the window\n"
	"  map IOVA LEN     memory for the VF, until its holder closes it\n"
	"  dma IOVA LEN     the VF writes there; fails when it was refused\n";

/* An open VF: the device file, what maps memory for it, an iommufd or else a container, and where BAR 0 lies in the file. */
struct vf {
	int device;
	int container;
	bool iommufd;
	uint64_t bar;
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, format);
	fputs("labvf: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, saved ? ": %s\n" : "\n", strerror(saved));
	exit(1);
}

static void __attribute__((noreturn)) usage(void)
{
	fputs(usage_text, stderr);
	exit(EXIT_USAGE);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		usage();
	return value;
}

#include "vfio_borrow.h"

static void vf_read(const struct vf *vf, uint64_t offset, void *data, size_t size)
{
	errno = 0;
	if (pread(vf->device, data, size, vf->bar + offset) != (ssize_t)size)
		die("read BAR 0 at 0x%" PRIx64, offset);
}

static void vf_write(const struct vf *vf, uint64_t offset, const void *data, size_t size)
{
	errno = 0;
	if (pwrite(vf->device, data, size, vf->bar + offset) != (ssize_t)size)
		die("write BAR 0 at 0x%" PRIx64, offset);
}

static uint64_t read_register(const struct vf *vf, uint32_t offset, size_t bytes)
{
	uint64_t value = 0;

	vf_read(vf, LAB_REGS_OFFSET + offset, &value, bytes);
	return value;
}

static struct vf open_vf(const char *bdf)
{
	struct vfio_open vfio = VFIO_CLOSED;
	struct vf vf;

	vf.iommufd = borrow_device(&vfio, bdf);
	if (!vf.iommufd)
		borrow_group(&vfio, bdf);
	if (vfio_enable_memory(&vfio) || vfio_region_offset(&vfio, VFIO_PCI_BAR0_REGION_INDEX, &vf.bar))
		die("%s: its regions", bdf);
	vf.device = vfio.device;
	vf.container = vfio.container;
	if (read_register(&vf, LAB_REG_magic, 4) != LAB_MAGIC || read_register(&vf, LAB_REG_version, 4) != LAB_VERSION) {
		errno = 0;
		die("%s is no lab VF of version %d", bdf, LAB_VERSION);
	}
	return vf;
}

struct reg {
	const char *name;
	uint32_t offset;
	size_t bytes;
	bool writable;
};

#define REG_ROW(name, offset, bytes, writable) { #name, offset, bytes, writable },
static const struct reg registers[] = { LAB_REGISTERS(REG_ROW) };
enum { REGISTER_COUNT = sizeof(registers) / sizeof(registers[0]) };

static const struct reg *find_register(const char *name)
{
	for (size_t i = 0; i < REGISTER_COUNT; i++)
		if (!strcmp(registers[i].name, name))
			return &registers[i];
	usage();
}

static void print_value(const struct vf *vf, const struct reg *reg)
{
	bool hex = !strcmp(reg->name, "digest") || !strcmp(reg->name, "magic") || !strncmp(reg->name, "scratch", 7) ||
		   !strcmp(reg->name, "window_offset");

	printf(hex ? "0x%" PRIx64 "\n" : "%" PRIu64 "\n", read_register(vf, reg->offset, reg->bytes));
}

static int cmd_info(const struct vf *vf, char **args)
{
	(void)args;
	for (size_t i = 0; i < REGISTER_COUNT; i++) {
		printf("%s=", registers[i].name);
		print_value(vf, &registers[i]);
	}
	return 0;
}

static int cmd_get(const struct vf *vf, char **args)
{
	print_value(vf, find_register(args[0]));
	return 0;
}

static int cmd_set(const struct vf *vf, char **args)
{
	const struct reg *reg = find_register(args[0]);
	uint64_t value = number(args[1]);

	errno = 0;
	if (!reg->writable)
		die("register %s is read only", reg->name);
	vf_write(vf, LAB_REGS_OFFSET + reg->offset, &value, reg->bytes);
	return 0;
}

/* Reads the register until it is args[1], or is above that; fails after half a minute. */
static int wait_for_register(const struct vf *vf, char **args, bool above)
{
	const struct reg *reg = find_register(args[0]);
	uint64_t wanted = number(args[1]), value;

	for (int left = PATIENCE_MS; left > 0; left -= LOOK_AGAIN_MS) {
		value = read_register(vf, reg->offset, reg->bytes);
		if (above ? value > wanted : value == wanted)
			return 0;
		usleep(LOOK_AGAIN_MS * 1000);
	}
	errno = 0;
	die("%s stays at %" PRIu64, args[0], value);
}

static int cmd_await(const struct vf *vf, char **args)
{
	return wait_for_register(vf, args, false);
}

static int cmd_past(const struct vf *vf, char **args)
{
	return wait_for_register(vf, args, true);
}

/* splitmix64: each word of the pattern depends on the seed and its place alone. */
static uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	uint64_t z = seed * 0x9e3779b97f4a7c15 + (index + 1) * 0xbf58476d1ce4e5b9;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void make_pattern(uint64_t *words, uint64_t seed)
{
	for (size_t i = 0; i < LAB_WINDOW_SIZE / sizeof(*words); i++)
		words[i] = pattern_word(seed, i);
}

static uint64_t window[LAB_WINDOW_SIZE / sizeof(uint64_t)];

static int cmd_fill(const struct vf *vf, char **args)
{
	make_pattern(window, number(args[0]));
	vf_write(vf, LAB_WINDOW_OFFSET, window, sizeof(window));
	return 0;
}

static int cmd_check(const struct vf *vf, char **args)
{
	static uint64_t wanted[LAB_WINDOW_SIZE / sizeof(uint64_t)];
	const uint8_t *have = (const uint8_t *)window, *want = (const uint8_t *)wanted;

	make_pattern(wanted, number(args[0]));
	vf_read(vf, LAB_WINDOW_OFFSET, window, sizeof(window));
	for (size_t i = 0; i < sizeof(window); i++) {
		if (have[i] == want[i])
			continue;
		printf("different at 0x%zx: 0x%02x instead of 0x%02x\n", i, have[i], want[i]);
		return EXIT_DIFFERENT;
	}
	printf("same\n");
	return 0;
}

static int cmd_sum(const struct vf *vf, char **args)
{
	uint64_t sum = 0xcbf29ce484222325;

	(void)args;
	vf_read(vf, LAB_WINDOW_OFFSET, window, sizeof(window));
	for (size_t i = 0; i < sizeof(window); i++)
		sum = (sum ^ ((const uint8_t *)window)[i]) * 0x100000001b3;
	printf("%016" PRIx64 "\n", sum);
	return 0;
}

static uint64_t window_range(const char *offset, uint64_t length)
{
	uint64_t start = number(offset);

	errno = 0;
	if (start > LAB_WINDOW_SIZE || length > LAB_WINDOW_SIZE - start)
		die("0x%" PRIx64 "+0x%" PRIx64 " lies outside the window", start, length);
	return start;
}

static int cmd_peek(const struct vf *vf, char **args)
{
	uint64_t length = number(args[1]);
	uint64_t start = window_range(args[0], length);

	vf_read(vf, LAB_WINDOW_OFFSET + start, window, length);
	for (uint64_t i = 0; i < length; i++)
		printf("%02x", ((const uint8_t *)window)[i]);
	printf("\n");
	return 0;
}

static int cmd_poke(const struct vf *vf, char **args)
{
	uint64_t length = strlen(args[1]) / 2;
	uint64_t start = window_range(args[0], length);
	uint8_t *bytes = (uint8_t *)window;

	if (strlen(args[1]) % 2)
		usage();
	for (uint64_t i = 0; i < length; i++)
		if (sscanf(args[1] + 2 * i, "%2hhx", &bytes[i]) != 1)
			usage();
	vf_write(vf, LAB_WINDOW_OFFSET + start, bytes, length);
	return 0;
}

/* IOMMU_IOAS_MAP, which is newer than the headers of Debian 12 */
static int map_by_iommufd(int iommufd, const struct vfio_iommu_type1_dma_map *wanted)
{
	enum { FIXED_IOVA = 1, WRITEABLE = 2, READABLE = 4, LAST_ID = 16 };
	struct {
		uint32_t size, flags, ioas_id, reserved;
		uint64_t user_va, length, iova;
	} map = {
		.size = sizeof(map), .flags = FIXED_IOVA | WRITEABLE | READABLE,
		.user_va = wanted->vaddr, .length = wanted->size, .iova = wanted->iova,
	};

	/* Which of the holder's few objects the address space is, only the holder knows. */
	for (map.ioas_id = 1; map.ioas_id <= LAST_ID; map.ioas_id++)
		if (!ioctl(iommufd, _IO(VFIO_TYPE, 0x85), &map))
			return 0;
	return -1;
}

/* The memory is the IOMMU's: it stays when this process ends. */
static int cmd_map(const struct vf *vf, char **args)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = number(args[0]), .size = number(args[1]),
	};
	void *memory = mmap(NULL, map.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("%s bytes of memory", args[1]);
	map.vaddr = (uintptr_t)memory;
	if (vf->iommufd ? map_by_iommufd(vf->container, &map) : ioctl(vf->container, VFIO_IOMMU_MAP_DMA, &map))
		die("map at %s", args[0]);
	return 0;
}

static int cmd_dma(const struct vf *vf, char **args)
{
	uint64_t address = number(args[0]), length = number(args[1]), go = 1;
	uint64_t before = read_register(vf, LAB_REG_dma_bytes, 8);

	vf_write(vf, LAB_REGS_OFFSET + LAB_REG_dma_address, &address, 8);
	vf_write(vf, LAB_REGS_OFFSET + LAB_REG_dma_length, &length, 8);
	vf_write(vf, LAB_REGS_OFFSET + LAB_REG_dma_go, &go, 4);
	errno = EIO;
	if (read_register(vf, LAB_REG_dma_bytes, 8) - before != length)
		die("the VF has not written everything");
	return 0;
}

static const struct command {
	const char *name;
	int operands;
	int (*run)(const struct vf *vf, char **args);
} commands[] = {
	{ "info", 0, cmd_info }, { "get", 1, cmd_get },	    { "set", 2, cmd_set },   { "fill", 1, cmd_fill },
	{ "check", 1, cmd_check }, { "sum", 0, cmd_sum },   { "peek", 2, cmd_peek }, { "poke", 2, cmd_poke },
	{ "map", 2, cmd_map }, { "dma", 2, cmd_dma }, { "await", 2, cmd_await }, { "past", 2, cmd_past },
};

int main(int argc, char **argv)
{
	if (argc < 3)
		usage();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct vf vf;

		if (strcmp(commands[i].name, argv[2]))
			continue;
		if (argc - 3 != commands[i].operands)
			usage();
		vf = open_vf(argv[1]);
		return commands[i].run(&vf, argv + 3);
	}
	usage();
}
