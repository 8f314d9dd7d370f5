/* SPDX-License-Identifier: Apache-2.0 */
/* acts.c - the requests. Every body names what it was decided on: uid and resourceVersion, or what
 * a JSON Patch tests (C10, C43, C64). */
#include "planner.h"

#include <string.h>

#define JSON_PATCH      "application/json-patch+json"
#define MERGE_PATCH     "application/merge-patch+json"
#define STRATEGIC_PATCH "application/strategic-merge-patch+json"
#define APPLY_PATCH     "application/apply-patch+yaml"
#define JSON_BODY       "application/json"
#define BY_US           "fieldManager=" MANAGER
#define PIECE_BYTES_MAX ((size_t)64 * 1024) /* labels or ports of one object */

static enum flow patch(struct planner *p, enum act act, enum target target, const struct meta *m,
                       const char *type, const char *body)
{
    p->act = (struct action){.act = act,
                             .target = target,
                             .ns = m->ns,
                             .name = m->name,
                             .uid = m->uid,
                             .method = "PATCH",
                             .query = BY_US,
                             .content_type = type,
                             .body = body};
    return STOP;
}

/* Same object, same spec. Its resourceVersion would say more than is decided on: every pod that
 * comes or goes moves it, and a busy controller's writes would be refused again and again. Like it,
 * a generation never comes back (C10). */
static char *spec_unchanged(struct planner *p, const struct meta *m)
{
    return json_fmt(p->a,
                    "{'op':'test','path':'/metadata/uid','value':%q},"
                    "{'op':'test','path':'/metadata/generation','value':%l}",
                    m->uid, m->generation);
}

static enum flow harmful(struct planner *p)
{
    p->act.harmful = true;
    return STOP;
}

static enum flow post(struct planner *p, enum act act, enum target target, const char *name,
                      const char *body)
{
    p->act = (struct action){.act = act,
                             .target = target,
                             .ns = p->r->meta.ns,
                             .name = name,
                             .method = "POST",
                             .query = BY_US,
                             .content_type = JSON_BODY,
                             .body = body};
    return STOP;
}

static enum flow remove_object(struct planner *p, enum act act, enum target target,
                               const struct meta *m)
{
    p->act = (struct action){
        .act = act,
        .target = target,
        .ns = m->ns,
        .name = m->name,
        .uid = m->uid,
        .method = "DELETE",
        .content_type = JSON_BODY,
        .harmful = true,
        .body = json_fmt(p->a,
                         "{'kind':'DeleteOptions','apiVersion':'v1','propagationPolicy':"
                         "'Background','preconditions':{'uid':%q,'resourceVersion':%q}}",
                         m->uid, m->rv)};
    return STOP;
}

/* ---- Rollout --------------------------------------------------------------------------------- */

/* Only of the very Rollout that was planned for: whoever stood still in the midst of a look puts
 * none on a Rollout at rest, and takes none off one whose status opened a flight. */
enum flow act_finalizer(struct planner *p, bool add)
{
    const struct meta *m = &p->r->meta;
    const char *body =
        json_fmt(p->a,
                 "{'apiVersion':%q,'kind':'Rollout','metadata':{'name':%q,'namespace':%q,'uid':%q,"
                 "'resourceVersion':%q%r}}",
                 SLUICE_API_VERSION, m->name, m->ns, m->uid, m->rv,
                 add ? ",\"finalizers\":[\"" FINALIZER_FLIGHT "\"]" : "");

    patch(p, add ? ACT_FINALIZER_ADD : ACT_FINALIZER_DROP, TARGET_ROLLOUT, m, APPLY_PATCH, body);
    p->act.query = BY_US "&force=true";
    return STOP;
}

/* ---- Deployment ------------------------------------------------------------------------------ */

/* Brake and dead man in one write; with `template_json` the template too (undo at rest). */
enum flow act_brake(struct planner *p, int64_t number, const char *template_json)
{
    const struct meta *m = &p->d->meta;
    const char *dead_man = arena_printf(p->a, "%lld", (long long)number);
    const char *tmpl =
        template_json
            ? json_fmt(p->a, ",{'op':'replace','path':'/spec/template','value':%r}", template_json)
            : "";

