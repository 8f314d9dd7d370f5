/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka and what it needs, and a few words for tables of cases. */
#ifndef SLUICE_TESTS_UNIT_CHECK_H
#define SLUICE_TESTS_UNIT_CHECK_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* Fails with a text of its own: in a table, say which row. */
#define CHECK(ok, ...)                                                                             \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            print_error("%s: ", #ok);                                                              \
            print_error(__VA_ARGS__);                                                              \
            print_error("\n");                                                                     \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/* Both texts, and which row, when they differ. NULL equals NULL only. */
#define CHECK_TEXT(have, want, row)                                                                \
    do {                                                                                           \
        const char *const have_ = (have), *const want_ = (want);                                   \
        CHECK(have_ == want_ || (have_ && want_ && strcmp(have_, want_) == 0),                     \
              "%s: have \"%s\", want \"%s\"", (row), have_ ? have_ : "(null)",                     \
              want_ ? want_ : "(null)");                                                           \
    } while (0)

/* xorshift: the same numbers in every run. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
