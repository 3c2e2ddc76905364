/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that holds the state of a guest. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

/**
 * secret_begin - from now on no core dump of this process, or of its children, holds its memory
 *
 * What crashes leaves no file, and no handler in core_pattern is started; what a
 * debugger takes has the registers, and no memory. The process stays dumpable: without that, its borrowers of the same
 * user could neither find its files in /proc nor duplicate them.
 */
void secret_begin(void);

#endif
