/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_emit.c - JSON text as YAML for people, in the form kubectl prints it. */
#include "scan.h"
#include "sluice/json/yaml.h"
#include "yaml_parts.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static int write_out(void *arg, unsigned char *data, size_t len)
{
    return strbuf_add(arg, data, len);
}

/* Events of our own making fail for want of memory only. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
    if (!made || !yaml_emitter_emit(emitter, event))
        out_of_memory();
}

/* Text that YAML 1.1 readers other than ours take for a time, a base 60 number, or magic. */
static bool other_readers_differ(const char *s, size_t len)
{
    const size_t digits = strspn(s, "0123456789");

    if (digits == 4 && s[4] == '-')
        return true;
    if (strcmp(s, "=") == 0 || strcmp(s, "<<") == 0)
        return true;
    return strchr(s, ':') && strspn(s, "0123456789:._+-") == len;
}

static void emit_string(yaml_emitter_t *emitter, struct jslice quoted)
{
    auto_strbuf struct strbuf text = {.max = SIZE_MAX / 2};
    yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;
    yaml_event_t event;
    const char *s;

    scan_unquote(&text, quoted);
    s = strbuf_str(&text);
    if (yaml_meaning(s, text.len, NULL) != YAML_MEANS_STRING || other_readers_differ(s, text.len))
        style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    else if (strchr(s, '\n'))
        style = YAML_LITERAL_SCALAR_STYLE; /* libyaml quotes what that style cannot hold */
    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s, (int)text.len,
                                      style == YAML_PLAIN_SCALAR_STYLE, 1, style));
}

static void emit_word(yaml_emitter_t *emitter, struct jslice word)
{
    yaml_event_t event;

    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)word.p,
                                      (int)word.len, 1, 0, YAML_PLAIN_SCALAR_STYLE));
}

static void emit_value(yaml_emitter_t *emitter, struct jslice value);

static void emit_object(yaml_emitter_t *emitter, struct jslice object)
{
    struct scan_item item;
    const char *p = NULL;
    yaml_event_t event;

    emit(emitter, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    while (scan_next(object, &p, &item)) {
        emit_string(emitter, item.key);
        emit_value(emitter, item.value);
    }
    emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static void emit_array(yaml_emitter_t *emitter, struct jslice array)
{
    struct scan_item item;
    const char *p = NULL;
    yaml_event_t event;

    emit(emitter, &event,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
    while (scan_next(array, &p, &item))
        emit_value(emitter, item.value);
    emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

/* As deep as scan_check let the text be. */
static void emit_value(yaml_emitter_t *emitter, struct jslice value)
{
    if (scan_is(value, '{'))
        emit_object(emitter, value);
    else if (scan_is(value, '['))
        emit_array(emitter, value);
    else if (scan_is(value, '"'))
        emit_string(emitter, value);
    else
        emit_word(emitter, value);
}

char *yaml_from_json(struct arena *a, const char *json, size_t len)
{
    CLEANUP(yaml_emitter_delete) yaml_emitter_t emitter = {0};
    auto_strbuf struct strbuf out = {.max = SIZE_MAX / 2};
    yaml_event_t event;
    size_t at;

    if (scan_check(json, len, &at))
        return NULL;
    if (!yaml_emitter_initialize(&emitter))
        out_of_memory();
    yaml_emitter_set_output(&emitter, write_out, &out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1); /* no folding */
    emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit_value(&emitter, json_slice(json, len, ""));
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    return arena_strndup(a, out.p, out.len);
}
