/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software ConnectX-7: a physical function and its virtual functions, each with an initialization segment, a command
 * queue, event queues and memory keys of its own. The physical function also answers the migration commands.
 */
#ifndef MLX5_LAB_H
#define MLX5_LAB_H

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/pci/pci.h"
#include "state.h"

#define TYPE_LAB_PF		"mlx5-lab"
#define TYPE_LAB_VF		"mlx5-lab-vf"

enum {
	LAB_VENDOR_ID = 0x15b3,
	LAB_PF_DEVICE_ID = 0x1021,
	LAB_VF_DEVICE_ID = 0x101e,
};

enum {
	LAB_LOG_SLOTS = 5,		/* commands in flight of one function */
	LAB_LOG_STRIDE = 6,		/* bytes of a command slot */
	LAB_SLOTS = 1 << LAB_LOG_SLOTS,
	LAB_EQS = 64,			/* event queues of one function, number 0 unused */
	LAB_PAGE_SIZE = 4096,
	LAB_UAR_FIRST = 16,		/* the doorbell page handed out first */
	LAB_VHCA_BASE = 0x10,		/* so that nobody takes a function's number for its VHCA id */
	LAB_VF_PAGES = 4,		/* pages that the firmware wants for a VF */
	LAB_VFS_MAX = 200,
	LAB_LOG_CQ_MAX = 22,
	LAB_TRACK_LOG_MESSAGE_MIN = 12,
	LAB_TRACK_LOG_SPACE_MIN = 12,
};

/* Status bytes that a command may answer. */
enum lab_status {
	LAB_OK = 0x0,
	LAB_INTERNAL = 0x1,
	LAB_BAD_OPCODE = 0x2,
	LAB_BAD_PARAMETER = 0x3,
	LAB_BAD_SYSTEM_STATE = 0x4,
	LAB_BAD_RESOURCE = 0x5,
	LAB_BUSY = 0x6,
	LAB_EXCEEDED = 0x8,
	LAB_BAD_RESOURCE_STATE = 0x9,
	LAB_BAD_INDEX = 0xa,
	LAB_NO_RESOURCES = 0xf,
	LAB_BAD_INPUT_LENGTH = 0x50,
	LAB_BAD_OUTPUT_LENGTH = 0x51,
};

/* Syndromes: each refusal of ours has one of its own. The first is what a ConnectX-7 says. */
enum lab_syndrome {
	LAB_SYND_NOT_SUSPENDED = 0x2c9bb0,	/* SAVE or LOAD of a VF that is not suspended */
	LAB_SYND_UNKNOWN_OPCODE = 0x1ab001,
	LAB_SYND_NOT_PF = 0x1ab002,		/* a VF sent a command that is the PF's */
	LAB_SYND_NO_VHCA = 0x1ab003,		/* no VF has this VHCA id */
	LAB_SYND_BAD_OP_MOD = 0x1ab004,
	LAB_SYND_NO_CAPABILITY = 0x1ab005,
	LAB_SYND_SUSPEND_ORDER = 0x1ab010,	/* responder before initiator, or twice */
	LAB_SYND_RESUME_ORDER = 0x1ab011,	/* initiator before responder, or not suspended */
	LAB_SYND_PARTIAL_LOAD = 0x1ab012,	/* RESUME when the last piece is missing */
	LAB_SYND_TRACK_SUSPENDED = 0x1ab013,	/* tracking asked for on a suspended VF */
	LAB_SYND_NOT_TRACKED = 0x1ab014,	/* an increment without tracking */
	LAB_SYND_TOO_SMALL = 0x1ab015,		/* SAVE into less memory than QUERY asked for */
	LAB_SYND_ABORTED = 0x1ab016,		/* the VF was reset or disabled before the command was done */
	LAB_SYND_NEEDS_CHUNKS = 0x1ab017,	/* QUERY of the whole of a state that no single SAVE can take */
	LAB_SYND_NO_ROOM = 0x1ab018,		/* the model has no room for a loaded state */
	LAB_SYND_KEY_UNKNOWN = 0x1ab020,
	LAB_SYND_KEY_LENGTH = 0x1ab021,		/* the range is not inside the key's */
	LAB_SYND_KEY_RIGHTS = 0x1ab022,		/* no local write for SAVE, no local read for LOAD */
	LAB_SYND_KEY_DMA = 0x1ab023,		/* the IOMMU or the bus refused */
	LAB_SYND_KEY_INVALID = 0x1ab024,	/* CREATE_MKEY of something this model cannot translate */
	LAB_SYND_OBJECT_UNKNOWN = 0x1ab025,	/* destroying what does not exist */
	LAB_SYND_OBJECT_IN_USE = 0x1ab026,
	LAB_SYND_BAD_QUEUE = 0x1ab027,		/* a queue of a kind or place that this model does not have */
	LAB_SYND_QP_ORDER = 0x1ab028,		/* a queue pair that is not in the state for it */
	LAB_SYND_TRACK_LIMIT = 0x1ab029,	/* a page tracker beyond the capabilities */
	LAB_SYND_TRACK_RANGE = 0x1ab02a,	/* ranges that overlap, or are no whole pages */
	LAB_SYND_TRACK_STATE = 0x1ab02b,	/* a report asked of a tracker that reports, or is in error */
	LAB_SYND_IMAGE_MAGIC = 0x1ab030,
	LAB_SYND_IMAGE_VERSION = 0x1ab031,
	LAB_SYND_IMAGE_LENGTH = 0x1ab032,
	LAB_SYND_IMAGE_CHECKSUM = 0x1ab033,
	LAB_SYND_IMAGE_SEQUENCE = 0x1ab034,
	LAB_SYND_IMAGE_SIZE = 0x1ab035,		/* of a state of another size */
	LAB_SYND_IMAGE_LAYOUT = 0x1ab036,	/* extents outside the state */
	LAB_SYND_IMAGE_DIGEST = 0x1ab037,	/* all pieces are in, and they make another state */
	LAB_SYND_IMAGE_MORE = 0x1ab038,		/* a second piece without multi_load */
	LAB_SYND_FAULT = 0x1ab0ff,		/* injected, no other syndrome asked for */
};

