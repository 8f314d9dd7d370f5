/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h - between the files of this room. */
#ifndef SLUICE_SERVE_PARTS_H
#define SLUICE_SERVE_PARTS_H

#include "sluice/base/clock.h"
#include "sluice/base/map.h"
#include "sluice/json/edit.h"
#include "sluice/json/jfmt.h"
#include "sluice/net/server.h"
#include "sluice/serve/serve.h"

#define EVENTS_KEPT       2048 /* events that a watch may go back */
#define CONTINUATIONS_MAX 32   /* lists that wait for their next page */
#define BODY_BYTES_MAX    ((size_t)4 * 1024 * 1024)
#define NOT_SIMULATED     (-1)

/* ---- kinds.c --------------------------------------------------------------------------------- */

enum kind_flags {
    K_NAMESPACED = 1,
    K_STATUS = 2,        /* has the subresource */
    K_SCALE = 4,         /* ... this one too */
    K_CUSTOM = 8,        /* no strategic merge patch */
    K_BY_CRD = 16,       /* served while its definition is there */
    K_REVIEW = 32,       /* answered, never kept */
    K_COUNTED = 64,      /* has a generation */
    K_TOLD = 512,        /* its deletion gives the object back */
    K_PUT_CREATES = 256, /* ... and makes the object where there is none */
    K_CONDITIONAL = 128, /* a PUT must name the version that it changes */
};

struct served_kind {
    const char *group, *version, *plural, *kind, *shorts; /* shorts: "deploy", "po" ... or "" */
    unsigned flags;
    int sim; /* enum sim_kind or NOT_SIMULATED */
};

extern const struct served_kind served_kinds[];
extern const size_t served_kind_count;
const struct served_kind *kind_named(const char *kind);
const struct served_kind *kind_of_sim(enum sim_kind sim);
const struct served_kind *kind_of_manifest(const cJSON *doc); /* by apiVersion and kind */
const char *kind_api_version(const struct served_kind *k, struct arena *a);
/* Core Events are those of events.k8s.io, written in another way. */
const struct served_kind *kind_stored(const struct served_kind *k);

/* ---- store.c: objects, versions, what happened ----------------------------------------------- */

struct version {
    cJSON *doc;       /* without apiVersion and kind */
    char *text;       /* with them */
    const char *bare; /* ... the same text from behind them: all but the brace */
    size_t len;
    int64_t rv;
    int refs;
};

struct served_object {
    const struct served_kind *kind;
    char *ns, *name; /* ns "": of the whole cluster */
    struct version *v;
    struct served_object *next;
};

enum event_type { EVENT_ADDED, EVENT_MODIFIED, EVENT_DELETED };
struct history_event {
    int64_t rv;
    enum event_type type;
    const struct served_object *of; /* not to be looked into: the object may be gone */
    const struct served_kind *kind;
    char *ns;
    struct version *now, *before; /* before: NULL for ADDED */
};

struct realm;
struct watcher;
struct clients;
struct door;
struct continuation {
    int64_t id, rv;
    struct version **items;
    size_t count;
};

struct serve {
    struct serve_options opt;
    struct loop *loop;
    struct server *server, *metrics;
    struct timer *timer;
    char *ca, *token, *operator_token;
    int64_t rv, uid, now_ms, real_ms;
    struct served_object *objects, **end;
    struct history_event history[EVENTS_KEPT];
    size_t history_next;
    int64_t compacted_rv; /* a watch from before this is too late */
    struct realm *realms;
    struct watcher *watchers;
    struct continuation continuations[CONTINUATIONS_MAX];
    int64_t continuation_last;
    struct map applied; /* "kind/ns/name/uid/sub/manager" to what was last applied, text */
    struct clients *clients;
    struct door *doors;
    bool no_doors;     /* the addresses of pods are not this machine's */
    struct map errors; /* version to percent: how its pods answer */
    bool metrics_down, collect_due, closing;
};

struct served_object *store_find(const struct serve *v, const struct served_kind *k, const char *ns,
                                 const char *name);
/* Takes `doc`. Its resourceVersion is what was stamped on it. */
struct served_object *store_put(struct serve *v, const struct served_kind *k, cJSON *doc);
void store_remove(struct serve *v, struct served_object *o, int64_t rv);
void store_free(struct serve *v);
/* Is `now` another wish than `was`? Then its generation is one more, where it has one. */
bool store_says_other(const struct served_kind *k, const cJSON *was, const cJSON *now);
/* A new resourceVersion on `doc`, and its generation. */
void store_stamp(struct serve *v, const struct served_kind *k, const cJSON *old, cJSON *doc);
struct version *version_ref(struct version *version);
void version_drop(struct version *version);

/* Merge patches as text, which fits; `doc` is edited in place. */
void doc_merge(cJSON *doc, const char *text);
cJSON *doc_parse(const char *text);

