/* SPDX-License-Identifier: Apache-2.0 */
/* alloc.c - the allocator of a test program, with one allocation that fails: for tests/torture/run.
 * Linked into the test programs of builds with AddressSanitizer, where these functions stand before
 * its own weak ones; without the variables below they only hand on.
 *
 * A place is a path by which memory is asked for: up to three of our own callers, the library
 * function that they called, and the innermost one that allocates.
 *
 *   TORTURE_PLACES=file   notes every place: its key, then its addresses as MODULE+OFFSET
 *   TORTURE_FAIL=key      the first allocation at this place gets no memory */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#define FRAMES_MAX  24
#define OWN_MAX     3
#define PLACE_MAX   (OWN_MAX + 2)
#define MODULES_MAX 64
#define PLACES_MAX  (1u << 16) /* a power of two; more are not noted */

void *__interceptor_malloc(size_t n);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *p, size_t n);

static struct module {
    const char *name;
    uintptr_t base, begin, end;
} modules[MODULES_MAX];
static size_t module_count; /* the first is the program */

static FILE *notes;
static uint64_t wanted;
static bool armed;
static uint64_t seen[PLACES_MAX];
static __thread bool inside;

struct place {
    uintptr_t at[PLACE_MAX];
    size_t count;
};

struct walk {
    uintptr_t at[FRAMES_MAX];
    size_t count;
};

/* ---- where ----------------------------------------------------------------------------------- */

static int note_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct module m = {info->dlpi_name, info->dlpi_addr, UINTPTR_MAX, 0};

    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const uintptr_t begin = info->dlpi_addr + p->p_vaddr;
        if (p->p_type != PT_LOAD)
            continue;
        m.begin = begin < m.begin ? begin : m.begin;
        m.end = begin + p->p_memsz > m.end ? begin + p->p_memsz : m.end;
    }
    if (module_count < MODULES_MAX)
        modules[module_count++] = m;
    return 0;
}

static const struct module *module_of(uintptr_t at)
{
    for (size_t i = 0; i < module_count; i++)
        if (at >= modules[i].begin && at < modules[i].end)
            return &modules[i];
    return NULL;
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
    struct walk *w = arg;
    const uintptr_t at = _Unwind_GetIP(context);

    if (at == 0 || w->count == FRAMES_MAX)
        return _URC_END_OF_STACK;
    w->at[w->count++] = at;
    return _URC_NO_REASON;
}

/* The first two frames are this file's; functions of this file are all in one place. */
static struct place place_of(uintptr_t caller)
{
    struct walk w = {0};
    struct place p = {0};
    size_t i = 0, own = 0;

    _Unwind_Backtrace(step, &w);
    while (i < w.count && w.at[i] != caller)
        i++;
    if (i == w.count) { /* a library without unwind tables */
        p.at[p.count++] = caller;
        return p;
    }
    if (module_of(w.at[i]) != &modules[0])
        p.at[p.count++] = w.at[i];
    for (size_t first = i; i < w.count && own < OWN_MAX; i++) {
        if (module_of(w.at[i]) != &modules[0])
            continue;
        if (own == 0 && i > first + 1)
            p.at[p.count++] = w.at[i - 1];
        p.at[p.count++] = w.at[i];
        own++;
    }
    return p;
}

static uint64_t key_of(const struct place *p)
{
    uint64_t key = 14695981039346656037u;

    for (size_t i = 0; i < p->count; i++) {
        const struct module *m = module_of(p->at[i]);
        const uint64_t word = m ? (uint64_t)(m - modules) << 48 ^ (p->at[i] - m->base) : 1;
        key = (key ^ word) * 1099511628211u;
        key ^= key >> 29;
    }
    return key ? key : 1;
}

/* ---- what is done there ---------------------------------------------------------------------- */

static bool is_new(uint64_t key)
{
    size_t i = key & (PLACES_MAX - 1);

    for (size_t tries = 0; tries < PLACES_MAX; tries++, i = (i + 1) & (PLACES_MAX - 1)) {
        if (seen[i] == key)
            return false;
        if (seen[i] == 0) {
            seen[i] = key;
            return true;
        }
    }
    return false;
}

static void note(uint64_t key, const struct place *p)
{
    fprintf(notes, "%016llx", (unsigned long long)key);
    for (size_t i = 0; i < p->count; i++) {
        const struct module *m = module_of(p->at[i]);
        fprintf(notes, " %s+0x%llx",
                m && m->name && *m->name ? m->name
                : m                      ? "-"
                                         : "?",
                (unsigned long long)(m ? p->at[i] - m->base : 0));
    }
    fputc('\n', notes);
    fflush(notes);
}

static bool fails(void *caller)
{
    bool result = false;

    if (inside || !(notes || armed))
        return false;
    inside = true;
    const struct place p = place_of((uintptr_t)caller);
    const uint64_t key = key_of(&p);
    if (notes && is_new(key))
        note(key, &p);
    if (armed && key == wanted) {
        armed = false;
        result = true;
    }
    inside = false;
    if (result)
        errno = ENOMEM;
    return result;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("TORTURE_PLACES"), *key = getenv("TORTURE_FAIL");

    inside = true;
    dl_iterate_phdr(note_module, NULL);
    if (path)
        notes = fopen(path, "w");
    if (key) {
        wanted = strtoull(key, NULL, 16);
        armed = true;
    }
    inside = false;
}

/* ---- in the place of the allocator ----------------------------------------------------------- */

void *malloc(size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : __interceptor_malloc(n);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __interceptor_calloc(count, size);
}

void *realloc(void *p, size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : __interceptor_realloc(p, n);
}
