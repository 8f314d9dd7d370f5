/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/app.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char app_help[] =
    "sluice-controller - gated rolling updates, blue-green and canary for Deployments\n"
    "\n"
    "usage: sluice-controller [options]\n"
    "\n"
    "  --kubeconfig FILE      API server and credentials (default: those of the pod)\n"
    "  --namespace NS         where the Lease is (default: the pod's own)\n"
    "  --watch-namespace NS   serve Rollouts of this namespace only (default: all)\n"
    "  --leader-elect=BOOL    only one of several controllers works (default: true)\n"
    "  --prometheus URL       for metric gates that name no address\n"
    "  --listen ADDR:PORT     /livez, /readyz and /metrics; \"\" for none (default: [::]:8080)\n"
    "  --log-level LEVEL      error, warn, info, debug (default: info)\n"
    "  --version, --help\n"
    "\n"
    "Stops on SIGTERM: the write under way is finished, the lease given back.\n";

enum {
    OPT_KUBECONFIG = 1,
    OPT_NAMESPACE,
    OPT_WATCH,
    OPT_LEADER,
    OPT_PROMETHEUS,
    OPT_LISTEN,
    OPT_LEVEL,
    OPT_VERSION,
    OPT_HELP
};

static const struct option long_options[] = {
    {"kubeconfig", required_argument, NULL, OPT_KUBECONFIG},
    {"namespace", required_argument, NULL, OPT_NAMESPACE},
    {"watch-namespace", required_argument, NULL, OPT_WATCH},
    {"leader-elect", optional_argument, NULL, OPT_LEADER},
    {"prometheus", required_argument, NULL, OPT_PROMETHEUS},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"log-level", required_argument, NULL, OPT_LEVEL},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static bool parse_bool(const char *text, bool *out, struct err *e)
{
    if (!text || str_equal(text, "true"))
        *out = true;
    else if (str_equal(text, "false"))
        *out = false;
    else
        return err_set(e, ERR_INVALID, "--leader-elect=%s: write true or false", text);
    return true;
}

static bool parse_level(const char *text, enum log_level *out, struct err *e)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    for (size_t i = 0; i < COUNT(names); i++) {
        if (str_equal(text, names[i])) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return err_set(e, ERR_INVALID, "--log-level %s: write error, warn, info or debug", text);
}

/* "ADDR:PORT", ":PORT", "[ADDR6]:PORT"; the address is cut out of the text in place. */
static bool parse_listen(char *text, struct app_options *out, struct err *e)
{
    char *colon = strrchr(text, ':'), *end = NULL;
    long port = -1;

    if (!*text) {
        out->listen_address = NULL;
        return true;
    }
    if (colon && colon[1])
        port = strtol(colon + 1, &end, 10);
    if (!colon || !end || *end || port < 0 || port > 65535)
        return err_set(e, ERR_INVALID, "--listen %s: write ADDRESS:PORT", text);
    *colon = '\0';
    if (*text == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        text++;
    }
    out->listen_address = *text ? text : "::";
    out->listen_port = (int)port;
    return true;
}

static bool parse_url(const char *text, const char **out, struct err *e)
{
    if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
        return err_set(e, ERR_INVALID, "--prometheus %s: write http://... or https://...", text);
    *out = text;
    return true;
}

static bool parse_one(int option, char *text, struct app_options *out, struct err *e)
{
    switch (option) {
    case OPT_KUBECONFIG:
        out->kubeconfig = text;
        return true;
    case OPT_NAMESPACE:
        out->lease_namespace = text;
        return true;
    case OPT_WATCH:
        out->watch_namespace = text;
        return true;
    case OPT_LEADER:
        return parse_bool(text, &out->leader_elect, e);
    case OPT_PROMETHEUS:
        return parse_url(text, &out->prometheus, e);
    case OPT_LISTEN:
        return parse_listen(text, out, e);
    default:
        assert(option == OPT_LEVEL);
        return parse_level(text, &out->log_level, e);
    }
}

enum app_wish app_options_parse(int argc, char **argv, struct app_options *out, struct err *e)
{
    int option;

    *out = (struct app_options){
        .leader_elect = true, .listen_address = "::", .listen_port = 8080, .log_level = LOG_INFO};
    optind = 0; /* all over again: tests call this more than once */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == OPT_HELP)
            return APP_HELP;
        if (option == OPT_VERSION)
            return APP_VERSION;
        if (option == '?') {
            err_set(e, ERR_INVALID, "%s: no such option, or its value is missing",
                    argv[optind - 1]);
            return APP_WRONG;
        }
        if (!parse_one(option, optarg, out, e))
            return APP_WRONG;
    }
    if (optind < argc) {
        err_set(e, ERR_INVALID, "%s: no arguments are taken", argv[optind]);
        return APP_WRONG;
    }
    return APP_RUN;
}
