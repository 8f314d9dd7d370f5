/* SPDX-License-Identifier: Apache-2.0 */
/* sim_choices_fuzz.c - bytes choose what happens to a release: who edits what and when, which
 * requests fail. No rule of the judge is broken, and once it is calm the release settles.
 *
 * strategy, seed of the rest (2 bytes), then pairs: turns to wait, and what happens. */
#include "../unit/sim_game.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define EVENTS_MAX 24 /* more only make a run long */

static const char *const acts[] = {"image app:v1",
                                   "image app:v2",
                                   "image app:v3",
                                   "image app:v4",
                                   "image app:bad5",
                                   "image app:never6",
                                   "scale to 0",
                                   "scale to 1",
                                   "scale to 3",
                                   "scale to 6",
                                   "approve",
                                   "skip",
                                   "promote",
                                   "abort",
                                   "retry",
                                   "undo",
                                   "pause",
                                   "resume",
                                   "node lost",
                                   "operator killed",
                                   "operator down for 3s",
                                   "route refuses",
                                   "route accepts",
                                   "route reset",
                                   "service reset",
                                   "service recreated",
                                   "deployment resumed",
                                   "deployment paused",
                                   "dead man dropped",
                                   "fence deleted",
                                   "stable replicaset deleted",
                                   "other replicaset deleted"};

static void choose(struct game *g, const uint8_t *data, size_t len)
{
    int turn = GAME_START;

    g->event_count = 0;
    for (size_t i = 0; i + 1 < len && g->event_count < EVENTS_MAX; i += 2) {
        struct game_event *e = game_add(g, turn += data[i] % 128);

        *e = (struct game_event){.turn = turn};
        snprintf(e->words, sizeof(e->words), "%s", acts[data[i + 1] % COUNT(acts)]);
    }
    g->turns = turn + 40;
}

static void tell(const struct game *g)
{
    fprintf(stderr, "%s\n", g->trouble);
    for (int i = 0; i < g->event_count; i++)
        fprintf(stderr, "  turn %d: %s\n", g->events[i].turn, g->events[i].words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct game *g;

    if (len < 5)
        return 0;
    g = xcalloc(1, sizeof(*g));
    game_make(g, data[0] % GAME_STRATEGIES, (uint64_t)(data[1] << 8 | data[2]));
    choose(g, data + 3, len - 3);
    if (!game_run(g)) {
        tell(g);
        abort();
    }
    free(g);
    return 0;
}
