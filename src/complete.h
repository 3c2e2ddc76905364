/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the shells' completions ask: mlxmigctl __complete WORD... */
#ifndef COMPLETE_H
#define COMPLETE_H

#define COMPLETE_VERB "__complete"

/**
 * complete_print - candidates for the last of @words, one a line
 *
 * "candidate<TAB>what it is"; the line ":files" asks the shell for its own
 * completion of file names. @words is the command line after the program's
 * name, up to and with the word at the cursor (which may be empty).
 */
void complete_print(int n_words, char **words);

#endif
