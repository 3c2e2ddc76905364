/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, /sys/kernel/tracing/events/mlx5_vfio_pci. Names are recorded,
 * not only numbers, so that a filter and any reader of a trace can use them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mlx5_vfio_pci

#if !defined(MVF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MVF_TRACE_H

#include <linux/pci.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "device.h"

#define MVF_TRACE_DEVICE 24
#define MVF_TRACE_STATE 16
#define MVF_TRACE_NAME 32
#define MVF_TRACE_PART 16

/* An arc that is completed (errno 0) or has failed; now: the state after it. */
TRACE_EVENT(arc,
	    TP_PROTO(struct mvf_device *mvf, int from, int to, int err, u64 ns),
	    TP_ARGS(mvf, from, to, err, ns),
	    TP_STRUCT__entry(__array(char, device, MVF_TRACE_DEVICE)
			     __array(char, from, MVF_TRACE_STATE)
			     __array(char, to, MVF_TRACE_STATE)
			     __array(char, now, MVF_TRACE_STATE)
			     __field(int, err)
			     __field(u64, ns)
	    ),
	    TP_fast_assign(strscpy_pad(__entry->device, pci_name(mvf->core.pdev),
				       MVF_TRACE_DEVICE);
			   strscpy_pad(__entry->from, mvf_state_name(from),
				       MVF_TRACE_STATE);
			   strscpy_pad(__entry->to, mvf_state_name(to),
				       MVF_TRACE_STATE);
			   strscpy_pad(__entry->now, mvf_state_name(mvf->state),
				       MVF_TRACE_STATE);
			   __entry->err = -err;
			   __entry->ns = ns;
	    ),
	    TP_printk("device=%s from=%s to=%s now=%s errno=%d ns=%llu",
		      __entry->device, __entry->from, __entry->to, __entry->now,
		      __entry->err, __entry->ns)
);

/* A firmware command and its answer; with an errno and status 0 there was none. */
TRACE_EVENT(command,
	    TP_PROTO(struct mvf_device *mvf, u16 opcode, u16 op_mod, u8 status,
		     u32 syndrome, int err, u64 ns),
	    TP_ARGS(mvf, opcode, op_mod, status, syndrome, err, ns),
	    TP_STRUCT__entry(__array(char, device, MVF_TRACE_DEVICE)
			     __array(char, command, MVF_TRACE_NAME)
			     __field(u16, opcode)
			     __field(u16, op_mod)
			     __field(u8, status)
			     __field(u32, syndrome)
			     __field(int, err)
			     __field(u64, ns)
	    ),
	    TP_fast_assign(strscpy_pad(__entry->device, pci_name(mvf->core.pdev),
				       MVF_TRACE_DEVICE);
			   strscpy_pad(__entry->command, mvf_opcode_name(opcode),
				       MVF_TRACE_NAME);
			   __entry->opcode = opcode;
			   __entry->op_mod = op_mod;
			   __entry->status = status;
			   __entry->syndrome = syndrome;
			   __entry->err = -err;
			   __entry->ns = ns;
	    ),
	    TP_printk("device=%s command=%s opcode=0x%x op_mod=0x%x status=0x%x syndrome=0x%x errno=%d ns=%llu",
		      __entry->device, __entry->command, __entry->opcode,
		      __entry->op_mod, __entry->status, __entry->syndrome,
		      __entry->err, __entry->ns)
);

TRACE_EVENT(session_begin,
	    TP_PROTO(struct mvf_device *mvf, const char *way),
	    TP_ARGS(mvf, way),
	    TP_STRUCT__entry(__array(char, device, MVF_TRACE_DEVICE)
			     __array(char, way, MVF_TRACE_PART)
	    ),
	    TP_fast_assign(strscpy_pad(__entry->device, pci_name(mvf->core.pdev),
				       MVF_TRACE_DEVICE);
			   strscpy_pad(__entry->way, way, MVF_TRACE_PART);
	    ),
	    TP_printk("device=%s way=%s", __entry->device, __entry->way)
);

TRACE_EVENT(session_end,
	    TP_PROTO(struct mvf_device *mvf, const char *way, u64 ns),
	    TP_ARGS(mvf, way, ns),
	    TP_STRUCT__entry(__array(char, device, MVF_TRACE_DEVICE)
			     __array(char, way, MVF_TRACE_PART)
			     __field(u64, ns)
	    ),
	    TP_fast_assign(strscpy_pad(__entry->device, pci_name(mvf->core.pdev),
				       MVF_TRACE_DEVICE);
			   strscpy_pad(__entry->way, way, MVF_TRACE_PART);
			   __entry->ns = ns;
	    ),
	    TP_printk("device=%s way=%s ns=%llu", __entry->device, __entry->way,
		      __entry->ns)
);

/* The firmware has saved or loaded an image. */
TRACE_EVENT(image,
	    TP_PROTO(struct mvf_device *mvf, const char *part, u64 bytes, u64 ns),
	    TP_ARGS(mvf, part, bytes, ns),
	    TP_STRUCT__entry(__array(char, device, MVF_TRACE_DEVICE)
			     __array(char, part, MVF_TRACE_PART)
			     __field(u64, bytes)
			     __field(u64, ns)
	    ),
	    TP_fast_assign(strscpy_pad(__entry->device, pci_name(mvf->core.pdev),
				       MVF_TRACE_DEVICE);
			   strscpy_pad(__entry->part, part, MVF_TRACE_PART);
			   __entry->bytes = bytes;
			   __entry->ns = ns;
	    ),
	    TP_printk("device=%s part=%s bytes=%llu ns=%llu", __entry->device,
		      __entry->part, __entry->bytes, __entry->ns)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
