/* SPDX-License-Identifier: Apache-2.0 */
/* exec_parts.h - the reading half of exec.c. Private to src/kube; a fuzzer asks it too. */
#ifndef SLUICE_KUBE_EXEC_PARTS_H
#define SLUICE_KUBE_EXEC_PARTS_H

#include "sluice/kube/config.h"

/* What a plugin printed, NUL behind it. ERR_INVALID when it is no ExecCredential of the version
 * that was asked for, or holds neither a token nor a certificate with its key; `out` untouched. */
bool kube_exec_read(const struct kube_exec *exec, const char *text, size_t len,
                    struct kube_exec_result *out, struct err *e) MUST_USE;

#endif
