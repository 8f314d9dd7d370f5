/* SPDX-License-Identifier: Apache-2.0 */
/* model_lib.h - objects for tests of the model, from files and from text. */
#ifndef SLUICE_TESTS_UNIT_MODEL_LIB_H
#define SLUICE_TESTS_UNIT_MODEL_LIB_H

#include "check.h"
#include "sluice/base/file.h"
#include "sluice/json/json.h"

struct object {
    char *text;
    size_t len;
    cJSON *doc;
};

static inline void object_release(struct object *o)
{
    json_release(&o->doc);
    free(o->text);
}
#define auto_object CLEANUP(object_release)

static inline struct object object_of(const char *text)
{
    struct object o = {.text = xstrdup(text), .len = strlen(text)};
    struct err e = {0};

    o.doc = json_parse(o.text, o.len, &e);
    CHECK(o.doc, "%s: %s", text, e.text);
    return o;
}

/* A file of tests/model/fixtures: what a Kubernetes 1.36 API server sent, byte for byte. */
UNUSED static inline struct object fixture(const char *name)
{
    struct object o = {0};
    struct err e = {0};
    char path[128] = "tests/model/fixtures/";

    memcpy(path + strlen(path), name, strlen(name) + 1);
    CHECK(file_read(path, 1 << 20, &o.text, &o.len, &e), "%s", e.text);
    o.doc = json_parse(o.text, o.len, &e);
    CHECK(o.doc, "%s: %s", path, e.text);
    return o;
}

#endif
