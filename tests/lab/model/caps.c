// SPDX-License-Identifier: GPL-2.0-only
/* Capabilities: what each function says it can do. Built anew for every query, so that properties work at once. */
#include "qemu/osdep.h"
#include "cmd.h"

enum { CAP_GENERAL = 0x0, CAP_GENERAL_2 = 0x20, CAP_ADV_VIRTUALIZATION = 0x26 };
enum { TIMER_KHZ = 1000000 };		/* the internal timer counts nanoseconds */

#define GENERAL(field, value)	IFC_SET(cmd_hca_cap, cap, field, value)
#define GENERAL_2(field, value)	IFC_SET(cmd_hca_cap_2, cap, field, value)
#define ADV(field, value)	IFC_SET(adv_virtualization_cap, cap, field, value)

static void general_queues(uint8_t *cap)
{
	GENERAL(log_max_srq_sz, 15);
	GENERAL(log_max_qp_sz, 15);
	GENERAL(log_max_qp, 18);
	GENERAL(log_max_srq, 16);
	GENERAL(log_max_cq_sz, 22);
	GENERAL(log_max_cq, 18);
	GENERAL(log_max_eq_sz, 22);
	GENERAL(log_max_mkey, 24);
	GENERAL(log_max_eq, 6);
	GENERAL(max_num_eqs, LAB_EQS - 1);
	GENERAL(log_max_mrw_sz, 40);
	GENERAL(log_max_klm_list_size, 16);
	GENERAL(log_max_pd, 24);
	GENERAL(log_max_msg, 30);
	GENERAL(max_wqe_sz_sq, 1024);
	GENERAL(max_wqe_sz_rq, 512);
}

/*
 * An InfiniBand port and no Ethernet offloads, so that no netdev and no flow steering appear. The group manager bit lets
 * the PF's driver set up the VFs' ports.
 */
static void general(const struct lab_pf *pf, unsigned int function, uint8_t *cap)
{
	general_queues(cap);
	GENERAL(hca_cap_2, pf->hca_cap_2);
	GENERAL(dtor, 1);
	GENERAL(vhca_id, LAB_VHCA_BASE + function);
	GENERAL(num_ports, 1);
	GENERAL(gid_table_size, 0);
	GENERAL(driver_version, 1);
	GENERAL(cqe_version, 1);
	GENERAL(log_bf_reg_size, 9);
	GENERAL(num_of_uars_per_page, 1);
	GENERAL(uar_sz, 5);
	GENERAL(device_frequency_mhz, TIMER_KHZ / 1000);
	GENERAL(device_frequency_khz, TIMER_KHZ);
	GENERAL(umem_uid_0, 1);
	GENERAL(rc, 1);
	GENERAL(ud, 1);
	GENERAL(mcam_reg, 1);
	if (function)
		return;
	GENERAL(vport_group_manager, 1);
	GENERAL(migration, pf->migration);
	GENERAL(adv_virtualization, pf->adv_virtualization);
}

static void general_2(const struct lab_pf *pf, unsigned int function, uint8_t *cap)
{
	GENERAL_2(migratable, function && pf->migration && pf->migratable && pf->seats[function].migratable);
	if (function)
		return;
	GENERAL_2(migration_multi_load, pf->multi_load);
	GENERAL_2(migration_tracking_state, pf->tracking);
	GENERAL_2(migration_in_chunks, pf->in_chunks);
}

/* Page trackers: as many as there are VFs. */
static void adv_virtualization(const struct lab_pf *pf, unsigned int function, uint8_t *cap)
{
	if (function || !pf->adv_virtualization)
		return;
	ADV(pg_track_log_max_num, 8);
	ADV(pg_track_max_num_range, pf->track_ranges);
	ADV(pg_track_log_min_addr_space, LAB_TRACK_LOG_SPACE_MIN);
	ADV(pg_track_log_max_addr_space, pf->track_log_space_max);
	ADV(pg_track_log_min_msg_size, LAB_TRACK_LOG_MESSAGE_MIN);
	ADV(pg_track_log_max_msg_size, pf->track_log_message_max);
	ADV(pg_track_log_min_page_size, pf->track_log_page_min);
	ADV(pg_track_log_max_page_size, pf->track_log_page_max);
}

/* The function that a query or a set is about: the sender, or with other_function the one that the PF names. */
static bool about(struct lab_cmd *cmd, unsigned int *function)
{
	*function = cmd->fn->number;
	if (!IFC_GET(query_hca_cap_in, cmd->in, other_function))
		return true;
	*function = IFC_GET(query_hca_cap_in, cmd->in, function_id);
	return !cmd->fn->number && *function <= cmd->fn->pf->num_vfs;
}

enum lab_status lab_query_hca_cap(struct lab_cmd *cmd)
{
	uint8_t *cap = IFC_ADDR(query_hca_cap_out, cmd->out, capability);
	unsigned int function;

	if (!about(cmd, &function))
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_VHCA);
	/* Current and maximal values are the same: nothing can be switched on that is not. */
	switch (cmd->op_mod >> 1) {
	case CAP_GENERAL:
		general(cmd->fn->pf, function, cap);
		break;
	case CAP_GENERAL_2:
		if (!cmd->fn->pf->hca_cap_2)
			return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_CAPABILITY);
		general_2(cmd->fn->pf, function, cap);
		break;
	case CAP_ADV_VIRTUALIZATION:
		adv_virtualization(cmd->fn->pf, function, cap);
		break;
	}
	return LAB_OK;
}

/* Of all that a driver sets, only another function's `migratable` means something here. */
enum lab_status lab_set_hca_cap(struct lab_cmd *cmd)
{
	const uint8_t *cap = IFC_ADDR(set_hca_cap_in, cmd->in, capability);
	unsigned int function;

	if (!about(cmd, &function))
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_VHCA);
	if (function != cmd->fn->number && cmd->op_mod >> 1 == CAP_GENERAL_2)
		cmd->fn->pf->seats[function].migratable = IFC_GET(cmd_hca_cap_2, cap, migratable);
	return LAB_OK;
}
