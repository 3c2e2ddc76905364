/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a device: host/inventory and host/devlink fill it, vfio/holders
 * its holder, and the probe of its VFIO features the rest.
 */
#ifndef HOST_DEVICE_H
#define HOST_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"
#include "lib/mlx5.h"
#include "lib/states.h"

/* PCI addresses: domain:bus:device.function. */

#define BDF_TEXT_SIZE 20 /* "ffffffff:ff:1f.7" */

struct bdf {
	uint32_t domain;  /* above ffff behind a VMD */
	uint8_t bus;
	uint8_t device;   /* 0..31 */
	uint8_t function; /* 0..7 */
};

/** bdf_parse - "0000:3b:00.2" or "3b:00.2" (domain 0), all of @text; a domain has up to 8 digits; 0 or -EINVAL */
int bdf_parse(const char *text, struct bdf *bdf) __attribute__((nonnull(1, 2)));

/** bdf_format - the canonical text, "0000:3b:00.2", the domain with 4 digits or more as it needs; returns @buf */
const char *bdf_format(const struct bdf *bdf, char buf[BDF_TEXT_SIZE])
	__attribute__((nonnull(1, 2)));

/** bdf_compare - order by address, as qsort(3) wants it */
int bdf_compare(const struct bdf *a, const struct bdf *b) __attribute__((nonnull(1, 2)));

/* What helps where a VF and its PF share an IOMMU group. */
#define ACS_ADVICE "switch ACS on in the firmware set-up, or move the adapter to another slot"

#define DEVICE_NAME_SIZE 64
#define DEVICE_NETDEVS_MAX 8
#define DEVICE_REASONS_MAX 12 /* more than can be against one device at once */
#define DEVICE_REASON_SIZE 512 /* an error's message is one, too */

enum tristate { TRI_UNKNOWN = -1, TRI_NO = 0, TRI_YES = 1 };

enum device_kind {
	DEVICE_PF,    /* an mlx5 physical function */
	DEVICE_VF,    /* an mlx5 virtual function */
	DEVICE_OTHER, /* any other device of VFIO: only what is not mlx5's works on it */
};

/* How the holder of a device was found to be using it. */
enum holder_kind {
	HOLDER_NONE,  /* nobody has it open */
	HOLDER_HOLD,  /* mlxmigctl hold: its device may be borrowed and driven */
	HOLDER_OTHER, /* a VMM or another program */
};

/* By which of a device's files a process was found to have it open. */
enum holder_file {
	HOLDER_GROUP,   /* its IOMMU group */
	HOLDER_CDEV,    /* its cdev */
	HOLDER_DEVICE,  /* the file of the device that VFIO_GROUP_GET_DEVICE_FD gives */
	HOLDER_MAPPING, /* no file: a mapping of such a file */
};

/**
 * struct holder - the process that has a VFIO device open
 * @file: what @fd is
 * @unsure: no such process was found, but the device may be open
 * @uncertain: the process has the file of a device, but the kernel does not report of which
 * @idle: it has the device's group or cdev open, but the device is not in use
 * @assumed: it has the group open; nothing shows whether for this device
 * @pid: the process; 0 with HOLDER_NONE
 * @start: when it began, in clock ticks since boot: a pid is used again; 0: not known
 * @comm: its name
 * @thread: the thread that has @fd, where the first one has ended or does not share that one's files; else 0
 * @fd: its file descriptor; -1 with HOLDER_MAPPING
 */
struct holder {
	enum holder_kind kind;
	enum holder_file file;
	bool unsure;
	bool uncertain;
	bool idle;
	bool assumed;
	pid_t pid;
	uint64_t start;
	char comm[32];
	pid_t thread;
	int fd;
};

/** struct mig_caps - every migration feature of a device, as VFIO tells it */
struct mig_caps {
	bool migration;        /* VFIO_DEVICE_FEATURE_MIGRATION is there */
	uint64_t flags;        /* its flags: MIG_STOP_COPY … */
	bool device_state;     /* ..._MIG_DEVICE_STATE */
	bool data_size;        /* ..._MIG_DATA_SIZE */
	bool dma_logging;      /* ..._DMA_LOGGING_START, _STOP, _REPORT, all three */
	bool low_power;        /* ..._LOW_POWER_ENTRY and _EXIT */
	bool reset;            /* VFIO_DEVICE_FLAGS_RESET */
	bool old_protocol;     /* a VFIO_REGION_TYPE_MIGRATION region: v1 */
	enum device_state state; /* valid with device_state */
	uint64_t stop_copy_bytes; /* MIG_DATA_SIZE's estimate, valid with data_size */
};

