/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_DEVICE_H
#define MVF_DEVICE_H

#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

#include "notes.h"

struct dentry;
struct mlx5_core_dev;
struct mvf_fw_sizes;
struct mvf_session;
struct mvf_tracker;

/**
 * struct mvf_device - a VF bound to this driver
 * @core: vfio-pci's part; must stay first, vfio_alloc_device() wants it so
 * @pf: the PF's mlx5 device, through which all commands go. Valid from
 *	mvf_attach() to mvf_detach(): the PF outlives its VFs' bindings
 * @nb: tells us when the PF enables or disables the VF
 * @vf_id: number of the VF on its PF, from 0
 * @vhca_id: the VF's name in firmware commands
 * @block_order: largest block of memory that the PF can map in one piece
 * @migratable: constant after probe; without it nothing below is used
 * @can_chunk: the firmware can save in several steps; constant after probe
 * @records: what is saved is written as records; constant while the device is
 *	open
 * @chunks: a state is saved in chunks; constant while the device is open
 * @state_mutex: serialises arcs, protects @state, @detached and the life of
 *	@session
 * @state: where in the FSM the VF is
 * @arc_status: what the firmware answered to the last SUSPEND or RESUME, 0 when
 *	it did not; protected by @state_mutex
 * @detached: the PF has disabled the VF; no command may be sent
 * @opened: somebody has the device open; before, and afterwards, @state is
 *	nobody's. Changed under state_mutex
 * @tracker: the log of the VF's DMA, or NULL (state_mutex). The device holds a
 *	reference to it
 * @reset_lock: protects @reset_pending and the pointer @session, so that a
 *	reset can find the session without sleeping
 * @reset_pending: the function was reset, @state does not say so yet
 * @session: the open data session (PRE_COPY, STOP_COPY or RESUMING), or NULL.
 *	The device holds a reference to it
 * @reset_work: catches up with a reset when nobody else does
 * @fw_mutex: one synchronous command at a time
 * @notes: what has happened to the VF, told by debugfs
 * @debugfs: the VF's folder; from the end of probe until nobody can have the
 *	device open any more
 *
 * Order of locks, outermost first:
 *
 *	the PF's devlink lock, its interface lock, its notifier's rwsem
 *	  state_mutex
 *	    session->lock
 *	      fw_mutex
 *	tracker->report_mutex (taken by a report; the device side never does)
 *	  state_mutex
 *	  the caller's mmap_lock
 *	session->io_mutex (taken by read and write; the device side only tries)
 *	  session->lock (write only: a read never waits for the device side)
 *	  the caller's mmap_lock, and then vfio-pci's memory_lock
 *	any of these, and innermost
 *	  session->list_lock
 *	vfio-pci's memory_lock, the PCI device's lock
 *	  reset_lock
 *	notes.lock (under any of these; nothing under it)
 *
 * Nobody holds state_mutex or session->lock while touching user memory, and a
 * reset takes nothing but the spinlock: so memory_lock, which both a reset and
 * a page fault on a mapped BAR want, cannot close a circle.
 */
struct mvf_device {
	struct vfio_pci_core_device core;

	struct mlx5_core_dev *pf;
	struct notifier_block nb;
	int vf_id;
	u16 vhca_id;
	unsigned int block_order;
	bool migratable;
	bool can_chunk;
	bool records;
	bool chunks;

	struct mutex state_mutex;
	enum vfio_device_mig_state state;
	u8 arc_status;
	bool detached;
	bool opened;
	struct mvf_tracker *tracker;

	spinlock_t reset_lock;
	bool reset_pending;
	struct mvf_session *session;
	struct work_struct reset_work;

	struct mutex fw_mutex;
	struct mvf_notes notes;
	struct dentry *debugfs;
};

static inline struct mvf_device *mvf_of_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct mvf_device, core.vdev);
}

/* attach.c: the link to the PF */
void mvf_attach(struct mvf_device *mvf);
void mvf_detach(struct mvf_device *mvf);
void mvf_offer(struct mvf_device *mvf);

/* fsm.c: the migration states */
extern const struct vfio_migration_ops mvf_migration_ops;
void mvf_lock_state(struct mvf_device *mvf);
void mvf_unlock_state(struct mvf_device *mvf);
void mvf_fsm_init(struct mvf_device *mvf);
void mvf_fsm_opened(struct mvf_device *mvf);
void mvf_fsm_closed(struct mvf_device *mvf);
void mvf_fsm_reset(struct mvf_device *mvf);
void mvf_fsm_pf_gone(struct mvf_device *mvf);
void mvf_fsm_pf_back(struct mvf_device *mvf);
enum vfio_device_mig_state mvf_fsm_peek(struct mvf_device *mvf);

/* saving.c and resuming.c: arcs that begin and end a data session */
u64 mvf_saving_estimate(struct mvf_device *mvf,
			const struct mvf_fw_sizes *sizes);
int mvf_saving_begin(struct mvf_device *mvf, struct file **filp);
int mvf_saving_end(struct mvf_device *mvf, struct file **filp);
int mvf_resuming_begin(struct mvf_device *mvf, struct file **filp);
int mvf_resuming_end(struct mvf_device *mvf, struct file **filp);

/* tracker.c: dirty page tracking */
void mvf_tracker_offer(struct mvf_device *mvf);
void mvf_tracker_end(struct mvf_device *mvf);
void mvf_tracker_lost(struct mvf_device *mvf);

#endif
