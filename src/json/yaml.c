/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.c - libyaml's events written down as JSON text.
 *
 * The JSON of a node is one piece of the output, so an alias is a copy of the piece its anchor
 * names, and all bounds are bounds of bytes. */
#include "sluice/json/yaml.h"
#include "scan.h"
#include "sluice/base/map.h"
#include "sluice/base/utf8.h"
#include "sluice/json/jfmt.h"
#include "yaml_parts.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define TEXT_BYTES_MAX  ((size_t)8 * 1024 * 1024)
#define ALIAS_BYTES_MAX ((size_t)1024 * 1024)
#define JSON_BYTES_MAX  ((size_t)16 * 1024 * 1024) /* 24 MiB can stand in 8 MiB of text */
#define TAG_PREFIX      "tag:yaml.org,2002:"

/* A finished node that `*name` may copy; open while it is still being read. */
struct anchor {
    size_t start, len;
    int height; /* containers in it */
    bool open;
};

/* A container being read. */
struct frame {
    bool object;
    bool want_key;
    bool merging; /* the value of "<<" is being read */
    size_t items;
    size_t path_len;    /* of the path before this frame's member was entered */
    size_t value_start; /* of that "<<" value, in the output */
    int key_line;
    int height;
    struct map keys;      /* seen so far */
    struct strbuf merges; /* objects from "<<", one after another */
    /* What value_end needs to know of the node this frame is. */
    size_t start;
    struct anchor *anchor;
};

struct reader {
    struct arena *a;
    struct err *e;
    yaml_parser_t parser;
    struct strbuf out; /* the document's JSON so far */
    struct yaml_marks marks;
    struct map anchors;
    size_t alias_bytes;
    struct frame stack[JSON_DEPTH_MAX];
    size_t depth;
    int merge_depth; /* frames that are merging */
    int first_line;  /* of the document's root; 0 before it */
    bool null_root;
    struct yaml_doc *docs;
    size_t count, cap;
};

static bool refuse(struct reader *r, int line, const char *what, const char *detail)
{
    return err_set(r->e, ERR_INVALID, detail ? "line %d: %s: %.100s" : "line %d: %s", line, what,
                   detail);
}

static int line_of(const yaml_event_t *event)
{
    return (int)event->start_mark.line + 1;
}

static struct frame *top(struct reader *r)
{
    return r->depth ? &r->stack[r->depth - 1] : NULL;
}

/* --- around a value --------------------------------------------------------------------------- */

/* Comma, path and mark of a value that begins. A member's key has written its own comma. */
static void value_begin(struct reader *r, int line)
{
    struct frame *f = top(r);

    if (!f) {
        r->first_line = line;
    } else if (!f->object) {
        if (f->items > 0)
            strbuf_addc(&r->out, ',');
        f->path_len = yaml_marks_enter(&r->marks, NULL, f->items);
        f->items++;
    }
    if (r->merge_depth == 0)
        yaml_marks_add(&r->marks, f && f->object ? f->key_line : line);
}

static bool merge_end(struct reader *r, struct frame *f)
{
    const struct jslice value = {r->out.p + f->value_start, r->out.len - f->value_start};
    struct scan_item item;
    const char *p = NULL;

    if (scan_is(value, '{')) {
        strbuf_add(&f->merges, value.p, value.len);
    } else if (scan_is(value, '[')) {
        while (scan_next(value, &p, &item)) {
            if (!scan_is(item.value, '{'))
                return refuse(r, f->key_line, "\"<<\" takes mappings only", NULL);
            strbuf_add(&f->merges, item.value.p, item.value.len);
        }
    } else {
        return refuse(r, f->key_line, "\"<<\" takes mappings only", NULL);
    }
    r->out.len = f->value_start;
    f->merging = false;
    r->merge_depth--;
    return true;
}

static bool value_end(struct reader *r, size_t start, int height, struct anchor *anchor)
{
    struct frame *f = top(r);

    if (r->out.overflow)
        return refuse(r, (int)r->parser.mark.line + 1, "larger than 16 MiB as JSON", NULL);
    if (anchor)
        *anchor = (struct anchor){.start = start, .len = r->out.len - start, .height = height};
    if (!f)
        return true;
    f->height = f->height > height ? f->height : height;
    if (f->merging) {
        if (!merge_end(r, f))
            return false;
    }
    if (f->object)
        f->want_key = true;
    yaml_marks_leave(&r->marks, f->path_len);
    return true;
}

