/* SPDX-License-Identifier: Apache-2.0 */
/* json_yaml_fuzz.c - any bytes as YAML: refused with a line, or JSON that survives the way back. */
#include "check.h"
#include "sluice/json/edit.h"
#include "sluice/json/yaml.h"

/* Marks name lines of the text, and their own paths lead to them or to one like them. */
static void check_marks(const struct yaml_doc *doc, int lines)
{
    CHECK(doc->line >= 1 && doc->line <= lines, "line %d of %d", doc->line, lines);
    CHECK(doc->mark_count > 0 && doc->marks[0].path[0] == '\0', "no mark for the root");
    for (size_t i = 0; i < doc->mark_count; i++) {
        const struct yaml_mark *m = &doc->marks[i];
        CHECK(m->line >= doc->line && m->line <= lines, "%s: line %d", m->path, m->line);
        if (i < 100) {
            const int line = yaml_line(doc, m->path);
            CHECK(line >= doc->line && line <= lines, "%s: line %d", m->path, line);
        }
    }
}

/* Written as YAML and read again it is the same document. */
static void check_way_back(const struct yaml_doc *doc)
{
    struct yaml_doc *docs = NULL;
    struct err e = {0};
    struct arena a;
    size_t count = 0;

    arena_init(&a);
    auto_json cJSON *before = json_parse(doc->json, doc->json_len, &e);
    CHECK(before, "%s: %s", doc->json, e.text);
    const char *yaml = yaml_from_json(&a, doc->json, doc->json_len);
    CHECK(yaml, "%s", doc->json);
    CHECK(yaml_read(&a, yaml, strlen(yaml), &docs, &count, &e), "%s\n%s\n%s", doc->json, yaml,
          e.text);
    CHECK(count == 1, "%zu documents: %s", count, yaml);
    auto_json cJSON *after = json_parse(docs->json, docs->json_len, &e);
    CHECK(after && json_same(before, after), "%s\n%s\n%s", doc->json, yaml, docs->json);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct yaml_doc *docs = NULL;
    struct err e = {0};
    struct arena a;
    size_t count = 0;
    int lines = 1;

    for (size_t i = 0; i < len; i++) /* libyaml knows five line ends */
        lines += strchr("\n\r\x85\xa8\xa9", data[i]) && data[i];
    arena_init(&a);
    if (yaml_read(&a, (const char *)data, len, &docs, &count, &e)) {
        CHECK(e.kind == ERR_NONE, "%s", e.text);
        for (size_t i = 0; i < count; i++) {
            check_marks(&docs[i], lines);
            check_way_back(&docs[i]);
        }
    } else {
        CHECK(e.kind == ERR_INVALID && strncmp(e.text, "line ", 5) == 0, "%s", e.text);
    }
    CHECK(a.bytes < 4096 + len * 1024 + 8 * 1024 * 1024, "%zu bytes for %zu", a.bytes, len);
    arena_release(&a);
    return 0;
}
