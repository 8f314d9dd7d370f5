/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics as Prometheus reads it (C77). */
#include "ctl_fixture.h"

__typeof__(fopen) __wrap_fopen;
__typeof__(fopen) __real_fopen;
static bool no_proc;

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return no_proc ? NULL : __real_fopen(path, mode);
}

#define ROLLOUTS "/apis/sluice.dev/v1beta1/namespaces/shop/rollouts/"

static int setup(void **state)
{
    struct fake *f = xcalloc(1, sizeof(*f));

    fake_open(f);
    f->ctl.leading = false; /* no pass begins */
    f->ctl.recorder = recorder_new(f->ctl.client, "test");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fake *f = *state;

    recorder_free(f->ctl.recorder);
    fake_close(f);
    free(f);
    return 0;
}

static void put_rollout(struct fake *f, const char *name, const char *word)
{
    const char *path = arena_printf(&f->arena, ROLLOUTS "%s", name);

    fake_put(f, path, json_fmt(&f->arena, "'namespace':'shop','name':%q,'uid':%q", name, name),
             word ? json_fmt(&f->arena, "'spec':{},'status':{'display':{'status':%q}}", word)
                  : "\"spec\":{}");
}

static bool is_ready(void *arg)
{
    const struct fake *f = arg;

    return caches_ready(&f->ctl);
}

static void note_code(const char *method UNUSED, int code, uint64_t count UNUSED, void *arg)
{
    bool *found = arg;

    *found = *found || code == 0;
}

static bool cut_off(void *arg)
{
    const struct fake *f = arg;
    bool found = false;

    kube_client_counts(f->ctl.client, note_code, &found);
    return found;
}

static void start(struct fake *f)
{
    caches_start(&f->ctl);
    assert_true(loop_run_until(f->ctl.loop, is_ready, f, 10000));
}

static const char *page(struct fake *f)
{
    struct strbuf out = {.max = 1 << 20};
    const char *text;

    metrics_write(&f->ctl, &out);
    text = arena_strdup(&f->arena, strbuf_str(&out));
    strbuf_release(&out);
    return text;
}

/* The value of a series by its whole name with labels; -1: there is none, or two. */
static double value(const char *text, const char *series)
{
    const size_t len = strlen(series);
    double found = -1;

    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, series, len) != 0 || line[len] != ' ')
            continue;
        if (found >= 0)
            return -1;
        found = strtod(line + len, NULL);
    }
    return found;
}

static void rollouts_by_their_word(void **state)
{
    struct fake *f = *state;
    const char *text;

    put_rollout(f, "a", "Resting");
    put_rollout(f, "b", "Resting");
    put_rollout(f, "c", "Stalled");
    put_rollout(f, "d", NULL);         /* just made */
    put_rollout(f, "e", "Levitating"); /* of a later version */
    start(f);
    text = page(f);
    assert_true(value(text, "sluice_rollouts{status=\"Resting\"}") == 2);
    assert_true(value(text, "sluice_rollouts{status=\"Stalled\"}") == 1);
    assert_true(value(text, "sluice_rollouts{status=\"Pending\"}") == 1);
    assert_true(value(text, "sluice_rollouts{status=\"Other\"}") == 1);
    assert_true(value(text, "sluice_rollouts{status=\"Aborted\"}") == 0);
    assert_true(value(text, "sluice_cache_objects{kind=\"rollouts\"}") == 5);
    assert_true(value(text, "sluice_cache_bytes{kind=\"rollouts\"}") > 0);
    assert_true(value(text, "sluice_relists_total{kind=\"rollouts\"}") == 1);
    assert_true(value(text, "rest_client_requests_total{code=\"200\",method=\"GET\"}") > 0);
}

