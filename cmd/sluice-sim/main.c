/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - sluice-sim: a simulated cluster on a loopback socket, for the real programs. */
#include "sluice/base/file.h"
#include "sluice/serve/serve.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MANIFEST_BYTES_MAX (8 * 1024 * 1024)
#define MANIFESTS_MAX      32

static const char help[] =
    "sluice-sim - a simulated Kubernetes cluster on a loopback socket\n"
    "\n"
    "usage: sluice-sim --kubeconfig FILE [options]\n"
    "\n"
    "  --kubeconfig FILE    written once it listens; FILE.operator is sluice-controller's\n"
    "  --port N             of the API server (default: a free one)\n"
    "  --metrics-port N     of what stands in for Prometheus, and of /sim/requests, by plain\n"
    "                       HTTP (default: a free one)\n"
    "  --apply FILE         manifests that are there from the start; may be repeated\n"
    "  --speed N            virtual seconds for each real one (default: 1)\n"
    "  --requests N         a second, to each Service in use (default: 100)\n"
    "  --pod-start MS       until a pod is ready (default: 1000)\n"
    "  --no-controllers     the API alone: nobody acts on what is written\n"
    "  --only-deployments   the Deployment controller alone acts: there are no pods\n"
    "  --version, --help\n"
    "\n"
    "Objects, controllers, pods, endpoints, routers and users are simulated; nothing is stored,\n"
    "nothing runs in containers. POST /sim/errors?version=v2&percent=25, "
    "/sim/never-ready?version=,\n"
    "/sim/metrics?down=true; GET /sim/requests. Ends on SIGTERM.\n";

struct wishes {
    struct serve_options serve;
    const char *manifests[MANIFESTS_MAX];
    size_t manifest_count;
};

enum {
    OPT_KUBECONFIG = 1,
    OPT_PORT,
    OPT_METRICS,
    OPT_APPLY,
    OPT_SPEED,
    OPT_REQUESTS,
    OPT_START,
    OPT_NO_CONTROLLERS,
    OPT_ONLY_DEPLOYMENTS,
    OPT_VERSION,
    OPT_HELP
};

static const struct option long_options[] = {
    {"kubeconfig", required_argument, NULL, OPT_KUBECONFIG},
    {"port", required_argument, NULL, OPT_PORT},
    {"metrics-port", required_argument, NULL, OPT_METRICS},
    {"apply", required_argument, NULL, OPT_APPLY},
    {"speed", required_argument, NULL, OPT_SPEED},
    {"requests", required_argument, NULL, OPT_REQUESTS},
    {"pod-start", required_argument, NULL, OPT_START},
    {"no-controllers", no_argument, NULL, OPT_NO_CONTROLLERS},
    {"only-deployments", no_argument, NULL, OPT_ONLY_DEPLOYMENTS},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static bool number(const char *text, double lo, double hi, double *out)
{
    char *end;
    const double value = strtod(text, &end);

    if (end == text || *end || !(value >= lo) || !(value <= hi))
        return false;
    *out = value;
    return true;
}

/* -1: go on; else the exit code. */
static int take(struct wishes *w, int option, const char *text)
{
    double n = 0;
    bool ok = true;

    switch (option) {
    case OPT_KUBECONFIG:
        w->serve.kubeconfig = text;
        break;
    case OPT_PORT:
        ok = number(text, 0, 65535, &n);
        w->serve.port = (int)n;
        break;
    case OPT_METRICS:
        ok = number(text, 0, 65535, &n);
        w->serve.metrics_port = (int)n;
        break;
    case OPT_APPLY:
        ok = w->manifest_count < MANIFESTS_MAX;
        if (ok)
            w->manifests[w->manifest_count++] = text;
        break;
    case OPT_SPEED:
        ok = number(text, 0.01, 1000, &w->serve.speed);
        break;
    case OPT_REQUESTS:
        ok = number(text, 1, 100000, &n);
        w->serve.requests_per_s = (int)n;
        break;
    case OPT_START:
        ok = number(text, 1, 3600000, &n);
        w->serve.sim.pod_start_ms = (int64_t)n;
        break;
    case OPT_NO_CONTROLLERS:
        w->serve.sim.no_controllers = true;
        break;
    case OPT_ONLY_DEPLOYMENTS:
        w->serve.sim.only_deployments = true;
        break;
    case OPT_VERSION:
        printf("sluice-sim %s (%s)\n", SLUICE_VERSION, SLUICE_COMMIT);
        return 0;
    case OPT_HELP:
        fputs(help, stdout);
        return 0;
    default:
        ok = false;
    }
    if (!ok)
        fprintf(stderr, "sluice-sim: %s: see sluice-sim --help\n", text ? text : "no such option");
    return ok ? -1 : 2;
}

static int parse(int argc, char **argv, struct wishes *w)
{
    int option, code;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        code = take(w, option, optarg);
        if (code >= 0)
            return code;
    }
    if (optind == argc && w->serve.kubeconfig)
        return -1;
    fputs("sluice-sim: --kubeconfig FILE is wanted: see sluice-sim --help\n", stderr);
    return 2;
}

static bool apply_all(struct serve *v, const struct wishes *w, struct err *e)
{
    for (size_t i = 0; i < w->manifest_count; i++) {
        auto_free char *text = NULL;
        size_t len = 0;

        if (!file_read(w->manifests[i], MANIFEST_BYTES_MAX, &text, &len, e) ||
            !serve_apply(v, text, len, e))
            return err_wrap(e, "%s", w->manifests[i]);
    }
    return true;
}

static void on_signal(int signo, void *arg)
{
    (void)signo;
    loop_stop(arg);
}

static int run(const struct wishes *w)
{
    struct loop *loop = loop_new();
    struct err e = {0};
    struct serve *v = serve_new(loop, &w->serve, &e);
    const bool ok = v && apply_all(v, w, &e) && serve_announce(v, &e);

    if (ok) {
        printf("sluice-sim: a simulated cluster on https://127.0.0.1:%d, metrics on "
               "http://127.0.0.1:%d\n",
               serve_port(v), serve_metrics_port(v));
        fflush(stdout);
        loop_on_signal(loop, SIGTERM, on_signal, loop);
        loop_on_signal(loop, SIGINT, on_signal, loop);
        loop_run(loop);
    } else {
        fprintf(stderr, "sluice-sim: %s\n", e.text);
    }
    serve_free(v);
    loop_free(loop);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct wishes w = {0};
    const int code = parse(argc, argv, &w);

    return code >= 0 ? code : run(&w);
}
