/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_marks.c - from the path of a finding to the line it stands on. */
#include "scan.h"
#include "yaml_parts.h"

#include <string.h>

#define PATH_BYTES_MAX ((size_t)256)
#define MARKS_MAX      ((size_t)64 * 1024)

void yaml_marks_init(struct yaml_marks *m, struct arena *a)
{
    *m = (struct yaml_marks){.a = a, .path = {.max = SIZE_MAX / 2}};
}

void yaml_marks_release(struct yaml_marks *m)
{
    strbuf_release(&m->path);
}

size_t yaml_marks_enter(struct yaml_marks *m, const char *key, size_t index)
{
    const size_t before = m->path.len;

    if (key)
        strbuf_addf(&m->path, "%s%s", before ? "." : "", key);
    else
        strbuf_addf(&m->path, "[%zu]", index);
    return before;
}

void yaml_marks_leave(struct yaml_marks *m, size_t path_len)
{
    m->path.len = path_len;
    if (m->path.p)
        m->path.p[path_len] = '\0';
}

void yaml_marks_add(struct yaml_marks *m, int line)
{
    if (m->path.len > PATH_BYTES_MAX || m->count == MARKS_MAX)
        return;
    if (m->count == m->cap) {
        struct yaml_mark *old = m->list;
        m->cap = m->cap ? m->cap * 2 : 32;
        m->list = ARENA_ARRAY(m->a, struct yaml_mark, m->cap);
        if (old)
            memcpy(m->list, old, m->count * sizeof(*old));
    }
    m->list[m->count++] = (struct yaml_mark){
        .path = arena_strndup(m->a, strbuf_str(&m->path), m->path.len), .line = line};
}

void yaml_marks_take(struct yaml_marks *m, struct yaml_doc *doc)
{
    doc->marks = m->list;
    doc->mark_count = m->count;
    m->list = NULL;
    m->count = m->cap = 0;
    yaml_marks_leave(m, 0);
}

/* --- of JSON text ----------------------------------------------------------------------------- */

struct line_count {
    const char *at;
    int line;
};

static int line_at(struct line_count *c, const char *p)
{
    for (; c->at < p; c->at++)
        c->line += *c->at == '\n';
    return c->line;
}

/* As deep as scan_check let the text be. */
static void mark_value(struct yaml_marks *m, struct line_count *c, struct jslice value)
{
    struct scan_item item;
    const char *p = NULL;

    if (!scan_is(value, '{') && !scan_is(value, '['))
        return;
    for (size_t i = 0; scan_next(value, &p, &item); i++) {
        auto_strbuf struct strbuf key = {.max = SIZE_MAX / 2};
        size_t before;
        if (item.key.p)
            scan_unquote(&key, item.key);
        before = yaml_marks_enter(m, item.key.p ? strbuf_str(&key) : NULL, i);
        yaml_marks_add(m, line_at(c, item.key.p ? item.key.p : item.value.p));
        mark_value(m, c, item.value);
        yaml_marks_leave(m, before);
    }
}

void yaml_marks_of_json(struct yaml_marks *m, struct jslice json, int line)
{
    struct line_count c = {.at = json.p, .line = line};

    yaml_marks_add(m, line);
    mark_value(m, &c, json);
}

/* --- looking up ------------------------------------------------------------------------------- */

/* Whether `start` is `path` or a whole number of its steps. */
static bool begins(const char *path, const char *start)
{
    const size_t len = strlen(start);

    if (strncmp(path, start, len) != 0)
        return false;
    return len == 0 || path[len] == '\0' || path[len] == '.' || path[len] == '[';
}

static int longest_known(const struct yaml_doc *doc, const char *path)
{
    int line = doc->line;
    size_t best = 0;

    for (size_t i = 0; i < doc->mark_count; i++) {
        const size_t len = strlen(doc->marks[i].path);
        if (len >= best && begins(path, doc->marks[i].path)) {
            best = len;
            line = doc->marks[i].line;
        }
    }
    return line;
}

/* Place of the element whose string member `key` is `text`; -1 when there is none. */
static long index_of(struct jslice array, struct jslice key, struct jslice text)
{
    struct scan_item item, member;
    const char *p = NULL;

    for (long i = 0; scan_is(array, '[') && scan_next(array, &p, &item); i++) {
        const char *in = NULL;
        while (scan_is(item.value, '{') && scan_next(item.value, &in, &member))
            if (scan_key_is(member.key, key.p, key.len) && scan_is(member.value, '"') &&
                scan_key_is(member.value, text.p, text.len))
                return i;
    }
    return -1;
}

/* "spec.gates[name=errors].metric", as validation writes it, with the index the name stands for. */
static bool by_index(const struct yaml_doc *doc, const char *path, struct strbuf *out)
{
    const char *const open = strchr(path, '['), *const close = open ? strchr(open, ']') : NULL;
    const char *const equal = close ? memchr(open, '=', (size_t)(close - open)) : NULL;
    long index;

    if (!equal)
        return false;
    strbuf_add(out, path, (size_t)(open - path));
    index = index_of(json_slice(doc->json, doc->json_len, strbuf_str(out)),
                     (struct jslice){open + 1, (size_t)(equal - open - 1)},
                     (struct jslice){equal + 1, (size_t)(close - equal - 1)});
    if (index < 0)
        return false;
    return strbuf_addf(out, "[%ld]%s", index, close + 1);
}

int yaml_line(const struct yaml_doc *doc, const char *path)
{
    auto_strbuf struct strbuf plain = {.max = SIZE_MAX / 2};

    return longest_known(doc, by_index(doc, path, &plain) ? strbuf_str(&plain) : path);
}