/* The anchor of a node that begins; `*anchor` is NULL when it has none. */
static bool anchor_begin(struct reader *r, const yaml_char_t *name, int line,
                         struct anchor **anchor)
{
    *anchor = NULL;
    if (!name)
        return true;
    if (r->merge_depth > 0)
        return refuse(r, line, "an anchor inside \"<<\" is not supported", (const char *)name);
    *anchor = ARENA_NEW(r->a, struct anchor);
    (*anchor)->open = true;
    map_put(&r->anchors, (const char *)name, *anchor);
    return true;
}

/* --- scalars ---------------------------------------------------------------------------------- */

static bool tag_is(const char *tag, const char *name)
{
    const size_t len = strlen(TAG_PREFIX);

    return strncmp(tag, TAG_PREFIX, len) == 0 && strcmp(tag + len, name) == 0;
}

/* Whether the meaning is what an explicit tag asks for. */
static bool tag_allows(const char *tag, enum yaml_meaning meaning)
{
    return (meaning == YAML_MEANS_NULL && tag_is(tag, "null")) ||
           (meaning == YAML_MEANS_BOOL && tag_is(tag, "bool")) ||
           (meaning == YAML_MEANS_INT && (tag_is(tag, "int") || tag_is(tag, "float"))) ||
           (meaning == YAML_MEANS_FLOAT && tag_is(tag, "float"));
}

/* Gives the meaning of a scalar and, unless it is a string, its JSON. */
static bool scalar_meaning(struct reader *r, const yaml_event_t *event, struct strbuf *json,
                           enum yaml_meaning *meaning)
{
    const char *const text = (const char *)event->data.scalar.value;
    const char *const tag = (const char *)event->data.scalar.tag;
    const size_t len = event->data.scalar.length;
    const bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    *meaning = YAML_MEANS_STRING;
    if (memchr(text, '\0', len))
        return refuse(r, line_of(event), "a NUL byte in a string", NULL);
    if (tag ? strcmp(tag, "!") == 0 || tag_is(tag, "str") : !plain)
        return true;
    *meaning = yaml_meaning(text, len, json);
    if (*meaning == YAML_MEANS_NOT_FINITE)
        return refuse(r, line_of(event), "JSON has no such number", text);
    if (tag && !tag_allows(tag, *meaning))
        return refuse(r, line_of(event), "a tag that does not fit or is not supported", tag);
    return true;
}

/* A key: numbers and booleans count as their text, as kubectl has it. */
static bool on_key(struct reader *r, struct frame *f, const yaml_event_t *event)
{
    const char *const text = (const char *)event->data.scalar.value;
    auto_strbuf struct strbuf json = {.max = SIZE_MAX / 2};
    enum yaml_meaning meaning;

    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.anchor)
        return refuse(r, line_of(event), "a key must be plain text", NULL);
    if (!scalar_meaning(r, event, &json, &meaning))
        return false;
    if (meaning == YAML_MEANS_NULL)
        return refuse(r, line_of(event), "a key is missing", NULL);
    const char *const key = meaning == YAML_MEANS_STRING ? text : strbuf_str(&json);
    if (map_put(&f->keys, key, r))
        return refuse(r, line_of(event), "this key stands twice in its mapping", key);
    f->want_key = false;
    f->key_line = line_of(event);
    f->path_len = yaml_marks_enter(&r->marks, key, 0);
    f->merging = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && str_equal(key, "<<");
    if (f->merging) {
        r->merge_depth++;
        f->value_start = r->out.len;
        return true;
    }
    if (f->items++ > 0)
        strbuf_addc(&r->out, ',');
    json_quote(&r->out, key);
    strbuf_addc(&r->out, ':');
    return true;
}

static bool on_scalar(struct reader *r, const yaml_event_t *event)
{
    struct anchor *anchor;
    enum yaml_meaning meaning;
    size_t start;

    value_begin(r, line_of(event));
    start = r->out.len;
    if (!anchor_begin(r, event->data.scalar.anchor, line_of(event), &anchor) ||
        !scalar_meaning(r, event, &r->out, &meaning))
        return false;
    if (meaning == YAML_MEANS_STRING)
        json_quote(&r->out, (const char *)event->data.scalar.value);
    r->null_root = r->depth == 0 && meaning == YAML_MEANS_NULL;
    return value_end(r, start, 0, anchor);
}