static void what_was_counted(void **state)
{
    struct fake *f = *state;
    struct metrics *m = &f->ctl.metrics;
    const char *text;

    start(f);
    m->writes[ACT_RS_SCALE] = 3;
    m->passes_failed = 2;
    m->conflicts = 4;
    f->ctl.leading = true;
    text = page(f);
    assert_true(value(text, "sluice_writes_total{act=\"RsScale\"}") == 3);
    assert_true(value(text, "sluice_writes_total{act=\"RsDelete\"}") == -1); /* never was one */
    assert_true(value(text, "sluice_write_failures_total{kind=\"conflict\"}") == 4);
    assert_true(value(text, "controller_runtime_reconcile_errors_total{controller=\"rollout\"}") ==
                2);
    assert_true(value(text, "leader_election_master_status{name=\"sluice-controller\"}") == 1);
    assert_true(value(text, "process_resident_memory_bytes") > 1 << 20);
}

/* A bucket holds all that took no longer, +Inf everything; what is negative took no time. */
static void histograms_add_up(void **state)
{
    static const int64_t took[] = {-5, 0, 1, 2, 250, 251, 30000, 30001};
    struct fake *f = *state;
    const char *text;

    start(f);
    for (size_t i = 0; i < COUNT(took); i++)
        histogram_add(&f->ctl.metrics.reaction, took[i]);
    text = page(f);
    assert_true(value(text, "sluice_reaction_seconds_bucket{le=\"0.001\"}") == 3);
    assert_true(value(text, "sluice_reaction_seconds_bucket{le=\"0.005\"}") == 4);
    assert_true(value(text, "sluice_reaction_seconds_bucket{le=\"0.25\"}") == 5);
    assert_true(value(text, "sluice_reaction_seconds_bucket{le=\"0.5\"}") == 6);
    assert_true(value(text, "sluice_reaction_seconds_bucket{le=\"30\"}") == 7);
    assert_true(value(text, "sluice_reaction_seconds_bucket{le=\"+Inf\"}") == 8);
    assert_true(value(text, "sluice_reaction_seconds_count") == 8);
    assert_true(value(text, "sluice_reaction_seconds_sum") == 60.505);
}

/* Every line is a comment or "series value", and each name has its type once, before its values. */
static void every_line_can_be_read(void **state)
{
    struct fake *f = *state;
    const char *text;

    put_rollout(f, "a", "Resting");
    start(f);
    text = page(f);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        const size_t len = strcspn(line, "\n"), name = strcspn(line, "{ ");
        const char *space = arena_strndup(&f->arena, line, len), *head;

        if (*line == '#') {
            CHECK(strncmp(line, "# TYPE ", 7) == 0, "%s", space);
            head = arena_printf(&f->arena, "# TYPE %.*s ", (int)strcspn(line + 7, " "), line + 7);
            CHECK(!strstr(line + 7, head), "twice: %s", space);
            continue;
        }
        CHECK(strrchr(space, ' ') && strrchr(space, ' ')[1], "%s", space);
        head = arena_printf(&f->arena, "# TYPE %.*s", (int)name, line);
        if (!strstr(text, head)) { /* of a histogram */
            head = arena_printf(&f->arena, "%.*s", (int)name, line);
            head = arena_printf(&f->arena, "# TYPE %.*s histogram",
                                (int)(strrchr(head, '_') - head), head);
            CHECK(strstr(text, head), "no type: %s", space);
        }
    }
}

/* No /proc: no figure is made up. */
static void without_proc_memory_is_nothing(void **state)
{
    no_proc = true;
    assert_true(value(page(*state), "process_resident_memory_bytes") == 0);
    no_proc = false;
}

/* Of a server that ends the connection nothing was heard: such requests have no code. */
static void a_silent_server_is_seen(void **state)
{
    struct fake *f = *state;
    const char *text;

    fake_fail_next(f, (struct fake_failure){.begins = "GET /apis/sluice.dev", .silent = true});
    f->ctl.leading = false;
    caches_start(&f->ctl);
    assert_true(loop_run_until(f->ctl.loop, cut_off, f, 10000));
    text = page(f);
    assert_true(value(text, "rest_client_requests_total{code=\"<error>\",method=\"GET\"}") >= 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(rollouts_by_their_word),
        TEST(what_was_counted),
        TEST(histograms_add_up),
        TEST(every_line_can_be_read),
        TEST(without_proc_memory_is_nothing),
        TEST(a_silent_server_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
