/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - SHA-256 in hex. Private to src/model. */
#ifndef SLUICE_MODEL_DIGEST_H
#define SLUICE_MODEL_DIGEST_H

#include "sluice/model/template.h"

void digest_text(const char *p, size_t len, char out[static DIGEST_TEXT_MAX]);

#endif