static bool on_alias(struct reader *r, const yaml_event_t *event)
{
    const char *const name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = map_get(&r->anchors, name);
    size_t start;

    if (!anchor || anchor->open)
        return refuse(r, line_of(event),
                      anchor ? "an alias inside what it names" : "an alias of nothing", name);
    if (anchor->len > ALIAS_BYTES_MAX - r->alias_bytes)
        return refuse(r, line_of(event), "aliases stand for more than 1 MiB", name);
    if (r->depth + (size_t)anchor->height > JSON_DEPTH_MAX)
        return refuse(r, line_of(event), "nested too deeply", NULL);
    value_begin(r, line_of(event));
    start = r->out.len;
    r->alias_bytes += anchor->len;
    /* A copy first: the buffer moves while it grows. */
    auto_free char *copy = xmalloc(anchor->len);
    memcpy(copy, r->out.p + anchor->start, anchor->len);
    strbuf_add(&r->out, copy, anchor->len);
    return value_end(r, start, anchor->height, NULL);
}

/* --- containers ------------------------------------------------------------------------------- */

static bool on_start(struct reader *r, const yaml_event_t *event, bool object)
{
    const yaml_char_t *const name =
        object ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    const char *const tag =
        (const char *)(object ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    struct frame f = {.object = object, .want_key = object, .merges = {.max = JSON_BYTES_MAX}};

    if (tag && strcmp(tag, "!") != 0 && !tag_is(tag, object ? "map" : "seq"))
        return refuse(r, line_of(event), "a tag that does not fit or is not supported", tag);
    if (r->depth == JSON_DEPTH_MAX)
        return refuse(r, line_of(event), "nested too deeply", NULL);
    value_begin(r, line_of(event));
    if (!anchor_begin(r, name, line_of(event), &f.anchor))
        return false;
    f.start = r->out.len;
    strbuf_addc(&r->out, object ? '{' : '[');
    r->stack[r->depth++] = f;
    return true;
}

/* The members that "<<" brought and that the mapping does not have itself; the first one wins. */
static void add_merged(struct reader *r, struct frame *f)
{
    const char *at = f->merges.p, *const end = at + f->merges.len;
    struct scan_item item;

    while (at < end) {
        const char *const after = scan_value(at, end), *p = NULL;
        while (scan_next((struct jslice){at, (size_t)(after - at)}, &p, &item)) {
            auto_strbuf struct strbuf key = {.max = SIZE_MAX / 2};
            scan_unquote(&key, item.key);
            if (map_put(&f->keys, strbuf_str(&key), r))
                continue;
            if (f->items++ > 0)
                strbuf_addc(&r->out, ',');
            strbuf_add(&r->out, item.key.p, item.key.len);
            strbuf_addc(&r->out, ':');
            strbuf_add(&r->out, item.value.p, item.value.len);
        }
        at = after;
    }
}

static void frame_release(struct frame *f)
{
    map_release(&f->keys);
    strbuf_release(&f->merges);
}

static bool on_end(struct reader *r)
{
    struct frame *f = top(r);
    const size_t start = f->start;
    const int height = f->height + 1;
    struct anchor *const anchor = f->anchor;

    if (f->merges.len > 0)
        add_merged(r, f);
    strbuf_addc(&r->out, f->object ? '}' : ']');
    frame_release(f);
    r->depth--;
    return value_end(r, start, height, anchor);
}

/* --- documents -------------------------------------------------------------------------------- */

static void document_begin(struct reader *r)
{
    strbuf_reset(&r->out);
    map_release(&r->anchors);
    r->first_line = 0;
    r->null_root = false;
}

/* An empty one leaves its root's mark behind, which goes as well. */
static void document_end(struct reader *r)
{
    struct yaml_doc doc = {.line = r->first_line};

    yaml_marks_take(&r->marks, &doc);
    if (r->null_root || r->first_line == 0)
        return;
    if (r->count == r->cap) {
        struct yaml_doc *old = r->docs;
        r->cap = r->cap ? r->cap * 2 : 4;
        r->docs = ARENA_ARRAY(r->a, struct yaml_doc, r->cap);
        if (old)
            memcpy(r->docs, old, r->count * sizeof(*old));
    }
    doc.json = arena_strndup(r->a, r->out.p, r->out.len);
    doc.json_len = r->out.len;
    r->docs[r->count++] = doc;
}

static bool on_event(struct reader *r, const yaml_event_t *event)
{
    struct frame *f = top(r);

    if (f && f->want_key && event->type != YAML_MAPPING_END_EVENT)
        return on_key(r, f, event);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        document_begin(r);
        return true;
    case YAML_DOCUMENT_END_EVENT:
        document_end(r);
        return true;
    case YAML_SCALAR_EVENT:
        return on_scalar(r, event);
    case YAML_ALIAS_EVENT:
        return on_alias(r, event);
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return on_start(r, event, event->type == YAML_MAPPING_START_EVENT);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return on_end(r);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    default:
        return true;
    }
}

