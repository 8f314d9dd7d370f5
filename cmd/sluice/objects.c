/* SPDX-License-Identifier: Apache-2.0 */
/* objects.c - the demands of objects_table.c are asked, and a few rules about more than one member.
 *
 * A row is asked where what holds its member is there and of the right type: a row of its own says
 * so where it is not, and one wrong thing is one finding. An explicit null is an absent member, and
 * so is "" where the API leaves it out. */
#include "objects.h"
#include "objects_parts.h"

#include "sluice/json/edit.h"
#include "sluice/model/validate.h"
#include <string.h>

#define PATH_BYTES_MAX 512
#define UNIQUE_MAX     1000 /* entries that are compared with each other */

/* --- findings --------------------------------------------------------------------------------- */

struct look {
    struct arena *a;
    const struct manifest *d;
    struct strbuf path; /* of the member at hand */
    struct finding *found;
    size_t count;
};

static void add(struct look *k, const cJSON *value, const char *message)
{
    if (k->count == OBJECT_FINDINGS_MAX)
        return;
    k->found[k->count++] = (struct finding){
        .rule = "API",
        .path = arena_strdup(k->a, strbuf_str(&k->path)),
        .value = value_shown(k->a, value),
        .message = message,
    };
}

/* Steps down to a member or an entry; `back` is where leave goes. */
static size_t enter(struct look *k, const char *key, size_t len)
{
    const size_t back = k->path.len;

    strbuf_addf(&k->path, "%s%.*s", back ? "." : "", (int)len, key);
    return back;
}

static size_t enter_entry(struct look *k, size_t i)
{
    const size_t back = k->path.len;

    strbuf_addf(&k->path, "[%zu]", i);
    return back;
}

static void leave(struct look *k, size_t back)
{
    k->path.len = back;
    k->path.overflow = false;
    if (k->path.p)
        k->path.p[back] = '\0';
}

static void add_at(struct look *k, const char *path, const cJSON *value, const char *message)
{
    const size_t back = enter(k, path, strlen(path));

    add(k, value, message);
    leave(k, back);
}

/* --- lists and maps --------------------------------------------------------------------------- */

static bool stood_before(const cJSON *list, const cJSON *entry, const char *key)
{
    const char *name = json_str(json_key(entry, key), "");

    JSON_EACH(other, list) {
        if (other == entry)
            break;
        if (name && *name && str_equal(json_str(json_key(other, key), ""), name))
            return true;
    }
    return false;
}

static void check_unique(struct look *k, const struct demand *d, const cJSON *list)
{
    size_t i = 0;

    if (json_count(list) > UNIQUE_MAX)
        return;
    JSON_EACH(entry, list) {
        const size_t back = enter_entry(k, i++);

        if (stood_before(list, entry, d->unique))
            add_at(k, d->unique, json_key(entry, d->unique),
                   arena_printf(k->a, "stands twice: every %s is given once", d->unique));
        leave(k, back);
    }
}

static void check_pairs(struct look *k, const struct demand *d, const cJSON *map)
{
    JSON_EACH(pair, map) {
        const char *message = demand_wrong_pair(k->a, d, pair);

        if (message)
            add_at(k, pair->string, pair, message);
    }
}

static void judge(struct look *k, const struct demand *d, const cJSON *v)
{
    const bool absent = !v || (d->missing && json_is_text(v) && !*json_str(v, "")) ||
                        (d->missing && d->form == LIST && json_is_list(v) && !json_first(v));
    const char *message = absent ? d->missing : demand_wrong(k->a, d, v);

    if (message)
        add(k, absent ? NULL : v, message);
    else if (v && d->unique)
        check_unique(k, d, v);
    else if (v && (d->form == TEXTS || d->form == LABELS))
        check_pairs(k, d, v);
}

/* --- the table -------------------------------------------------------------------------------- */

static void meet(struct look *k, const struct demand *d, const cJSON *at, const char *rest);

static void meet_entries(struct look *k, const struct demand *d, const cJSON *list,
                         const char *rest)
{
    size_t i = 0;

    if (!json_is_list(list))
        return;
    JSON_EACH(entry, list) {
        const size_t back = enter_entry(k, i++);

        if (*rest)
            meet(k, d, entry, rest + 1);
        else
            judge(k, d, entry);
        leave(k, back);
    }
}

/* `rest` is the way down from `at`: "ports[].name". */
static void meet(struct look *k, const struct demand *d, const cJSON *at, const char *rest)
{
    const size_t len = strcspn(rest, ".[");
    const char *more = rest + len;
    const cJSON *v;
    size_t back;

    if (!json_is_object(at))
        return;
    v = json_key(at, arena_strndup(k->a, rest, len));
    back = enter(k, rest, len);
    if (!*more && !(d->or_else && json_key(at, d->or_else)))
        judge(k, d, v);
    else if (*more == '[')
        meet_entries(k, d, v, more + 2);
    else if (*more)
        meet(k, d, v, more + 1);
    leave(k, back);
}

/* --- rules about more than one member --------------------------------------------------------- */

