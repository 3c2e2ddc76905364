// SPDX-License-Identifier: GPL-2.0-only
/* The commands: which there are, how long one takes, and how it is carried out. When it is its turn is for slots.c. */
#include "qemu/osdep.h"
#include "cmd.h"
#include "faults.h"

enum { INLINE_SIZE = 16 };

#define ROW(op, in, out, handler)	{ MLX5_CMD_OP_##op, #op, IFC_SIZE(in), IFC_SIZE(out), handler, false }
#define PF_ROW(op, in, out, handler)	{ MLX5_CMD_OP_##op, #op, IFC_SIZE(in), IFC_SIZE(out), handler, true }

static const struct lab_command commands[] = {
	ROW(QUERY_HCA_CAP, query_hca_cap_in, query_hca_cap_out, lab_query_hca_cap),
	ROW(SET_HCA_CAP, set_hca_cap_in, set_hca_cap_out, lab_set_hca_cap),
	ROW(QUERY_ADAPTER, query_adapter_in, query_adapter_out, lab_query_adapter),
	ROW(INIT_HCA, init_hca_in, init_hca_out, lab_init_hca),
	ROW(TEARDOWN_HCA, teardown_hca_in, teardown_hca_out, lab_teardown_hca),
	ROW(ENABLE_HCA, enable_hca_in, enable_hca_out, lab_enable_hca),
	ROW(DISABLE_HCA, disable_hca_in, disable_hca_out, lab_disable_hca),
	ROW(QUERY_PAGES, query_pages_in, query_pages_out, lab_query_pages),
	ROW(MANAGE_PAGES, manage_pages_in, manage_pages_out, lab_manage_pages),
	ROW(QUERY_ISSI, query_issi_in, query_issi_out, lab_query_issi),
	ROW(SET_ISSI, set_issi_in, set_issi_out, lab_set_issi),
	ROW(SET_DRIVER_VERSION, set_driver_version_in, set_driver_version_out, lab_accept),
	ROW(ACCESS_REG, access_register_in, access_register_out, lab_access_register),
	ROW(CREATE_EQ, create_eq_in, create_eq_out, lab_create_eq),
	ROW(DESTROY_EQ, destroy_eq_in, destroy_eq_out, lab_destroy_eq),
	ROW(ALLOC_UAR, alloc_uar_in, alloc_uar_out, lab_alloc_uar),
	ROW(DEALLOC_UAR, dealloc_uar_in, dealloc_uar_out, lab_dealloc_uar),
	ROW(ALLOC_PD, alloc_pd_in, alloc_pd_out, lab_alloc_pd),
	ROW(DEALLOC_PD, dealloc_pd_in, dealloc_pd_out, lab_dealloc_pd),
	ROW(CREATE_MKEY, create_mkey_in, create_mkey_out, lab_create_mkey),
	ROW(DESTROY_MKEY, destroy_mkey_in, destroy_mkey_out, lab_destroy_mkey),
	ROW(CREATE_CQ, create_cq_in, create_cq_out, lab_create_cq),
	ROW(DESTROY_CQ, destroy_cq_in, destroy_cq_out, lab_destroy_cq),
	ROW(CREATE_QP, create_qp_in, create_qp_out, lab_create_qp),
	ROW(DESTROY_QP, destroy_qp_in, destroy_qp_out, lab_destroy_qp),
	ROW(RST2INIT_QP, rst2init_qp_in, rst2init_qp_out, lab_rst2init_qp),
	ROW(INIT2RTR_QP, init2rtr_qp_in, init2rtr_qp_out, lab_init2rtr_qp),
	ROW(RTR2RTS_QP, rtr2rts_qp_in, rtr2rts_qp_out, lab_rtr2rts_qp),
	ROW(2ERR_QP, qp_2err_in, qp_2err_out, lab_2err_qp),
	ROW(2RST_QP, qp_2rst_in, qp_2rst_out, lab_2rst_qp),
	PF_ROW(MODIFY_HCA_VPORT_CONTEXT, modify_hca_vport_context_in, modify_hca_vport_context_out, lab_accept),
	PF_ROW(SUSPEND_VHCA, suspend_vhca_in, suspend_vhca_out, lab_suspend_vhca),
	PF_ROW(RESUME_VHCA, resume_vhca_in, resume_vhca_out, lab_resume_vhca),
	PF_ROW(QUERY_VHCA_MIGRATION_STATE, query_vhca_migration_state_in, query_vhca_migration_state_out,
	       lab_query_migration),
	PF_ROW(SAVE_VHCA_STATE, save_vhca_state_in, save_vhca_state_out, lab_save_vhca),
	PF_ROW(LOAD_VHCA_STATE, load_vhca_state_in, load_vhca_state_out, lab_load_vhca),
	PF_ROW(CREATE_GENERAL_OBJECT, create_page_track_obj_in, general_obj_out_cmd_hdr, lab_create_object),
	PF_ROW(MODIFY_GENERAL_OBJECT, modify_page_track_obj_in, general_obj_out_cmd_hdr, lab_modify_object),
	PF_ROW(QUERY_GENERAL_OBJECT, general_obj_in_cmd_hdr, query_page_track_obj_out, lab_query_object),
	PF_ROW(DESTROY_GENERAL_OBJECT, general_obj_in_cmd_hdr, general_obj_out_cmd_hdr, lab_destroy_object),
};