/* libyaml's own words. */
static bool syntax_error(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const bool context = p->context && *p->context;

    if (p->error == YAML_MEMORY_ERROR)
        out_of_memory();
    return err_set(r->e, ERR_INVALID, "line %zu: not YAML: %s%s%s", p->problem_mark.line + 1,
                   context ? p->context : "", context ? ": " : "",
                   p->problem ? p->problem : "syntax error");
}

static bool read_events(struct reader *r)
{
    bool more = true, ok = true;

    while (ok && more) {
        CLEANUP(yaml_event_delete) yaml_event_t event = {0};
        if (!yaml_parser_parse(&r->parser, &event))
            return syntax_error(r);
        more = event.type != YAML_STREAM_END_EVENT;
        ok = on_event(r, &event);
    }
    return ok;
}

static void reader_release(struct reader *r)
{
    while (r->depth > 0)
        frame_release(&r->stack[--r->depth]);
    map_release(&r->anchors);
    yaml_marks_release(&r->marks);
    strbuf_release(&r->out);
    yaml_parser_delete(&r->parser);
}

/* --- the way in ------------------------------------------------------------------------------- */

/* What libyaml would refuse with no line, or read as another encoding. */
static bool check_text(const char *text, size_t len, struct err *e)
{
    const size_t bad = utf8_check(text, len < TEXT_BYTES_MAX ? len : TEXT_BYTES_MAX);
    int line = 1;

    if (len > TEXT_BYTES_MAX)
        return err_set(e, ERR_INVALID, "larger than 8 MiB");
    if (bad == len)
        return true;
    for (size_t i = 0; i < bad; i++)
        line += text[i] == '\n';
    return err_set(e, ERR_INVALID, "line %d: not UTF-8", line);
}

/* JSON goes past libyaml, which does not read all of it (surrogate pairs, keys over 1 KiB). */
static bool read_json(struct arena *a, const char *text, size_t len, struct yaml_doc **docs)
{
    const struct jslice slice = json_slice(text, len, "");
    struct err ignored = {0};
    auto_json cJSON *doc = NULL;
    struct yaml_marks marks;
    int line = 1;

    if (!scan_is(slice, '{') && !scan_is(slice, '['))
        return false;
    doc = json_parse(slice.p, slice.len, &ignored);
    if (!doc)
        return false;
    for (const char *p = text; p < slice.p; p++)
        line += *p == '\n';
    *docs = ARENA_NEW(a, struct yaml_doc);
    yaml_marks_init(&marks, a);
    yaml_marks_of_json(&marks, slice, line);
    yaml_marks_take(&marks, *docs);
    yaml_marks_release(&marks);
    (*docs)->json = arena_strndup(a, slice.p, slice.len);
    (*docs)->json_len = slice.len;
    (*docs)->line = line;
    return true;
}

bool yaml_read(struct arena *a, const char *text, size_t len, struct yaml_doc **docs, size_t *count,
               struct err *e)
{
    if (!check_text(text, len, e))
        return false;
    if (read_json(a, text, len, docs)) {
        *count = 1;
        return true;
    }
    CLEANUP(reader_release) struct reader r = {.a = a, .e = e, .out = {.max = JSON_BYTES_MAX}};
    yaml_marks_init(&r.marks, a);
    if (!yaml_parser_initialize(&r.parser))
        out_of_memory();
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    if (!read_events(&r))
        return false;
    *docs = r.docs;
    *count = r.count;
    return true;
}
