/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"
#include "sluice/base/base.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdlib.h>

static void *crypto_alloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return xmalloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    if (n > 0)
        return xrealloc(p, n);
    free(p);
    return NULL;
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

void memory_as_ours(void)
{
    event_set_mem_functions(xmalloc, xrealloc, free);
    (void)CRYPTO_set_mem_functions(crypto_alloc, crypto_realloc, crypto_free);
}
