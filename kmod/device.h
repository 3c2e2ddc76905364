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
struct mvf_session;
struct mvf_tracker;

/**
 * enum mvf_half_result - what is known of a half of the VF after a command
 * @MVF_HALF_DONE: it was suspended or resumed
 * @MVF_HALF_UNSENT: the firmware did not get the command, nothing has changed
 * @MVF_HALF_WRONG_STATE: the firmware refused, since nothing was to be done
 * @MVF_HALF_FAILED: the command failed for another reason
 * @MVF_HALF_UNANSWERED: the firmware may still carry the command out
 */
enum mvf_half_result {
	MVF_HALF_DONE,
	MVF_HALF_UNSENT,
	MVF_HALF_WRONG_STATE,
	MVF_HALF_FAILED,
	MVF_HALF_UNANSWERED,
};

/**
 * struct mvf_device - a VF bound to this driver
 * @core: vfio-pci's part; must stay first, vfio_alloc_device() requires it
 * @pf: the PF's mlx5 device, which sends all commands. Valid from mvf_attach()
 *	to mvf_detach(): the PF outlives its VFs' bindings
 * @nb: notified when the PF enables or disables the VF
 * @vf_id: number of the VF on its PF, from 0
 * @vhca_id: the VF's number in firmware commands
 * @block_order: of the largest block of memory that the PF maps in one piece
 * @migratable: constant after probe; without it nothing below is used
 * @can_multi_load: the firmware loads several images, one after the other;
 *	constant after probe
 * @can_track: the firmware tracks changes of a state; constant after probe
 * @can_chunk: the firmware saves in several steps; constant after probe
 * @records: a save is written as records; constant while the device is open
 * @chunks: a state is saved in chunks; constant while the device is open
 * @state_mutex: serialises arcs; protects what is marked (state)
 * @state: the migration state of the VF (state)
 * @half_result: of the last SUSPEND or RESUME (state)
 * @detached: the PF has disabled the VF; no command may be sent (state)
 * @opened: a process has the device open; @state has no meaning otherwise
 *	(state)
 * @tracker: the log of the VF's DMA, or NULL. The device holds a reference to it
 *	(state)
 * @reset_lock: protects what is marked (reset) and the pointer @session, so that
 *	a reset can find the session without sleeping
 * @suspending: a SUSPEND is in the firmware, or was not answered in time (reset)
 * @resetting: the function is being reset (reset)
 * @reset_raced: a SUSPEND may have been carried out after the reset (reset)
 * @reset_pending: the function was reset, and @state is not updated yet (reset)
 * @session: the open data session (PRE_COPY, STOP_COPY or RESUMING), or NULL.
 *	Its life is (state). The device holds a reference to it
 * @reset_work: updates @state after a reset if no caller has done so
 * @fw_mutex: one synchronous command at a time
 * @notes: the VF's history, for debugfs
 * @debugfs: the VF's directory; exists from the end of probe until no process
 *	can have the device open
 *
 * Order of locks, outermost first:
 *
 *	the PF's devlink lock, its interface lock, its notifier's rwsem
 *	  state_mutex
 *	    session->lock
 *	      fw_mutex
 *	tracker->report_mutex (taken by a report; the device side never takes it)
 *	  state_mutex
 *	  the caller's mmap_lock
 *	session->io_mutex (taken by read and write; the device side only tries)
 *	  session->lock (write only: a read never waits for the device side)
 *	  the caller's mmap_lock, and then vfio-pci's memory_lock
 *	any of these, and innermost
 *	  save->list_lock
 *	vfio-pci's memory_lock, the PCI device's lock
 *	  reset_lock
 *	notes.lock (under any of these; nothing under it)
 *
 * User memory is never accessed with state_mutex or session->lock held, and a
 * reset takes no lock but the spinlock. So memory_lock, which both a reset and a
 * page fault on a mapped BAR take, cannot close a cycle.
 */
struct mvf_device {
	struct vfio_pci_core_device core;

	struct mlx5_core_dev *pf;
	struct notifier_block nb;
	int vf_id;
	u16 vhca_id;
	unsigned int block_order;
	bool migratable;
	bool can_multi_load;
	bool can_track;
	bool can_chunk;
	bool records;
	bool chunks;

	struct mutex state_mutex;
	enum vfio_device_mig_state state;
	enum mvf_half_result half_result;
	bool detached;
	bool opened;
	struct mvf_tracker *tracker;

	spinlock_t reset_lock;
	bool suspending;
	bool resetting;
	bool reset_raced;
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

/*
 * For all that a caller can ask for: it pays with its memory cgroup, and none
 * calls the OOM killer, of the host or of the cgroup.
 */
#define MVF_GFP_CHARGED \
	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * main.c: for work that waits for the firmware. Everything on it belongs to a
 * device, or to a session whose file holds the module.
 */
extern struct workqueue_struct *mvf_workqueue;

/* attach.c: the link to the PF */
void mvf_attach(struct mvf_device *mvf);
void mvf_detach(struct mvf_device *mvf);

/* offer.c: what the device offers to its user */
void mvf_offer_init(struct mvf_device *mvf);
void mvf_offer_update(struct mvf_device *mvf);

/* state.c: the lock of the migration state, and resets */
void mvf_state_init(struct mvf_device *mvf);
void mvf_state_lock(struct mvf_device *mvf);
void mvf_state_unlock(struct mvf_device *mvf);
void mvf_state_open(struct mvf_device *mvf);
void mvf_state_close(struct mvf_device *mvf);
void mvf_state_reset_begin(struct mvf_device *mvf);
void mvf_state_reset_end(struct mvf_device *mvf);
bool mvf_state_reset_pending(struct mvf_device *mvf);
void mvf_state_disable(struct mvf_device *mvf);
void mvf_state_enable(struct mvf_device *mvf);
enum vfio_device_mig_state mvf_state_peek(struct mvf_device *mvf);

/* fsm.c: the arcs between the states */
extern const struct vfio_migration_ops mvf_migration_ops;

/* dirty_log.c: vfio's callbacks for dirty page tracking */
extern const struct vfio_log_ops mvf_log_ops;

#endif
