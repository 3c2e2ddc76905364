/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * migdrive's steps about DMA: memory for the VF, what its DMA engine writes, and the driver's log of it. Part of migdrive.c,
 * whose helpers it uses.
 */
#ifndef LAB_DMA_STEPS_H
#define LAB_DMA_STEPS_H

enum { MAX_MAPPINGS = 8, MAX_RANGES = 300 };

static struct mapping {
	uint64_t iova, length;
	uint8_t *memory;
} mappings[MAX_MAPPINGS];
static uint64_t logged_page;

static int step_map(char **args)
{
	uint64_t iova = number(args[0]), length = number(args[1]);
	struct mapping *m = mappings;
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE, .iova = iova, .size = length,
	};

	while (m < mappings + MAX_MAPPINGS && m->memory)
		m++;
	if (m == mappings + MAX_MAPPINGS)
		die("too many mappings");
	*m = (struct mapping){ iova, length, mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) };
	if (m->memory == MAP_FAILED)
		die("no memory");
	map.vaddr = (uintptr_t)m->memory;
	return ioctl(dev->open.container, VFIO_IOMMU_MAP_DMA, &map);
}

static void write_register(uint64_t bar, uint32_t offset, const void *value, size_t size)
{
	if (pwrite(dev->open.device, value, size, bar + LAB_REGS_OFFSET + offset) != (ssize_t)size)
		die("write BAR 0: %s", strerror(errno));
}

/* Has the VF write, and fails with EIO when it was refused. */
static int step_dma(char **args)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
	uint64_t address = number(args[0]), length = number(args[1]), pattern = number(args[2]), done[2];
	uint32_t go = 1;

	if (vfio_enable_memory(&dev->open) || ioctl(dev->open.device, VFIO_DEVICE_GET_REGION_INFO, &bar))
		die("BAR 0: %s", strerror(errno));
	if (pread(dev->open.device, &done[0], 8, bar.offset + LAB_REGS_OFFSET + LAB_REG_dma_bytes) != 8)
		die("read BAR 0: %s", strerror(errno));
	write_register(bar.offset, LAB_REG_dma_address, &address, 8);
	write_register(bar.offset, LAB_REG_dma_length, &length, 8);
	write_register(bar.offset, LAB_REG_dma_pattern, &pattern, 8);
	write_register(bar.offset, LAB_REG_dma_go, &go, 4);
	if (pread(dev->open.device, &done[1], 8, bar.offset + LAB_REGS_OFFSET + LAB_REG_dma_bytes) != 8)
		die("read BAR 0: %s", strerror(errno));
	errno = EIO;
	return done[1] - done[0] == length ? 0 : -1;
}

/* The words that DMA with this pattern writes are there. */
static int step_landed(char **args)
{
	uint64_t iova = number(args[0]), length = number(args[1]), pattern = number(args[2]);

	for (const struct mapping *m = mappings; m < mappings + MAX_MAPPINGS && m->memory; m++) {
		if (iova < m->iova || iova + length > m->iova + m->length)
			continue;
		for (uint64_t at = iova; at < iova + length; at += 8)
			if (*(uint64_t *)(m->memory + (at - m->iova)) != LAB_DMA_WORD(pattern, at))
				die("at 0x%" PRIx64 " is not what the VF should have written", at);
		return 0;
	}
	die("0x%" PRIx64 " is not mapped", iova);
}

/* IOVA+LENGTH,IOVA+LENGTH... */
static uint32_t read_ranges(const char *text, struct vfio_device_feature_dma_logging_range *ranges)
{
	uint32_t count = 0;
	char *end;

	do {
		if (count == MAX_RANGES)
			die("too many ranges");
		ranges[count].iova = strtoull(text, &end, 0);
		if (*end != '+')
			die("%s is no range", text);
		ranges[count++].length = strtoull(end + 1, &end, 0);
		text = end + 1;
	} while (*end == ',');
	if (*end)
		die("%s is no range", end);
	return count;
}

static int step_logstart(char **args)
{
	static struct vfio_device_feature_dma_logging_range ranges[MAX_RANGES];
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = number(args[1]), .num_ranges = read_ranges(args[0], ranges), .ranges = (uintptr_t)ranges,
	};

	if (feature(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START, &control, sizeof(control)))
		return -1;
	logged_page = control.page_size;
	return 0;
}

static int step_logpage(char **args)
{
	if (logged_page != number(args[0]))
		die("the page size is %" PRIu64 ", not %s", logged_page, args[0]);
	return 0;
}

static int step_logstop(char **args)
{
	(void)args;
	return feature(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
}

/* The pages of a bitmap as text: none, all, or 0-2,7. */
static void pages_text(const uint64_t *bitmap, uint64_t pages, char *text, size_t size)
{
	size_t at = 0;

	*text = '\0';
	for (uint64_t i = 0, run = 0; i < pages && at < size - 64; i++) {
		bool set = bitmap[i / 64] >> i % 64 & 1, next = i + 1 < pages && bitmap[(i + 1) / 64] >> (i + 1) % 64 & 1;

		run = set ? run + 1 : 0;
		if (!set || next)
			continue;
		at += snprintf(text + at, size - at, run > 1 ? "%s%" PRIu64 "-%" PRIu64 : "%s%" PRIu64, at ? "," : "", i + 1 - run, i);
		if (run == pages)
			strcpy(text, "all");
	}
	if (!*text)
		strcpy(text, "none");
}

/*
 * A report of LENGTH bytes from IOVA, in pages of PAGE bytes, says that just these pages are dirty. The bitmap has its memory
 * beforehand: the kernel need not find any while it marks.
 */
static int step_dirty(char **args)
{
	uint64_t pages = number(args[1]) / number(args[2]);
	size_t size = (pages / 64 + 1) * sizeof(uint64_t);
	uint64_t *bitmap = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct vfio_device_feature_dma_logging_report report = {
		.iova = number(args[0]), .length = number(args[1]), .page_size = number(args[2]), .bitmap = (uintptr_t)bitmap,
	};
	char text[1024];
	int err;

	if (bitmap == MAP_FAILED)
		die("no memory");
	err = feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, &report, sizeof(report));
	if (!err) {
		pages_text(bitmap, pages, text, sizeof(text));
		if (strcmp(text, args[3]))
			die("dirty are the pages %s, not %s", text, args[3]);
	}
	munmap(bitmap, size);
	return err;
}

#endif
