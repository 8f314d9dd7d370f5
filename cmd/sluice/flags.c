/* SPDX-License-Identifier: Apache-2.0 */
/* flags.c - the table of flags and its reader: kubectl's manners and kubectl's words (pflag). */
#include "cli.h"
#include "words.h"

#include "sluice/base/clock.h"
#include "sluice/model/validate.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) .at = offsetof(struct options, member)
#define LIST(member, counter, most)                                                                \
    AT(member), .count_at = offsetof(struct options, counter), .max = (most)

const struct flag flags[] = {
    {"namespace", 'n', FLAG_TEXT, FLAG_CLUSTER, AT(namespace), .value = "NAME",
     .help = "Namespace of the Rollout; else the one of the context"},
    {"all-namespaces", 'A', FLAG_BOOL, FLAG_ALL_NAMESPACES, AT(all_namespaces),
     .help = "All namespaces"},
    {"selector", 'l', FLAG_TEXT, FLAG_SELECTOR, AT(selector), .value = "LABELS",
     .help = "Only Rollouts with these labels, as for kubectl get"},
    {"watch", 'w', FLAG_BOOL, FLAG_WATCH, AT(watch),
     .help = "Go on looking; status does so unless --watch=false"},
    {"output", 'o', FLAG_TEXT, FLAG_OUTPUT, AT(output_name), .value = "FORMAT",
     .help = "json, yaml, name, or wide (tables); simulate: json or html"},
    {"verbose", 'v', FLAG_BOOL, FLAG_VERBOSE, AT(verbose),
     .help = "More: every pod, or the planner's next write"},
    {"filename", 'f', FLAG_TEXTS, FLAG_FILES, LIST(files, file_count, CLI_FILES_MAX),
     .value = "FILE", .help = "Manifests, also several times; - is standard input"},
    {"scenario", 0, FLAG_TEXT, FLAG_SCENARIO, AT(scenario), .value = "FILE",
     .help = "What happens when, one line each; - is standard input"},
    {"live", 0, FLAG_BOOL, FLAG_LIVE, AT(live),
     .help = "Also check against the objects in the cluster"},
    {"replicas", 0, FLAG_TEXT, FLAG_REPLICAS, AT(replicas), .value = "N",
     .help = "Replicas to plan for when the Deployment is not known"},
    {"timeout", 0, FLAG_TEXT, FLAG_TIMEOUT, AT(timeout), .value = "DURATION",
     .help = "Give up after this time, 30m say, with exit code 124"},
    {"fail-on-wait", 0, FLAG_BOOL, FLAG_FAIL_ON_WAIT, AT(fail_on_wait),
     .help = "End with exit code 4 when a person must act"},
    {"step", 0, FLAG_TEXT, FLAG_STEP, AT(step), .value = "N",
     .help = "The step this is meant for (retry: to begin at); else the present one"},
    {"revision", 0, FLAG_TEXT, FLAG_REVISION, AT(revision), .value = "REVISION",
     .help = "The revision this is meant for (s1-...); else the present one"},
    {"context", 0, FLAG_TEXT, FLAG_CLUSTER, AT(context), .value = "NAME",
     .help = "Context of the kubeconfig"},
    {"kubeconfig", 0, FLAG_TEXT, FLAG_CLUSTER, AT(kubeconfig), .value = "FILE",
     .help = "The kubeconfig; else $KUBECONFIG, else ~/.kube/config"},
    {"cluster", 0, FLAG_TEXT, FLAG_CLUSTER, AT(cluster), .value = "NAME",
     .help = "Cluster of the kubeconfig"},
    {"user", 0, FLAG_TEXT, FLAG_CLUSTER, AT(user), .value = "NAME",
     .help = "User of the kubeconfig"},
    {"server", 's', FLAG_TEXT, FLAG_CLUSTER, AT(server), .value = "URL",
     .help = "Address of the API server"},
    {"token", 0, FLAG_TEXT, FLAG_CLUSTER, AT(token), .value = "TOKEN", .help = "Bearer token"},
    {"as", 0, FLAG_TEXT, FLAG_CLUSTER, AT(as), .value = "USER", .help = "Act as this user"},
    {"as-uid", 0, FLAG_TEXT, FLAG_CLUSTER, AT(as_uid), .value = "UID", .help = "... with this UID"},
    {"as-group", 0, FLAG_TEXTS, FLAG_CLUSTER, LIST(as_groups, as_group_count, CLI_GROUPS_MAX),
     .value = "GROUP", .help = "... in this group, also several times"},
    {"insecure-skip-tls-verify", 0, FLAG_BOOL, FLAG_CLUSTER, AT(insecure),
     .help = "Do not check the server's certificate"},
    {"no-color", 0, FLAG_BOOL, FLAG_EVERYWHERE, AT(no_color),
     .help = "No colour; also with NO_COLOR in the environment"},
    {"help", 'h', FLAG_BOOL, FLAG_EVERYWHERE, AT(help), .help = "This help"},
};
const size_t flag_count = COUNT(flags);

