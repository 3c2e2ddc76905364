// SPDX-License-Identifier: GPL-2.0-only
/* A VF's test registers and its window: see vf_regs.h. */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mlx5_lab.h"

struct reg {
	uint32_t offset;
	uint32_t bytes;
};

#define REG_ROW(name, offset, bytes, writable) { offset, bytes },
static const struct reg registers[] = { LAB_REGISTERS(REG_ROW) };

static const struct reg *find_register(uint32_t offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		if (offset >= registers[i].offset && offset < registers[i].offset + registers[i].bytes)
			return &registers[i];
	return NULL;
}

static uint64_t register_value(struct lab_vf *vf, uint32_t offset)
{
	switch (offset) {
	case LAB_REG_magic:
		return LAB_MAGIC;
	case LAB_REG_version:
		return LAB_VERSION;
	case LAB_REG_generation:
		return lab_state_generation(&vf->state);
	case LAB_REG_suspended:
		return vf->state.suspended;
	case LAB_REG_tracking:
		return vf->state.saving.tracking;
	case LAB_REG_loads:
		return vf->loads;
	case LAB_REG_resets:
		return vf->resets;
	case LAB_REG_dropped:
		return vf->dropped;
	case LAB_REG_vf:
		return vf->fn.number - 1;
	case LAB_REG_vhca_id:
		return lab_vhca_id(&vf->fn);
	case LAB_REG_saves:
		return vf->saves;
	case LAB_REG_state_size:
		return vf->state.size;
	case LAB_REG_digest:
		return lab_state_digest(&vf->state);
	case LAB_REG_window_offset:
		return LAB_WINDOW_OFFSET;
	case LAB_REG_window_size:
		return LAB_WINDOW_SIZE;
	case LAB_REG_dma_address:
		return vf->dma_address;
	case LAB_REG_dma_length:
		return vf->dma_length;
	case LAB_REG_dma_pattern:
		return vf->dma_pattern;
	case LAB_REG_dma_go:
		return 0;
	case LAB_REG_dma_errors:
		return vf->dma_errors;
	case LAB_REG_dma_bytes:
		return vf->dma_bytes;
	case LAB_REG_load_state:
		return vf->state.loading.state;
	default:
		return lab_state_scratch(&vf->state, (offset - LAB_REG_scratch0) / 8);
	}
}

static void advance(struct lab_vf *vf)
{
	lab_state_advance(&vf->state, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static uint64_t registers_read(void *opaque, hwaddr offset, unsigned int size)
{
	const struct reg *reg = find_register(offset);
	struct lab_vf *vf = opaque;
	uint64_t value;

	if (!reg)
		return 0;
	if (offset != reg->offset)
		return vf->latched;
	advance(vf);
	value = register_value(vf, offset);
	vf->latched = value >> 32;
	return size < 8 ? (uint32_t)value : value;
}

/* A suspended responder answers nothing: the write is lost, and counted. */
static bool dropped(struct lab_vf *vf)
{
	advance(vf);
	if (!(vf->state.suspended & LAB_SUSPENDED_RESPONDER))
		return false;
	vf->dropped++;
	return true;
}

/* Writing one of the DMA's three settings, or the start; false where there is no such register. */
static bool dma_write(struct lab_vf *vf, hwaddr offset, uint64_t value, uint64_t mask)
{
	uint64_t *settings[] = { &vf->dma_address, &vf->dma_length, &vf->dma_pattern };
	uint64_t *setting;

	if (offset < LAB_REG_dma_address || offset > LAB_REG_dma_go)
		return false;
	if (dropped(vf))
		return true;
	if (offset == LAB_REG_dma_go) {
		lab_vf_dma_go(vf);
		return true;
	}
	setting = settings[(offset - LAB_REG_dma_address) / 8];
	*setting = (*setting & ~mask) | (value & mask);
	return true;
}

static void registers_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	struct lab_vf *vf = opaque;
	unsigned int index = (offset - LAB_REG_scratch0) / 8, shift = offset % 8 * 8;
	uint64_t mask = size == 8 ? ~0ULL : ((1ULL << (8 * size)) - 1) << shift;

	if (dma_write(vf, offset, value << shift, mask))
		return;
	if (offset < LAB_REG_scratch0 || index >= LAB_SCRATCH_COUNT || dropped(vf))
		return;
	value = (lab_state_scratch(&vf->state, index) & ~mask) | (value << shift & mask);
	lab_state_set_scratch(&vf->state, index, value);
}

static const MemoryRegionOps registers_ops = {
	.read = registers_read,
	.write = registers_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 4, .max_access_size = 8 },
	.impl = { .min_access_size = 4, .max_access_size = 8 },
};

static uint64_t window_read(void *opaque, hwaddr offset, unsigned int size)
{
	struct lab_vf *vf = opaque;

	return ldn_le_p(lab_state_window(&vf->state) + offset, size);
}

static void window_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	struct lab_vf *vf = opaque;

	if (dropped(vf))
		return;
	stn_le_p(lab_state_window(&vf->state) + offset, size, value);
	lab_state_touch(&vf->state, LAB_HEAD_PAGES + offset / LAB_STATE_PAGE);
}

static const MemoryRegionOps window_ops = {
	.read = window_read,
	.write = window_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8 },
	.impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* Puts the test registers and the window into the VF's BAR 0, which exists already. */
void lab_vf_regs_init(struct lab_vf *vf)
{
	memory_region_init_io(&vf->registers, OBJECT(vf), &registers_ops, vf, "mlx5-lab-registers", LAB_REGS_SIZE);
	memory_region_add_subregion(&vf->fn.bar, LAB_REGS_OFFSET, &vf->registers);
	memory_region_init_io(&vf->window, OBJECT(vf), &window_ops, vf, "mlx5-lab-window", LAB_WINDOW_SIZE);
	memory_region_add_subregion(&vf->fn.bar, LAB_WINDOW_OFFSET, &vf->window);
}
