/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c - allocation that does not fail, and text comparison that takes NULL. */
#include "sluice/base/base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void free_pointer(void *address_of_pointer)
{
    void *p = NULL;

    memcpy(&p, address_of_pointer, sizeof(p));
    free(p);
}

void out_of_memory(void)
{
    static const char words[] = "out of memory\n";

    if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
        abort(); /* there is nobody to be told */
    abort();
}

static void *or_die(void *p)
{
    if (!p)
        out_of_memory();
    return p;
}

void *xmalloc(size_t n)
{
    return or_die(malloc(n ? n : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return or_die(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
    return or_die(realloc(p, n ? n : 1));
}

void *xgrow(void *items, size_t *cap, size_t first, size_t item_size)
{
    *cap = *cap ? *cap * 2 : first;
    return xrealloc(items, *cap * item_size);
}

char *xstrdup(const char *s)
{
    return or_die(strdup(s));
}

bool str_equal(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

bool str_empty(const char *s)
{
    return !s || !*s;
}

const char *str_name(const char *s)
{
    return str_empty(s) ? "?" : s;
}
