/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkstream BYTES RECORDS: a stream of so many records and bytes in all, with
 * payloads that no program compresses, the same ones each time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/io.h"
#include "image/record.h"

#define BLOCK (1u << 20)

static void put_le(unsigned char *to, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

static void fill_noise(unsigned char *to, size_t len, uint64_t *seed)
{
	for (size_t at = 0; at + sizeof(*seed) <= len; at += sizeof(*seed)) {
		*seed ^= *seed << 13;
		*seed ^= *seed >> 7;
		*seed ^= *seed << 17;
		memcpy(to + at, seed, sizeof(*seed));
	}
}

static int write_record(uint64_t payload, unsigned char *block, uint64_t *seed)
{
	unsigned char header[RECORD_HEADER_SIZE] = {};
	int ret;

	put_le(header, payload, 8);
	ret = write_all(STDOUT_FILENO, header, sizeof(header));
	while (!ret && payload) {
		size_t part = payload < BLOCK ? (size_t)payload : BLOCK;

		fill_noise(block, BLOCK, seed);
		ret = write_all(STDOUT_FILENO, block, part);
		payload -= part;
	}
	return ret;
}

int main(int argc, char **argv)
{
	AUTO_FREE unsigned char *block = calloc(1, BLOCK);
	uint64_t bytes = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t records = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t seed = 88172645463325252u;

	if (!block || !records || bytes / records <= RECORD_HEADER_SIZE) {
		fprintf(stderr, "usage: mkstream BYTES RECORDS\n");
		return 2;
	}
	for (; records; records--) {
		uint64_t len = bytes / records;

		if (write_record(len - RECORD_HEADER_SIZE, block, &seed)) {
			perror("mkstream");
			return 1;
		}
		bytes -= len;
	}
	return 0;
}
