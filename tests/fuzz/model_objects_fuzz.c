/* SPDX-License-Identifier: Apache-2.0 */
/* model_objects_fuzz.c - any JSON read as each kind of object; nothing read borrows from it. */
#include "check.h"
#include "sluice/json/json.h"
#include "sluice/model/world.h"

struct objects {
    const struct deployment *d;
    const struct replicaset *rs;
    const struct fence *f;
    const struct service *s;
    const struct slice *slice;
    const struct pod *p;
    const struct route *r;
    const struct policy *policy;
};

static struct objects read_all(struct arena *a, const char *data, size_t len)
{
    /* Gone before anything is looked at: a borrowed byte is found by ASan. */
    auto_free char *text = xmalloc(len + 1);
    struct objects all = {0};
    struct err e = {0};

    memcpy(text, data, len);
    text[len] = '\0';
    auto_json cJSON *doc = json_parse(text, len, &e);
    if (!doc)
        return all;
    all.d = deployment_read(a, doc, text, len);
    all.rs = replicaset_read(a, doc, text, len);
    all.f = fence_read(a, doc, text, len);
    all.s = service_read(a, doc, text, len);
    all.slice = slice_read(a, doc);
    all.p = pod_read(a, doc);
    all.r = route_read(a, doc, text, len);
    all.policy = policy_read(a, doc);
    return all;
}

static void check_texts(const struct objects *all)
{
    size_t bytes = 0;

    for (size_t i = 0; i < all->r->backend_count; i++)
        bytes += strlen(all->r->backends[i].raw) + (size_t)all->r->backends[i].rule;
    for (size_t i = 0; i < all->slice->ready_pod_count; i++)
        bytes += strlen(all->slice->ready_pods[i]);
    for (size_t i = 0; i < all->d->template_label_count; i++)
        bytes += strlen(all->d->template_labels[i].key) + strlen(all->d->template_labels[i].value);
    bytes += strlen(all->d->digest) + strlen(all->d->max_surge) + strlen(all->rs->digest);
    CHECK(bytes < SIZE_MAX / 2, "%zu", bytes);
    CHECK(all->slice->ready <= all->slice->total, "%d ready", (int)all->slice->ready);
    CHECK(!all->d->template_raw || strlen(all->d->digest) == 64, "%s", all->d->digest);
    CHECK(strcmp(all->d->digest, all->rs->digest) == 0, "one template, two digests");
    CHECK(!service_selects(all->s, all->d) || all->s->selector.count > 0, "selects nothing");
}

/* A record that is readable says the same after it was written again. */
static void check_record(struct arena *a, const struct fence *f)
{
    struct record again;
    const char *text;

    if (!f->readable)
        return;
    text = record_write(a, &f->record);
    CHECK(record_read(a, text, &again), "%s", text);
    CHECK(strcmp(record_write(a, &again), text) == 0, "%s", text);
    CHECK(strcmp(again.stable_template, f->record.stable_template) == 0, "%s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct objects all;
    struct arena a;

    arena_init(&a);
    all = read_all(&a, (const char *)data, len);
    if (all.d) {
        check_texts(&all);
        check_record(&a, all.f);
    }
    arena_release(&a);
    return all.d ? 0 : REFUSED;
}
