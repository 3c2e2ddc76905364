// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of numbers, for debugfs and the tracepoints.
 */
#include <linux/kernel.h>
#include <linux/mlx5/device.h>
#include <linux/mlx5/mlx5_ifc.h>

#include "notes.h"

struct mvf_name {
	unsigned int number;
	const char *name;
};

#define OPCODE(op) { MLX5_CMD_OP_##op, #op }

static const struct mvf_name mvf_opcodes[] = {
	OPCODE(QUERY_HCA_CAP),
	OPCODE(SUSPEND_VHCA),
	OPCODE(RESUME_VHCA),
	OPCODE(QUERY_VHCA_MIGRATION_STATE),
	OPCODE(SAVE_VHCA_STATE),
	OPCODE(LOAD_VHCA_STATE),
	OPCODE(ALLOC_PD),
	OPCODE(DEALLOC_PD),
	OPCODE(CREATE_MKEY),
	OPCODE(DESTROY_MKEY),
	/* A tracker of dirty pages sends these too. */
	OPCODE(ALLOC_UAR),
	OPCODE(DEALLOC_UAR),
	OPCODE(CREATE_EQ),
	OPCODE(DESTROY_EQ),
	OPCODE(CREATE_CQ),
	OPCODE(DESTROY_CQ),
	OPCODE(CREATE_QP),
	OPCODE(DESTROY_QP),
	OPCODE(RST2INIT_QP),
	OPCODE(INIT2RTR_QP),
	OPCODE(RTR2RTS_QP),
	OPCODE(CREATE_GENERAL_OBJECT),
	OPCODE(MODIFY_GENERAL_OBJECT),
	OPCODE(QUERY_GENERAL_OBJECT),
	OPCODE(DESTROY_GENERAL_OBJECT),
};

/* In mlx5_core's words, so that searches find them. */
static const struct mvf_name mvf_statuses[] = {
	{ MLX5_CMD_STAT_OK, "OK" },
	{ MLX5_CMD_STAT_INT_ERR, "internal error" },
	{ MLX5_CMD_STAT_BAD_OP_ERR, "bad operation" },
	{ MLX5_CMD_STAT_BAD_PARAM_ERR, "bad parameter" },
	{ MLX5_CMD_STAT_BAD_SYS_STATE_ERR, "bad system state" },
	{ MLX5_CMD_STAT_BAD_RES_ERR, "bad resource" },
	{ MLX5_CMD_STAT_RES_BUSY, "resource busy" },
	{ 0x7, "FW not ready" },
	{ MLX5_CMD_STAT_LIM_ERR, "limits exceeded" },
	{ MLX5_CMD_STAT_BAD_RES_STATE_ERR, "bad resource state" },
	{ MLX5_CMD_STAT_IX_ERR, "bad index" },
	{ MLX5_CMD_STAT_NO_RES_ERR, "no resources" },
	{ MLX5_CMD_STAT_BAD_INP_LEN_ERR, "bad input length" },
	{ MLX5_CMD_STAT_BAD_OUTP_LEN_ERR, "bad output length" },
	{ MLX5_CMD_STAT_BAD_QP_STATE_ERR, "bad QP state" },
	{ MLX5_CMD_STAT_BAD_PKT_ERR, "bad packet" },
	{ MLX5_CMD_STAT_BAD_SIZE_OUTS_CQES_ERR, "too many outstanding CQEs" },
};

/* enum vfio_device_mig_state; older kernels lack some of it. */
static const char * const mvf_states[] = {
	"ERROR", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P",
	"PRE_COPY", "PRE_COPY_P2P",
};

static const char * const mvf_caps[MVF_CAPS] = {
	[MVF_CAP_MIGRATION] = "migration",
	[MVF_CAP_MULTI_LOAD] = "migration_multi_load",
	[MVF_CAP_TRACKING] = "migration_tracking_state",
	[MVF_CAP_CHUNKS] = "migration_in_chunks",
	[MVF_CAP_ADV_VIRT] = "adv_virtualization",
	[MVF_CAP_MIGRATABLE] = "migratable",
};

static const char * const mvf_parts[MVF_PARTS] = {
	[MVF_PART_PRE_COPY] = "save_pre_copy",
	[MVF_PART_STOP_COPY] = "save_stop_copy",
	[MVF_PART_LOAD] = "load",
};

static const char * const mvf_ways[MVF_WAYS] = {
	[MVF_WAY_SAVE] = "save",
	[MVF_WAY_LOAD] = "load",
};

static const char *mvf_find_name(const struct mvf_name *names, size_t n,
				 unsigned int number)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (names[i].number == number)
			return names[i].name;
	return "unknown";
}

const char *mvf_opcode_name(u16 opcode)
{
	return mvf_find_name(mvf_opcodes, ARRAY_SIZE(mvf_opcodes), opcode);
}

const char *mvf_status_name(u8 status)
{
	return mvf_find_name(mvf_statuses, ARRAY_SIZE(mvf_statuses), status);
}

const char *mvf_state_name(int state)
{
	if (state < 0 || state >= ARRAY_SIZE(mvf_states))
		return "unknown";
	return mvf_states[state];
}

const char *mvf_cap_name(enum mvf_cap cap)
{
	return mvf_caps[cap];
}

const char *mvf_part_name(enum mvf_part part)
{
	return mvf_parts[part];
}

const char *mvf_way_name(enum mvf_way way)
{
	return mvf_ways[way];
}
