/* SPDX-License-Identifier: Apache-2.0 */
/* kube_watch_fuzz.c - a watch stream split anywhere yields the same lines; a line that decodes
 * has an object whose bytes parse on their own; versions are ordered (C24, C31). */
#include "check.h"
#include "sluice/kube/status.h"
#include "sluice/kube/watch.h"

#define LINE_MAX 512

static bool on_line(const char *p, size_t len, void *arg)
{
    struct strbuf *out = arg;

    CHECK(len > 0 && !memchr(p, '\n', len), "a line of %zu bytes", len);
    strbuf_add(out, p, len);
    strbuf_addc(out, '\n');
    return true;
}

/* The first byte of what is left says how long the next chunk is, when `cuts` is given. */
static bool feed(const char *p, size_t len, const uint8_t *cuts, size_t cut_count,
                 struct strbuf *out)
{
    struct watch_framer f;
    struct err e = {0};
    bool ok = true;

    watch_framer_init(&f, LINE_MAX);
    for (size_t at = 0, i = 0; ok && at < len; i++) {
        size_t n = cut_count ? (size_t)(cuts[i % cut_count] % 23 + 1) : len;
        n = n < len - at ? n : len - at;
        ok = watch_framer_feed(&f, p + at, n, on_line, out, &e);
        at += n;
    }
    CHECK(ok == (e.kind == ERR_NONE), "%s", e.text);
    CHECK(f.partial.len <= LINE_MAX, "%zu", f.partial.len);
    watch_framer_release(&f);
    return ok;
}

static void check_line(const char *p, size_t len)
{
    struct watch_event ev;
    enum watch_type type;
    struct ident id;
    struct kube_status s;
    struct err e = {0};

    const bool told = watch_peek(p, len, &type, &id) && watch_closes(p, len);

    if (!watch_decode(p, len, &ev, &e)) {
        CHECK(e.kind == ERR_INVALID && e.text[0], "%s", e.text);
        return;
    }
    CHECK(ev.raw.p >= p && ev.raw.p + ev.raw.len <= p + len && ev.raw.p[0] == '{', "raw");
    cJSON *again = kube_object_parse(ev.raw.p, ev.raw.len, &e);
    CHECK(again, "%s", e.text);
    const char *rv = json_str(again, "metadata.resourceVersion");
    CHECK(strcmp(ev.rv, rv ? rv : "") == 0, "%s", ev.rv);
    CHECK(!told || (type == ev.type && strcmp(id.rv, ev.rv) == 0), "peeked at %s", id.rv);
    json_release(&again);
    if (kube_status_read(ev.object, &s))
        kube_status_judge_parsed(&s, false, &e);
    watch_event_release(&ev);
}

static void check_versions(const char *text)
{
    const size_t half = strlen(text) / 2;
    auto_free char *a = xcalloc(half + 1, 1);

    memcpy(a, text, half);
    const char *b = text + half;
    const enum rv_order ab = rv_compare(a, b), ba = rv_compare(b, a);
    CHECK((ab == RV_UNKNOWN) == !(rv_valid(a) && rv_valid(b)), "%s %s", a, b);
    CHECK(ab == RV_UNKNOWN ? ba == RV_UNKNOWN : (int)ab == -(int)ba, "%s %s", a, b);
    if (strlen(a) < 19 && strlen(b) < 19 && ab != RV_UNKNOWN) {
        const long long x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);
        CHECK((int)ab == (x > y) - (x < y), "%s %s", a, b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct strbuf whole = {.max = SIZE_MAX / 4}, split = {.max = SIZE_MAX / 4};
    const size_t cuts = len ? data[0] % 8 + 1u : 0;
    auto_free char *text = NULL;

    if (len < cuts + 1)
        return 0;
    text = xcalloc(len - cuts + 1, 1);
    memcpy(text, data + cuts, len - cuts);
    const bool a = feed(text, len - cuts, NULL, 0, &whole);
    const bool b = feed(text, len - cuts, data, cuts, &split);
    CHECK(a == b, "%d %d", a, b);
    CHECK(whole.len == split.len && (whole.len == 0 || memcmp(whole.p, split.p, whole.len) == 0),
          "split differs: %zu %zu", whole.len, split.len);
    for (const char *p = whole.p; p && *p;) {
        const char *end = memchr(p, '\n', (size_t)(whole.p + whole.len - p));
        if (!end)
            break;
        check_line(p, (size_t)(end - p));
        p = end + 1;
    }
    check_versions(text);
    strbuf_release(&whole);
    strbuf_release(&split);
    return 0;
}
