// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware that dies: it answers nothing any more, its health counter stands, and the health buffer that all functions
 * share asks for a reset. The PF's driver sees that when it polls, and starts the firmware anew.
 */
#include "qemu/osdep.h"
#include "cmd.h"

/* For the PF and every VF that exists. */
static void for_each(struct lab_pf *pf, void (*act)(struct lab_function *fn))
{
	act(&pf->fn);
	for (unsigned int i = 0; i < pf->num_vfs; i++) {
		struct lab_vf *vf = lab_vf_at(pf, i);

		if (vf)
			act(&vf->fn);
	}
}

/* Commands under way are never answered. */
void lab_firmware_dies(struct lab_pf *pf)
{
	if (pf->fatal)
		return;
	pf->fatal = true;
	for_each(pf, lab_cmd_forget);
}

static void start_anew(struct lab_function *fn)
{
	if (fn->number)
		lab_vf_wipe(container_of(fn, struct lab_vf, fn));
	lab_function_forget(fn);
	fn->nic_interface = LAB_NIC_DISABLED;
}

/* By order of the PF's driver: all functions are as after a reset, and wait for their drivers. */
void lab_firmware_restarts(struct lab_pf *pf)
{
	pf->fatal = false;
	for_each(pf, start_anew);
	for (unsigned int i = 0; i <= LAB_VFS_MAX; i++) {
		g_array_set_size(pf->seats[i].pages, 0);
		pf->seats[i].enabled = false;
	}
}
