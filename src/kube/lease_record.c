/* SPDX-License-Identifier: Apache-2.0 */
#include "lease_record.h"
#include "sluice/base/clock.h"
#include "sluice/json/jfmt.h"
#include "sluice/json/json.h"
#include "sluice/kube/watch.h"

void lease_record_release(struct lease_record *r)
{
    arena_release(&r->arena);
    *r = (struct lease_record){0};
}

static const char *bytes(struct arena *a, const char *body, size_t len, const char *path)
{
    const struct jslice s = json_slice(body, len, path);

    return s.p ? arena_strndup(a, s.p, s.len) : NULL;
}

static const char *text(struct arena *a, const cJSON *doc, const char *path)
{
    const char *s = json_str(doc, path);

    return arena_strdup(a, s ? s : "");
}

bool lease_record_read(struct lease_record *r, const char *body, size_t len, struct err *e)
{
    auto_json cJSON *doc = kube_object_parse(body, len, e);
    struct lease_record next = {0};
    struct arena *a = &next.arena;

    if (!doc)
        return err_wrap(e, "lease");
    if (!json_str(doc, "metadata.resourceVersion"))
        return err_set(e, ERR_RETRY, "lease: the answer has no resourceVersion");
    next.holder = text(a, doc, "spec.holderIdentity");
    next.duration_ms =
        clamp_i64(json_i64(doc, "spec.leaseDurationSeconds", 0), 0, INT32_MAX) * SECOND_MS;
    next.transitions = json_i64(doc, "spec.leaseTransitions", 0);
    next.acquired = text(a, doc, "spec.acquireTime");
    next.spec = bytes(a, body, len, "spec");
    next.metadata = bytes(a, body, len, "metadata");
    next.strategy = bytes(a, body, len, "spec.strategy");
    next.preferred_holder = bytes(a, body, len, "spec.preferredHolder");
    lease_record_release(r);
    *r = next;
    return true;
}

static char *foreign(struct arena *a, const struct lease_record *r)
{
    auto_strbuf struct strbuf b = {.max = SIZE_MAX / 4};

    if (r && r->strategy)
        json_fmt_to(&b, ",'strategy':%r", r->strategy);
    if (r && r->preferred_holder)
        json_fmt_to(&b, ",'preferredHolder':%r", r->preferred_holder);
    return arena_strdup(a, strbuf_str(&b));
}

char *lease_record_write(struct arena *a, const struct lease_record *r, const char *namespace,
                         const char *name, const struct lease_claim *claim)
{
    const char *metadata =
        r && r->metadata ? r->metadata : json_fmt(a, "{'namespace':%q,'name':%q}", namespace, name);
    char now[TIME_TEXT_MAX];

    time_format_micro(claim->now_ms, now);
    return json_fmt(a,
                    "{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','metadata':%r,"
                    "'spec':{'holderIdentity':%q,'leaseDurationSeconds':%l,'acquireTime':%q,"
                    "'renewTime':%q,'leaseTransitions':%l%r}}",
                    metadata, claim->holder, claim->duration_s,
                    str_empty(claim->acquired) ? now : claim->acquired, now, claim->transitions,
                    foreign(a, r));
}
