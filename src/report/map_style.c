/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the terminal and the locale can show. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/map.h"
#include "lib/text.h"

#define WIDTH_DEFAULT 80

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* A terminal without a TERM, or with that one, takes no escape sequences. */
static bool has_colour(bool terminal)
{
	const char *term = getenv("TERM");

	return terminal && term && *term && strcmp(term, "dumb") &&
	       !is_set("NO_COLOR");
}

/* The program itself stays in the C locale. */
static bool has_blocks(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", NULL);
	bool utf8 = locale &&
		    !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");

	if (locale)
		freelocale(locale);
	return utf8;
}

/* COLUMNS is the shell's word, where somebody has exported it. */
static unsigned int width_of(int fd, bool terminal)
{
	struct winsize size = {};
	const char *columns = getenv("COLUMNS");
	uint64_t told;

	if (terminal && !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	if (columns && !text_u64(columns, 10, &told) &&
	    told >= MAP_WIDTH_MIN && told <= MAP_WIDTH_MAX)
		return (unsigned int)told;
	return WIDTH_DEFAULT;
}

struct map_style map_style(FILE *out, unsigned int width)
{
	bool terminal = isatty(fileno(out));

	return (struct map_style){
		.width = width ? width : width_of(fileno(out), terminal),
		.colour = has_colour(terminal),
		.blocks = has_blocks(),
	};
}
