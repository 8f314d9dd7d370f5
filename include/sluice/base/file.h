/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - whole files, bounded. */
#ifndef SLUICE_BASE_FILE_H
#define SLUICE_BASE_FILE_H

#include "sluice/base/err.h"

/* Owned text with a NUL behind it (free with free()); "-" is standard input. */
bool file_read(const char *path, size_t max, char **text, size_t *len, struct err *e) MUST_USE;

#endif
