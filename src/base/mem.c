/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c - allocation that does not fail, and text comparison that takes NULL. */
#include "sluice/base/base.h"

#include <stdlib.h>
#include <string.h>

void free_pointer(void *address_of_pointer)
{
    void *p = NULL;

    memcpy(&p, address_of_pointer, sizeof(p));
    free(p);
}

static void *or_abort(void *p)
{
    if (!p)
        abort();
    return p;
}

void *xmalloc(size_t n)
{
    return or_abort(malloc(n ? n : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return or_abort(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
    return or_abort(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
    return or_abort(strdup(s));
}

bool str_equal(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

bool str_empty(const char *s)
{
    return !s || !*s;
}
