/* SPDX-License-Identifier: Apache-2.0 */
/* commands.c - the table of commands: name, what it takes, what it says of itself, what it runs. */
#include "cli.h"

#include "sluice/model/validate.h"
#include <string.h>

#define LOOK (FLAG_CLUSTER)
#define ACT  (FLAG_CLUSTER | FLAG_REVISION)

const struct command commands[] = {
    {"get", "[NAME]", "Show a Rollout: steps, gates, pods, and what it waits for", GROUP_LOOK,
     LOOK | FLAG_WATCH | FLAG_OUTPUT | FLAG_VERBOSE | FLAG_ALL_NAMESPACES | FLAG_SELECTOR, 0, 1,
     VERB_NONE, cmd_get,
     "Without NAME it lists, as sluice list does. With -w the screen is kept up to date; not on a "
     "terminal, each change is written below the last. All times are UTC.",
     "$ get web\n$ get -w web -n shop\n$ get web -o yaml"},
    {"list", "", "List Rollouts", GROUP_LOOK,
     LOOK | FLAG_OUTPUT | FLAG_ALL_NAMESPACES | FLAG_SELECTOR, 0, 0, VERB_NONE, cmd_list, NULL,
     "$ list\n$ list -A -o wide"},
    {"status", "NAME", "Wait for the release of what is applied now, for scripts", GROUP_LOOK,
     LOOK | FLAG_WATCH | FLAG_TIMEOUT | FLAG_FAIL_ON_WAIT, 1, 1, VERB_NONE, cmd_status,
     "Waits until the present template is promoted or taken back. Exit codes:\n"
     "  0    promoted, or at rest with the present template\n"
     "  1    cannot tell: not found, forbidden, no server\n"
     "  2    wrong usage\n"
     "  3    in flight (only with --watch=false)\n"
     "  4    a person must act (only with --watch=false or --fail-on-wait)\n"
     "  5    aborted, reverted, undone or superseded\n"
     "  6    stalled for another reason, or not attached\n"
     "  124  --timeout has passed",
     "$ status web --timeout 30m\n$ status web --watch=false"},
    {"history", "NAME", "Show the last releases and how they ended", GROUP_LOOK, LOOK, 1, 1,
     VERB_NONE, cmd_history, NULL, "$ history web"},
    {"traffic", "NAME", "Show route weights and Services that are narrowed in flight", GROUP_LOOK,
     LOOK, 1, 1, VERB_NONE, cmd_traffic, NULL, "$ traffic web"},
    {"approve", "NAME", "Give the approval that the present step asks for", GROUP_ACT,
     ACT | FLAG_STEP, 1, 1, VERB_APPROVE, cmd_verb,
     "Also before it is asked for: then the step does not stop for it. The command is bound to the "
     "step and revision that are in flight when it is given; another is refused.",
     "$ approve web\n$ approve web --step 3"},
    {"skip", "NAME", "End this step's hold, gates and approval now", GROUP_ACT, ACT | FLAG_STEP, 1,
     1, VERB_SKIP, cmd_verb,
     "What keeps users served is never skipped: capacity, acceptance by the route, drain.",
     "$ skip web"},
    {"promote", "NAME", "Go to the end without waiting; in the bake: end it", GROUP_ACT, ACT, 1, 1,
     VERB_PROMOTE, cmd_verb,
     "Skips every hold, gate and approval that is left. What keeps users served is never skipped: "
     "capacity, acceptance by the route, drain.",
     "$ promote web"},
    {"abort", "NAME", "Go back to stable: traffic first, then the new pods", GROUP_ACT, ACT, 1, 1,
     VERB_ABORT, cmd_verb,
     "At any time in flight, in the bake too, and whatever gates say. What then becomes of the "
     "Deployment is spec.afterAbort.",
     "$ abort web"},
    {"retry", "NAME", "Try the aborted revision again, or ask the failed gate again", GROUP_ACT,
     ACT | FLAG_STEP, 1, 1, VERB_RETRY, cmd_verb,
     "After an abort: a new flight, from step 1 or --step, at most from the one it failed in. "
     "Where "
     "a decision is waited for: the failed verdict is forgotten.",
     "$ retry web\n$ retry web --step 2"},
    {"undo", "NAME", "Put the template before back", GROUP_ACT, ACT, 1, 1, VERB_UNDO, cmd_verb,
     "In the bake it is instant where the old pods are still warm. At rest the Deployment gets the "
     "earlier template without steps and gates. In a step use abort.",
     "$ undo web"},
    {"pause", "NAME", "No new step, no more weight, no promotion until resume", GROUP_ACT,
     FLAG_CLUSTER, 1, 1, VERB_NONE, cmd_pause,
     "Sets spec.paused. Abort, gates and failures still act.", "$ pause web"},
    {"resume", "NAME", "Take a pause back", GROUP_ACT, FLAG_CLUSTER, 1, 1, VERB_NONE, cmd_resume,
     "Removes spec.paused.", "$ resume web"},
    {"restart", "NAME", "Release the same template anew, as kubectl rollout restart does",
     GROUP_ACT, FLAG_CLUSTER, 1, 1, VERB_NONE, cmd_restart,
     "Patches the Deployment with your own rights; the brake makes it a release with all its "
     "steps. "
     "Only at rest.",
     "$ restart web"},
    {"plan", "[NAME]", "Show the steps a Rollout compiles to", GROUP_CHECK,
     FLAG_CLUSTER | FLAG_FILES | FLAG_VERBOSE | FLAG_REPLICAS, 0, 1, VERB_NONE, cmd_plan,
     "From files (-f) or from the cluster. The Deployment is taken from the files, else from the "
     "cluster, else --replicas says its size. With -v, for a Rollout in the cluster: what the "
     "planner would write next.",
     "$ plan -f web.yaml\n$ plan -f web.yaml --replicas 10\n$ plan web -v"},
    {"lint", "-f FILE...", "Check manifests: every error at once, with its line", GROUP_CHECK,
     FLAG_CLUSTER | FLAG_FILES | FLAG_LIVE, 0, 0, VERB_NONE, cmd_lint,
     "Deployments, Services and HTTPRoutes in the same files are checked with the Rollouts that "
     "name them; with --live also those in the cluster. Exit code 1 when there are errors.",
     "$ lint -f web.yaml\n$ lint -f rollout.yaml -f deployment.yaml\n$ lint -f web.yaml --live"},
    {"simulate", "[NAME]", "Show what a release would do, hours in a second", GROUP_CHECK,
     FLAG_FILES | FLAG_SCENARIO | FLAG_OUTPUT, 0, 1, VERB_NONE, cmd_simulate,
     "A new image is applied to the Deployment of the files, on a simulated cluster, with the real "
     "planner. A scenario says what else happens, one line each:\n"
     "  at 3m metrics down\n"
     "  new version has 2 % errors\n"
     "  when Gating step 2 operator killed\n"
     "  when Approval approve\n"
     "  node lost at 90s\n"
     "With -o html: one picture of pods, traffic and gates. Exit codes:\n"
     "  0    promoted\n"
     "  1    cannot be simulated, or a promise was broken\n"
     "  3    still in flight after 60 days\n"
     "  4    held: a person must act\n"
     "  5    aborted, reverted, undone or superseded\n"
     "  6    stalled",
     "$ simulate -f deployment.yaml -f rollout.yaml\n"
     "$ simulate -f web.yaml --scenario bad-day.txt -o html > web.html"},
    {"completion", "bash|zsh|fish", "Write the completion script of a shell", GROUP_OTHER, 0, 1, 1,
     VERB_NONE, cmd_completion,
     "bash: source <(sluice completion bash)\n"
     "zsh:  source <(sluice completion zsh)\n"
     "fish: sluice completion fish | source",
     NULL},
    {"version", "", "Say which version this is", GROUP_OTHER, 0, 0, 0, VERB_NONE, cmd_version, NULL,
     NULL},
    {"help", "[COMMAND]", "This help, or that of a command", GROUP_OTHER, 0, 0, 1, VERB_NONE,
     cmd_help, NULL, NULL},
    {"__complete", "", "", GROUP_HIDDEN, 0, 0, 0, VERB_NONE, cmd_complete, NULL, NULL},
};
const size_t command_count = COUNT(commands);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (str_equal(commands[i].name, name))
            return &commands[i];
    return NULL;
}

/* Words of others for the same thing, so that nobody has to look them up. */
static const char *const others[][2] = {
    {"describe", "get"},    {"show", "get"},         {"ls", "list"},        {"watch", "get"},
    {"wait", "status"},     {"rollback", "undo"},    {"validate", "lint"},  {"check", "lint"},
    {"cancel", "abort"},    {"continue", "skip"},    {"unpause", "resume"}, {"confirm", "approve"},
    {"diff", "plan"},       {"dry-run", "simulate"}, {"try", "simulate"},   {"events", "history"},
    {"weights", "traffic"},
};

const char *command_guess(const char *name)
{
    const char *names[COUNT(commands)];
    size_t n = 0;

    for (size_t i = 0; i < COUNT(others); i++)
        if (str_equal(others[i][0], name))
            return others[i][1];
    for (size_t i = 0; i < command_count; i++)
        if (commands[i].group != GROUP_HIDDEN)
            names[n++] = commands[i].name;
    for (size_t i = 0; i < n; i++) /* "hist", "prom": the beginning of one */
        if (strlen(name) >= 3 && strncmp(names[i], name, strlen(name)) == 0)
            return names[i];
    return did_you_mean(name, names, n);
}
