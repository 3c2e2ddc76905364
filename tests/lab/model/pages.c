// SPDX-License-Identifier: GPL-2.0-only
/* Host memory that the firmware asks for: pages given, kept, and handed back. */
#include "qemu/osdep.h"
#include "cmd.h"

enum { BOOT_PAGES = 16, INIT_PAGES = 64 };
enum { OP_CANNOT_GIVE = 0, OP_GIVE = 1, OP_TAKE = 2 };

/* Only the PF asks for pages at start-up; a VF's come through page requests to the PF, as on the real thing. */
enum lab_status lab_query_pages(struct lab_cmd *cmd)
{
	bool boot = cmd->op_mod == MLX5_QUERY_PAGES_IN_OP_MOD_BOOT_PAGES;
	bool init = cmd->op_mod == MLX5_QUERY_PAGES_IN_OP_MOD_INIT_PAGES;
	unsigned int count = boot ? BOOT_PAGES : init ? INIT_PAGES : 0;

	IFC_SET(query_pages_out, cmd->out, num_pages, cmd->fn->number ? 0 : count);
	IFC_SET(query_pages_out, cmd->out, function_id, 0);
	return LAB_OK;
}

static enum lab_status give(struct lab_cmd *cmd, GArray *pages, uint32_t count)
{
	const uint8_t *addresses = cmd->in + IFC_OFFSET(manage_pages_in, pas);

	if (cmd->in_size < IFC_OFFSET(manage_pages_in, pas) + (uint64_t)count * 8)
		return lab_refuse(cmd, LAB_BAD_INPUT_LENGTH, 0);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t address = ldq_be_p(addresses + 8 * i);

		g_array_append_val(pages, address);
	}
	return LAB_OK;
}

static void take(struct lab_cmd *cmd, GArray *pages, uint32_t count)
{
	uint32_t room = (cmd->out_size - IFC_OFFSET(manage_pages_out, pas)) / 8;
	uint8_t *addresses = cmd->out + IFC_OFFSET(manage_pages_out, pas);

	count = MIN(MIN(count, room), pages->len);
	for (uint32_t i = 0; i < count; i++)
		stq_be_p(addresses + 8 * i, g_array_index(pages, uint64_t, pages->len - 1 - i));
	g_array_set_size(pages, pages->len - count);
	IFC_SET(manage_pages_out, cmd->out, output_num_entries, count);
}

enum lab_status lab_manage_pages(struct lab_cmd *cmd)
{
	unsigned int function = IFC_GET(manage_pages_in, cmd->in, function_id);
	uint32_t count = IFC_GET(manage_pages_in, cmd->in, input_num_entries);
	struct lab_pf *pf = cmd->fn->pf;

	if (function > pf->num_vfs)
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_NO_VHCA);
	switch (cmd->op_mod) {
	case OP_CANNOT_GIVE:
		return LAB_OK;
	case OP_GIVE:
		/* A function disabled since the request no longer wants them. */
		if (!pf->seats[function].enabled)
			return lab_refuse(cmd, LAB_BAD_RESOURCE_STATE, LAB_SYND_OBJECT_UNKNOWN);
		return give(cmd, pf->seats[function].pages, count);
	case OP_TAKE:
		take(cmd, pf->seats[function].pages, count);
		return LAB_OK;
	default:
		return lab_refuse(cmd, LAB_BAD_PARAMETER, LAB_SYND_BAD_OP_MOD);
	}
}

/* Asks the PF's driver for @count pages for a function, or to take -@count of them back. */
void lab_pages_request(struct lab_pf *pf, unsigned int function, int32_t count)
{
	uint8_t data[8] = { 0 };

	if (!count)
		return;
	stw_be_p(data + 2, function);
	stl_be_p(data + 4, count);
	lab_eq_post(&pf->fn, LAB_EVENT_PAGE_REQUEST, data, sizeof(data));
}