/* What the initialization segment says of a function's interface; its driver writes it too. */
enum { LAB_NIC_FULL = 0, LAB_NIC_DISABLED = 1, LAB_NIC_RESET = 7 };

/* Event types that the model sends. */
enum {
	LAB_EVENT_COMPLETION = 0x00,
	LAB_EVENT_CQ_ERROR = 0x04,
	LAB_EVENT_WQ_CATAS_ERROR = 0x05,
	LAB_EVENT_CMD = 0x0a,
	LAB_EVENT_PAGE_REQUEST = 0x0b,
	LAB_EVENT_WQ_ACCESS_ERROR = 0x11,
	LAB_EVENT_OBJECT_CHANGE = 0x27,
};

struct lab_function;
struct lab_pf;
struct lab_tracker;

struct lab_eq {
	uint8_t number;
	unsigned int vector;
	uint64_t events;		/* bit set: wants this event type */
	unsigned int log_entries;
	unsigned int log_page;
	uint64_t *pages;
	uint32_t producer;
	uint32_t consumer;
	bool armed;
};

struct lab_mkey {
	uint32_t key;			/* index << 8 | the driver's low byte */
	uint32_t pd;
	bool local_read;
	bool local_write;
	uint64_t start;
	uint64_t length;
	unsigned int log_page;
	size_t count;
	uint64_t *pages;
};

struct lab_task;

/* What the keys of LOADs and SAVEs name behind the bytes that these were given. */
struct lab_behind {
	uint64_t loads;			/* LOADs so far */
	uint64_t load_bytes;
	uint64_t load_nonzero;		/* of these, bytes that are not zero, or cannot be read */
	uint64_t save_bytes;
};

/* What every function has. */
struct lab_function {
	PCIDevice pci;
	struct lab_pf *pf;
	unsigned int number;		/* 0: PF, n + 1: VF n */
	MemoryRegion bar;
	MemoryRegion segment;
	MemoryRegion doorbells;
	uint64_t queue;			/* bus address of the command queue, 0: none */
	uint32_t queue_high;
	uint32_t nic_interface;
	uint32_t rung;			/* slots rung for while the function is suspended */
	struct lab_task *tasks[LAB_SLOTS];	/* commands taken and not answered yet */
	struct lab_eq *eqs[LAB_EQS];
	GHashTable *mkeys;		/* index -> struct lab_mkey */
	GHashTable *cqs;		/* number -> struct lab_cq */
	GHashTable *qps;
	GHashTable *trackers;
	GHashTable *pds;
	GHashTable *uars;
	uint32_t next_id;
};

