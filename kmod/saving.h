/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_SAVING_H
#define MVF_SAVING_H

#include "session.h"

/* saving.c: SAVEs, and the memory that they write to */
void mvf_saving_init(struct mvf_session *s);
int mvf_saving_prepare(struct mvf_session *s, bool track, u32 *need);
struct mvf_buffer *mvf_saving_take(struct mvf_session *s, u32 need);
void mvf_saving_give(struct mvf_session *s, struct mvf_buffer *buf);
void mvf_saving_discard(struct mvf_session *s, struct mvf_buffer *buf);
int mvf_saving_start(struct mvf_session *s, u32 need, unsigned int how);
void mvf_saving_settle(struct mvf_session *s);
int mvf_saving_final(struct mvf_session *s, u32 need);
void mvf_saving_abandon(struct mvf_session *s);

/* reading.c: the data fd */
extern const struct file_operations mvf_saving_fops;
void mvf_reading_offer(struct mvf_session *s, struct mvf_buffer *buf,
		       enum mvf_end end, bool initial);
void mvf_reading_set_end(struct mvf_session *s, enum mvf_end end);
void mvf_reading_fail(struct mvf_session *s, int err);

#endif
