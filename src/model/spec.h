/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - Rollout.spec as one table: what may stand where, what it means, where it is kept.
 *
 * spec_table.c holds the fields, spec_walk.c goes through a document with them (checking and
 * decoding at once, so that nothing is accepted and ignored), rules.c holds the numbered rules of
 * api.md that look at more than one field. Private to src/model. */
#ifndef SLUICE_MODEL_SPEC_H
#define SLUICE_MODEL_SPEC_H

#include "sluice/model/validate.h"

#define FINDINGS_MAX 64 /* the rest is not listed: who has 64 errors corrects those first */

enum spec_kind {
    F_TEXT,
    F_DURATION, /* int64_t milliseconds */
    F_PERCENT,  /* 25 or "25%", kept as text */
    F_COUNT,    /* 3 or "20%", kept as text */
    F_PORT,     /* 8080 or "http", kept as text */
    F_DECIMAL,  /* "0.3", kept as text */
    F_BOOL,
    F_INT,
    F_WORD,      /* one of `words`: an enum by their order */
    F_WORD_TEXT, /* one of `words`: the word */
    F_WORD_FLAG, /* one of two `words`: a bool, true for the second */
    F_BITS,      /* a set of `words`: bit 0 for the first ... */
    F_OBJECT,    /* its fields are kept in the same struct */
    F_LIST,      /* of objects, each its own struct */
    F_NAMES,     /* a set of strings */
    F_ANY,       /* not ours to judge */
    F_RESERVED,  /* of a later version: refused until it is built */
};

/* Texts of one form: the pattern that the CRD has, as two sets of characters. */
struct format {
    const char *pattern;
    int max;                 /* characters */
    const char *prefixes[2]; /* one of them comes first; NULL = none */
    const char *ends;        /* what may come first and last; NULL = as inside */
    const char *inside;      /* what may come between; NULL = anything */
    bool empty;              /* nothing behind the prefix is fine */
    const char *words;       /* "must be ..." */
};
extern const struct format format_label, format_name, format_gate, format_url, format_path,
    format_header, format_header_value, format_token, format_id, format_revision, format_query,
    format_rule;
bool format_fits(const struct format *f, const char *text);

struct spec_shape;
struct spec_field {
    const char *key;
    enum spec_kind kind;
    size_t at, count_at; /* offsets in the struct; size_t counts of lists */
    bool required;
    bool choice;                 /* one of those of which exactly one is given */
    int64_t min, max;            /* numbers; milliseconds; entries of lists. max 0 = no bound */
    const char *rule;            /* what a value out of bounds breaks ("V3"), NULL = "range" */
    const char *dflt;            /* as it would be written; NULL = zero */
    const char *const *words;    /* ends with NULL; "" is a value that cannot be written */
    const struct format *format; /* F_TEXT, F_NAMES */
    const struct spec_shape *shape;
};

struct checker;
struct spec_shape {
    const char *name; /* where a rule stands: "step" */
    const struct spec_field *fields;
    size_t count;
    size_t size;           /* entries of lists: their struct */
    const char *merge_key; /* lists: unique, shown in paths as [name=web] */
    const char *choice;    /* the rule that asks for exactly one of its choices ("V2"), or NULL */
    const char *empty;     /* why an object without any member is refused, NULL = it is fine */
    /* What no default of one field can say: kinds from the keys given, names from names. */
    void (*derive)(struct checker *c, const cJSON *o, void *base);
};
extern const struct spec_shape spec_shape, manifest_shape;

/* What is decoded: the spec, and what is only checked. */
struct spec_doc {
    struct rollout_spec spec; /* first: the offsets of both are the same */
    const char *target_api_version, *target_kind;
    const char *api_version, *kind, *name, *ns;
};
void spec_doc_init(struct spec_doc *doc);

void derive_blue_green(struct checker *c, const cJSON *o, void *base);
void derive_traffic(struct checker *c, const cJSON *o, void *base);
void derive_canary(struct checker *c, const cJSON *o, void *base);
void derive_strategy(struct checker *c, const cJSON *o, void *base);
void derive_metric(struct checker *c, const cJSON *o, void *base);
void derive_probe(struct checker *c, const cJSON *o, void *base);
void derive_gate(struct checker *c, const cJSON *o, void *base);
void derive_spec(struct checker *c, const cJSON *o, void *base);

/* One pass over one document. */
struct checker {
    struct arena *a;
    struct strbuf path, at; /* of the value at hand; `at` has indexes only */
    struct noted {
        struct finding finding;
        const cJSON *node;
        size_t rank; /* place in the document */
    } noted[FINDINGS_MAX];
    size_t count;
    const char *unknown_field; /* the first one */
};

void checker_init(struct checker *c, struct arena *a, const char *path);
/* Checks `o` against `shape` and decodes it into `base`, defaults applied. */
void checker_walk(struct checker *c, const cJSON *o, const struct spec_shape *shape, void *base);
/* Ends the pass: the findings in the order of `doc`, in the arena; `errors_only` without
 * warnings. */
size_t checker_finish(struct checker *c, const cJSON *doc, bool errors_only,
                      const struct finding **findings);

/* Steps down and back up: `mark` is what enter gave. */
struct path_mark {
    size_t path, at;
};
struct path_mark enter(struct checker *c, const char *key);
struct path_mark enter_item(struct checker *c, const cJSON *item, size_t i, const char *merge_key);
void leave(struct checker *c, struct path_mark mark);

/* Notes a finding about `node` (its value is shown) at the path at hand. */
void note(struct checker *c, const char *rule, const cJSON *node, const char *fmt, ...)
    PRINTF(4, 5);
void note_warning(struct checker *c, const char *rule, const cJSON *node, const char *fmt, ...)
    PRINTF(4, 5);

/* The rules of this place, run when the object's own fields were checked (rules.c). */
void rules_run(struct checker *c, const char *place, const cJSON *o);

/* spec_value.c: one value, checked and written to `to`. */
void spec_value(struct checker *c, const cJSON *item, const struct spec_field *f, char *to);
void spec_default(const struct spec_field *f, char *to);
/* A set of strings with each entry checked; `to` and `count` as F_NAMES has them. */
void spec_names(struct checker *c, const cJSON *list, const struct spec_field *f, char *base);
bool json_is(const cJSON *o, int type);

#endif
