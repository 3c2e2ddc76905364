/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of PCI devices: pci.ids, read by libpci. */
#ifndef HOST_PCI_NAMES_H
#define HOST_PCI_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct pci_access;

/** pci_names_open - prepare libpci for names alone: it scans no bus; release it with pci_names_close() */
struct pci_access *pci_names_open(void);

/** pci_names_close - for CLEANUP() */
void pci_names_close(struct pci_access **names) __attribute__((nonnull(1)));

/** pci_names_product - copy the name of a device into @buf; empty where pci.ids has no name for it, or cannot be read */
void pci_names_product(struct pci_access *names, uint16_t vendor, uint16_t device, char *buf,
		       size_t size) __attribute__((nonnull(1, 4)));

#endif
