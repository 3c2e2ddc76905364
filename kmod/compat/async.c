// SPDX-License-Identifier: GPL-2.0-only
/* Asynchronous firmware commands, sent by a worker; async.h has the reason. */
#include "compat/async.h"
#include "device.h"

#ifndef MVF_HAVE_SAFE_CALLBACKS

static void mvf_async_run(struct work_struct *work)
{
	struct mvf_async_work *w = container_of(work, struct mvf_async_work,
						work);
	int err;

	err = mlx5_cmd_do(w->dev, w->in, w->inlen, w->out, w->outlen);
	w->done(err, w);
}

/** mvf_async_init - prepare for a command; mvf_async_wait() must follow */
void mvf_async_init(struct mlx5_core_dev *dev, struct mvf_async_ctx *ctx)
{
	ctx->dev = dev;
	ctx->work = NULL;
}

/**
 * mvf_async_exec - send a command and do not wait for its answer
 * @ctx: argument of mvf_async_wait()
 * @in: the command; stays the caller's, and as it is, until @done
 * @inlen: its length in bytes
 * @out: memory for the answer, likewise
 * @outlen: its length in bytes
 * @done: called when the command has been answered, or has failed
 * @work: must last until mvf_async_wait()
 *
 * Return: 0, always.
 */
int mvf_async_exec(struct mvf_async_ctx *ctx, void *in, int inlen, void *out,
		   int outlen, mvf_async_done_t done,
		   struct mvf_async_work *work)
{
	INIT_WORK(&work->work, mvf_async_run);
	work->dev = ctx->dev;
	work->in = in;
	work->inlen = inlen;
	work->out = out;
	work->outlen = outlen;
	work->done = done;
	ctx->work = work;
	queue_work(mvf_workqueue, &work->work);
	return 0;
}

/** mvf_async_wait - wait until a command's @done has returned */
void mvf_async_wait(struct mvf_async_ctx *ctx)
{
	if (ctx->work)
		flush_work(&ctx->work->work);
}

#endif
