/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzing targets share: libFuzzer's entry points, and a claim that ends the run when it is wrong. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len,
			       unsigned int seed);

/** LLVMFuzzerMutate - libFuzzer's own: change @data in place; the new length */
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max_len);

#define FUZZ_REQUIRE(claim)                                                 \
	do {                                                                \
		if (!(claim)) {                                             \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__,  \
				__LINE__, #claim);                          \
			abort();                                            \
		}                                                           \
	} while (0)

#endif
