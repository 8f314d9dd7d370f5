/* SPDX-License-Identifier: Apache-2.0 */
/* calls.h - more between the files that answer requests. */
#ifndef SLUICE_SERVE_CALLS_H
#define SLUICE_SERVE_CALLS_H

#include "parts.h"

/* http.c */
void http_request(const struct server_request *req, struct server_reply *reply, void *arg);
void http_alive(const struct server_request *req, struct server_reply *reply, void *arg);
/* `plural` NULL: any kind of that group and version. */
const struct served_kind *kind_at(const struct serve *v, const char *group, const char *version,
                                  const char *plural);

/* commit.c: the way of an object into the store. `kind` is the stored one. */
struct sim_object *sim_object_of(struct serve *v, const struct served_kind *k, const char *ns,
                                 const char *name);
/* What a patch is applied to; NULL: not there. Borrowed until the next write. */
const cJSON *stored_doc(struct serve *v, const struct served_kind *k, const char *ns,
                        const char *name);
/* Takes `doc`. */
bool commit_new(struct serve *v, const struct served_kind *k, cJSON *doc, struct err *e);
/* Takes `next`. */
void commit_change(struct serve *v, const struct served_kind *k, const char *ns, const char *name,
                   cJSON *next);
/* A new version of it, which is as the one before: whose its members are has changed. */
void commit_touch(struct serve *v, const struct served_kind *k, const char *ns, const char *name);
/* With background propagation; finalizers hold it. */
void commit_delete(struct serve *v, const struct served_kind *k, const char *ns, const char *name);
/* write.c: what the caller is told. */
void answer_doc(struct call *c, int code, const cJSON *doc);
void answer_dressed(struct call *c, int code, cJSON *doc); /* as it is shown */
void answer_stored(struct call *c, int code);
/* Checks, admits and commits `next` as the new state; answers. Takes `next`. */
void write_next(struct call *c, const cJSON *now, cJSON *next);
/* `member` is what it is in `from`, whole, or is not there. */
void doc_put_part(cJSON *doc, const char *member, const cJSON *from);
/* What was applied when it was made. */
void patch_remember(struct call *c, const cJSON *now);
/* An apply of members that the same manager's apply before did not name, or the other way round. */
bool patch_names_other(struct call *c, const cJSON *now);
bool patch_type_known(struct call *c); /* patch.c; false: refused */
/* `body` without its nulls; NULL: refused. */
cJSON *body_doc(struct call *c);

/* shape.c: types, defaults, and what is left out when it says nothing; false: refused. */
bool shape_settle(struct call *c, cJSON *doc);
/* schema.c: the same for kinds of a definition, by its schema. */
void schema_settle(struct call *c, cJSON *doc);
/* meta.c: names, labels and owners as the API server wants them; false: refused. */
bool meta_valid(struct call *c, const cJSON *doc);
bool meta_labels_valid(struct call *c, const cJSON *labels, const char *field);

#endif
