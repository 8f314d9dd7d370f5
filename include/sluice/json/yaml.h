/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h - YAML in (manifests, kubeconfig) as JSON text, JSON out as YAML. libyaml events.
 *
 * Bounded: 8 MiB text, a document 16 MiB as JSON, depth JSON_DEPTH_MAX, aliases expanded to at
 * most 1 MiB in all (alias bombs), duplicate keys and non-UTF-8 refused. Unquoted text means what
 * it means to kubectl (sigs.k8s.io/yaml): null/~, true/false/yes/no/on/off, integers (0644 is
 * octal, 0x1f, 0b1) and floats are not strings, timestamps are; keys are their text; "<<" merges
 * mappings. */
#ifndef SLUICE_JSON_YAML_H
#define SLUICE_JSON_YAML_H

#include "sluice/base/arena.h"
#include "sluice/base/err.h"

/* Where a value stands in its file, for "web.yaml:13". */
struct yaml_mark {
    const char *path; /* "spec.strategy.canary.steps[2].weight", as validation writes paths */
    int line;         /* from 1 */
};

struct yaml_doc {
    const char *json; /* one document as JSON text */
    size_t json_len;
    const struct yaml_mark *marks; /* every node, in document order */
    size_t mark_count;
    int line; /* first line of the document */
};

/* All documents of a (possibly multi-document) text; empty documents are left out; a `List` is
 * not unfolded. Everything in arena `a`. JSON input is YAML too. */
bool yaml_read(struct arena *a, const char *text, size_t len, struct yaml_doc **docs, size_t *count,
               struct err *e) MUST_USE;
/* Line of `path`, else of its longest known prefix, else of the document. */
int yaml_line(const struct yaml_doc *doc, const char *path);
/* JSON text as YAML (block style, keys in their order) for `-o yaml`. NULL on bad JSON. */
char *yaml_from_json(struct arena *a, const char *json, size_t len);

#endif