/* ---- realm.c: the simulated cluster of a namespace ------------------------------------------- */

struct realm {
    struct serve *v;
    char *ns;
    struct sim s;
    int64_t pods_epoch; /* of the last look at its pods */
    struct realm *next;
};

struct realm *realm_of(struct serve *v, const char *ns); /* made when it is not there */
void realm_enter(struct realm *r);                       /* around every call of the simulator */
void realm_leave(struct realm *r);
void realms_tick(struct serve *v); /* SIM_TICK_MS */
void realms_free(struct serve *v);
void realm_stop_pod(struct realm *r, const char *name);
/* pods.c */
void realm_show_pods(struct realm *r);
/* `doc` of kind `k` as it is shown. `r` NULL: the simulator does not know the kind. */
void realm_dress(const struct realm *r, const struct served_kind *k, cJSON *doc);
void realm_dress_slice(const struct realm *r, cJSON *doc);
const struct sim_pod *realm_pod(const struct realm *r, const char *name);
const cJSON *pod_containers(const struct realm *r, const struct sim_pod *p); /* NULL: gone */
/* A variable of its containers, taken for tests/app's: GRACEFUL, FAIL_HEALTH, ERROR_RATE. */
const char *pod_env(const struct realm *r, const struct sim_pod *p, const char *name);
void pod_address(const char *name, char out[static 24]);

/* doors.c: pods answer probes at their address, where this machine has it */
void doors_sync(struct realm *r);
void doors_free(struct serve *v);

/* ---- requests -------------------------------------------------------------------------------- */

struct call {
    struct serve *v;
    struct arena *a;
    const struct server_request *http;
    struct server_reply *reply;
    const struct served_kind *kind; /* as asked for */
    const char *ns, *name, *sub;    /* "": none */
    bool operator;                  /* it is the operator who asks */
    bool dry_run;
};

/* http.c */
const char *call_query(const struct call *c, const char *key); /* decoded; NULL: not there */
void call_text(struct call *c, int code, const char *json);
bool call_refuse(struct call *c, int code, const char *reason, const char *fmt, ...)
    PRINTF(4, 5); /* false */
/* `causes`: objects {field, message}, as kubectl shows them. False. */
bool call_invalid(struct call *c, const char *text, const char *causes);
bool call_conflict(struct call *c, const char *text);      /* told by the kind; false */
bool call_refuse_err(struct call *c, const struct err *e); /* false */
void call_version(struct call *c, int code, const struct version *v);

/* read.c */
void read_get(struct call *c);
void read_list(struct call *c);
void read_show(struct call *c, struct version *const *items, size_t count); /* as a list */
/* watch.c */
void watch_begin(struct call *c);
void watch_event(struct serve *v, const struct history_event *e);
void watch_turn(struct serve *v); /* bookmarks, ends */
void watch_free(struct serve *v);
/* select.c */
struct selector_text {
    const char *labels, *fields; /* NULL: all */
};
bool select_valid(struct call *c, const struct selector_text *s);
bool select_matches(const struct selector_text *s, const cJSON *doc);
/* view.c: how a stored object is shown */
bool view_table_wanted(const struct call *c);
char *view_text(const struct served_kind *k, struct arena *a, const struct version *v);
/* table.c */
char *table_text(struct serve *v, struct arena *a, const struct served_kind *k,
                 struct version *const *items, size_t count, const char *list_meta, bool columns);
/* write.c */
void write_create(struct call *c);
void write_update(struct call *c); /* PUT and PATCH */
void write_delete(struct call *c);
void write_collect(struct serve *v); /* dependents of what is gone, namespaces that end */
/* patch.c: the object as the request wants it, from `now`; NULL: refused */
cJSON *patch_wanted(struct call *c, const cJSON *now);
/* admit.c */
bool admit_write(struct call *c, const cJSON *old, cJSON *next);
/* scale.c */
void scale_call(struct call *c);
/* discover.c; false: not one of its paths */
bool discover(struct call *c);

/* ---- traffic.c: steady clients, and what became of their requests ---------------------------- */
void clients_tick(struct realm *r, int64_t ms);
char *clients_text(struct serve *v, struct arena *a);
/* Part of the errors in what pods whose names match answered of late; -1: they answered nothing. */
double clients_error_ratio(struct serve *v, const char *pods, int64_t window_ms);
void clients_free(struct serve *v);
/* knobs.c: /sim/... ; false: not one of its paths */
bool knobs(struct call *c);
struct server *metrics_listen(struct serve *v, struct err *e);

/* ---- pki.c ----------------------------------------------------------------------------------- */
struct serve_keys {
    char *ca, *cert, *key; /* PEM */
};
struct serve_keys serve_keys_new(void);
void serve_keys_release(struct serve_keys *keys);
char *serve_token(void); /* owned, not to be guessed */

#endif