    /* Without a revision it may have no annotations yet, and a JSON Patch would need them. */
    if (!p->d->revision && !template_json)
        return patch(p, ACT_BRAKE, TARGET_DEPLOYMENT, m, MERGE_PATCH,
                     json_fmt(p->a,
                              "{'metadata':{'uid':%q,'resourceVersion':%q,'annotations':{%q:%q}},"
                              "'spec':{'paused':true}}",
                              m->uid, m->rv, ANNOTATION_DEAD_MAN, dead_man));
    return patch(p, ACT_BRAKE, TARGET_DEPLOYMENT, m, JSON_PATCH,
                 json_fmt(p->a,
                          "[%r,{'op':'add','path':'/metadata/annotations/%k','value':%q},"
                          "{'op':'add','path':'/spec/paused','value':true}%r]",
                          spec_unchanged(p, m), ANNOTATION_DEAD_MAN, dead_man, tmpl));
}

/* O10: a template that came in between is kept from rolling ungated by the test. */
enum flow act_resume(struct planner *p, const char *template_json)
{
    const struct meta *m = &p->d->meta;
    const char *dead_man =
        p->d->dead_man ? json_fmt(p->a, "{'op':'remove','path':'/metadata/annotations/%k'},",
                                  ANNOTATION_DEAD_MAN)
                       : "";
    const char *tmpl =
        template_json
            ? json_fmt(p->a, "{'op':'replace','path':'/spec/template','value':%r},", template_json)
            : "";

    patch(p, ACT_RESUME, TARGET_DEPLOYMENT, m, JSON_PATCH,
          json_fmt(p->a, "[%r,%r%r{'op':'add','path':'/spec/paused','value':false}]",
                   spec_unchanged(p, m), dead_man, tmpl));
    return harmful(p);
}

static enum flow dep_progressing(struct planner *p, const char *status, const char *reason,
                                 const char *message)
{
    const struct meta *m = &p->d->meta;
    char now[TIME_TEXT_MAX];

    time_format(p->now, now);
    patch(p, ACT_DEP_STATUS, TARGET_DEPLOYMENT, m, STRATEGIC_PATCH,
          json_fmt(p->a,
                   "{'metadata':{'uid':%q,'resourceVersion':%q},'status':{'conditions':[{'type':"
                   "'Progressing','status':%q,'reason':%q,'message':%q,'lastUpdateTime':%q,"
                   "'lastTransitionTime':%q}]}}",
                   m->uid, m->rv, status, reason, message, now, now));
    p->act.subresource = "status";
    return STOP;
}

/* S1: kubectl rollout status, kstatus and Helm then say failed; the Deployment controller keeps
 * this condition as long as the Deployment is paused. */
enum flow act_dep_failed(struct planner *p, const char *message)
{
    return dep_progressing(p, "False", PROGRESS_FAILED, message);
}

/* And the next release is not failed: what the Deployment controller says of a paused one. */
enum flow act_dep_paused(struct planner *p)
{
    return dep_progressing(p, "Unknown", "DeploymentPaused", "Deployment is paused");
}

/* ---- fence ----------------------------------------------------------------------------------- */

enum flow act_fence_create(struct planner *p)
{
    const char *name = name_fence(p->a, p->d->meta.name);

    return post(p, ACT_FENCE_CREATE, TARGET_FENCE, name,
                json_fmt(p->a,
                         "{'apiVersion':'apps/v1','kind':'ControllerRevision','metadata':{'name':"
                         "%q,'namespace':%q,'labels':{%q:%q},'annotations':{%q:%q},"
                         "'ownerReferences':[{'apiVersion':'apps/v1','kind':'Deployment','name':"
                         "%q,'uid':%q}]},'data':{},'revision':1}",
                         name, p->d->meta.ns, LABEL_OF, p->d->meta.name, ANNOTATION_RECORD,
                         record_write(p->a, &p->rec), p->d->meta.name, p->d->meta.uid));
}

