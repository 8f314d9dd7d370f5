/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what fuzz targets share: a property that does not hold ends the program. */
#ifndef SLUICE_TESTS_FUZZ_CHECK_H
#define SLUICE_TESTS_FUZZ_CHECK_H

#include "sluice/base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gives 0, or REFUSED where it had nothing to look at. No seed that is called .json is refused:
 * the replay and tests/lint/corpus.py see to that. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
#define REFUSED (-1)

#define CHECK(ok, ...)                                                                             \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #ok);                               \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* What printf makes of NULL: never for people to read. An input that says so itself proves nothing,
 * and libFuzzer learns such words. */
static inline bool says_null(const char *text, size_t len)
{
    return len > 0 && memmem(text, len, "(null)", 6);
}

#endif
