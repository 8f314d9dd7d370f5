/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h - the bytes of a watch, as events. Pure. */
#ifndef SLUICE_KUBE_WATCH_H
#define SLUICE_KUBE_WATCH_H

#include "sluice/base/err.h"
#include "sluice/base/strbuf.h"
#include "sluice/json/json.h"
#include "sluice/kube/ident.h"

#define WATCH_LINE_MAX (4u * 1024 * 1024)

/* Framing (C31): one JSON document per line, '\n' or '\r\n', blank lines skipped. Chunks may end
 * anywhere. A tail without line end is held back, and dropped by whoever releases the framer. */
struct watch_framer {
    struct strbuf partial; /* start of a line whose end has not come */
};
void watch_framer_init(struct watch_framer *f, size_t line_max); /* 0 = WATCH_LINE_MAX */
void watch_framer_release(struct watch_framer *f);
/* Calls `line` for each line completed by these bytes; the text is borrowed until it returns and
 * has no NUL behind it. Stops when it returns false. False: stopped (`e` untouched, kind
 * ERR_NONE, when `line` stopped it), or a line over the limit (ERR_INVALID). O(bytes) in all. */
bool watch_framer_feed(struct watch_framer *f, const char *p, size_t len,
                       bool (*line)(const char *p, size_t len, void *arg), void *arg,
                       struct err *e);

enum watch_type {
    WATCH_ADDED,
    WATCH_MODIFIED,
    WATCH_DELETED,
    WATCH_BOOKMARK,
    WATCH_ERROR,   /* object is a Status (C27) */
    WATCH_UNKNOWN, /* skip it (C28) */
};

struct watch_event {
    enum watch_type type;
    cJSON *doc;          /* owned: the whole line */
    const cJSON *object; /* in doc; a JSON object */
    struct jslice raw;   /* the object's exact bytes, borrowed from the line */
    const char *rv;      /* metadata.resourceVersion, "" when absent */
};
/* ERR_INVALID when the line is not {"type":...,"object":{...}}; `out` untouched then. */
bool watch_decode(const char *line, size_t len, struct watch_event *out, struct err *e) MUST_USE;
void watch_event_release(struct watch_event *ev);
/* What a line is about, without a tree, in one walk that ends with the object's identity. False:
 * decode it to know. */
bool watch_peek(const char *line, size_t len, enum watch_type *type, struct ident *id);
/* Does the line end with its object, and do all brackets close? That is all of the grammar that is
 * looked at before a line that nobody wants is passed over. */
bool watch_closes(const char *line, size_t len);

/* Reads an object, or a list of them, that somebody else wrote, without managedFields: those are
 * only in the bytes. As json_parse, but \u0000 in a string (legal in an
 * annotation of any pod) reads as U+FFFD instead of refusing the object: one odd object must not
 * blind us. The parsed form is for looking only, so nothing is ever written back from it (C39). */
cJSON *kube_object_parse(const char *text, size_t len, struct err *e) MUST_USE;

/* resourceVersions are decimal strings of any length (C24): by length, then by bytes. */
enum rv_order { RV_OLDER = -1, RV_SAME = 0, RV_NEWER = 1, RV_UNKNOWN = 2 };
bool rv_valid(const char *rv); /* digits, no leading zero, "0" itself is not one; NULL is not */
/* How `a` stands to `b`; RV_UNKNOWN when either is malformed: then look live. */
enum rv_order rv_compare(const char *a, const char *b);
static inline bool rv_reached(const char *have, const char *want) /* the C60 barrier */
{
    const enum rv_order o = rv_compare(have, want);

    return o == RV_SAME || o == RV_NEWER;
}

#endif
