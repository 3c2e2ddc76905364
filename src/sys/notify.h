/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service manager wants to know (sd_notify(3)); nothing is said where none started us. */
#ifndef SYS_NOTIFY_H
#define SYS_NOTIFY_H

/** notify_ready - all is done that others wait for; @status: a line on what is there now */
void notify_ready(const char *status) __attribute__((nonnull(1)));

/** notify_stopping - the end has begun */
void notify_stopping(void);

#endif
