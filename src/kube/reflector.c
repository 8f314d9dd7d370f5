/* SPDX-License-Identifier: Apache-2.0 */
/* reflector.c - list, watch, and what to do when either ends.
 *
 *        .--------- 410, relist ----------.
 *        v                                |
 *   start --> LISTING --whole--> WATCHING --EOF, error--> PAUSING --> LISTING or WATCHING
 *                ^   '--error--> PAUSING      ^-- EOF --'
 */
#include "reflector_parts.h"
#include "sluice/base/clock.h"
#include "sluice/base/log.h"

#include <stdlib.h>
#include <string.h>

#define TROUBLE_BYTES_MAX ((size_t)1024)

static void start_list(struct reflector *r, bool consistent);

/* --- small things ----------------------------------------------------------------------------- */

static const char *plural(const struct reflector *r)
{
    return kube_kind_info(r->spec.kind)->plural;
}

void reflector_set_rv(struct reflector *r, const char *rv)
{
    char *copy = xstrdup(rv);

    free(r->rv);
    r->rv = copy;
}

void reflector_tell_progress(const struct reflector *r)
{
    if (r->spec.sink.progress && r->rv)
        r->spec.sink.progress(r->spec.sink.arg, r->rv);
}

static void set_trouble(struct reflector *r, const char *what, const struct err *e)
{
    strbuf_reset(&r->trouble);
    strbuf_addf(&r->trouble, "%s: %s: %s", plural(r), r->synced ? what : "not synced", e->text);
    if (r->failures == 0)
        log_warn("watch interrupted", "kind", kube_kind_info(r->spec.kind)->kind, "what", what,
                 "err", e->text, NULL);
}

static bool nobody_misses_it(const struct reflector *r)
{
    return r->absent && !r->relisting && r->spec.sink.misses &&
           !r->spec.sink.misses(r->spec.sink.arg);
}

static void on_timer(void *arg)
{
    struct reflector *r = arg;

    /* While a watch runs, the timer only says that it has run for a while. */
    if (r->watch) {
        strbuf_reset(&r->trouble);
        return;
    }
    if (nobody_misses_it(r))
        timer_move(r->timer, r->spec.timing.absent_ms);
    else if (r->next == NEXT_WATCH)
        reflector_start_watch(r);
    else
        start_list(r, r->next == NEXT_LIST);
}

void reflector_begin_after(struct reflector *r, enum next next, int64_t ms)
{
    r->next = next;
    timer_move(r->timer, ms);
}

/* C33; what the server asks for counts too. */
static int64_t backoff_ms(struct reflector *r, const struct err *e)
{
    const struct reflector_timing *t = &r->spec.timing;
    int64_t ms = t->backoff_min_ms;

    for (int i = 0; i < r->failures && ms < t->backoff_max_ms; i++)
        ms *= 2;
    ms = min_i64(ms, t->backoff_max_ms);
    ms = loop_random(ms - ms / 4, ms + ms / 4);
    r->failures++;
    r->stats.failures++;
    if (e->kind == ERR_DENIED)
        ms = max_i64(ms, t->denied_ms);
    return max_i64(ms, e->retry_after_s * SECOND_MS);
}

void reflector_fail(struct reflector *r, const char *what, const struct err *e, enum next next)
{
    set_trouble(r, what, e);
    reflector_begin_after(r, next, backoff_ms(r, e));
}

/* --- list ------------------------------------------------------------------------------------- */

static void tell_synced(struct reflector *r)
{
    void (*done)(void *arg) = r->relisting ? r->relist_done : NULL;

    if (!r->synced) {
        r->synced = true;
        if (r->spec.sink.synced)
            r->spec.sink.synced(r->spec.sink.arg);
    }
    if (r->relisting)
        r->relist_done = NULL;
    r->relisting = false;
    if (done)
        done(r->relist_arg);
}

static bool apply_item(const cJSON *object, const char *raw, size_t len, void *arg)
{
    struct reflector *r = arg;

    known_upsert(&r->known, &r->spec.sink, object, raw, len);
    return true;
}

static void apply_list(struct reflector *r, const struct kube_list *list)
{
    r->absent = false;
    known_unmark(&r->known);
    kube_list_each(list, apply_item, r);
    known_sweep(&r->known, &r->spec.sink);
    reflector_set_rv(r, kube_list_rv(list));
    strbuf_reset(&r->trouble);
    reflector_tell_progress(r);
    tell_synced(r);
}

/* The kind is not served: there is nothing, and that is known (reflector.h, `optional`). */
static void apply_absence(struct reflector *r)
{
    if (!r->absent && r->synced)
        log_info("kind is no longer served", "kind", kube_kind_info(r->spec.kind)->kind, NULL);
    r->absent = true;
    free(r->rv);
    r->rv = NULL;
    r->failures = 0;
    known_unmark(&r->known);
    known_sweep(&r->known, &r->spec.sink);
    strbuf_reset(&r->trouble);
    tell_synced(r);
    reflector_begin_after(r, NEXT_LIST, r->spec.timing.absent_ms);
}

