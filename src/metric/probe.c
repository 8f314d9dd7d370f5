/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - what to ask of a pod, and what the answers of one or all of them mean. */
#include "text.h"
#include "url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define URL_BYTES_MAX  8192
#define PATH_SHOWN_MAX 40
#define POD_SHOWN_MAX  28 /* the end of a long name tells pods apart */

/* Numbers only: a pod's IP is text that came over the network. */
static bool add_host(struct strbuf *out, const char *ip)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    if (ip && inet_pton(AF_INET, ip, bytes) == 1)
        return strbuf_adds(out, ip);
    if (ip && inet_pton(AF_INET6, ip, bytes) == 1)
        return strbuf_addf(out, "[%s]", ip);
    return false;
}

char *probe_url(struct arena *a, const struct gate_spec *g, const char *ip, int32_t port)
{
    auto_strbuf struct strbuf url = {.max = URL_BYTES_MAX};
    const bool tls =
        g->probe.kind == PROBE_HTTP && g->probe.scheme && strcasecmp(g->probe.scheme, "HTTPS") == 0;

    strbuf_adds(&url, tls ? "https://" : "http://");
    if (port < 1 || port > 65535 || !add_host(&url, ip))
        return NULL;
    strbuf_addf(&url, ":%d", (int)port);
    url_add_path(&url, g->probe.kind == PROBE_HTTP && g->probe.path ? g->probe.path : "/");
    return url.overflow ? NULL : arena_strndup(a, url.p, url.len);
}

/* --- one pod -------------------------------------------------------------------------------- */

/* "GET /healthz", or what else was asked. */
static void asked(const struct gate_spec *g, char out[static EVIDENCE_MAX])
{
    char name[EVIDENCE_MAX];
    const char *what = g->probe.kind == PROBE_HTTP   ? g->probe.path
                       : g->probe.kind == PROBE_GRPC ? g->probe.service
                                                     : NULL;

    text_quote(name, what ? what : "", what ? strlen(what) : 0, PATH_SHOWN_MAX);
    switch (g->probe.kind) {
    case PROBE_HTTP:
        evidence_set(out, "GET %s", name[0] ? name : "/");
        break;
    case PROBE_TCP:
        evidence_set(out, "%s%s", g->probe.port ? "port " : "the port",
                     g->probe.port ? g->probe.port : "");
        break;
    case PROBE_GRPC:
    default:
        evidence_set(out, "gRPC health%s%s", name[0] ? " of " : "", name);
    }
}

/* What a good pod does: "gives 200". */
static void wanted(const struct gate_spec *g, char out[static EVIDENCE_MAX])
{
    if (g->probe.kind == PROBE_HTTP)
        evidence_set(out, "gives %d", g->probe.expect_status ? g->probe.expect_status : 200);
    else
        evidence_set(out, g->probe.kind == PROBE_TCP ? "accepts" : "is SERVING");
}

void probe_judge(const struct gate_spec *g, int http_code, const char *failed, struct judged *out)
{
    const int expected = g->probe.expect_status ? g->probe.expect_status : 200;

    out->answer = ANSWER_BAD;
    if (failed) {
        evidence_set(out->text, "%s", failed);
    } else if (g->probe.kind == PROBE_HTTP && http_code != expected) {
        evidence_set(out->text, "%d, not %d", http_code, expected);
    } else {
        out->answer = ANSWER_GOOD;
        if (g->probe.kind == PROBE_HTTP)
            evidence_set(out->text, "%d", http_code);
        else
            evidence_set(out->text, g->probe.kind == PROBE_TCP ? "accepts" : "SERVING");
    }
}

/* --- all of them ---------------------------------------------------------------------------- */

/* "...c7e-4kq2v: 503, not 200", in what room is left. */
static void add_culprit(char text[static EVIDENCE_MAX], const struct probed *p)
{
    const char *name = p->pod ? p->pod : "a pod";
    const size_t len = strlen(name);
    const bool cut = len > POD_SHOWN_MAX;
    char whole[EVIDENCE_MAX];

    evidence_set(whole, "%s; %s%s: %s", text, cut ? "..." : "",
                 cut ? name + len - (POD_SHOWN_MAX - 3) : name, p->judged.text);
    memcpy(text, whole, EVIDENCE_MAX);
}

void probe_sum(const struct gate_spec *g, const struct probed *pods, size_t count,
               struct judged *out)
{
    const struct probed *culprit = NULL;
    char question[EVIDENCE_MAX], answer[EVIDENCE_MAX];
    size_t good = 0;

    for (size_t i = 0; i < count; i++) {
        const enum answer one = pods[i].judged.answer;

        good += one == ANSWER_GOOD;
        /* A bad pod decides, one that could not be asked only hinders. */
        if (one != ANSWER_GOOD &&
            (!culprit || (one == ANSWER_BAD && culprit->judged.answer != one)))
            culprit = &pods[i];
    }
    asked(g, question);
    wanted(g, answer);
    if (!count) {
        out->answer = ANSWER_NO_DATA;
        evidence_set(out->text, "no ready new pod to ask for %s", question);
        return;
    }
    out->answer = !culprit ? ANSWER_GOOD : culprit->judged.answer;
    evidence_set(out->text, "%s %s on %zu of %zu pods", question, answer, good, count);
    if (culprit)
        add_culprit(out->text, culprit);
}
