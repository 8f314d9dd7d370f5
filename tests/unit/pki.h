/* SPDX-License-Identifier: Apache-2.0 */
/* pki.h - certificates made for one test run. */
#ifndef SLUICE_TESTS_UNIT_PKI_H
#define SLUICE_TESTS_UNIT_PKI_H

struct pki_pair {
    char *cert, *key; /* PEM, owned */
};

/* Signed by itself; `ca` may sign others. */
struct pki_pair pki_ca(const char *name);
/* Signed by another. */
struct pki_pair pki_ca_of(const struct pki_pair *ca, const char *name);
/* `san` as OpenSSL writes it: "IP:127.0.0.1,DNS:api.test"; NULL for client certificates. */
struct pki_pair pki_leaf(const struct pki_pair *ca, const char *name, const char *san);
/* The same key under a passphrase, PEM, owned. */
char *pki_locked_key(const struct pki_pair *pair, const char *passphrase);
void pki_release(struct pki_pair *pair);

#endif
