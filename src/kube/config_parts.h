/* SPDX-License-Identifier: Apache-2.0 */
/* config_parts.h - shared by config.c (where the settings come from) and kubeconfig.c (their
 * format). */
#ifndef SLUICE_KUBE_CONFIG_PARTS_H
#define SLUICE_KUBE_CONFIG_PARTS_H

#include "sluice/kube/config.h"

/* Flags that hold for every origin: namespace, server, token, impersonation, insecure. */
void config_apply_options(struct kube_config *config, const struct kube_config_options *options);
/* What no origin may break; tidies `server`. */
bool config_check(struct kube_config *config, struct err *e) MUST_USE;
/* `path` as it stands relative to the file `origin`; arena text. */
const char *config_relative(struct arena *a, const char *origin, const char *path);
void config_wipe(const char *text, size_t len);

#endif