bool flag_is_taken(const struct flag *f, const struct command *c)
{
    return (f->bit & (FLAG_EVERYWHERE | (c ? c->flags : ~0U))) != 0;
}

/* What one parse of argv shares. */
struct parse {
    int argc, at;
    char **argv;
    struct options *o;
    char *message;
    size_t size;
};

static bool fail(struct parse *r, const char *fmt, ...) PRINTF(2, 3);
static bool fail(struct parse *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(r->message, r->size, fmt, ap);
    va_end(ap);
    return false;
}

static const struct flag *by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < flag_count; i++)
        if (strlen(flags[i].name) == len && strncmp(flags[i].name, name, len) == 0)
            return &flags[i];
    return NULL;
}

static const struct flag *by_letter(char letter)
{
    for (size_t i = 0; i < flag_count; i++)
        if (flags[i].letter == letter)
            return &flags[i];
    return NULL;
}

static void note(struct options *o, const struct flag *f)
{
    o->given |= f->bit;
    for (int i = 0; i < 32; i++)
        if (f->bit == 1U << i)
            o->last_of[i] = f->name;
    if (f->bit == FLAG_WATCH)
        o->watch_given = true;
}

static bool set_bool(struct parse *r, const struct flag *f, const char *value)
{
    bool *at = (bool *)((char *)r->o + f->at);

    if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return fail(r, "invalid argument \"%s\" for \"--%s\" flag: write true or false", value,
                    f->name);
    *at = !value || strcmp(value, "true") == 0;
    return true;
}

static bool set(struct parse *r, const struct flag *f, const char *value)
{
    char *base = (char *)r->o;
    int *count = (int *)(base + f->count_at);

    note(r->o, f);
    if (f->kind == FLAG_BOOL)
        return set_bool(r, f, value);
    if (f->kind == FLAG_TEXT) {
        *(const char **)(base + f->at) = value;
        return true;
    }
    if (*count >= (int)f->max)
        return fail(r, "too many --%s: at most %zu", f->name, f->max);
    ((const char **)(base + f->at))[(*count)++] = value;
    return true;
}

static bool read_long(struct parse *r, const char *arg)
{
    const char *name = arg + 2, *equals = strchr(name, '=');
    const size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct flag *f = by_name(name, len);
    const char *value = equals ? equals + 1 : NULL;

    if (!f)
        return fail(r, "unknown flag: --%.*s", (int)len, name);
    if (!value && f->kind != FLAG_BOOL) {
        if (r->at + 1 >= r->argc)
            return fail(r, "flag needs an argument: --%s", f->name);
        value = r->argv[++r->at];
    }
    return set(r, f, value);
}

/* "-wA", "-nshop", "-n shop", "-n=shop". */
static bool read_short(struct parse *r, const char *arg)
{
    for (const char *p = arg + 1; *p; p++) {
        const struct flag *f = by_letter(*p);

        if (!f)
            return fail(r, "unknown shorthand flag: '%c' in %s", *p, arg);
        if (f->kind == FLAG_BOOL && p[1] != '=') {
            if (!set(r, f, NULL))
                return false;
            continue;
        }
        if (p[1])
            return set(r, f, p + 1 + (p[1] == '='));
        if (r->at + 1 >= r->argc)
            return fail(r, "flag needs an argument: '%c' in %s", *p, arg);
        return set(r, f, r->argv[++r->at]);
    }
    return true;
}

