/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spoil SEED COUNT FILE PREFIX: so many copies of FILE, PREFIX000 and so on,
 * each damaged in one way that the seed chooses: a bit turned over, every third
 * time within the first or last 16 KiB, where an image has most of its headers,
 * or, every fourth one, cut. Prints a line for each: its name and what was done.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/io.h"

#define FILE_MAX (64u << 20)
#define EDGE (16u << 10)

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static ssize_t read_file(const char *path, unsigned char *data)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : read_full(fd, data, FILE_MAX);
}

static int write_file(const char *path, const unsigned char *data, size_t len)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : write_all(fd, data, len);
}

static size_t choose_byte(size_t len, unsigned int number, uint64_t *seed)
{
	size_t at = next_random(seed) % len;

	if (number % 3 || len <= 2 * EDGE)
		return at;
	at %= 2 * EDGE;
	return at < EDGE ? at : len - 2 * EDGE + at;
}

static int spoil(const char *prefix, unsigned int number, unsigned char *data,
		 size_t len, uint64_t *seed)
{
	size_t at = choose_byte(len, number, seed);
	unsigned char bit = (unsigned char)(1u << next_random(seed) % 8);
	char path[4096];
	int ret;

	snprintf(path, sizeof(path), "%s%03u", prefix, number);
	if (number % 4 == 3) {
		printf("%s cut after %zu bytes\n", path, at);
		return write_file(path, data, at);
	}
	printf("%s byte %zu, bit %#x\n", path, at, bit);
	data[at] ^= bit;
	ret = write_file(path, data, len);
	data[at] ^= bit;
	return ret;
}

int main(int argc, char **argv)
{
	AUTO_FREE unsigned char *data = malloc(FILE_MAX);
	uint64_t seed;
	ssize_t len;

	if (argc != 5 || !data) {
		fprintf(stderr, "usage: spoil SEED COUNT FILE PREFIX\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 10);
	len = read_file(argv[3], data);
	if (len <= 0) {
		perror(argv[3]);
		return 1;
	}
	for (unsigned int i = 0; i < (unsigned int)atoi(argv[2]); i++) {
		if (spoil(argv[4], i, data, (size_t)len, &seed)) {
			perror(argv[4]);
			return 1;
		}
	}
	return 0;
}