enum flow act_record(struct planner *p, const struct record *rec)
{
    const struct meta *m = &p->f->meta;

    patch(p, ACT_RECORD, TARGET_FENCE, m, MERGE_PATCH,
          json_fmt(p->a, "{'metadata':{'uid':%q,'resourceVersion':%q,'annotations':{%q:%q}}}",
                   m->uid, m->rv, ANNOTATION_RECORD, record_write(p->a, rec)));
    return harmful(p);
}

enum flow act_fence_delete(struct planner *p)
{
    return remove_object(p, ACT_FENCE_DELETE, TARGET_FENCE, &p->w->fence->meta);
}

/* ---- ReplicaSets ----------------------------------------------------------------------------- */

static char *owners(struct planner *p, bool inside)
{
    if (inside)
        return json_fmt(p->a,
                        "[{'apiVersion':'apps/v1','kind':'Deployment','name':%q,'uid':%q,"
                        "'controller':true,'blockOwnerDeletion':true}]",
                        p->d->meta.name, p->d->meta.uid);
    return json_fmt(p->a,
                    "[{'apiVersion':'apps/v1','kind':'ControllerRevision','name':%q,'uid':%q,"
                    "'controller':true},{'apiVersion':'apps/v1','kind':'Deployment','name':%q,"
                    "'uid':%q}]",
                    p->f->meta.name, p->f->meta.uid, p->d->meta.name, p->d->meta.uid);
}

