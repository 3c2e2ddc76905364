/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/device.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/guest.h"

/* Reads one hexadecimal field of at most @digits digits; the end, or NULL. */
static const char *parse_field(const char *text, int digits, unsigned int max, unsigned int *value)
{
	int n;

	*value = 0;
	for (n = 0; n < digits && isxdigit((unsigned char)text[n]); n++) {
		int c = tolower((unsigned char)text[n]);

		*value = *value * 16 +
			 (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return n && *value <= max ? text + n : NULL;
}

int bdf_parse(const char *text, struct bdf *bdf)
{
	unsigned int domain = 0, bus, device, function;
	const char *p = parse_field(text, 8, UINT32_MAX, &bus);

	if (!p || *p != ':')
		return -EINVAL;
	text = p + 1;
	p = parse_field(text, 2, 0xff, &device);
	if (p && *p == ':') {
		domain = bus;
		bus = device;
		p = parse_field(p + 1, 2, 0xff, &device);
	}
	if (!p || *p != '.' || bus > 0xff || device > 0x1f)
		return -EINVAL;
	p = parse_field(p + 1, 1, 7, &function);
	if (!p || *p)
		return -EINVAL;
	*bdf = (struct bdf){ .domain = domain, .bus = (uint8_t)bus,
			     .device = (uint8_t)device,
			     .function = (uint8_t)function };
	return 0;
}

const char *bdf_format(const struct bdf *bdf, char buf[BDF_TEXT_SIZE])
{
	snprintf(buf, BDF_TEXT_SIZE, "%04x:%02x:%02x.%x", bdf->domain,
		 bdf->bus, bdf->device & 0x1fu, bdf->function & 7u);
	return buf;
}

static uint64_t bdf_key(const struct bdf *bdf)
{
	return (uint64_t)bdf->domain << 16 | (uint32_t)bdf->bus << 8 |
	       (uint32_t)bdf->device << 3 | bdf->function;
}

int bdf_compare(const struct bdf *a, const struct bdf *b)
{
	uint64_t ka = bdf_key(a), kb = bdf_key(b);

	return (ka > kb) - (ka < kb);
}

#define PLAIN_DRIVER "vfio-pci"

const char *device_kind_name(enum device_kind kind)
{
	switch (kind) {
	case DEVICE_PF:
		return "pf";
	case DEVICE_VF:
		return "vf";
	default:
		return "other";
	}
}

const char *holder_kind_name(enum holder_kind kind)
{
	switch (kind) {
	case HOLDER_NONE:
		return NULL;
	case HOLDER_HOLD:
		return "hold";
	default:
		return "other";
	}
}

const char *holder_file_name(enum holder_file file)
{
	switch (file) {
	case HOLDER_GROUP:
		return "group";
	case HOLDER_CDEV:
		return "cdev";
	case HOLDER_DEVICE:
		return "device";
	default:
		return "mapping";
	}
}

enum tristate device_in_use(const struct device *device)
{
	const struct holder *holder = &device->holder;

	if (holder->kind != HOLDER_NONE)
		return !holder->idle ? TRI_YES : device->vfio ? TRI_UNKNOWN : TRI_NO;
	return holder->unsure ? TRI_UNKNOWN : TRI_NO;
}

#define PF_ELSEWHERE "it is a virtual function whose PF is not on this host"

bool device_is_vf_of(const struct device *device, const char *pf)
{
	char name[BDF_TEXT_SIZE];

	return device->has_pf && !strcmp(bdf_format(&device->pf, name), pf);
}

int device_require_pf(const struct device *device, struct err *err)
{
	if (!device_pf_is_elsewhere(device))
		return 0;
	err_set(err, ERR_NOT_MIGRATABLE, 0, "%s: " PF_ELSEWHERE, device->name);
	err_hint(err,
		 "run mlxmigctl on the host that has the PF, such as this guest's hypervisor: migration is done there");
	return err_device(err, device->name);
}

int device_refuse_pf(const struct device *pf, struct err *err)
{
	err_set(err, ERR_NOT_VF, 0, "%s is a physical function", pf->name);
	if (pf->num_vfs <= 0 && pf->total_vfs > 0)
		err_hint(err,
			 "it has no VFs yet: echo NUMBER > /sys/bus/pci/devices/%s/sriov_numvfs makes up to %d; then name one, such as %s/vf0",
			 pf->name, pf->total_vfs, pf->name);
	else if (pf->num_vfs <= 0)
		guest_hint_sriov(pf, err);
	return err_device(err, pf->name);
}

static void add_reason(struct device *device, enum tristate verdict, const char *fmt,
		       ...) __attribute__((format(printf, 3, 4)));

/* One more reason; "no" outweighs "unknown". */
static void add_reason(struct device *device, enum tristate verdict, const char *fmt, ...)
{
	va_list ap;

	if (device->can_migrate != TRI_NO)
		device->can_migrate = verdict;
	if (device->n_reasons == DEVICE_REASONS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(device->reasons[device->n_reasons], sizeof(device->reasons[0]), fmt, ap);
	va_end(ap);
	device->n_reasons++;
}

static void judge_group(struct device *device)
{
	if (device->iommu_group < 0)
		add_reason(device, TRI_NO, "it is in no IOMMU group");
	else if (device->no_iommu)
		add_reason(device, TRI_NO,
			   "its group %d is a no-IOMMU group: nothing confines what it writes to memory",
			   device->iommu_group);
	else if (*device->group_obstacle)
		add_reason(device, TRI_NO,
			   "%s shares IOMMU group %d with it and is used by the host's driver %s",
			   device->group_obstacle, device->iommu_group,
			   device->group_obstacle_driver);
}

static void judge_binding(struct device *device)
{
	if (!*device->driver)
		add_reason(device, TRI_NO, "it is bound to no driver");
	else if (!device->vfio)
		add_reason(device, TRI_NO, "its driver %s is not one of VFIO", device->driver);
	else if (!strcmp(device->driver, PLAIN_DRIVER))
		add_reason(device, TRI_NO, PLAIN_DRIVER " offers no migration");
}

/* Does driver_override keep it without a driver, or with one that cannot migrate it? */
static bool has_stray_override(const struct device *device)
{
	const char *override = device->driver_override;

	if (device->kind != DEVICE_VF || !*override || !strcmp(override, DRIVER_VARIANT))
		return false;
	if (!*device->driver)
		return true;
	return !strcmp(device->driver, override) &&
	       (!device->vfio || !strcmp(override, PLAIN_DRIVER));
}

static void judge_override(struct device *device)
{
	if (has_stray_override(device))
		add_reason(device, TRI_NO,
			   "its driver_override \"%s\" keeps all other drivers away: mlxmigctl bind %s sets it anew, mlxmigctl unbind clears it",
			   device->driver_override, device->name);
}

static void judge_pf(struct device *device, const struct device *pf)
{
	if (device->kind == DEVICE_VF && pf && strcmp(pf->driver, DRIVER_MLX5))
		add_reason(device, TRI_NO, "its PF %s is bound to %s, not to " DRIVER_MLX5,
			   pf->name, *pf->driver ? pf->driver : "no driver");
	if (device->migratable == TRI_NO)
		add_reason(device, TRI_NO, "devlink says that it is not migratable");
}

static void judge_caps(struct device *device)
{
	const struct mig_caps *caps = &device->caps;

	if (caps->old_protocol)
		add_reason(device, TRI_NO, "it speaks the old migration protocol (v1 region)");
	else if (!caps->migration || !(caps->flags & MIG_STOP_COPY))
		add_reason(device, TRI_NO, "VFIO offers no migration of it: firmware or driver lacks it");
	if (caps->device_state && caps->state == STATE_ERROR)
		add_reason(device, TRI_NO, "it is in ERROR, which a reset ends");
}

void device_judge(struct device *device, const struct device *pf)
{
	device->can_migrate = TRI_YES;
	device->n_reasons = 0;
	if (device->kind == DEVICE_PF) {
		add_reason(device, TRI_NO, "it is a physical function: its VFs migrate");
		return;
	}
	if (device_pf_is_elsewhere(device)) {
		add_reason(device, TRI_NO, PF_ELSEWHERE ": it is migrated by the host that has the PF");
		return;
	}
	judge_group(device);
	judge_binding(device);
	judge_override(device);
	judge_pf(device, pf);
	if (device->probed)
		judge_caps(device);
	else if (device->can_migrate != TRI_NO)
		add_reason(device, TRI_UNKNOWN, "its migration features were not read: %s",
			   device->probe_reason);
}
