/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MVF_STREAM_H
#define MVF_STREAM_H

#include <linux/types.h>

#define MVF_HEAD_LEN 16
/* A whole STOP_COPY_SIZE record. */
#define MVF_SIZE_RECORD_LEN 24
/* What precedes an image in the stream: that, or the head of FW_DATA. */
#define MVF_PREFIX_MAX MVF_SIZE_RECORD_LEN

/**
 * enum mvf_expect - what the next byte of an incoming stream belongs to
 * @MVF_HEAD: the head of a record
 * @MVF_SKIP: the payload of a record that is skipped
 * @MVF_IMAGE: the image in a FW_DATA record
 * @MVF_BARE: an image without any record around it, up to the stream's end
 */
enum mvf_expect {
	MVF_HEAD,
	MVF_SKIP,
	MVF_IMAGE,
	MVF_BARE,
};

/**
 * struct mvf_stream - where the parser of an incoming stream is
 * @expect: what comes next
 * @first: no head is complete
 * @head: bytes of the head so far
 * @head_len: their number
 * @left: bytes of a payload or an image that have not arrived
 * @images: FW_DATA records whose heads have arrived
 * @one_image: only one of them is accepted
 */
struct mvf_stream {
	enum mvf_expect expect;
	bool first;
	u8 head[MVF_HEAD_LEN];
	unsigned int head_len;
	u64 left;
	unsigned int images;
	bool one_image;
};

void mvf_stream_init(struct mvf_stream *st, bool one_image);
int mvf_stream_head_done(struct mvf_stream *st);
void mvf_stream_advance(struct mvf_stream *st, u64 len);
bool mvf_stream_may_end(const struct mvf_stream *st);

unsigned int mvf_stream_put_size(u8 *to, u64 size);
unsigned int mvf_stream_put_image_head(u8 *to, u32 size);

#endif