/**
 * struct stream_formats - what a device's driver makes of migration streams
 * @writes: what it saves, or, of a saved state, what that is
 * @reads: what it loads, a bit (1u << enum stream_format) for each; 0: unknown
 */
struct stream_formats {
	enum stream_format writes;
	unsigned int reads;
};

/**
 * struct device - one function
 *
 * Texts are empty and numbers -1 where the host tells nothing.
 */
struct device {
	enum device_kind kind;
	char name[DEVICE_NAME_SIZE]; /* the BDF's canonical text, or an mdev's UUID: VFIO's name for it */
	struct bdf bdf;              /* not for DEVICE_OTHER without an address */
	uint16_t vendor_id, device_id, subsystem_vendor_id, subsystem_id;
	uint8_t revision;
	char mdev_type[64];          /* of an mdev: "mtty-2" */
	char product[96];            /* pci.ids' text */
	bool has_pf;
	struct bdf pf;               /* of a VF */
	int vf_number;               /* of a VF, from 0 */
	int total_vfs, num_vfs;      /* of a PF */
	char driver[64];
	char driver_override[64];
	bool vfio;                   /* a driver of VFIO has it */
	int iommu_group;
	char group_obstacle[DEVICE_NAME_SIZE]; /* iommu_group_fill(): a device that keeps VFIO from the group */
	char group_obstacle_driver[64];
	bool no_iommu;               /* VFIO made that group, and there is no IOMMU behind it */
	char cdev[32];               /* "vfio0" where the kernel has it */
	char netdevs[DEVICE_NETDEVS_MAX][16];
	size_t n_netdevs;
	char rdma[DEVICE_NETDEVS_MAX][64];
	size_t n_rdma;
	int numa_node;
	char fw_version[32];         /* of the PF, for a VF too */
	char psid[32];
	enum tristate migratable;    /* devlink's port function attribute */
	char migratable_reason[160]; /* why it is unknown */
	struct holder holder;
	bool processes_hidden;       /* not every process could be looked into for its holder */
	bool search_cut;             /* ... since the search took all the time that it may take */
	char in_use_reason[192];     /* why it is not known whether it is in use, or why its holder does not use it */
	bool probed;                 /* caps below were read from the device */
	bool probe_fresh;            /* ... which was opened, and so reset, for it */
	char probe_reason[DEVICE_REASON_SIZE]; /* why they were not read */
	struct mig_caps caps;
	struct stream_formats formats;
	struct fw_error failure;   /* the firmware command that last failed for it, as its driver tells, or empty */
	char warning[160];           /* that its last holder was killed, or empty */
	enum tristate can_migrate;   /* the verdict of device_judge() */
	char reasons[DEVICE_REASONS_MAX][DEVICE_REASON_SIZE + 64]; /* why not, or why unknown */
	size_t n_reasons;
};

/** device_pf_is_elsewhere - is it a VF that was given to this host without its PF, as to a guest? */
static inline bool device_pf_is_elsewhere(const struct device *device)
{
	return device->kind == DEVICE_VF && !device->has_pf;
}

/** device_is_vf_of - is @device a VF of the PF @pf ("0000:3b:00.0")? */
bool device_is_vf_of(const struct device *device, const char *pf) __attribute__((nonnull(1, 2)));

/** device_require_pf - fail (ERR_NOT_MIGRATABLE) for a VF whose PF is elsewhere: migration is done there; 0 or -1 */
int device_require_pf(const struct device *device, struct err *err) __attribute__((nonnull(1, 2)));

/** device_kind_name - "pf", "vf" or "other" */
const char *device_kind_name(enum device_kind kind);

/** holder_kind_name - "hold" or "other"; NULL with HOLDER_NONE */
const char *holder_kind_name(enum holder_kind kind);

/** holder_file_name - "group", "cdev", "device" or "mapping" */
const char *holder_file_name(enum holder_file file);

/** device_in_use - does a process have the device open? TRI_UNKNOWN with holder.unsure, and with holder.idle under VFIO: the process may open it at any moment */
enum tristate device_in_use(const struct device *device) __attribute__((nonnull(1)));

/** device_refuse_pf - ERR_NOT_VF for a PF, with the hint that leads to a VF; returns -1 */
int device_refuse_pf(const struct device *pf, struct err *err) __attribute__((nonnull(1, 2)));

/**
 * device_judge - can it migrate, from what is known of it?
 * @pf: a VF's PF, or NULL where it is not known
 *
 * Sets @can_migrate and the reasons: TRI_NO with all that stands against it;
 * TRI_YES when its migration features were read and devlink does not deny it;
 * else TRI_UNKNOWN with what was not looked at. Pure.
 */
void device_judge(struct device *device, const struct device *pf) __attribute__((nonnull(1)));

#endif
