/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_SAVING_H
#define MVF_SAVING_H

#include "session.h"

/* saving.c: SAVEs */
void mvf_saving_init(struct mvf_session *s);
int mvf_saving_prepare(struct mvf_session *s, bool track, u32 *need);
int mvf_saving_start(struct mvf_session *s, u32 need, unsigned int how);
void mvf_saving_settle(struct mvf_session *s);
int mvf_saving_final(struct mvf_session *s, u32 need);
void mvf_saving_abandon(struct mvf_session *s);

/* supply.c: the memory that they write to */
int mvf_supply_add(struct mvf_session *s);
struct mvf_buffer *mvf_supply_take(struct mvf_session *s, u32 need);
void mvf_supply_give(struct mvf_session *s, struct mvf_buffer *buf);
void mvf_supply_discard(struct mvf_session *s, struct mvf_buffer *buf);
bool mvf_supply_ready(struct mvf_session *s);
u32 mvf_supply_plan(struct mvf_device *mvf, const struct mvf_fw_sizes *sizes,
		    bool track);

/* reading.c: the data fd */
extern const struct file_operations mvf_saving_fops;
void mvf_reading_offer(struct mvf_session *s, struct mvf_buffer *buf,
		       enum mvf_end end, bool initial);
void mvf_reading_set_end(struct mvf_session *s, enum mvf_end end);
void mvf_reading_fail(struct mvf_session *s, int err);

#endif
