/* SPDX-License-Identifier: GPL-2.0-only */
/* One firmware command: what a handler gets and gives. */
#ifndef MLX5_LAB_CMD_H
#define MLX5_LAB_CMD_H

#include "ifc.h"
#include "mlx5_lab.h"

/*
 * @in holds at least the bytes that the handler's row asks for, @out at least those that it answers, zeroed.
 * A handler that moves data honours @corrupt, the offset of a byte to damage on its way, or -1.
 */
struct lab_cmd {
	struct lab_function *fn;
	uint16_t opcode;
	uint16_t op_mod;
	uint8_t *in;
	size_t in_size;
	uint8_t *out;
	size_t out_size;
	uint32_t syndrome;
	int64_t corrupt;
	int track;			/* enum lab_track_fault: what shall become of the report */
};

typedef enum lab_status lab_handler(struct lab_cmd *cmd);

struct lab_command {
	uint16_t opcode;
	const char *name;
	uint16_t in_size;
	uint16_t out_size;
	lab_handler *run;
	bool pf_only;
};

/* Notes the syndrome and gives the status back: return lab_refuse(cmd, ...). */
static inline enum lab_status lab_refuse(struct lab_cmd *cmd, enum lab_status status, uint32_t syndrome)
{
	cmd->syndrome = syndrome;
	return status;
}

/* Whether commands of this opcode are about the VHCA that they name: its firmware carries them out one by one. */
static inline bool lab_is_migration(uint16_t opcode)
{
	return opcode >= MLX5_CMD_OP_SUSPEND_VHCA && opcode <= MLX5_CMD_OP_LOAD_VHCA_STATE;
}

/* cmd.c */
struct lab_verdict;
size_t lab_cmd_room(uint16_t opcode, size_t asked);
uint64_t lab_cmd_time(struct lab_cmd *cmd, const struct lab_verdict *verdict);
void lab_cmd_run(struct lab_cmd *cmd, const struct lab_verdict *verdict);
void lab_cmd_fail(struct lab_cmd *cmd, enum lab_status status, uint32_t syndrome);

/* slots.c */
void lab_cmd_doorbell(struct lab_function *fn, uint32_t slots);
void lab_cmd_wake(struct lab_function *fn);
void lab_cmd_forget(struct lab_function *fn);
void lab_cmd_abort(struct lab_pf *pf, unsigned int function);
char *lab_cmd_pending(struct lab_pf *pf);

/* fw.c, caps.c, pages.c, eq.c, res.c, mig.c, cq.c, qp.c, track.c: the handlers of the dispatch table */
lab_handler lab_enable_hca, lab_disable_hca, lab_query_issi, lab_set_issi, lab_query_adapter, lab_init_hca,
	lab_teardown_hca, lab_access_register, lab_accept;
lab_handler lab_query_hca_cap, lab_set_hca_cap;
lab_handler lab_query_pages, lab_manage_pages;
lab_handler lab_create_eq, lab_destroy_eq;
lab_handler lab_create_cq, lab_destroy_cq;
lab_handler lab_create_qp, lab_destroy_qp, lab_rst2init_qp, lab_init2rtr_qp, lab_rtr2rts_qp, lab_2err_qp, lab_2rst_qp;
lab_handler lab_create_object, lab_modify_object, lab_query_object, lab_destroy_object;
lab_handler lab_alloc_pd, lab_dealloc_pd, lab_alloc_uar, lab_dealloc_uar, lab_create_mkey, lab_destroy_mkey;
lab_handler lab_suspend_vhca, lab_resume_vhca, lab_query_migration, lab_save_vhca, lab_load_vhca;

/* mig.c */
uint64_t lab_transfer_size(struct lab_cmd *cmd);

/* pages.c */
void lab_pages_request(struct lab_pf *pf, unsigned int function, int32_t count);

#endif
