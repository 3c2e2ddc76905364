// SPDX-License-Identifier: GPL-2.0-only
/* The initialization segment, where a driver finds the firmware, and the doorbell pages behind it. */
#include "qemu/osdep.h"
#include "cmd.h"

enum {
	SEGMENT_SIZE = 0x2000,

	REG_FW_REV = 0x0,
	REG_CMDIF_REV = 0x4,
	REG_QUEUE_HIGH = 0x10,
	REG_QUEUE_LOW = 0x14,
	REG_DOORBELL = 0x18,
	REG_INITIALIZING = 0x1fc,
	REG_HEALTH_FW_VER = 0x230,
	REG_HEALTH_HW_ID = 0x234,
	REG_HEALTH_SEVERITY = 0x238,	/* and whether a reset is asked for, in the highest byte */
	REG_HEALTH_SYNDROME = 0x23c,	/* in the byte after the highest */
	REG_CMD_TIMEOUT = 0xff8,
	REG_INIT_TIMEOUT = 0xffc,
	REG_TIMER_HIGH = 0x1000,
	REG_TIMER_LOW = 0x1004,
	REG_HEALTH_COUNTER = 0x1010,
	REG_REAL_TIME_HIGH = 0x1040,
	REG_REAL_TIME_LOW = 0x1044,

	CMDIF_REVISION = 5,
	CX7_HW_ID = 0x218,

	INIT_TIMEOUT_MS = 2000,
	RESET_SUPPORTED = 1 << 30,
	RESET_WANTED = 0x80 | 0x08 | 2,	/* the severity is valid, and critical */
	INTERNAL_ERROR = 1,

	UAR_CQ_ARM = 0x20,
	UAR_EQ_ARM = 0x40,
	UAR_EQ_UPDATE = 0x48,
};

static uint32_t queue_low(const struct lab_function *fn)
{
	uint32_t log_slots = fn->number ? LAB_LOG_SLOTS : (uint32_t)fn->pf->log_slots;

	return (uint32_t)(fn->queue & ~0xfffULL) | fn->nic_interface << 8 | log_slots << 4 | LAB_LOG_STRIDE;
}

static uint32_t fw_rev(const struct lab_function *fn, bool high)
{
	unsigned int major, minor, sub;

	lab_fw_version(fn->pf, &major, &minor, &sub);
	return high ? minor << 16 | major : CMDIF_REVISION << 16 | sub;
}

static uint32_t health_fw_ver(const struct lab_function *fn)
{
	unsigned int major, minor, sub;

	lab_fw_version(fn->pf, &major, &minor, &sub);
	return major << 24 | minor << 16 | sub;
}

/* The big endian word at @offset. Both times run in nanoseconds; the health counter has to move, or the firmware is dead. */
static uint32_t segment_word(const struct lab_function *fn, uint32_t offset)
{
	uint64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

	switch (offset) {
	case REG_FW_REV:
		return fw_rev(fn, true);
	case REG_CMDIF_REV:
		return fw_rev(fn, false);
	case REG_QUEUE_HIGH:
		return fn->queue >> 32;
	case REG_QUEUE_LOW:
		return queue_low(fn);
	case REG_INITIALIZING:
		return RESET_SUPPORTED;
	case REG_HEALTH_SEVERITY:
		return fn->pf->fatal ? (uint32_t)RESET_WANTED << 24 : 0;
	case REG_HEALTH_SYNDROME:
		return fn->pf->fatal ? INTERNAL_ERROR << 16 : 0;
	case REG_HEALTH_FW_VER:
		return health_fw_ver(fn);
	case REG_HEALTH_HW_ID:
		return CX7_HW_ID;
	case REG_CMD_TIMEOUT:	/* the unit in the upper 3 bits, 0: milliseconds */
		return fn->pf->cmd_timeout_ms;
	case REG_INIT_TIMEOUT:
		return INIT_TIMEOUT_MS;
	case REG_TIMER_HIGH:
	case REG_REAL_TIME_HIGH:
		return now >> 32;
	case REG_TIMER_LOW:
	case REG_REAL_TIME_LOW:
		return now;
	case REG_HEALTH_COUNTER:
		return fn->pf->fatal ? 1 : now / SCALE_MS;
	default:
		return 0;
	}
}

static uint64_t segment_read(void *opaque, hwaddr offset, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++) {
		uint32_t word = segment_word(opaque, (offset + i) & ~3ULL);

		value |= (uint64_t)(word >> (24 - 8 * ((offset + i) & 3)) & 0xff) << (8 * i);
	}
	return value;
}

/*
 * A new queue address starts a new life of the function's driver: in recovery it has freed its event queues and keys
 * without destroying them. An address of 0 in the upper bits only sets the interface state.
 */
static void write_queue_low(struct lab_function *fn, uint32_t value)
{
	uint64_t queue = (uint64_t)fn->queue_high << 32 | (value & ~0xfffU);

	fn->nic_interface = value >> 8 & 7;
	if (fn->nic_interface == LAB_NIC_RESET && !fn->number)
		lab_firmware_restarts(fn->pf);
	if (fn->nic_interface != LAB_NIC_FULL)
		return;
	lab_function_forget(fn);
	fn->queue = queue;
}

static void segment_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	struct lab_function *fn = opaque;
	uint32_t word = bswap32(value);

	if (size != 4)
		return;
	switch (offset) {
	case REG_QUEUE_HIGH:
		fn->queue_high = word;
		break;
	case REG_QUEUE_LOW:
		write_queue_low(fn, word);
		break;
	case REG_DOORBELL:
		lab_cmd_doorbell(fn, word);
		break;
	}
}

static const MemoryRegionOps segment_ops = {
	.read = segment_read,
	.write = segment_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8 },
	.impl = { .min_access_size = 1, .max_access_size = 8 },
};

static uint64_t doorbell_read(void *opaque, hwaddr offset, unsigned int size)
{
	return 0;
}

static void doorbell_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	unsigned int within = offset % LAB_PAGE_SIZE;

	if (size == 8 && within == UAR_CQ_ARM)
		lab_cq_arm(opaque, bswap32(value >> 32), bswap32(value));
	if (size == 4 && (within == UAR_EQ_ARM || within == UAR_EQ_UPDATE))
		lab_eq_doorbell(opaque, bswap32(value), within == UAR_EQ_ARM);
}

static const MemoryRegionOps doorbell_ops = {
	.read = doorbell_read,
	.write = doorbell_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8 },
	.impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* Builds BAR 0 of @bar_size bytes: the segment, room for MSI-X, and doorbell pages up to @doorbell_end. */
void lab_segment_init(struct lab_function *fn, uint64_t bar_size, uint64_t doorbell_end)
{
	Object *owner = OBJECT(fn);
	uint64_t start = LAB_UAR_FIRST * LAB_PAGE_SIZE;

	memory_region_init(&fn->bar, owner, "mlx5-lab-bar", bar_size);
	memory_region_init_io(&fn->segment, owner, &segment_ops, fn, "mlx5-lab-segment", SEGMENT_SIZE);
	memory_region_add_subregion(&fn->bar, 0, &fn->segment);
	memory_region_init_io(&fn->doorbells, owner, &doorbell_ops, fn, "mlx5-lab-doorbells", doorbell_end - start);
	memory_region_add_subregion(&fn->bar, start, &fn->doorbells);
}
