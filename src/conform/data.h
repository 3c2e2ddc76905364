/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passes through data fds in the checks of conform: for this room alone. */
#ifndef CONFORM_DATA_H
#define CONFORM_DATA_H

#include "conform/harness.h"

/**
 * data_drain - read a data fd until it gives no more
 * @out: a file that takes what is read; -1: it is forgotten
 * @bytes: takes how many these were
 * @piece: bytes to ask for at a time; 0: many
 *
 * What the last read(2) gave: 0, or -errno; -ETIME when it went on for too
 * long; -EIO when @out took no more.
 */
int data_drain(int fd, int out, uint64_t *bytes, size_t piece) __attribute__((nonnull(3)));

/**
 * data_feed - write a saved state into a data fd
 * @from: the file with it, from its beginning on
 * @bytes: of it
 * @piece: bytes at a time; 0: many
 *
 * 0, or the -errno of the first write(2) that failed. What fails on our own
 * side ends all checks (@t->err).
 */
int data_feed(struct harness *t, int fd, int from, uint64_t bytes, size_t piece)
	__attribute__((nonnull(1)));

/** data_save - save a device that can be taken to STOP into a new file: its fd, the caller's, or -1, and the check has failed */
int data_save(struct harness *t, uint64_t *bytes) __attribute__((nonnull(1, 2)));

/** data_save_stopped - as data_save(), of a device in STOP or STOP_COPY, which is not let run for it */
int data_save_stopped(struct harness *t, uint64_t *bytes) __attribute__((nonnull(1, 2)));

/** data_first_difference - where two files of these sizes first differ; -1: nowhere */
int64_t data_first_difference(int a, uint64_t a_bytes, int b, uint64_t b_bytes);

/** data_spool - fill @spool, unless that is done; false: the check has been skipped or has failed */
bool data_spool(struct harness *t) __attribute__((nonnull(1)));

/** data_close - close a data fd, if it is open, and forget it */
void data_close(int *fd) __attribute__((nonnull(1)));

/** data_is_dead - does neither reading nor writing @fd give anything but an error? Else the check fails */
bool data_is_dead(struct harness *t, int fd, bool writes, const char *when)
	__attribute__((nonnull(1, 4)));

#endif
