/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one JSON object per line on stderr; constant message, lowerCamelCase keys (C78).
 *
 * log_info("wrote", "namespace", ns, "name", name, "rule", rule, NULL): pairs of strings, NULL
 * ends; a NULL value prints as "". Control bytes and bad UTF-8 are escaped. Secrets are never
 * passed here: they have no printable type (C21). */
#ifndef SLUICE_BASE_LOG_H
#define SLUICE_BASE_LOG_H

#include "sluice/base/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *msg, ...) __attribute__((sentinel));
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
