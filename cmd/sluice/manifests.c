/* SPDX-License-Identifier: Apache-2.0 */
#include "manifests.h"

#include "sluice/base/strbuf.h"
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 1024

void manifests_init(struct manifests *m)
{
    *m = (struct manifests){0};
    arena_init(&m->a);
}

void manifests_release(struct manifests *m)
{
    for (size_t i = 0; i < m->owned_count; i++)
        json_release(&m->owned[i]);
    free(m->owned);
    free(m->docs);
    free(m->files);
    arena_release(&m->a);
    *m = (struct manifests){0};
}

static void *grow(void *items, size_t *cap, size_t size)
{
    *cap = *cap ? *cap * 2 : 8;
    return xrealloc(items, *cap * size);
}

static struct manifest_file *new_file(struct manifests *m, const char *name)
{
    if (m->file_count == m->file_cap)
        m->files = grow(m->files, &m->file_cap, sizeof(*m->files));
    m->files[m->file_count] = (struct manifest_file){
        .name = arena_strdup(&m->a, strcmp(name, "-") == 0 ? "stdin" : name)};
    return &m->files[m->file_count++];
}

static const char *text_at(const cJSON *o, const char *path)
{
    const char *s = json_str(o, path);

    return s ? s : "";
}

/* Another's object of a name that we know, such as Knative's Service: groups that are not
 * Kubernetes' own have a dot. */
static bool is_foreign(const char *kind, const char *api_version)
{
    static const char *const groups[][2] = {
        {"Deployment", "apps/"}, {"Service", ""}, {"HTTPRoute", "gateway.networking.k8s.io/"}};
    const size_t group_len = strcspn(api_version, "/");

    if (!memchr(api_version, '.', group_len))
        return false;
    for (size_t i = 0; i < COUNT(groups); i++)
        if (strcmp(kind, groups[i][0]) == 0)
            return !*groups[i][1] || strncmp(api_version, groups[i][1], strlen(groups[i][1])) != 0;
    return false;
}

static void new_doc(struct manifests *m, const struct manifest *like, const cJSON *json,
                    struct jslice raw)
{
    if (m->doc_count >= MANIFEST_DOCS_MAX)
        return;
    if (m->doc_count == m->doc_cap)
        m->docs = grow(m->docs, &m->doc_cap, sizeof(*m->docs));
    m->docs[m->doc_count] = *like;
    m->docs[m->doc_count].json = json;
    m->docs[m->doc_count].raw = arena_strndup(&m->a, raw.p, raw.len);
    m->docs[m->doc_count].raw_len = raw.len;
    m->docs[m->doc_count].kind =
        is_foreign(text_at(json, "kind"), text_at(json, "apiVersion")) ? "" : text_at(json, "kind");
    m->docs[m->doc_count].ns = text_at(json, "metadata.namespace");
    m->docs[m->doc_count].name = text_at(json, "metadata.name");
    m->doc_count++;
}

/* --- a List is its items ---------------------------------------------------------------------- */

struct unfolding {
    struct manifests *m;
    const struct manifest *like;
    const cJSON *next;
    int index;
};

static bool each_item(struct jslice item, void *arg)
{
    struct unfolding *u = arg;
    struct manifest like = *u->like;

    if (!u->next)
        return false;
    like.at = arena_printf(&u->m->a, "items[%d].", u->index++);
    new_doc(u->m, &like, u->next, item);
    u->next = u->next->next;
    return true;
}

static void add_doc(struct manifests *m, const struct manifest *like, const cJSON *json)
{
    const struct yaml_doc *yaml = like->yaml;
    const size_t kind_len = strlen(text_at(json, "kind"));
    const cJSON *items = json_at(json, "items");

    if (items && kind_len >= 4 && strcmp(text_at(json, "kind") + kind_len - 4, "List") == 0) {
        struct unfolding u = {.m = m, .like = like, .next = items->child};
        json_slice_each(json_slice(yaml->json, yaml->json_len, "items"), each_item, &u);
        return;
    }
    new_doc(m, like, json, (struct jslice){.p = yaml->json, .len = yaml->json_len});
}