static void list_failed(struct reflector *r, const struct err *e)
{
    if (e->kind == ERR_NOT_FOUND && r->spec.optional)
        apply_absence(r);
    else
        reflector_fail(r, "list", e, NEXT_LIST);
}

static void on_list(const struct kube_list *list, const struct err *e, void *arg)
{
    struct reflector *r = arg;
    struct err old = {0};

    r->lister = NULL;
    r->stats.last_byte_ms = clock_mono_ms();
    if (!list) {
        list_failed(r, e);
        return;
    }
    if (!rv_valid(kube_list_rv(list))) {
        err_set(&old, ERR_RETRY, "the list has no resourceVersion");
        reflector_fail(r, "list", &old, NEXT_LIST);
        return;
    }
    if (r->rv && rv_compare(kube_list_rv(list), r->rv) == RV_OLDER) {
        r->stats.stale++;
        err_set(&old, ERR_RETRY, "the server lags behind: its list is at %s, %s was seen",
                kube_list_rv(list), r->rv);
        reflector_fail(r, "list", &old, NEXT_LIST);
        return;
    }
    apply_list(r, list);
    reflector_start_watch(r);
}

static void start_list(struct reflector *r, bool consistent)
{
    const struct kube_list_spec spec = {
        .kind = r->spec.kind,
        .namespace = r->spec.namespace,
        .label_selector = r->spec.label_selector,
        .field_selector = r->spec.field_selector,
        .resource_version = consistent ? NULL : r->rv,
        .page_limit = r->spec.timing.page_limit,
    };

    r->stats.lists++;
    r->lister = kube_list(r->client, &spec, on_list, r);
}

/* --- the interface ---------------------------------------------------------------------------- */

static void fill_timing(struct reflector_timing *t)
{
    const struct {
        int64_t *field, value;
    } defaults[] = {
        {&t->backoff_min_ms, 800}, {&t->backoff_max_ms, 30000}, {&t->healthy_ms, 120000},
        {&t->idle_ms, 125000},     {&t->brief_ms, 1000},        {&t->absent_ms, 60000},
        {&t->denied_ms, 30000},
    };

    for (size_t i = 0; i < COUNT(defaults); i++)
        if (*defaults[i].field == 0)
            *defaults[i].field = defaults[i].value;
    if (t->page_limit == 0)
        t->page_limit = LIST_PAGE_LIMIT;
}

struct reflector *reflector_new(struct kube_client *c, const struct reflector_spec *spec)
{
    struct reflector *r = xcalloc(1, sizeof(*r));

    r->client = c;
    r->spec = *spec;
    r->spec.namespace = arena_strdup(&r->arena, spec->namespace);
    r->spec.label_selector = arena_strdup(&r->arena, spec->label_selector);
    r->spec.field_selector = arena_strdup(&r->arena, spec->field_selector);
    fill_timing(&r->spec.timing);
    strbuf_init(&r->trouble, TROUBLE_BYTES_MAX);
    strbuf_addf(&r->trouble, "%s: not synced: listing", plural(r));
    watch_framer_init(&r->framer, 0);
    r->stats.last_byte_ms = clock_mono_ms();
    r->timer = loop_timer(kube_client_loop(c), 0, on_timer, r);
    r->next = NEXT_LIST;
    return r;
}

static void stop(struct reflector *r)
{
    kube_list_cancel(r->lister);
    kube_cancel(r->watch);
    r->lister = NULL;
    r->watch = NULL;
    watch_framer_release(&r->framer);
}

void reflector_free(struct reflector *r)
{
    if (!r)
        return;
    stop(r);
    timer_cancel(r->timer);
    timer_cancel(r->relist_timer);
    known_release(&r->known);
    strbuf_release(&r->trouble);
    arena_release(&r->arena);
    free(r->rv);
    free(r);
}

/* From the loop: a callback of the running watch may have asked. */
static void on_relist(void *arg)
{
    struct reflector *r = arg;

    stop(r);
    timer_stop(r->timer);
    r->relisting = true;
    start_list(r, true);
}

void reflector_relist(struct reflector *r, void (*done)(void *arg), void *arg)
{
    r->relist_done = done;
    r->relist_arg = arg;
    r->relisting = false;
    if (!r->relist_timer)
        r->relist_timer = loop_timer(kube_client_loop(r->client), 0, on_relist, r);
    else
        timer_move(r->relist_timer, 0);
}

bool reflector_synced(const struct reflector *r)
{
    return r->synced;
}

const char *reflector_rv(const struct reflector *r)
{
    return r->rv ? r->rv : "";
}

size_t reflector_count(const struct reflector *r)
{
    return known_count(&r->known);
}

bool reflector_served(const struct reflector *r)
{
    return !r->absent;
}

const char *reflector_trouble(const struct reflector *r)
{
    return strbuf_str(&r->trouble);
}

struct reflector_stats reflector_stats(const struct reflector *r)
{
    struct reflector_stats stats = r->stats;

    stats.stale += r->known.stale;
    return stats;
}

const struct reflector_spec *reflector_spec(const struct reflector *r)
{
    return &r->spec;
}
