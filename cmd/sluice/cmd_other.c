/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_other.c - help, version, completion; and how any command is found and run. */
#include "live.h"
#include "session.h"

#include "sluice/base/log.h"
#include <stdio.h>
#include <string.h>

#ifndef SLUICE_COMMIT
#define SLUICE_COMMIT "unknown"
#endif
#define MESSAGE_MAX 512

int cmd_version(struct cli *cli)
{
    (void)cli;
    printf("sluice %s (%s), API sluice.dev/v1beta1\n", SLUICE_VERSION, SLUICE_COMMIT);
    return EXIT_GOOD;
}

int cmd_help(struct cli *cli)
{
    const char *name = cli->opt.arg_count ? cli->opt.args[0] : NULL;
    const struct command *c = name ? command_find(name) : NULL;
    const char *guess = name && !c ? command_guess(name) : NULL;
    struct screen s;

    if (name && !c) {
        fprintf(stderr, "error: unknown command \"%s\"%s%s%s\n", name,
                guess ? ": did you mean \"" : "", guess ? guess : "", guess ? "\"?" : "");
        return EXIT_USAGE;
    }
    screen_for(&s, cli, NULL);
    if (c)
        help_command(&s, c);
    else
        help_all(&s);
    screen_show(&s);
    return EXIT_GOOD;
}

int cmd_completion(struct cli *cli)
{
    const char *script = completion_script(cli->opt.args[0]);

    if (!script) {
        fprintf(stderr, "error: no completion for \"%s\": bash, zsh or fish\n", cli->opt.args[0]);
        return EXIT_USAGE;
    }
    fputs(script, stdout);
    return EXIT_GOOD;
}

/* --- names of Rollouts, for completion -------------------------------------------------------- */

struct naming {
    struct strbuf *out;
    const char *typed;
};

static bool offer_name(struct jslice item, void *arg)
{
    const struct naming *n = arg;
    struct err e = {0};
    auto_json cJSON *o = json_parse(item.p, item.len, &e);
    const char *name = json_str(o, "metadata.name");
    const char *status = json_str(o, "status.display.status");

    if (name && strncmp(name, n->typed, strlen(n->typed)) == 0)
        strbuf_addf(n->out, "%s\t%s\n", name, status ? status : "");
    return true;
}

/* Whatever goes wrong, nothing is offered: a shell has no place for errors. */
static void offer_names(struct strbuf *out, int count, char **words)
{
    auto_session struct session s = {0};
    struct naming n = {.out = out, .typed = words[count - 1]};
    const struct command *command = NULL;
    char message[MESSAGE_MAX];
    struct jslice list = {0};
    struct options o;
    struct err e = {0};
    struct arena a;

    /* Flags before the word, -n say; that the arguments are not whole yet does not matter. */
    if (!options_parse(count - 1, words, &o, &command, message, sizeof(message)) && !command)
        return;
    arena_init(&a);
    if (o.arg_count == 0 && session_open(&s, &o, &e) &&
        session_get(&s, &a, KIND_ROLLOUT, s.ns, NULL, NULL, &list, &e))
        json_slice_each(json_slice(list.p, list.len, "items"), offer_name, &n);
    arena_release(&a);
}

static int complete(int count, char **words, bool for_kubectl)
{
    auto_strbuf struct strbuf out = {.max = SCREEN_BYTES_MAX};

    completion_words(&out, count, words, offer_names);
    fputs(strbuf_str(&out), stdout);
    if (for_kubectl)
        puts(":4"); /* cobra: no file names */
    return EXIT_GOOD;
}

/* In the table so that the word is known; cli_main takes it before flags are read. */
int cmd_complete(struct cli *cli)
{
    (void)cli;
    return EXIT_GOOD;
}

/* --- running ---------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int usage(const struct cli *cli, const char *message)
{
    const bool known = cli->command != NULL;

    fprintf(stderr, "error: %s\nSee '%s%s%s --help' for usage.\n", message, cli->program,
            known ? " " : "", known ? cli->command->name : "");
    return EXIT_USAGE;
}

static int run(struct cli *cli)
{
    struct screen s;

    if (cli->command && !cli->opt.help)
        return cli->command->run(cli);
    screen_for(&s, cli, NULL);
    if (cli->command)
        help_command(&s, cli->command);
    else
        help_all(&s);
    screen_show(&s);
    return EXIT_GOOD;
}

int cli_main(int argc, char **argv)
{
    const char *me = base_name(argc > 0 ? argv[0] : "sluice");
    const bool plugin = strncmp(me, "kubectl-", 8) == 0;
    struct cli cli = {.program = plugin ? "kubectl sluice" : "sluice"};
    char message[MESSAGE_MAX];
    int code;

    log_set_level(LOG_ERROR);
    if (strncmp(me, "kubectl_complete-", 17) == 0)
        return complete(argc - 1, argv + 1, true);
    if (argc > 1 && strcmp(argv[1], "__complete") == 0) {
        const int skip = argc > 2 && strcmp(argv[2], "--") == 0 ? 3 : 2;
        return complete(argc - skip, argv + skip, false);
    }
    arena_init(&cli.a);
    if (!options_parse(argc > 0 ? argc - 1 : 0, argv + 1, &cli.opt, &cli.command, message,
                       sizeof(message)))
        code = usage(&cli, message);
    else
        code = run(&cli);
    arena_release(&cli.a);
    return code;
}
