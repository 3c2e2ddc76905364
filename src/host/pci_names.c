/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci_names.h"

#include <pci/pci.h>
#include <setjmp.h>

/* libpci's error hook must not return: it jumps back into pci_names_product(). */
static jmp_buf lookup_failed;

static void give_up(char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void give_up(char *fmt, ...)
{
	longjmp(lookup_failed, 1);
}

static void print_nothing(char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void print_nothing(char *fmt, ...)
{
}

struct pci_access *pci_names_open(void)
{
	struct pci_access *names = pci_alloc();

	names->error = give_up;
	names->warning = print_nothing;
	names->debug = print_nothing;
	return names;
}

void pci_names_close(struct pci_access **names)
{
	if (*names)
		pci_cleanup(*names);
}

void pci_names_product(struct pci_access *names, uint16_t vendor, uint16_t device, char *buf,
		       size_t size)
{
	if (setjmp(lookup_failed) ||
	    !pci_lookup_name(names, buf, (int)size, PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS,
			     vendor, device))
		*buf = '\0';
}
