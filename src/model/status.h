/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - Rollout.status as one table: reading, writing, limits. Private to src/model.
 *
 * Offsets are those of struct rollout_status, inside lists those of their entry. */
#ifndef SLUICE_MODEL_STATUS_H
#define SLUICE_MODEL_STATUS_H

#include "sluice/model/rollout.h"

#define STATUS_NONE SIZE_MAX /* no such offset */

enum status_kind {
    S_STR,
    S_I64,
    S_I32,
    S_BOOL,
    S_STEP,   /* an int; absent is -1 */
    S_TIME,   /* with milliseconds: deadlines are counted from it */
    S_SECOND, /* as metav1.Time */
    S_WORD,   /* an enum by its words */
    S_OBJECT,
    S_LIST,
    S_NAMES, /* list of strings */
    S_CONDITIONS,
};

struct status_shape;
struct status_field {
    const char *key;
    enum status_kind kind;
    size_t at;
    int max;                  /* text: bytes as escaped in JSON; lists: entries; numbers: value */
    bool always;              /* written also when zero or empty */
    bool talk;                /* words for people: cut when the whole is too long */
    size_t count_at;          /* lists: their int count */
    const char *const *words; /* S_WORD: by value, ends with NULL */
    const struct status_shape *shape;
};

struct status_shape {
    const struct status_field *fields;
    size_t count;
    size_t size;       /* lists: bytes of an entry */
    size_t flag_at;    /* objects: bool that says whether it is there; STATUS_NONE: by its first
                        * field, a string that is never empty when it is there */
    bool keyed;        /* lists: the first field tells entries apart; the API server refuses a whole
                        * status with an empty or a second one, so those are not written */
    size_t unknown_at; /* const char *: members we do not know */
};

extern const struct status_shape status_shape;

#endif
