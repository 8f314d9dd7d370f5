/* SPDX-License-Identifier: Apache-2.0 */
/* objects_parts.h - what objects_table.c demands, what objects_value.c asks of one value, and
 * objects.c of a whole object. */
#ifndef SLUICE_CMD_OBJECTS_PARTS_H
#define SLUICE_CMD_OBJECTS_PARTS_H

#include "sluice/base/arena.h"
#include "sluice/json/json.h"

enum form {
    OBJECT,
    LIST,
    TEXT,
    FLAG,
    NUMBER,    /* from min to max */
    SHARE,     /* 3 or "25%" */
    PORT,      /* 8080 or "http" */
    WORD,      /* one of words */
    NAME,      /* of an object */
    LABEL,     /* a name that is one label of DNS */
    PORT_NAME, /* of a container */
    TEXTS,     /* texts by name; a server takes null for "" */
    LABELS,    /* the same as labels; min 1: no null */
};

struct demand {
    const char *path; /* "[]": of every entry */
    enum form form;
    const char *missing; /* what to say where it is absent; NULL: it may be */
    const char *or_else; /* the member beside it that does instead */
    int64_t min, max;
    const char *const *words; /* up to NULL */
    const char *unique;       /* LIST: the member that no two entries share */
};

struct demands {
    const struct demand *rows;
    size_t count;
};
extern const struct demands deployment_demands, service_demands, route_demands;

/* What is wrong with `v`, which is there; NULL: nothing. Words are constant, or in `a`. */
const char *demand_wrong(struct arena *a, const struct demand *d, const cJSON *v);
/* ... with one member of a map of the forms TEXTS and LABELS. */
const char *demand_wrong_pair(struct arena *a, const struct demand *d, const cJSON *pair);

#endif