struct lab_vf {
	struct lab_function fn;
	struct lab_state state;
	MemoryRegion registers;
	MemoryRegion window;
	uint32_t latched;		/* high half of the 64-bit register read last */
	uint32_t resets;
	uint32_t loads;
	uint32_t saves;
	uint32_t dropped;
	uint64_t dma_address;
	uint64_t dma_length;
	uint64_t dma_pattern;
	uint64_t dma_bytes;
	uint32_t dma_errors;
};

/* What the PF remembers of a function, there or not. */
struct lab_seat {
	bool enabled;
	bool migratable;
	GArray *pages;			/* of uint64_t: what the driver gave the firmware */
	struct lab_tracker *tracker;	/* who follows its writes, or NULL */
	GQueue line;			/* of struct lab_task: migration commands about it; the first is in progress */
};

struct lab_log_line {
	uint64_t number;
	uint16_t function;
	uint16_t opcode;
	uint16_t op_mod;
	uint16_t vhca_id;
	uint8_t status;
	uint32_t syndrome;
};

enum { LAB_LOG_LINES = 256 };

struct lab_pf {
	struct lab_function fn;
	struct lab_seat seats[LAB_VFS_MAX + 1];	/* by function number */

	/* Properties. */
	uint64_t num_vfs;
	uint64_t state_size;
	uint64_t evolve_us;
	uint64_t seed;
	uint64_t cmd_delay_us;
	uint64_t save_bandwidth;
	uint64_t load_bandwidth;
	uint64_t cmd_timeout_ms;
	uint64_t log_slots;		/* of the PF's command queue */
	bool fatal;			/* the firmware is dead, until a reset of it or of the PF */
	bool migration;
	bool migratable;
	bool hca_cap_2;
	bool multi_load;
	bool in_chunks;
	bool tracking;
	bool adv_virtualization;
	bool reset_ends_tracker;	/* it is gone then; else it is in error */
	uint64_t track_ranges;
	uint64_t track_log_page_min;
	uint64_t track_log_page_max;
	uint64_t track_log_message_max;
	uint64_t track_log_space_max;
	uint64_t track_pages;
	uint64_t report_delay_us;
	char *fw_version;
	char *psid;

	GArray *faults;			/* of struct lab_fault */
	char *fault_text;
	uint64_t fault_hits;
	uint64_t overlaps;
	struct lab_behind behind;

	struct lab_log_line log[LAB_LOG_LINES];
	uint64_t logged;
	struct lab_log_line last_refusal;
};

static inline struct lab_function *lab_function_of(PCIDevice *pci)
{
	return container_of(pci, struct lab_function, pci);
}

/* pci.c */
struct lab_vf *lab_vf_at(struct lab_pf *pf, unsigned int number);
struct lab_vf *lab_vf_by_vhca(struct lab_pf *pf, uint16_t vhca_id);
uint16_t lab_vhca_id(const struct lab_function *fn);
void lab_function_forget(struct lab_function *fn);
bool lab_set_total_vfs(struct lab_pf *pf, uint64_t count, Error **errp);
bool lab_asleep(const struct lab_function *fn);

void lab_vf_wipe(struct lab_vf *vf);

/* fatal.c */
void lab_firmware_dies(struct lab_pf *pf);
void lab_firmware_restarts(struct lab_pf *pf);

/* segment.c: the initialization segment and the doorbell pages */
void lab_segment_init(struct lab_function *fn, uint64_t bar_size, uint64_t doorbell_end);

/* vf_regs.c */
void lab_vf_regs_init(struct lab_vf *vf);

/* cq.c */
void lab_cq_arm(struct lab_function *fn, uint32_t number, uint32_t consumer);

/* track.c */
MemTxResult lab_bus_write(struct lab_function *fn, uint64_t address, const void *data, size_t size);

/* vf_dma.c */
void lab_vf_dma_go(struct lab_vf *vf);
void lab_vf_dma_reset(struct lab_vf *vf);

/* props.c */
void lab_props_register(ObjectClass *oc);
void lab_props_init(struct lab_pf *pf);
void lab_props_free(struct lab_pf *pf);
void lab_fw_version(const struct lab_pf *pf, unsigned int *major, unsigned int *minor, unsigned int *sub);

/* eq.c */
void lab_eq_post_to(struct lab_function *fn, uint32_t number, unsigned int type, const void *data, size_t size);
void lab_eq_post(struct lab_function *fn, unsigned int type, const void *data, size_t size);
void lab_eq_doorbell(struct lab_function *fn, uint32_t value, bool arm);
bool lab_eq_has(const struct lab_function *fn, unsigned int type);
void lab_eq_wake(struct lab_function *fn);
void lab_eq_free(struct lab_eq *eq);

#endif
