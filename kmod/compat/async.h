/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asynchronous firmware commands.
 *
 * The mlx5_core of Linux 6.1 enables interrupts in the middle of its own
 * interrupt handler when the firmware refuses such a command: it counts the
 * failure under spin_lock_irq(). For a kernel like that these take the place of
 * mlx5's, under the same names: a worker sends the command, which waits
 * for the answer. The callback then comes from the worker, and a context is
 * for one command at a time.
 */
#ifndef MVF_COMPAT_ASYNC_H
#define MVF_COMPAT_ASYNC_H

#include <linux/mlx5/driver.h>
#include <linux/workqueue.h>

#include "compat/have.h"

#ifndef MVF_HAVE_SAFE_CALLBACKS

struct mvf_async_work;

typedef void (*mvf_async_done_t)(int err, struct mvf_async_work *work);

/**
 * struct mvf_async_ctx - the context that waits for a command
 * @dev: the device that sends it
 * @work: the command, NULL before the first
 */
struct mvf_async_ctx {
	struct mlx5_core_dev *dev;
	struct mvf_async_work *work;
};

/**
 * struct mvf_async_work - one command
 * @work: sends it
 * @dev: the device that sends it
 * @in: the command
 * @inlen: its length in bytes
 * @out: its answer
 * @outlen: its length in bytes
 * @done: called at the end with the result of mlx5_cmd_do()
 */
struct mvf_async_work {
	struct work_struct work;
	struct mlx5_core_dev *dev;
	void *in;
	int inlen;
	void *out;
	int outlen;
	mvf_async_done_t done;
};

void mvf_async_init(struct mlx5_core_dev *dev, struct mvf_async_ctx *ctx);
int mvf_async_exec(struct mvf_async_ctx *ctx, void *in, int inlen, void *out,
		   int outlen, mvf_async_done_t done,
		   struct mvf_async_work *work);
void mvf_async_wait(struct mvf_async_ctx *ctx);

#define mlx5_async_ctx mvf_async_ctx
#define mlx5_async_work mvf_async_work
#define mlx5_cmd_init_async_ctx mvf_async_init
#define mlx5_cmd_exec_cb mvf_async_exec
#define mlx5_cmd_cleanup_async_ctx mvf_async_wait

#endif
#endif
