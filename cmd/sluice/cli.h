/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - the table of commands and the table of flags: parsing, help, completion and "did you
 * mean" all read these two.
 *
 * To add a command: one row in commands.c, one function `int cmd_NAME(struct cli *)` that gives the
 * exit code. To add a flag: one row in flags.c, one member here. */
#ifndef SLUICE_CMD_CLI_H
#define SLUICE_CMD_CLI_H

#include "outlook.h"
#include "screen.h"

#define CLI_FILES_MAX  100
#define CLI_ARGS_MAX   8
#define CLI_GROUPS_MAX 16

enum output { OUTPUT_SCREEN, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_YAML, OUTPUT_NAME, OUTPUT_HTML };

/* Which flags a command takes: bits of flags.c's rows. */
enum flag_bit {
    FLAG_CLUSTER = 1U << 0, /* -n, --context, --kubeconfig and their kin */
    FLAG_OUTPUT = 1U << 1,
    FLAG_ALL_NAMESPACES = 1U << 2,
    FLAG_FILES = 1U << 3,
    FLAG_WATCH = 1U << 4,
    FLAG_VERBOSE = 1U << 5,
    FLAG_TIMEOUT = 1U << 6,
    FLAG_FAIL_ON_WAIT = 1U << 7,
    FLAG_LIVE = 1U << 8,
    FLAG_STEP = 1U << 9,
    FLAG_REVISION = 1U << 10,
    FLAG_REPLICAS = 1U << 11,
    FLAG_SELECTOR = 1U << 12,
    FLAG_SCENARIO = 1U << 13,
    FLAG_EVERYWHERE = 1U << 31, /* --help, --no-color */
};

struct options {
    const char *namespace, *context, *kubeconfig, *cluster, *user, *server, *token, *as, *as_uid;
    const char *as_groups[CLI_GROUPS_MAX];
    int as_group_count;
    bool insecure;
    const char *output_name;
    enum output output;
    bool all_namespaces, verbose, fail_on_wait, live, no_color, help;
    bool watch, watch_given;
    const char *timeout; /* as given */
    int64_t timeout_ms;  /* 0: none */
    const char *step, *revision, *replicas, *selector, *scenario;
    const char *files[CLI_FILES_MAX];
    int file_count;
    const char *args[CLI_ARGS_MAX]; /* behind the command */
    int arg_count;
    const char *command;
    unsigned given;          /* flag_bits that occurred */
    const char *last_of[32]; /* by bit: the flag that set it, for messages */
};

struct command;
struct cli {
    const struct command *command;
    struct options opt;
    const char *program; /* "sluice" or "kubectl sluice" */
    struct arena a;
};

enum group { GROUP_LOOK, GROUP_ACT, GROUP_CHECK, GROUP_OTHER, GROUP_HIDDEN };

struct command {
    const char *name, *args, *summary;
    enum group group;
    unsigned flags; /* flag_bits it takes */
    int args_min, args_max;
    enum verb verb; /* of those that write spec.action */
    int (*run)(struct cli *cli);
    const char *details;  /* NULL: the summary says it all */
    const char *examples; /* "$" stands for the program's name; NULL: none */
};

/* ---- commands.c ------------------------------------------------------------------------------ */
extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(const char *name); /* NULL: none */
const char *command_guess(const char *name);          /* "did you mean", NULL: no idea */

/* ---- flags.c --------------------------------------------------------------------------------- */
enum flag_kind { FLAG_BOOL, FLAG_TEXT, FLAG_TEXTS };
struct flag {
    const char *name; /* "namespace" */
    char letter;      /* 'n', 0: none */
    enum flag_kind kind;
    unsigned bit;             /* flag_bit: commands with this bit take it */
    size_t at, count_at, max; /* offsets in struct options */
    const char *value;        /* how its value is called: "NAME"; NULL for a bool */
    const char *help;
};
extern const struct flag flags[];
extern const size_t flag_count;

/* Reads argv (without argv[0]). False: `message` says what is wrong, in kubectl's wording; it
 * names what to look at. Checks values, flags against the command, and the number of arguments. */
bool options_parse(int argc, char **argv, struct options *out, const struct command **command,
                   char *message, size_t size);
bool flag_is_taken(const struct flag *f, const struct command *c);

/* ---- help.c, complete.c ---------------------------------------------------------------------- */
void help_all(struct screen *s);
void help_command(struct screen *s, const struct command *c);
/* The script for "bash", "zsh" or "fish"; NULL: another shell. */
const char *completion_script(const char *shell);
/* Candidates for the last of `words` (all behind the program's name), one a line. `names` is
 * called when names of Rollouts are wanted. */
void completion_words(struct strbuf *out, int count, char **words,
                      void (*names)(struct strbuf *out, int count, char **words));

/* ---- one function for each row of the table -------------------------------------------------- */
int cmd_get(struct cli *cli);
int cmd_list(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_history(struct cli *cli);
int cmd_traffic(struct cli *cli);
int cmd_plan(struct cli *cli);
int cmd_lint(struct cli *cli);
int cmd_simulate(struct cli *cli);
int cmd_verb(struct cli *cli);
int cmd_pause(struct cli *cli);
int cmd_resume(struct cli *cli);
int cmd_restart(struct cli *cli);
int cmd_completion(struct cli *cli);
int cmd_complete(struct cli *cli);
int cmd_version(struct cli *cli);
int cmd_help(struct cli *cli);

/* All of it: main calls this. */
int cli_main(int argc, char **argv);

#endif
