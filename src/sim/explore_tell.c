/* SPDX-License-Identifier: Apache-2.0 */
/* explore_tell.c - what a move changed, in a line. */
#include "explore_parts.h"

#include <stdlib.h>
#include <string.h>

static void tell_pods(const struct sim *s, const struct replicaset *rs, struct strbuf *out)
{
    int ready = 0, all = 0;

    for (size_t i = 0; i < s->pod_count; i++) {
        if (!str_equal(s->pods[i].rs_uid, rs->meta.uid) || s->pods[i].gone_at_ms)
            continue;
        all++;
        ready += s->pods[i].ready;
    }
    strbuf_addf(out, "%s%s %d (pods %d/%d, says %d)", rs->of ? "!" : "",
                rs->image ? rs->image : "-", rs->replicas, ready, all, rs->st_available);
}

static void tell_object(const struct sim *s, struct sim_object *o, struct strbuf *out)
{
    const void *view = sim_view(o);
    const struct rollout_status *st = &((const struct rollout *)view)->status;
    const struct deployment *d = view;
    const struct slice *slice = view;

    if (o->kind == SIM_ROLLOUT)
        strbuf_addf(out, "%s step %d%s%s", st->display.status ? st->display.status : "-",
                    st->flight.step, st->flight.direction == DIRECTION_FORWARD ? "" : " back",
                    st->flight.committed_ms ? " committed" : "");
    else if (o->kind == SIM_DEPLOYMENT)
        strbuf_addf(out, "%s of %d%s%s", d->image, d->replicas, d->paused ? " paused" : "",
                    d->dead_man ? " dead man" : "");
    else if (o->kind == SIM_REPLICASET)
        tell_pods(s, view, out);
    else if (o->kind == SIM_SERVICE)
        strbuf_addf(out, "%s > %s", json_str(o->doc, "metadata.name"),
                    json_str(json_key(json_at(o->doc, "spec.selector"), LABEL_REVISION), "")
                        ? json_str(json_key(json_at(o->doc, "spec.selector"), LABEL_REVISION), "")
                        : "all");
    else if (o->kind == SIM_SLICE)
        strbuf_addf(out, "%s > %s %d/%d", slice->service,
                    slice->pin && *slice->pin ? slice->pin : "all", slice->ready, slice->total);
    else
        strbuf_addf(out, "%s", json_str(o->doc, "metadata.name"));
}

static void tell_weights(const struct sim *s, const char *route, struct strbuf *out)
{
    struct sim_backend b[8];
    const size_t n = sim_backends(s, route, false, b, COUNT(b));

    for (size_t i = 0; i < n; i++)
        strbuf_addf(out, " %s=%d", b[i].service, (int)b[i].weight);
}

void explore_tell(struct explorer *x, struct strbuf *out, uint32_t from, uint32_t to)
{
    uint32_t was[GROUP_COUNT], is[GROUP_COUNT];
    const char *last = "";
    struct sim s;

    explore_groups(x, from, was);
    explore_groups(x, to, is);
    stock_load(&x->k, is, ALL_GROUPS, &s);
    for (struct sim_object *o = s.objects; o; o = o->next) {
        static const char *const names[] = {"rollout",  "deployment", "sets", "record",
                                            "services", "slices",     "route"};

        if (was[o->kind] == is[o->kind] &&
            !(o->kind == SIM_REPLICASET && was[GROUP_PODS] != is[GROUP_PODS]))
            continue;
        strbuf_addf(out, "%s%s ",
                    last == names[o->kind] ? ", "
                    : *last                ? "; "
                                           : "",
                    last == names[o->kind] ? "" : names[o->kind]);
        last = names[o->kind];
        tell_object(&s, o, out);
        if (o->kind == SIM_ROUTE)
            tell_weights(&s, json_str(o->doc, "metadata.name"), out);
    }
    sim_release(&s);
}
