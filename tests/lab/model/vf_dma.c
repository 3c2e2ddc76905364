// SPDX-License-Identifier: GPL-2.0-only
/* A VF's DMA engine: writes a pattern where a test says (vf_regs.h), through the VF's own place at the IOMMU. */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mlx5_lab.h"

static bool may_write(const struct lab_vf *vf)
{
	return !(vf->state.suspended & LAB_SUSPENDED_INITIATOR) &&
	       pci_get_word(vf->fn.pci.config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

/* Each 64-bit word holds the pattern, mixed with the word's address. */
static void fill(uint64_t pattern, uint64_t address, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i + 8 <= size; i += 8)
		stq_le_p(bytes + i, LAB_DMA_WORD(pattern, address + i));
}

/*
 * Writes @dma_length bytes, rounded up to words, at @dma_address, page by page. What is refused, by the VF's state or by
 * the IOMMU, ends it and is counted.
 */
void lab_vf_dma_go(struct lab_vf *vf)
{
	uint64_t address = QEMU_ALIGN_DOWN(vf->dma_address, 8), left = MIN(vf->dma_length, (uint64_t)LAB_DMA_MAX);
	uint8_t bytes[LAB_PAGE_SIZE];

	left = QEMU_ALIGN_UP(left, 8);
	while (left) {
		size_t part = MIN(left, LAB_PAGE_SIZE - address % LAB_PAGE_SIZE);

		fill(vf->dma_pattern, address, bytes, part);
		if (!may_write(vf) || lab_bus_write(&vf->fn, address, bytes, part) != MEMTX_OK) {
			vf->dma_errors++;
			return;
		}
		vf->dma_bytes += part;
		address += part;
		left -= part;
	}
}

/* After a reset nothing is left to be written. */
void lab_vf_dma_reset(struct lab_vf *vf)
{
	vf->dma_address = 0;
	vf->dma_length = 0;
	vf->dma_pattern = 0;
	vf->dma_bytes = 0;
	vf->dma_errors = 0;
}