static char *labels_of(struct planner *p, const struct pair *pairs, size_t count,
                       const char *revision)
{
    struct strbuf out;
    char *text;
    bool seen = false;

    strbuf_init(&out, PIECE_BYTES_MAX);
    strbuf_addc(&out, '{');
    for (size_t i = 0; i < count; i++) {
        const bool ours = str_equal(pairs[i].key, LABEL_REVISION);

        seen = seen || ours;
        json_fmt_to(&out, "%r%q:%q", i ? "," : "", pairs[i].key, ours ? revision : pairs[i].value);
    }
    if (!seen)
        json_fmt_to(&out, "%r%q:%q", count ? "," : "", LABEL_REVISION, revision);
    strbuf_addc(&out, '}');
    text = arena_strdup(p->a, strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

static char *fenced_labels(struct planner *p, const char *revision)
{
    return json_fmt(p->a, "{%q:%q,%q:%q}", LABEL_OF, p->d->meta.name, LABEL_HASH, revision);
}

static char *selector_of(struct planner *p, const char *revision)
{
    const struct selector *s = &p->d->selector;

    return json_fmt(p->a, "{'matchLabels':%r}", labels_of(p, s->pairs, s->count, revision));
}

/* Template verbatim but for the one label (S11); born fenced, or inside at 0 (C7). */
enum flow act_rs_create(struct planner *p, const char *revision, int32_t replicas,
                        const char *template_json, int64_t number, bool inside)
{
    const struct deployment *d = p->d;
    const char *name = name_candidate(p->a, d->meta.name, revision);
    const char *tmpl = json_splice(p->a, (struct jslice){template_json, strlen(template_json)},
                                   "metadata.labels", LABEL_REVISION, revision);
    const char *labels = inside ? labels_of(p, d->selector.pairs, d->selector.count, revision)
                                : fenced_labels(p, revision);

    return post(p, ACT_RS_CREATE, TARGET_REPLICASET, name,
                json_fmt(p->a,
                         "{'apiVersion':'apps/v1','kind':'ReplicaSet','metadata':{'name':%q,"
                         "'namespace':%q,'labels':%r,'annotations':{%q:'%l',%q:'%d',%q:'%d'},"
                         "'ownerReferences':%r},'spec':{'replicas':%d,'minReadySeconds':%d,"
                         "'selector':%r,'template':%r}}",
                         name, d->meta.ns, labels, ANNOTATION_REVISION, number, ANNOTATION_DESIRED,
                         p->n, ANNOTATION_MAX, p->n + p->surge.surge, owners(p, inside), replicas,
                         d->min_ready_seconds, selector_of(p, revision), tmpl));
}

/* A scale-up tests the count only; a scale-down that arrives late must not find the same count come
 * back. */
enum flow act_rs_scale(struct planner *p, const struct replicaset *rs, int32_t replicas)
{
    const char *object =
        replicas < rs->replicas
            ? spec_unchanged(p, &rs->meta)
            : json_fmt(p->a, "{'op':'test','path':'/metadata/uid','value':%q}", rs->meta.uid);

    patch(p, ACT_RS_SCALE, TARGET_REPLICASET, &rs->meta, JSON_PATCH,
          json_fmt(p->a,
                   "[%r,{'op':'test','path':'/spec/replicas','value':%d},"
                   "{'op':'test','path':'/metadata/ownerReferences/0/uid','value':%q},"
                   "{'op':'replace','path':'/spec/replicas','value':%d}]",
                   object, rs->replicas, rs->first_owner_uid, replicas));
    p->act.harmful = replicas < rs->replicas;
    return STOP;
}

static enum flow rs_owned(struct planner *p, enum act act, const struct replicaset *rs,
                          const char *owner_refs, const char *labels)
{
    const char *refs = rs->first_owner_uid ? "replace" : "add";

    patch(p, act, TARGET_REPLICASET, &rs->meta, JSON_PATCH,
          json_fmt(p->a,
                   "[{'op':'test','path':'/metadata/resourceVersion','value':%q},"
                   "{'op':'test','path':'/metadata/uid','value':%q},"
                   "{'op':%q,'path':'/metadata/ownerReferences','value':%r},"
                   "{'op':'%s','path':'/metadata/labels','value':%r}]",
                   rs->meta.rv, rs->meta.uid, refs, owner_refs,
                   rs->meta.label_count ? "replace" : "add", labels));
    return harmful(p);
}

enum flow act_rs_fence(struct planner *p, const struct replicaset *rs)
{
    return rs_owned(p, ACT_RS_FENCE, rs, owners(p, false),
                    fenced_labels(p, rs->revision ? rs->revision : ""));
}

enum flow act_rs_give(struct planner *p, const struct replicaset *rs)
{
    return rs_owned(p, ACT_RS_GIVE, rs, owners(p, true),
                    labels_of(p, rs->template_labels, rs->template_label_count, rs->revision));
}

static enum flow annotate(struct planner *p, const struct replicaset *rs, const char *annotations)
{
    return patch(p, ACT_RS_ANNOTATE, TARGET_REPLICASET, &rs->meta, MERGE_PATCH,
                 json_fmt(p->a, "{'metadata':{'uid':%q,'resourceVersion':%q,'annotations':%r}}",
                          rs->meta.uid, rs->meta.rv, annotations));
}

enum flow act_rs_number(struct planner *p, const struct replicaset *rs, int64_t number)
{
    return annotate(p, rs, json_fmt(p->a, "{%q:'%l'}", ANNOTATION_REVISION, number));
}

/* C7: without these the Deployment controller shares out another sum than we asked for. */
enum flow act_rs_counts(struct planner *p, const struct replicaset *rs, int32_t sum)
{
    return annotate(
        p, rs, json_fmt(p->a, "{%q:'%d',%q:'%d'}", ANNOTATION_DESIRED, p->n, ANNOTATION_MAX, sum));
}

/* C6: else the Deployment controller writes it at the hand-over, and makes pods unavailable. */
enum flow act_rs_min_ready(struct planner *p, const struct replicaset *rs)
{
    return patch(p, ACT_RS_MIN_READY, TARGET_REPLICASET, &rs->meta, MERGE_PATCH,
                 json_fmt(p->a,
                          "{'metadata':{'uid':%q,'resourceVersion':%q},"
                          "'spec':{'minReadySeconds':%d}}",
                          rs->meta.uid, rs->meta.rv, p->d->min_ready_seconds));
}

enum flow act_rs_delete(struct planner *p, const struct replicaset *rs)
{
    return remove_object(p, ACT_RS_DELETE, TARGET_REPLICASET, &rs->meta);
}

/* ---- Services -------------------------------------------------------------------------------- */

/* A Service has ports or is headless: what is like one without is headless too. */
static const char *ports_or_headless(struct planner *p, const struct service *like)
{
    struct strbuf out;
    char *text;

    if (!like->ports_raw)
        return "\"clusterIP\":\"None\"";
    strbuf_init(&out, PIECE_BYTES_MAX);
    json_canonical(&out, (struct jslice){like->ports_raw, strlen(like->ports_raw)}, NULL);
    text = arena_printf(p->a, "\"ports\":%s", strbuf_str(&out));
    strbuf_release(&out);
    for (char *at; (at = strstr(text, "\"nodePort\":")) != NULL;) {
        char *end = at + strlen("\"nodePort\":");

        end += strspn(end, "0123456789,"); /* "port", which each has, stands behind it */
        memmove(at, end, strlen(end) + 1);
    }
    return text;
}

enum flow act_service_create(struct planner *p, const char *name, const struct service *like,
                             const char *revision)
{
    const char *families = like->ip_families_raw
                               ? json_fmt(p->a, ",'ipFamilies':%r,'ipFamilyPolicy':%q",
                                          like->ip_families_raw, like->ip_family_policy)
                               : "";

    return post(p, ACT_SERVICE_CREATE, TARGET_SERVICE, name,
                json_fmt(p->a,
                         "{'apiVersion':'v1','kind':'Service','metadata':{'name':%q,'namespace':"
                         "%q,'labels':{%q:%q,%q:%q,%q:%q},'ownerReferences':[{'apiVersion':"
                         "'apps/v1','kind':'Deployment','name':%q,'uid':%q}]},'spec':{'type':"
                         "'ClusterIP','selector':%r,%r%r}}",
                         name, p->d->meta.ns, LABEL_OF, p->d->meta.name, LABEL_CREATED,
                         p->r->meta.name, LABEL_PIN, revision, p->d->meta.name, p->d->meta.uid,
                         labels_of(p, like->selector.pairs, like->selector.count, revision),
                         ports_or_headless(p, like), families));
}

/* The selector is one atomic field: written in its author's name, ownership stays theirs. */
static void as_author(struct planner *p, const struct service *s)
{
    if (s->selector_manager && !strpbrk(s->selector_manager, "&=#? %+"))
        p->act.query = arena_printf(p->a, "fieldManager=%s", s->selector_manager);
}

static enum flow service_pin(struct planner *p, enum act act, const struct service *s,
                             const char *revision)
{
    patch(p, act, TARGET_SERVICE, &s->meta, MERGE_PATCH,
          json_fmt(p->a,
                   "{'metadata':{'uid':%q,'resourceVersion':%q,'labels':{%q:%q}},"
                   "'spec':{'selector':{%q:%q}}}",
                   s->meta.uid, s->meta.rv, LABEL_PIN, revision, LABEL_REVISION, revision));
    as_author(p, s);
    return harmful(p);
}

enum flow act_service_pin(struct planner *p, const struct service *s, const char *revision)
{
    return service_pin(p, ACT_SERVICE_PIN, s, revision);
}

enum flow act_service_unpin(struct planner *p, const struct service *s)
{
    return service_pin(p, ACT_SERVICE_UNPIN, s, NULL);
}

enum flow act_service_delete(struct planner *p, const struct service *s)
{
    return remove_object(p, ACT_SERVICE_DELETE, TARGET_SERVICE, &s->meta);
}

/* ---- routes ---------------------------------------------------------------------------------- */

enum flow act_route(struct planner *p, const struct route *r, const char *body, bool rest)
{
    patch(p, rest ? ACT_ROUTE_REST : ACT_ROUTE_WEIGHT, TARGET_ROUTE, &r->meta, JSON_PATCH, body);
    return harmful(p);
}
