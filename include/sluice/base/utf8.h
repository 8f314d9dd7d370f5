/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - the one reading of UTF-8: shortest form only, no surrogates, at most U+10FFFF. */
#ifndef SLUICE_BASE_UTF8_H
#define SLUICE_BASE_UTF8_H

#include "sluice/base/base.h"

/* Bytes of the character at `s` (1 to 4), 0 when the `len` bytes there do not start with one. */
size_t utf8_char(const char *s, size_t len);
/* Its code point; `n` is what utf8_char gave. */
uint32_t utf8_point(const char *s, size_t n);
/* Writes the character (up to 4 bytes, no NUL), gives their number. */
size_t utf8_put(char out[static 4], uint32_t point);
/* Offset of the first byte that is not UTF-8; `len` when all is. */
size_t utf8_check(const char *s, size_t len);

#endif
