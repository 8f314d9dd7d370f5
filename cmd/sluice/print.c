/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - objects as JSON or YAML: the server's values, keys in order, without managedFields. */
#include "live.h"

#include "sluice/json/yaml.h"
#include <stdio.h>

#define INDENT          4
#define PRINT_BYTES_MAX ((size_t)256 * 1024 * 1024)

static void indent(struct strbuf *out, int depth)
{
    strbuf_addc(out, '\n');
    for (int i = 0; i < depth * INDENT; i++)
        strbuf_addc(out, ' ');
}

/* Bytes of the string that begins at `p`, quotes included. */
static size_t string_len(const char *p, size_t len)
{
    size_t n = 1;

    while (n < len && p[n] != '"')
        n += p[n] == '\\' ? 2 : 1;
    return n < len ? n + 1 : len;
}

static bool closes(char c)
{
    return c == '}' || c == ']';
}

/* A bracket or comma, and the line breaks around it; an empty pair stays together. */
static void add_mark(struct strbuf *out, char c, char next, int *depth)
{
    if (closes(c)) {
        (*depth)--;
        if (out->len && out->p[out->len - 1] != '{' && out->p[out->len - 1] != '[')
            indent(out, *depth);
        strbuf_addc(out, c);
        return;
    }
    strbuf_addc(out, c);
    if (c == ':')
        strbuf_addc(out, ' ');
    else if (c == ',')
        indent(out, *depth);
    else if (++*depth, !closes(next))
        indent(out, *depth);
}

void pretty_json(struct strbuf *out, const char *json, size_t len)
{
    int depth = 0;

    for (size_t i = 0; i < len;) {
        const char c = json[i];

        if (c == '"') {
            const size_t n = string_len(json + i, len - i);
            strbuf_add(out, json + i, n);
            i += n;
            continue;
        }
        if (c == '{' || c == '[' || c == ':' || c == ',' || closes(c))
            add_mark(out, c, i + 1 < len ? json[i + 1] : ' ', &depth);
        else if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            strbuf_addc(out, c);
        i++;
    }
}

static void print_text(struct arena *a, enum output form, const struct strbuf *json)
{
    auto_strbuf struct strbuf pretty = {.max = PRINT_BYTES_MAX};
    const char *yaml;

    if (form == OUTPUT_YAML) {
        yaml = yaml_from_json(a, strbuf_str(json), json->len);
        fputs(yaml ? yaml : "", stdout);
        return;
    }
    pretty_json(&pretty, strbuf_str(json), json->len);
    puts(strbuf_str(&pretty));
}

void print_object(struct arena *a, enum output form, struct jslice object)
{
    auto_strbuf struct strbuf json = {.max = PRINT_BYTES_MAX};

    json_canonical(&json, object, "metadata.managedFields");
    print_text(a, form, &json);
}

struct printing {
    struct strbuf *json;
    bool any;
};

static bool print_item(struct jslice item, void *arg)
{
    struct printing *p = arg;

    strbuf_adds(p->json, p->any ? "," : "");
    json_canonical(p->json, item, "metadata.managedFields");
    p->any = true;
    return true;
}

void print_list(struct arena *a, enum output form, struct jslice list)
{
    auto_strbuf struct strbuf json = {.max = PRINT_BYTES_MAX};
    struct printing p = {.json = &json};

    strbuf_adds(&json, "{\"apiVersion\":\"v1\",\"items\":[");
    json_slice_each(json_slice(list.p, list.len, "items"), print_item, &p);
    strbuf_adds(&json, "],\"kind\":\"List\"}");
    print_text(a, form, &json);
}
