/* SPDX-License-Identifier: Apache-2.0 */
/* Any HTTPRoute: weights are what was asked for, all that is not ours stays byte for byte, and
 * restoring gives the route back. */
#include "../unit/json_patch.h"
#include "sluice/route/route.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(holds, text)                                                                         \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fprintf(stderr, "%s does not hold: %s\n", #holds, (text) ? (text) : "-");              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_SAME(a, b)                                                                           \
    do {                                                                                           \
        const char *x = (a), *y = (b);                                                             \
        if (!x || !y || strcmp(x, y) != 0) {                                                       \
            fprintf(stderr, "not the same:\n%s\n%s\n", x ? x : "-", y ? y : "-");                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const char *const names[] = {"checkout"};
static const struct traffic_spec specs[] = {
    {.router = "gatewayAPI", .kind = "HTTPRoute", .name = "web"},
    {.router = "gatewayAPI", .kind = "HTTPRoute", .name = "web", .rules = names, .rule_count = 1},
};

struct fuzz {
    struct arena arena;
    const struct router *router;
    const struct traffic_spec *t;
    bool clean; /* weights are plain numbers, no Service stands twice in a rule */
};

static const struct route *read_route(struct fuzz *f, const char *text)
{
    auto_json cJSON *doc = json_parse(text, strlen(text), NULL);

    CHECK(doc, text);
    return route_read(&f->arena, doc, text, strlen(text));
}

static bool is_canary(const struct backend *b)
{
    return b->service && strcmp(b->service, "web-canary") == 0;
}

static bool is_stable(const struct backend *b)
{
    return b->service && strcmp(b->service, "web") == 0;
}

static bool in_scope(const struct fuzz *f, const struct backend *b)
{
    return !f->t->rule_count || (b->rule_name && strcmp(b->rule_name, names[0]) == 0);
}

/* The first entry of its kind in its rule, in a rule that we may edit. */
static bool is_ours(const struct fuzz *f, const struct route *r, size_t i)
{
    const struct backend *b = &r->backends[i];
    bool has_stable = false;

    if (!in_scope(f, b) || !(is_stable(b) || is_canary(b)))
        return false;
    for (size_t k = 0; k < r->backend_count; k++) {
        const struct backend *other = &r->backends[k];

        if (other->rule != b->rule)
            continue;
        has_stable |= is_stable(other);
        if (k < i && str_equal(other->service, b->service))
            return false;
    }
    return has_stable;
}

/* The text without what is ours: weights of stable, entries of the canary. */
static char *foreign(struct fuzz *f, const char *text)
{
    const struct route *r = read_route(f, text);
    auto_strbuf struct strbuf patch = {.max = SIZE_MAX / 2};
    const char *comma = "[";

    for (int canary = 0; canary < 2; canary++) {
        for (size_t i = 0; i < r->backend_count; i++) {
            const struct backend *b = &r->backends[i];

            if (!is_ours(f, r, i) || is_canary(b) != canary ||
                (!canary && !json_slice(b->raw, strlen(b->raw), "weight").p))
                continue;
            strbuf_addf(&patch,
                        "%s{\"op\":\"remove\",\"path\":\"/spec/rules/%d/backendRefs/%d%s\"}", comma,
                        b->rule, b->index, canary ? "" : "/weight");
            comma = ",";
        }
    }
    if (!patch.len)
        return arena_strdup(&f->arena, text);
    strbuf_addc(&patch, ']');
    return apply_patch(&f->arena, text, patch.p);
}

static bool plain_weight(const struct backend *b)
{
    const struct jslice weight = json_slice(b->raw, strlen(b->raw), "weight");
    char text[16];
    const int n = snprintf(text, sizeof(text), "%d", (int)b->weight);

    if (!weight.p)
        return true;
    return b->weight >= 0 && b->weight <= 1000000 && weight.len == (size_t)n &&
           memcmp(weight.p, text, weight.len) == 0;
}

/* Only then can a patch of numbers give back the very bytes. */
static bool is_clean(const struct route *r)
{
    for (size_t i = 0; i < r->backend_count; i++) {
        const struct backend *b = &r->backends[i];

        if (!(is_stable(b) || is_canary(b)))
            continue;
        if (!plain_weight(b))
            return false;
        for (size_t k = 0; k < i; k++) {
            if (r->backends[k].rule == b->rule && str_equal(r->backends[k].service, b->service))
                return false;
        }
    }
    return true;
}

static char *weigh(struct fuzz *f, const char *text, int weight)
{
    const struct route *r = read_route(f, text);
    const char *patch = f->router->render(&f->arena, r, f->t, "web", "web-canary", weight);
    char *now = patch ? apply_patch(&f->arena, text, patch) : arena_strdup(&f->arena, text);
    struct route_view v;

    CHECK(now, patch);
    CHECK_SAME(foreign(f, text), foreign(f, now));
    f->router->view(&f->arena, read_route(f, now), f->t, "web", "web-canary", &v);
    if (v.found && f->clean)
        CHECK(v.weight == weight, now);
    if (f->clean)
        CHECK(!f->router->render(&f->arena, read_route(f, now), f->t, "web", "web-canary", weight),
              now);
    return now;
}

static void round_trip(struct fuzz *f, const char *text, const uint8_t *choices)
{
    const struct route *r = read_route(f, text);
    const char *rest, *back, *now = text;
    const struct finding *findings;

    f->clean = is_clean(r);
    rest = f->router->resting(&f->arena, r, f->t, "web", "web-canary");
    for (int i = 0; i < 2; i++)
        now = weigh(f, now, choices[i] % 101);
    f->router->check(&f->arena, r, f->t, 0, "web", "web-canary", &findings);
    back = f->router->restore(&f->arena, read_route(f, now), f->t, "web", "web-canary", rest);
    if (back) {
        now = apply_patch(&f->arena, now, back);
        CHECK(now, back);
    }
    CHECK_SAME(foreign(f, text), foreign(f, now));
    /* A weight of 1 that we wrote where none was stays: the server means the same by both. */
    if (f->clean && choices[1] % 101 != 99 && choices[1] % 101 != 1)
        CHECK(strcmp(now, text) == 0, now);
    if (f->clean)
        CHECK(!f->router->restore(&f->arena, read_route(f, now), f->t, "web", "web-canary", rest),
              now);
}

/* ---- a route out of bytes that are no JSON --------------------------------------------------- */

static void add_entry(struct strbuf *out, uint8_t byte)
{
    static const char *const entries[] = {
        "{\"name\":\"web\"",
        "{ \"name\" : \"web\"",
        "{\"name\":\"web-canary\"",
        "{\"name\":\"web\",\"port\":80,\"filters\":[{\"weight\":3}]",
        "{\"name\":\"other\"",
        "{\"name\":\"web\",\"namespace\":\"else\"",
        "{\"group\":\"\",\"name\":\"web\"",
        "{\"name\":\"web-canary\",\"port\":80",
    };

    strbuf_adds(out, entries[byte % COUNT(entries)]);
    if (byte & 0x80)
        strbuf_addf(out, ",\"weight\":%d", byte & 0x7f);
    strbuf_adds(out, byte & 0x40 ? "}" : ",\"later\":\"\\u0041\"}");
}

static char *route_of(struct fuzz *f, const uint8_t *data, size_t len)
{
    auto_strbuf struct strbuf out = {.max = 1024 * 1024};
    const char *comma = "";

    strbuf_adds(&out, "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"uid\":\"u\","
                      "\"resourceVersion\":\"1\"},\"spec\":{\"rules\":[{\"backendRefs\":[");
    for (size_t i = 0; i < len && i < 24; i++) {
        if (data[i] % 16 == 15) {
            strbuf_addf(&out, "]%s},{\"matches\":[{}],\"backendRefs\":[",
                        data[i] & 0x80 ? ",\"name\":\"checkout\"" : "");
            comma = "";
            continue;
        }
        strbuf_adds(&out, comma);
        add_entry(&out, data[i]);
        comma = data[i] & 0x20 ? "," : " , ";
    }
    strbuf_adds(&out, "]}]}}");
    return arena_strdup(&f->arena, out.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz f = {.router = router_find("gatewayAPI")};
    cJSON *doc;

    if (len < 4)
        return 0;
    arena_init(&f.arena);
    f.t = &specs[data[2] % COUNT(specs)];
    doc = json_parse((const char *)data + 3, len - 3, NULL);
    if (doc && (doc->type & 0xff) == cJSON_Object)
        round_trip(&f, arena_strndup(&f.arena, (const char *)data + 3, len - 3), data);
    else
        round_trip(&f, route_of(&f, data + 3, len - 3), data);
    json_release(&doc);
    arena_release(&f.arena);
    return 0;
}