static void selector_finds_template(struct look *k)
{
    const cJSON *selector = json_at(k->d->json, "spec.selector");
    const cJSON *wanted = json_key(selector, "matchLabels");
    const cJSON *labels = json_at(k->d->json, "spec.template.metadata.labels");

    if (!json_first(wanted) && !json_first(json_key(selector, "matchExpressions")))
        add_at(k, "spec.selector", NULL,
               "selects nothing: add matchLabels with a label of the template");
    if (json_count(wanted) > UNIQUE_MAX)
        return;
    JSON_EACH(pair, wanted) {
        const char *value = json_str(pair, "");

        if (json_key(labels, pair->string) &&
            str_equal(json_str(json_key(labels, pair->string), ""), value))
            continue;
        add_at(k, "spec.template.metadata.labels", NULL,
               arena_printf(k->a,
                            "the selector asks for %s: %s, which the template does not have: add "
                            "the label, or correct the selector",
                            pair->string, *value ? value : "\"\""));
        return;
    }
}

static void pods_may_change(struct look *k)
{
    const cJSON *strategy = json_at(k->d->json, "spec.strategy");
    const cJSON *rolling = json_key(strategy, "rollingUpdate");
    const char *surge = json_int_or_str(k->a, rolling, "maxSurge");
    const char *unavailable = json_int_or_str(k->a, rolling, "maxUnavailable");

    if (str_equal(json_str(strategy, "type"), "Recreate") && rolling)
        add_at(k, "spec.strategy.rollingUpdate", NULL,
               "stands beside type Recreate: use type RollingUpdate");
    else if (surge && unavailable && strspn(surge, "0%") == strlen(surge) &&
             strspn(unavailable, "0%") == strlen(unavailable))
        add_at(k, "spec.strategy.rollingUpdate.maxUnavailable", json_key(rolling, "maxUnavailable"),
               "no pod could be replaced when maxSurge is 0 too: raise one of the two");
}

static void deadline_is_later(struct look *k)
{
    const cJSON *spec = json_key(k->d->json, "spec");

    if (json_i64(spec, "progressDeadlineSeconds", 600) <= json_i64(spec, "minReadySeconds", 0))
        add_at(k, "spec.progressDeadlineSeconds", json_key(spec, "progressDeadlineSeconds"),
               "must be more than minReadySeconds, and is 600 where it is left out: raise it");
}

static void service_has_ports(struct look *k)
{
    const cJSON *spec = json_key(k->d->json, "spec"), *ports = json_key(spec, "ports");
    const char *type = json_str(spec, "type");
    const bool several = json_count(ports) > 1;
    size_t i = 0;

    if (!json_first(ports) && !str_equal(json_str(spec, "clusterIP"), "None") &&
        !str_equal(type, "ExternalName"))
        add_at(k, "spec.ports", NULL, "ports is required: add one, with its port");
    if (str_equal(type, "ExternalName") && str_empty(json_str(spec, "externalName")))
        add_at(k, "spec.externalName", NULL,
               "type ExternalName needs externalName: write the name of the host");
    JSON_EACH(port, ports) {
        if (several && str_empty(json_str(port, "name")))
            add_at(k, arena_printf(k->a, "spec.ports[%zu].name", i), NULL,
                   "name is required where there are several ports: add it");
        i++;
    }
}

static bool is_service(const cJSON *ref)
{
    const char *kind = json_str(ref, "kind");

    return str_empty(json_str(ref, "group")) && (!kind || strcmp(kind, "Service") == 0);
}

static void backends_have_ports(struct look *k)
{
    size_t i = 0;

    JSON_EACH(rule, json_at(k->d->json, "spec.rules")) {
        size_t j = 0;

        JSON_EACH(ref, json_key(rule, "backendRefs")) {
            if (is_service(ref) && !json_key(ref, "port"))
                add_at(k, arena_printf(k->a, "spec.rules[%zu].backendRefs[%zu].port", i, j), NULL,
                       "port is required: write the Service's port");
            j++;
        }
        i++;
    }
}

/* --- kinds ------------------------------------------------------------------------------------ */

typedef void rule_fn(struct look *k);

static rule_fn *const deployment_rules[] = {selector_finds_template, pods_may_change,
                                            deadline_is_later};
static rule_fn *const service_rules[] = {service_has_ports};
static rule_fn *const route_rules[] = {backends_have_ports};

static const struct object_kind {
    const char *name;
    const struct demands *demands;
    rule_fn *const *rules;
    size_t rule_count;
} kinds[] = {
    {"Deployment", &deployment_demands, deployment_rules, COUNT(deployment_rules)},
    {"Service", &service_demands, service_rules, COUNT(service_rules)},
    {"HTTPRoute", &route_demands, route_rules, COUNT(route_rules)},
};

static const struct object_kind *kind_of(const struct manifest *d)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].name, d->kind) == 0)
            return &kinds[i];
    return NULL;
}

bool objects_of_kind(const struct manifest *d)
{
    return kind_of(d) != NULL;
}

static void check(struct look *k, const struct object_kind *kind)
{
    for (size_t i = 0; i < kind->demands->count; i++)
        meet(k, &kind->demands->rows[i], k->d->json, kind->demands->rows[i].path);
    if (k->count)
        return;
    for (size_t i = 0; i < kind->rule_count; i++)
        kind->rules[i](k);
}

size_t objects_check(struct arena *a, const struct manifest *d, const struct finding **findings)
{
    const struct object_kind *kind = kind_of(d);
    struct look k = {.a = a, .d = d, .path = {.max = PATH_BYTES_MAX}};

    k.found = ARENA_ARRAY(a, struct finding, OBJECT_FINDINGS_MAX);
    if (kind)
        check(&k, kind);
    strbuf_release(&k.path);
    *findings = k.found;
    return k.count;
}