static const struct lab_command *find_command(uint16_t opcode)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
}

static void note(struct lab_cmd *cmd, enum lab_status status)
{
	struct lab_pf *pf = cmd->fn->pf;

	struct lab_log_line line = {
		.number = pf->logged,
		.function = cmd->fn->number,
		.opcode = cmd->opcode,
		.op_mod = cmd->op_mod,
		.vhca_id = lab_is_migration(cmd->opcode) ? IFC_GET(suspend_vhca_in, cmd->in, vhca_id) : 0,
		.status = status,
		.syndrome = status ? cmd->syndrome : 0,
	};

	pf->log[pf->logged++ % LAB_LOG_LINES] = line;
	if (status)
		pf->last_refusal = line;
}

static enum lab_status dispatch(struct lab_cmd *cmd)
{
	const struct lab_command *command = find_command(cmd->opcode);

	if (!command)
		return lab_refuse(cmd, LAB_BAD_OPCODE, LAB_SYND_UNKNOWN_OPCODE);
	if (command->pf_only && cmd->fn->number)
		return lab_refuse(cmd, LAB_BAD_OPCODE, LAB_SYND_NOT_PF);
	if (cmd->in_size < command->in_size)
		return lab_refuse(cmd, LAB_BAD_INPUT_LENGTH, 0);
	return command->run(cmd);
}

/* Bytes that the output must hold: what the handler writes, even when the driver asked for less. */
size_t lab_cmd_room(uint16_t opcode, size_t asked)
{
	const struct lab_command *command = find_command(opcode);

	return MAX(asked, MAX(command ? (size_t)command->out_size : 0, (size_t)INLINE_SIZE));
}

/* Nanoseconds from the command's begin until it is carried out and answered, as properties and faults want it. */
uint64_t lab_cmd_time(struct lab_cmd *cmd, const struct lab_verdict *verdict)
{
	struct lab_pf *pf = cmd->fn->pf;
	uint64_t ns = pf->cmd_delay_us * SCALE_US + verdict->hang_ns, rate = 0;

	if (cmd->opcode == MLX5_CMD_OP_SAVE_VHCA_STATE)
		rate = pf->save_bandwidth;
	else if (cmd->opcode == MLX5_CMD_OP_LOAD_VHCA_STATE)
		rate = pf->load_bandwidth;
	if (rate && !cmd->fn->number && verdict->status == LAB_ANY)
		ns += (unsigned __int128)lab_transfer_size(cmd) * NANOSECONDS_PER_SECOND / rate;
	return ns;
}

static void complete(struct lab_cmd *cmd, enum lab_status status)
{
	IFC_SET(any_out, cmd->out, status, status);
	IFC_SET(any_out, cmd->out, syndrome, status ? cmd->syndrome : 0);
	note(cmd, status);
}

/* What the firmware claims instead of the truth. */
static void lie(struct lab_cmd *cmd, const struct lab_verdict *verdict)
{
	const uint64_t *lies = verdict->lies;

	if (cmd->opcode == MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE) {
		if (verdict->lying & 1 << LAB_LIE_UMEM)
			IFC_SET(query_vhca_migration_state_out, cmd->out, required_umem_size, lies[LAB_LIE_UMEM]);
		if (verdict->lying & 1 << LAB_LIE_REMAINING)
			IFC_SET(query_vhca_migration_state_out, cmd->out, remaining_total_size, lies[LAB_LIE_REMAINING]);
	}
	if (cmd->opcode == MLX5_CMD_OP_SAVE_VHCA_STATE) {
		if (verdict->lying & 1 << LAB_LIE_IMAGE)
			IFC_SET(save_vhca_state_out, cmd->out, actual_image_size, lies[LAB_LIE_IMAGE]);
		if (verdict->lying & 1 << LAB_LIE_NEXT)
			IFC_SET(save_vhca_state_out, cmd->out, next_required_umem_size, lies[LAB_LIE_NEXT]);
	}
}

/* Carries the command out, with what the faults make of it; the output is complete then. */
void lab_cmd_run(struct lab_cmd *cmd, const struct lab_verdict *verdict)
{
	enum lab_status status;

	cmd->corrupt = verdict->corrupt;
	cmd->track = verdict->track;
	if (verdict->status != LAB_ANY)
		status = lab_refuse(cmd, verdict->status, verdict->syndrome);
	else
		status = dispatch(cmd);
	lie(cmd, verdict);
	complete(cmd, status);
}

/* Does not carry it out. */
void lab_cmd_fail(struct lab_cmd *cmd, enum lab_status status, uint32_t syndrome)
{
	complete(cmd, lab_refuse(cmd, status, syndrome));
}
