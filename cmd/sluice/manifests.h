/* SPDX-License-Identifier: Apache-2.0 */
/* manifests.h - files given with -f: their documents, and the world they describe. Pure.
 *
 * Each file may hold many documents, and a document may be a List. A Rollout meets the Deployment,
 * Services and HTTPRoutes of the same set of files; of what is not in them nothing is known. */
#ifndef SLUICE_CMD_MANIFESTS_H
#define SLUICE_CMD_MANIFESTS_H

#include "sluice/json/yaml.h"
#include "sluice/model/world.h"

#define MANIFEST_BYTES_MAX (8u * 1024 * 1024)
#define MANIFEST_DOCS_MAX  2000

struct manifest_file {
    const char *name;   /* as given; "-" is called "stdin" */
    const char *broken; /* why it cannot be read, NULL: it can */
    int broken_line;    /* 0: not known */
};

struct manifest {
    size_t file;                 /* index into files */
    const struct yaml_doc *yaml; /* for lines */
    const char *at;              /* "" or "items[2].": the prefix of its paths in the document */
    const cJSON *json;
    const char *raw; /* its own text */
    size_t raw_len;
    const char *kind, *ns,
        *name;  /* "" where absent; kind: where it is of a group that is not meant */
    bool wrong; /* lint_objects: no server takes it */
};

struct manifests {
    struct arena a;
    struct manifest_file *files;
    size_t file_count, file_cap;
    struct manifest *docs;
    size_t doc_count, doc_cap;
    cJSON **owned;
    size_t owned_count, owned_cap;
};

void manifests_init(struct manifests *m);
void manifests_release(struct manifests *m);
/* A file that is no YAML is kept as broken; the others still are read. */
void manifests_add(struct manifests *m, const char *name, const char *text, size_t len);

bool manifest_is_rollout(const struct manifest *d);
/* The Deployment (or so) called `name` that `like` may mean; NULL: not in the files. */
const struct manifest *manifests_find(const struct manifests *m, const char *kind, const char *name,
                                      const struct manifest *like);
/* A namespace left out is given when the file is applied: it fits any. */
bool manifest_same_namespace(const struct manifest *a, const struct manifest *b);
/* The world of one Rollout, made of these files alone (world.offline). */
const struct world *manifests_world(struct manifests *m, const struct manifest *rollout);
/* Line of a path with indexes, "spec.gates[1].metric". */
int manifest_line(const struct manifest *d, const char *path);

#endif
