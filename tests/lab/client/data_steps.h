/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of migdrive that are about a data file. Part of migdrive.c, which includes it once it has dev, chunk, die()
 * and number(). Each gives 0 when done, or -1 with errno.
 */
#ifndef LAB_DATA_STEPS_H
#define LAB_DATA_STEPS_H

/* Newer than the headers of Debian 12. */
enum { GET_PRECOPY_INFO = _IO(VFIO_TYPE, VFIO_BASE + 21) };
struct precopy_info {
	uint32_t argsz, flags;
	uint64_t initial_bytes, dirty_bytes;
};

static ssize_t read_data(void *data, size_t size)
{
	ssize_t got;

	hungry();
	got = read(dev->data, data, size);
	fed();
	return got;
}

static int save_to(const char *name, int flag)
{
	int out = open(name, O_WRONLY | O_CREAT | flag, 0600);
	ssize_t got;

	if (out < 0)
		die("%s: %s", name, strerror(errno));
	while ((got = read_data(chunk, sizeof(chunk))) > 0)
		if (write(out, chunk, got) != got)
			die("%s: %s", name, strerror(errno));
	close(out);
	return got;
}

static int step_save(char **args)
{
	return save_to(args[0], O_TRUNC);
}

static int step_append(char **args)
{
	return save_to(args[0], O_APPEND) && errno != ENOMSG ? -1 : 0;
}

static int step_read(char **args)
{
	uint64_t left = number(args[0]);

	while (left) {
		ssize_t got = read(dev->data, chunk, left < CHUNK ? left : CHUNK);

		if (got < 0)
			return -1;
		if (!got)
			die("the data ended %" PRIu64 " bytes too early", left);
		left -= got;
	}
	return 0;
}

static int step_eof(char **args)
{
	ssize_t got = read(dev->data, chunk, 1);

	(void)args;
	if (got > 0)
		die("there is more data");
	return got;
}

/* The page faults then want the lock that a reset holds. */
static int step_readbar(char **args)
{
	uint64_t bar;
	ssize_t got;
	void *map;

	(void)args;
	if (vfio_enable_memory(&dev->open) || vfio_region_offset(&dev->open, VFIO_PCI_BAR0_REGION_INDEX, &bar))
		die("BAR 0: %s", strerror(errno));
	map = mmap(NULL, LAB_WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dev->open.device, bar + LAB_WINDOW_OFFSET);
	if (map == MAP_FAILED)
		die("mmap of BAR 0: %s", strerror(errno));
	got = read(dev->data, map, LAB_WINDOW_SIZE);
	munmap(map, LAB_WINDOW_SIZE);
	return got > 0 ? 0 : -1;
}

static int step_poll(char **args)
{
	struct pollfd pollfd = { .fd = dev->data, .events = POLLIN | POLLRDHUP };
	const short mask = POLLIN | POLLERR | POLLRDHUP;

	if (poll(&pollfd, 1, 0) < 0)
		return -1;
	if ((pollfd.revents & mask) != (short)number(args[0]))
		die("poll gives 0x%x, not %s", pollfd.revents & mask, args[0]);
	return 0;
}

static int step_pollin(char **args)
{
	struct pollfd pollfd = { .fd = dev->data, .events = POLLIN };

	(void)args;
	if (poll(&pollfd, 1, 20000) < 0)
		return -1;
	if (!(pollfd.revents & POLLIN))
		die("there is nothing to read");
	return 0;
}

static int step_nonblock(char **args)
{
	(void)args;
	return fcntl(dev->data, F_SETFL, O_NONBLOCK);
}

static int step_block(char **args)
{
	(void)args;
	return fcntl(dev->data, F_SETFL, 0);
}

static int step_info(char **args)
{
	/* The in-tree driver leaves one of the figures as it was. */
	struct precopy_info info = { .argsz = sizeof(info) };

	(void)args;
	if (ioctl(dev->data, GET_PRECOPY_INFO, &info))
		return -1;
	printf("%" PRIu64 " %" PRIu64 "\n", info.initial_bytes, info.dirty_bytes);
	return 0;
}

static int step_ioctl(char **args)
{
	struct precopy_info info = { .argsz = number(args[1]) };

	return ioctl(dev->data, number(args[0]), &info);
}

/* A short write is allowed, none at all is not. */
static int write_all(const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size) {
		ssize_t done;

		hungry();
		done = write(dev->data, from, size);
		fed();
		if (done < 0)
			return -1;
		if (!done)
			die("nothing was written");
		from += done;
		size -= done;
	}
	return 0;
}

static int step_write(char **args)
{
	uint64_t seg = number(args[1]), offset = number(args[2]), left = number(args[3]);
	int in = open(args[0], O_RDONLY);
	int err = 0;

	if (in < 0)
		die("%s: %s", args[0], strerror(errno));
	if (!left)
		left = lseek(in, 0, SEEK_END) - offset;
	if (!seg || seg > CHUNK)
		seg = CHUNK;
	while (left && !err) {
		size_t now = left < seg ? left : seg;

		if (pread(in, chunk, now, offset) != (ssize_t)now)
			die("%s is too short", args[0]);
		err = write_all(chunk, now);
		offset += now;
		left -= now;
	}
	close(in);
	return err;
}

static int step_zeros(char **args)
{
	uint64_t left = number(args[0]);

	memset(chunk, 0, sizeof(chunk));
	while (left) {
		size_t now = left < CHUNK ? left : CHUNK;

		if (write_all(chunk, now))
			return -1;
		left -= now;
	}
	return 0;
}

static int step_head(char **args)
{
	struct {
		uint64_t size;
		uint32_t flags, tag;
	} head = { number(args[0]), number(args[1]), number(args[2]) };

	return write_all(&head, sizeof(head));
}

#endif
