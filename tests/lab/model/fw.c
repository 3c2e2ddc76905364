// SPDX-License-Identifier: GPL-2.0-only
/* What a driver asks the firmware when it comes and goes: start, stop, versions, access registers. */
#include "qemu/osdep.h"
#include "cmd.h"
#include "track.h"

enum { REG_HOST_ENDIANNESS = 0x7004, REG_MCQS = 0x9060, REG_MCQI = 0x9061, REG_MCAM = 0x907f, REG_DTOR = 0xc00e };
enum { MCQS_BOOT_IMAGE = 1, MCQI_VERSION = 1, OP_READ = 1 };

/* For commands of which the model needs to know nothing more. */
enum lab_status lab_accept(struct lab_cmd *cmd)
{
	return LAB_OK;
}

/* The seat of the function that a command is about: the sender's own when the PF does not name another. */
static struct lab_seat *named_seat(struct lab_cmd *cmd, unsigned int *number)
{
	*number = IFC_GET(enable_hca_in, cmd->in, function_id);
	if (*number && cmd->fn->number)
		return NULL;
	if (*number > cmd->fn->pf->num_vfs)
		return NULL;
	return &cmd->fn->pf->seats[*number ? *number : cmd->fn->number];
}

enum lab_status lab_enable_hca(struct lab_cmd *cmd)
{
	unsigned int number;
	struct lab_seat *seat = named_seat(cmd, &number);

	if (!seat)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_VHCA);
	seat->enabled = true;
	if (number)
		lab_pages_request(cmd->fn->pf, number, LAB_VF_PAGES);
	return LAB_OK;
}

/* A VF's own DISABLE_HCA leaves its seat enabled: that one is the PF's to close. */
enum lab_status lab_disable_hca(struct lab_cmd *cmd)
{
	unsigned int number;
	struct lab_seat *seat = named_seat(cmd, &number);

	if (!seat)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_VHCA);
	if (cmd->fn->number)
		return LAB_OK;
	seat->enabled = false;
	lab_track_function_reset(cmd->fn->pf, number);
	lab_cmd_abort(cmd->fn->pf, number);
	if (number)
		lab_pages_request(cmd->fn->pf, number, -(int32_t)seat->pages->len);
	return LAB_OK;
}

enum lab_status lab_query_issi(struct lab_cmd *cmd)
{
	IFC_SET(query_issi_out, cmd->out, current_issi, 1);
	IFC_SET(query_issi_out, cmd->out, supported_issi_dw0, 1 << 1 | 1);
	return LAB_OK;
}

enum lab_status lab_set_issi(struct lab_cmd *cmd)
{
	if (IFC_GET(set_issi_in, cmd->in, current_issi) > 1)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
	return LAB_OK;
}

enum lab_status lab_query_adapter(struct lab_cmd *cmd)
{
	char *psid = IFC_ADDR(query_adapter_out, cmd->out, query_adapter_struct.vsd_contd_psid);

	IFC_SET(query_adapter_out, cmd->out, query_adapter_struct.ieee_vendor_id, 0x2c9);
	strncpy(psid, cmd->fn->pf->psid, IFC_BITS(query_adapter_out, query_adapter_struct.vsd_contd_psid) / 8);
	return LAB_OK;
}

enum lab_status lab_init_hca(struct lab_cmd *cmd)
{
	if (!cmd->fn->pf->seats[cmd->fn->number].enabled)
		return lab_refuse(cmd, LAB_BAD_SYSTEM_STATE, LAB_SYND_OBJECT_UNKNOWN);
	return LAB_OK;
}

/* Every kind of teardown succeeds; the output's state 0 says so for the forced and the fast one too. */
enum lab_status lab_teardown_hca(struct lab_cmd *cmd)
{
	return LAB_OK;
}

static void read_mcam(uint8_t *reg)
{
	if (IFC_GET(mcam_reg, reg, access_reg_group) != 0)
		return;
	IFC_SET(mcam_reg, reg, mng_access_reg_cap_mask.access_regs.mcqi, 1);
	IFC_SET(mcam_reg, reg, mng_access_reg_cap_mask.access_regs.mcqs, 1);
}

/* One component: the boot image, idle, the last of the list. */
static enum lab_status read_mcqs(struct lab_cmd *cmd, uint8_t *reg)
{
	if (IFC_GET(mcqs_reg, reg, component_index))
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
	IFC_SET(mcqs_reg, reg, last_index_flag, 1);
	IFC_SET(mcqs_reg, reg, identifier, MCQS_BOOT_IMAGE);
	return LAB_OK;
}

static enum lab_status read_mcqi(struct lab_cmd *cmd, uint8_t *reg, size_t size)
{
	uint8_t *data = reg + IFC_OFFSET(mcqi_reg, data);
	unsigned int major, minor, sub;

	if (IFC_GET(mcqi_reg, reg, component_index) || IFC_GET(mcqi_reg, reg, info_type) != MCQI_VERSION ||
	    size < IFC_OFFSET(mcqi_reg, data) + IFC_OFFSET(mcqi_version, build_time))
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
	lab_fw_version(cmd->fn->pf, &major, &minor, &sub);
	IFC_SET(mcqi_reg, reg, info_size, IFC_SIZE(mcqi_version));
	IFC_SET(mcqi_version, data, version, major << 24 | minor << 16 | sub);
	return LAB_OK;
}

enum lab_status lab_access_register(struct lab_cmd *cmd)
{
	const size_t header = IFC_OFFSET(access_register_in, register_data);
	uint8_t *reg = cmd->out + IFC_OFFSET(access_register_out, register_data);
	size_t size = cmd->out_size - IFC_OFFSET(access_register_out, register_data);
	bool read = cmd->op_mod == OP_READ;

	memcpy(reg, cmd->in + header, MIN(size, cmd->in_size - header));
	switch (IFC_GET(access_register_in, cmd->in, register_id)) {
	case REG_HOST_ENDIANNESS:
		return LAB_OK;
	case REG_DTOR:		/* no time but those of the initialization segment: the driver keeps its own */
		if (!read || size < IFC_SIZE(dtor_reg))
			break;
		return LAB_OK;
	case REG_MCAM:
		if (!read || size < IFC_SIZE(mcam_reg))
			break;
		read_mcam(reg);
		return LAB_OK;
	case REG_MCQS:
		if (!read || size < IFC_SIZE(mcqs_reg))
			break;
		return read_mcqs(cmd, reg);
	case REG_MCQI:
		if (!read)
			break;
		return read_mcqi(cmd, reg, size);
	}
	return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
}
