/* SPDX-License-Identifier: Apache-2.0 */
/* play.c - plays releases until something is found, the cheap ones first: for run.py, which links
 * it with a planted fault. Prints what was found and fails; finds nothing and is content.
 *
 * SIM_STALE and SIM_SEEDS say with how many seeds caches are stale, and games are played.
 * SIM_EXPECTED_WRITE=file notes how the releases end without a planted fault, SIM_EXPECTED=file
 * compares with that. */
#include "sim_game.h"
#include "sim_releases.h"
#include "sim_two.h"

#include "sluice/base/file.h"

#define NOTES_MAX (4u << 20)
#define TWO_SEED  30
#define TWO_SEEDS 12

static cJSON *expected, *notes;

static int found(const char *name, const char *what, const char *trouble)
{
    printf("%s, %s: %.300s\n", name, what, trouble);
    return 1;
}

/* ---- how it ends without a planted fault ----------------------------------------------------- */

static char *ending(struct arena *a, const struct outcome *o)
{
    char *text = arena_printf(a, "%d pods\n%s", o->pods, o->end);

    for (int k = 0; k < SIM_KIND_COUNT; k++) {
        if (k != SIM_SLICE)
            text = arena_printf(a, "%s%d+%d-%d ", text, k, o->created[k], o->deleted[k]);
    }
    return text;
}

static void note(struct arena *a, const char *name, const char *text)
{
    const char *patch = json_fmt(a, "{%q:%q}", name, text);
    struct err e = {0};
    cJSON *doc = json_parse(patch, strlen(patch), &e);

    json_edit_merge(notes, doc);
    json_release(&doc);
}

/* On stale caches fewer pods may do: a scale came between other writes. Or more (is_shared_out). */
static bool enough_pods(const char **have, const char **want, int more)
{
    char *after_have, *after_want;
    const long n = strtol(*have, &after_have, 10), most = strtol(*want, &after_want, 10);

    *have = after_have;
    *want = after_want;
    return n <= most + more;
}

static const char *differs(struct arena *a, const char *name, const struct outcome *o, bool stale)
{
    const char *have = ending(a, o), *want = json_str(json_key(expected, name), "");

    if (notes)
        note(a, name, have);
    if (!want || str_equal(have, want))
        return NULL;
    if (stale && enough_pods(&have, &want, o->shared) && str_equal(have, want))
        return NULL;
    while (*have && *have == *want) {
        have++;
        want++;
    }
    return arena_printf(a, "it ends otherwise: ...%.60s instead of ...%.60s", have, want);
}

/* ---- what is played -------------------------------------------------------------------------- */

static int played(const struct release *r, const struct bed_options *o, bool stale, const char *how)
{
    struct outcome have;
    struct arena a;
    const char *wrong;
    int bad = 0;

    arena_init(&a);
    if (!release_play(r, o, &a, &have))
        bad = found(r->name, how, have.trouble);
    else if ((wrong = differs(&a, r->name, &have, stale)) != NULL)
        bad = found(r->name, how, wrong);
    arena_release(&a);
    return bad;
}

static int plain(const struct release *r)
{
    return played(r, &(struct bed_options){.apart = true}, false, "undisturbed");
}

/* What is slow may end otherwise: the judge alone is asked. */
static int judged(const struct release *r, const struct bed_options *o, const char *how)
{
    struct outcome have;
    struct arena a;
    int bad = 0;

    arena_init(&a);
    if (!release_play(r, o, &a, &have))
        bad = found(r->name, how, have.trouble);
    arena_release(&a);
    return bad;
}

/* Endpoints that follow pods later than the router does its routes. */
static int on_slow_endpoints(const struct release *r)
{
    const struct bed_options o = {.apart = true, .sim = {.slice_lag_ms = 3000}};

    return judged(r, &o, "with slow endpoints");
}

/* A Deployment controller that goes on with what it had begun when the pause came. */
static int on_late_pause(const struct release *r)
{
    const struct bed_options o = {.apart = true, .sim = {.pause_lag_ms = 1500}};

    return judged(r, &o, "with a pause that is seen late");
}

static int on_stale(const struct release *r, int seed)
{
    const struct bed_options o = {
        .apart = true,
        .sim = {.idle_percent = 30 * (seed % 3), .seed = (uint64_t)seed},
        .op = {.cache_lag_ms = 700, .turn_writes = 1 + seed % 3, .seed = (uint64_t)seed}};

    return played(r, &o, true, "with stale caches");
}

static int game(size_t strategy, uint64_t seed)
{
    struct game *g = xcalloc(1, sizeof *g);
    int bad = 0;

    game_make(g, strategy, seed);
    if (!game_run(g))
        bad = found("a game", game_strategies[strategy] + 1, g->trouble);
    free(g);
    return bad;
}

static int two(size_t strategy, uint64_t seed)
{
    char trouble[800];

    return two_play(strategy, seed, seed % TWO_EARS, trouble)
               ? 0
               : found("two operators", two_strategies[strategy], trouble);
}

static int play_all(void)
{
    int bad = 0;

    for (size_t i = 0; !bad && i < COUNT(releases); i++)
        bad = plain(&releases[i]);
    if (getenv("SIM_EXPECTED_WRITE"))
        return bad;
    for (size_t i = 0; !bad && i < COUNT(releases); i++)
        bad = on_slow_endpoints(&releases[i]);
    for (size_t i = 0; !bad && i < COUNT(releases); i++)
        bad = on_late_pause(&releases[i]);
    for (int seed = 1; !bad && seed <= (int)bed_number("SIM_STALE", 3); seed++) {
        for (size_t i = 0; !bad && i < COUNT(releases); i++)
            bad = on_stale(&releases[i], seed);
    }
    for (uint64_t seed = 1; !bad && seed <= bed_number("SIM_SEEDS", 40); seed++) {
        for (size_t k = 0; !bad && k < GAME_STRATEGIES; k++)
            bad = game(k, seed);
    }
    for (uint64_t seed = TWO_SEED; !bad && seed < TWO_SEED + TWO_SEEDS; seed++) {
        for (size_t i = 0; !bad && i < COUNT(two_strategies); i++)
            bad = two(i, seed);
    }
    return bad;
}

static bool read_notes(const char *path)
{
    auto_free char *text = NULL;
    size_t len = 0;
    struct err e = {0};

    if (!file_read(path, NOTES_MAX, &text, &len, &e))
        return false;
    expected = json_parse(text, len, &e);
    return expected != NULL;
}

static void write_notes(const char *path)
{
    auto_free char *text = json_print(notes);
    FILE *f = fopen(path, "w");

    if (!f)
        return;
    fputs(text, f);
    fclose(f);
}

int main(void)
{
    const char *read = getenv("SIM_EXPECTED"), *write = getenv("SIM_EXPECTED_WRITE");
    struct err e = {0};
    int bad;

    if (read && !read_notes(read))
        return found(read, "expected endings", "cannot be read");
    if (write)
        notes = json_parse("{}", 2, &e);
    bad = play_all();
    if (write)
        write_notes(write);
    json_release(&expected);
    json_release(&notes);
    return bad;
}
