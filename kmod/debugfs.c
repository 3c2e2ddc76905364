// SPDX-License-Identifier: GPL-2.0-only
/*
 * The history of a VF for people and scripts:
 * <debugfs>/mlx5-vfio-pci/<address>/status and failures. README has the format.
 *
 * Nothing here waits for the firmware, or takes a mutex whose holder may wait.
 */
#include <linux/debugfs.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "device.h"

static struct dentry *mvf_debugfs_root;

static const char *mvf_yes_no(bool value)
{
	return value ? "yes" : "no";
}

static void mvf_show_caps(struct seq_file *m, struct mvf_notes *notes)
{
	int cap;

	for (cap = 0; cap < MVF_CAPS; cap++)
		seq_printf(m, "cap_%s: %s\n", mvf_cap_name(cap),
			   mvf_yes_no(notes->caps & BIT(cap)));
}

static void mvf_show_counters(struct seq_file *m, struct mvf_notes *notes)
{
	seq_printf(m, "commands: %llu\n", notes->commands);
	seq_printf(m, "failures: %llu\n", notes->failures);
	seq_printf(m, "arcs: %llu\n", notes->arcs);
	seq_printf(m, "arcs_failed: %llu\n", notes->arcs_failed);
	seq_printf(m, "resets: %llu\n", notes->resets);
	seq_printf(m, "saves: %llu\n", notes->session[MVF_WAY_SAVE].count);
	seq_printf(m, "loads: %llu\n", notes->session[MVF_WAY_LOAD].count);
}

static void mvf_show_arc(struct seq_file *m, struct mvf_notes *notes)
{
	if (!notes->arc_begun) {
		seq_puts(m, "arc: none\narc_ns: 0\n");
		return;
	}
	seq_printf(m, "arc: %s > %s\n", mvf_state_name(notes->arc_from),
		   mvf_state_name(notes->arc_to));
	seq_printf(m, "arc_ns: %lld\n",
		   ktime_sub(ktime_get(), notes->arc_begun));
}

static void mvf_show_transfers(struct seq_file *m, struct mvf_notes *notes)
{
	struct mvf_session_note *session;
	const char *name;
	int i;

	for (i = 0; i < MVF_WAYS; i++) {
		session = &notes->session[i];
		name = mvf_way_name(i);
		seq_printf(m, "%s_session: %s\n", name,
			   session->open ? "open" :
			   session->count ? "ended" : "none");
		seq_printf(m, "%s_session_ns: %llu\n", name, session->open ?
			   (u64)ktime_sub(ktime_get(), session->begun) :
			   session->ns);
	}
	for (i = 0; i < MVF_PARTS; i++) {
		name = mvf_part_name(i);
		seq_printf(m, "%s_images: %llu\n", name, notes->part[i].images);
		seq_printf(m, "%s_bytes: %llu\n", name, notes->part[i].bytes);
		seq_printf(m, "%s_firmware_ns: %llu\n", name,
			   notes->part[i].ns);
	}
}

static void mvf_show_last_failure(struct seq_file *m, struct mvf_notes *notes)
{
	const struct mvf_fw_failure *failure = &notes->cause;

	if (!notes->failures)
		return;
	seq_printf(m, "failure_command: %s\n",
		   mvf_opcode_name(failure->opcode));
	seq_printf(m, "failure_opcode: 0x%x\n", failure->opcode);
	seq_printf(m, "failure_op_mod: 0x%x\n", failure->op_mod);
	seq_printf(m, "failure_status: 0x%x\n", failure->status);
	seq_printf(m, "failure_status_name: %s\n",
		   mvf_status_name(failure->status));
	seq_printf(m, "failure_syndrome: 0x%x\n", failure->syndrome);
	seq_printf(m, "failure_errno: %d\n", -failure->err);
	seq_printf(m, "failure_time_ns: %llu\n", failure->when);
}

/* Shows the state of the VF; one that cannot migrate has none. */
static void mvf_show_device(struct seq_file *m, struct mvf_device *mvf)
{
	seq_printf(m, "device: %s\n", pci_name(mvf->core.pdev));
	seq_printf(m, "migratable: %s\n", mvf_yes_no(mvf->migratable));
	if (!mvf->migratable) {
		seq_printf(m, "reason: %s\n", mvf->notes.why_not);
		return;
	}
	seq_printf(m, "vf: %d\n", mvf->vf_id);
	seq_printf(m, "vhca_id: 0x%x\n", mvf->vhca_id);
	seq_printf(m, "flags: 0x%x\n", (u32)mvf->core.vdev.migration_flags);
	seq_printf(m, "open: %s\n", mvf_yes_no(READ_ONCE(mvf->opened)));
	seq_printf(m, "pf_attached: %s\n",
		   mvf_yes_no(!READ_ONCE(mvf->detached)));
	seq_printf(m, "state: %s\n", READ_ONCE(mvf->opened) ?
		   mvf_state_name(mvf_state_peek(mvf)) : "none");
}

static int mvf_status_show(struct seq_file *m, void *unused)
{
	struct mvf_device *mvf = m->private;
	struct mvf_notes *notes = &mvf->notes;

	mvf_show_device(m, mvf);
	spin_lock(&notes->lock);
	mvf_show_caps(m, notes);
	mvf_show_arc(m, notes);
	mvf_show_counters(m, notes);
	mvf_show_transfers(m, notes);
	mvf_show_last_failure(m, notes);
	spin_unlock(&notes->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mvf_status);

static void mvf_show_failure(struct seq_file *m,
			     const struct mvf_fw_failure *failure)
{
	seq_printf(m, "%llu %llu %llu %s 0x%x 0x%x 0x%x 0x%x %d %s\n",
		   failure->number, failure->arc, failure->when,
		   mvf_opcode_name(failure->opcode), failure->opcode,
		   failure->op_mod, failure->status, failure->syndrome,
		   -failure->err, mvf_status_name(failure->status));
}

static int mvf_failures_show(struct seq_file *m, void *unused)
{
	struct mvf_device *mvf = m->private;
	struct mvf_notes *notes = &mvf->notes;
	u64 number = 1;

	seq_puts(m, "# number arc time_ns command opcode op_mod status syndrome errno status_name\n");
	spin_lock(&notes->lock);
	if (notes->failures > MVF_FAILURES_KEPT)
		number = notes->failures - MVF_FAILURES_KEPT + 1;
	for (; number <= notes->failures; number++)
		mvf_show_failure(m, &notes->failed[number % MVF_FAILURES_KEPT]);
	spin_unlock(&notes->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mvf_failures);

void mvf_debugfs_init(void)
{
	mvf_debugfs_root = debugfs_create_dir("mlx5-vfio-pci", NULL);
}

void mvf_debugfs_exit(void)
{
	debugfs_remove(mvf_debugfs_root);
}

/** mvf_debugfs_add - make a VF's files; a failure is ignored */
void mvf_debugfs_add(struct mvf_device *mvf)
{
	mvf->debugfs = debugfs_create_dir(pci_name(mvf->core.pdev),
					  mvf_debugfs_root);
	debugfs_create_file("status", 0400, mvf->debugfs, mvf,
			    &mvf_status_fops);
	debugfs_create_file("failures", 0400, mvf->debugfs, mvf,
			    &mvf_failures_fops);
}

/**
 * mvf_debugfs_remove - remove a VF's files
 * @mvf: the device, whose memory must still exist
 *
 * Waits for reads that are under way. A file that stays open returns EIO from then
 * on; it keeps the module loaded, and nothing of the device.
 */
void mvf_debugfs_remove(struct mvf_device *mvf)
{
	debugfs_remove(mvf->debugfs);
}
