/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/picture.h"

#include "cmd/map.h"
#include "lib/cleanup.h"
#include "lib/io.h"
#include "lib/outfile.h"
#include "report/scan.h"

static struct map_style style_of(const struct picture *picture)
{
	struct map_style style = map_style(stdout, picture->width);

	if (!picture->map && !picture->width)
		style.width = PICTURE_COLUMNS;
	return style;
}

uint64_t picture_cell(const struct picture *picture, uint64_t bytes)
{
	struct map_style style = style_of(picture);

	return picture->map || picture->svg ? map_layout(bytes, style.width) : 0;
}

static int write_svg(const struct picture *picture, const struct scan *scan,
		     const char *name, struct err *err)
{
	AUTO_OUTFILE struct outfile out = OUTFILE_INIT;
	struct map_style style = style_of(picture);
	AUTO_FREE char *text = NULL;
	size_t len;
	int ret;

	text = report_scan_svg(scan, name, style.width, &len);
	if (!text)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for the picture");
	if (outfile_open(&out, picture->svg, picture->overwrite, err))
		return -1;
	ret = write_all(out.fd, text, len);
	if (ret)
		return err_from_errno(err, -ret, "writing %s", picture->svg);
	return outfile_publish(&out, err);
}

static int print_map(const struct picture *picture,
		     const struct request *request, const struct scan *scan,
		     const char *name, struct err *err)
{
	struct map_style style = style_of(picture);
	size_t len;
	AUTO_FREE char *text = report_scan_map(scan, name, &style, &len);

	if (!text)
		return err_set(err, ERR_NO_MEMORY, 0, "memory for the map");
	return request->emit_text(text, len, err);
}

int picture_draw(const struct picture *picture, const struct request *request,
		 const struct scan *scan, const char *name, struct err *err)
{
	if (picture->svg && write_svg(picture, scan, name, err))
		return -1;
	if (picture->map && print_map(picture, request, scan, name, err))
		return -1;
	return 0;
}
