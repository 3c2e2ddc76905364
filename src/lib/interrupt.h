/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals while there is something to put back.
 *
 * From interrupt_begin() on SIGINT, SIGTERM and SIGHUP are
 * held back, until interrupt_end() read from a file, so that none can come at a
 * wrong moment, and SIGPIPE becomes EPIPE. Nothing is interrupted by itself: whoever waits polls
 * interrupt_fd(), and a thread that is to leave a blocking call is kicked out
 * of it, again and again until it has gone, which leaves no race.
 */
#ifndef LIB_INTERRUPT_H
#define LIB_INTERRUPT_H

#include <pthread.h>
#include <stdbool.h>

#include "lib/err.h"

/**
 * interrupt_begin - hold the signals back from now on
 *
 * In the calling thread and those it starts afterwards; call it while there is
 * only one. A signal that the process ignores (nohup) stays ignored. 0 or -1.
 */
int interrupt_begin(struct err *err) __attribute__((nonnull(1)));

/** interrupt_reopen - in a child of fork(2), whose files were closed: hold the signals back further; 0 or -1 */
int interrupt_reopen(struct err *err) __attribute__((nonnull(1)));

/**
 * interrupt_end - nothing is left to put back; harmless without begin and twice
 *
 * What came meanwhile is dropped. The three signals stay blocked until the
 * process ends, which is soon: by one that came now a command that has done its
 * work would end as if it had not. SIGPIPE is as before interrupt_begin().
 */
void interrupt_end(void);

/** interrupt_fd - readable once a signal has come; -1 outside of begin and end, which poll(2) passes over */
int interrupt_fd(void);

/** interrupt_signal - the number of the signal that has come, or 0 */
int interrupt_signal(void);

/** interrupt_check - 0, or -1 with ERR_INTERRUPTED and the signal's number when one has come */
int interrupt_check(struct err *err) __attribute__((nonnull(1)));

/**
 * interrupt_break - tell blocking loops to give up
 *
 * While it is on, a loop around read(2) or write(2) that meets EINTR returns
 * -EINTR instead of trying again: see interrupt_wanted().
 */
void interrupt_break(bool on);

/** interrupt_wanted - shall a loop that met EINTR give up? */
bool interrupt_wanted(void);

/** interrupt_kick - make the present blocking call of @thread return EINTR; no more than that */
void interrupt_kick(pthread_t thread);

static inline void interrupt_endp(const int *begun)
{
	if (*begun == 0)
		interrupt_end();
}

/* int AUTO_INTERRUPT begun = interrupt_begin(err); */
#define AUTO_INTERRUPT __attribute__((cleanup(interrupt_endp), unused))

#endif