/* "line 4: not YAML: ..." tells the line, which is shown before it. */
static void broken(struct manifests *m, size_t file, const struct err *e)
{
    const char *text = e->text;
    char *end = NULL;

    if (strncmp(text, "line ", 5) == 0) {
        m->files[file].broken_line = (int)clamp_i64(strtol(text + 5, &end, 10), 0, INT32_MAX);
        text = strncmp(end, ": ", 2) == 0 ? end + 2 : text;
    }
    m->files[file].broken = arena_strdup(&m->a, text);
}

static void own(struct manifests *m, cJSON *json)
{
    if (m->owned_count == m->owned_cap)
        m->owned = grow(m->owned, &m->owned_cap, sizeof(*m->owned));
    m->owned[m->owned_count++] = json;
}

void manifests_add(struct manifests *m, const char *name, const char *text, size_t len)
{
    struct yaml_doc *docs = NULL;
    size_t count = 0;
    struct err e = {0};
    size_t file;

    new_file(m, name);
    file = m->file_count - 1;
    if (!yaml_read(&m->a, text, len, &docs, &count, &e)) {
        broken(m, file, &e);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct manifest like = {.file = file, .yaml = &docs[i], .at = ""};
        cJSON *json = json_parse(docs[i].json, docs[i].json_len, &e);
        if (!json) {
            broken(m, file, &e);
            return;
        }
        own(m, json);
        add_doc(m, &like, json);
    }
}

/* --- looking up ------------------------------------------------------------------------------- */

bool manifest_is_rollout(const struct manifest *d)
{
    const char *group = json_str(d->json, "apiVersion");
    const size_t len = strlen(SLUICE_GROUP "/");

    return strcmp(d->kind, "Rollout") == 0 && group && strncmp(group, SLUICE_GROUP "/", len) == 0;
}

bool manifest_same_namespace(const struct manifest *a, const struct manifest *b)
{
    return !*a->ns || !*b->ns || strcmp(a->ns, b->ns) == 0;
}

const struct manifest *manifests_find(const struct manifests *m, const char *kind, const char *name,
                                      const struct manifest *like)
{
    for (size_t i = 0; i < m->doc_count; i++) {
        const struct manifest *d = &m->docs[i];
        if (strcmp(d->kind, kind) == 0 && str_equal(d->name, name) &&
            manifest_same_namespace(d, like))
            return d;
    }
    return NULL;
}

int manifest_line(const struct manifest *d, const char *path)
{
    auto_strbuf struct strbuf b = {.max = PATH_MAX_LEN};

    strbuf_addf(&b, "%s%s", d->at, path);
    return yaml_line(d->yaml, strbuf_str(&b));
}

/* --- the world of one Rollout ----------------------------------------------------------------- */

struct making {
    struct manifests *m;
    const struct manifest *rollout;
    struct world *w;
    const struct service **services;
    const struct route **routes;
};

static void add_service(struct making *k, const struct manifest *d)
{
    k->services[k->w->service_count++] = service_read(&k->m->a, d->json, d->raw, d->raw_len);
}

static void add_route(struct making *k, const struct manifest *d)
{
    k->routes[k->w->route_count++] = route_read(&k->m->a, d->json, d->raw, d->raw_len);
}

static void add_deployment(struct making *k, const struct manifest *d)
{
    if (!k->w->dep && str_equal(d->name, k->w->rollout->spec.target))
        k->w->dep = deployment_read(&k->m->a, d->json, d->raw, d->raw_len);
}

const struct world *manifests_world(struct manifests *m, const struct manifest *rollout)
{
    static const struct {
        const char *kind;
        void (*add)(struct making *, const struct manifest *);
    } kinds[] = {
        {"Deployment", add_deployment}, {"Service", add_service}, {"HTTPRoute", add_route}};
    struct world *w = ARENA_NEW(&m->a, struct world);
    struct making k = {.m = m, .rollout = rollout, .w = w};

    w->rollout = rollout_read(&m->a, rollout->json, rollout->raw, rollout->raw_len);
    w->offline = true;
    k.services = ARENA_ARRAY(&m->a, const struct service *, m->doc_count);
    k.routes = ARENA_ARRAY(&m->a, const struct route *, m->doc_count);
    for (size_t i = 0; i < m->doc_count; i++)
        for (size_t j = 0; j < COUNT(kinds); j++)
            if (strcmp(m->docs[i].kind, kinds[j].kind) == 0 &&
                manifest_same_namespace(&m->docs[i], rollout))
                kinds[j].add(&k, &m->docs[i]);
    w->services = k.services;
    w->routes = k.routes;
    return w;
}