static bool read_word(struct parse *r, const char *word)
{
    struct options *o = r->o;

    if (!o->command) {
        o->command = word;
        return true;
    }
    if (o->arg_count >= CLI_ARGS_MAX)
        return fail(r, "too many arguments");
    o->args[o->arg_count++] = word;
    return true;
}

static bool read_all(struct parse *r)
{
    bool plain = false, ok = true;

    for (; ok && r->at < r->argc; r->at++) {
        const char *arg = r->argv[r->at];

        if (!plain && strcmp(arg, "--") == 0)
            plain = true;
        else if (!plain && strncmp(arg, "--", 2) == 0)
            ok = read_long(r, arg);
        else if (!plain && arg[0] == '-' && arg[1])
            ok = read_short(r, arg);
        else
            ok = read_word(r, arg);
    }
    return ok;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool read_output(struct parse *r, const struct command *c)
{
    static const char *const names[] = {"", "wide", "json", "yaml", "name", "html"};
    const bool simulates = c->flags & FLAG_SCENARIO;

    for (size_t i = 0; i < COUNT(names); i++)
        if (str_equal(r->o->output_name, names[i]) &&
            (simulates ? i == OUTPUT_JSON || i == OUTPUT_HTML : i != OUTPUT_HTML)) {
            r->o->output = (enum output)i;
            return true;
        }
    return !r->o->output_name ||
           fail(r,
                "unable to match a printer suitable for the output format \"%s\", allowed formats "
                "are: %s",
                r->o->output_name, simulates ? "html,json" : "json,name,wide,yaml");
}

static bool read_values(struct parse *r, const struct command *c)
{
    struct options *o = r->o;

    if (o->timeout && !str_equal(o->timeout, "0") && !duration_parse(o->timeout, &o->timeout_ms))
        return fail(r,
                    "invalid argument \"%s\" for \"--timeout\" flag: write a duration, 30m or "
                    "1h30m",
                    o->timeout);
    if (o->step && (words_number(o->step) < 0 || words_number(o->step) > FLIGHT_STEPS_MAX))
        return fail(r, "invalid argument \"%s\" for \"--step\" flag: write a number from 0 to %d",
                    o->step, FLIGHT_STEPS_MAX);
    if (o->replicas && words_number(o->replicas) < 0)
        return fail(r, "invalid argument \"%s\" for \"--replicas\" flag: write a number",
                    o->replicas);
    return read_output(r, c);
}

static bool check_taken(struct parse *r, const struct command *c)
{
    for (int i = 0; i < 32; i++)
        if (r->o->given & ~(c->flags | FLAG_EVERYWHERE) & 1U << i)
            return fail(r, "unknown flag: --%s (%s does not take it)", r->o->last_of[i], c->name);
    return true;
}

static bool check_args(struct parse *r, const struct command *c)
{
    const struct options *o = r->o;

    if (o->arg_count < c->args_min)
        return fail(r, "%s needs %s", c->name, c->args);
    if (o->arg_count > c->args_max && c->args_max == 0)
        return fail(r, "%s takes no argument: leave \"%s\" out", c->name, o->args[0]);
    if (o->arg_count > c->args_max)
        return fail(r, "%s takes %d argument%s: leave \"%s\" out", c->name, c->args_max,
                    c->args_max == 1 ? "" : "s", o->args[c->args_max]);
    return true;
}

static bool unknown_command(struct parse *r)
{
    const char *guess = command_guess(r->o->command);

    if (guess)
        return fail(r, "unknown command \"%s\" for \"sluice\"\n\nDid you mean this?\n\t%s\n",
                    r->o->command, guess);
    return fail(r, "unknown command \"%s\" for \"sluice\"", r->o->command);
}

bool options_parse(int argc, char **argv, struct options *out, const struct command **command,
                   char *message, size_t size)
{
    struct parse r = {.argc = argc, .argv = argv, .o = out, .message = message, .size = size};

    *out = (struct options){0};
    *command = NULL;
    if (!read_all(&r))
        return false;
    if (!out->command)
        return true;
    *command = command_find(out->command);
    if (!*command)
        return unknown_command(&r);
    if (out->help)
        return true;
    return check_taken(&r, *command) && check_args(&r, *command) && read_values(&r, *command);
}
