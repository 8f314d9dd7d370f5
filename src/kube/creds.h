/* SPDX-License-Identifier: Apache-2.0 */
/* creds.h - token and certificates as they are now: files that rotate are read again (C13, C14),
 * plugins asked again. Time is an argument (monotonic ms). */
#ifndef SLUICE_KUBE_CREDS_H
#define SLUICE_KUBE_CREDS_H

#include "sluice/kube/config.h"
#include "sluice/net/http.h"

#define CREDS_TOKEN_MS INT64_C(60000)  /* C13 */
#define CREDS_TLS_MS   INT64_C(300000) /* C14 */

struct creds;

/* `config` is borrowed until creds_free. NULL when something it names cannot be read. */
struct creds *creds_new(const struct kube_config *config, int64_t now_ms, struct err *e);
void creds_free(struct creds *c);

/* Reads again what is due; what cannot be read or used stays as it was. True: the certificates
 * changed, so connections made with the old ones should go. */
bool creds_refresh(struct creds *c, int64_t now_ms);
/* The server refused a request made with token `generation`. True: there is another one now. */
bool creds_refused(struct creds *c, uint64_t generation, int64_t now_ms);

const char *creds_token(const struct creds *c); /* NULL: none; borrowed until the next refresh */
uint64_t creds_generation(const struct creds *c);
const struct http_tls *creds_tls(const struct creds *c); /* borrowed likewise */

#endif
