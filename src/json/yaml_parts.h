/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_parts.h - what reading and writing YAML share: the meaning of unquoted text, and marks. */
#ifndef SLUICE_JSON_YAML_PARTS_H
#define SLUICE_JSON_YAML_PARTS_H

#include "sluice/base/strbuf.h"
#include "sluice/json/json.h"
#include "sluice/json/yaml.h"

enum yaml_meaning {
    YAML_MEANS_STRING,
    YAML_MEANS_NULL,
    YAML_MEANS_BOOL,
    YAML_MEANS_INT,
    YAML_MEANS_FLOAT,
    YAML_MEANS_NOT_FINITE, /* .inf, .nan: JSON has no such number */
};

/* What kubectl reads in the unquoted text `s`. The JSON of all but strings goes to `json`, when
 * that is not NULL. */
enum yaml_meaning yaml_meaning(const char *s, size_t len, struct strbuf *json);

/* Marks while a document is read: the path of the place we are at, and the list so far. Both are
 * bounded: places too deep or too many have no mark, and yaml_line answers with their parent's. */
struct yaml_marks {
    struct arena *a;
    struct strbuf path;
    struct yaml_mark *list;
    size_t count, cap;
};

void yaml_marks_init(struct yaml_marks *m, struct arena *a);
void yaml_marks_release(struct yaml_marks *m);
/* Steps into a member or an element; gives the length to hand to yaml_marks_leave. */
size_t yaml_marks_enter(struct yaml_marks *m, const char *key, size_t index);
void yaml_marks_leave(struct yaml_marks *m, size_t path_len);
void yaml_marks_add(struct yaml_marks *m, int line);
/* Gives the list to `doc`; the marks are empty again. */
void yaml_marks_take(struct yaml_marks *m, struct yaml_doc *doc);

/* The marks of a document that is JSON text, whose first byte is on `line`. */
void yaml_marks_of_json(struct yaml_marks *m, struct jslice json, int line);

#endif
