/* SPDX-License-Identifier: Apache-2.0 */
/* plan_counts_fuzz.c - counts, percents and shares: within their bounds whatever is written, and
 * never more pods at the next step than the Deployment's own surge allows. */
#include "check.h"
#include "sluice/plan/compile.h"

static int32_t pods_of(const uint8_t *p)
{
    return (int32_t)(((unsigned)p[0] << 8 | p[1]) % 5001);
}

static void check_count(const char *text, int32_t n)
{
    const int percent = percent_of(text);
    const int32_t count = count_of(text, n), more = count_of(text, n + 1);

    CHECK(percent >= 0 && percent <= 100, "%s: %d", text, percent);
    CHECK(count >= 0, "%s of %d: %d", text, n, count);
    CHECK(more >= count, "%s: %d of %d, %d of one more", text, count, n, more);
    if (text[0] >= '1' && text[0] <= '9' && n > 0)
        CHECK(count > 0, "%s of %d is nothing", text, n); /* rounded up */
    if (text[0] >= '0' && text[0] <= '9' && percent < 100 &&
        strspn(text, "0123456789") == strlen(text) - 1 && strchr(text, '%'))
        CHECK(count == (percent * n + 99) / 100, "%s of %d: %d", text, n, count);
}

static void check_surge(const char *surge, const char *unavailable, int32_t n)
{
    const struct deployment d = {
        .replicas = n, .max_surge = surge, .max_unavailable = unavailable, .rolling_update = true};
    const struct surge s = surge_of(&d);

    CHECK(s.surge >= 0 && s.unavailable >= 0, "%s %s of %d: %d, %d", surge, unavailable, n, s.surge,
          s.unavailable);
    CHECK(s.surge > 0 || s.unavailable > 0, "%s %s of %d: stuck", surge, unavailable, n);
    CHECK(s.unavailable <= (n ? n : 1), "%s of %d: %d", unavailable, n, s.unavailable);
}

static void check_steps(enum strategy strategy, const uint8_t *data, size_t len, int32_t n)
{
    struct rollout_spec spec = {.strategy = strategy};
    struct step_spec steps[4] = {{0}};
    char text[4][8];
    const struct deployment d = {.replicas = n, .max_surge = "1", .max_unavailable = "0"};
    struct compiled c = {0};

    for (size_t i = 0; i < len && i < COUNT(steps); i++) {
        snprintf(text[i], sizeof(text[i]), "%d%%", 1 + data[i] % 100);
        if (strategy == STRATEGY_CANARY)
            steps[i].weight = text[i];
        else
            steps[i].replicas = text[i];
        spec.step_count++;
    }
    spec.steps = steps;
    compile_steps(&spec, &c);
    CHECK(c.step_count >= 1 && c.step_count <= FLIGHT_STEPS_MAX, "%d steps", c.step_count);
    CHECK(c.steps[c.step_count - 1].last, "no last step");
    CHECK(strategy == STRATEGY_ROLLING || c.steps[c.step_count - 1].weight_pct == 100,
          "it does not end at 100");
    for (int step = 0; step <= c.step_count; step++) {
        const int32_t pods = step_replicas(&c, &d, step);
        CHECK(pods >= 0 && pods <= (n > 0 ? n : 0) + 1, "step %d of %d: %d pods", step, n, pods);
        CHECK(step > 0 || pods == 0, "pods before the first step");
        if (step > 0) {
            const int share = share_permille(&c, step, pods, n);
            CHECK(share >= 0 && share <= 1000, "step %d: %d", step, share);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[2][16] = {"", ""};
    int32_t n;

    if (len < 6)
        return 0;
    n = pods_of(data);
    for (size_t i = 0; i < 2; i++) { /* each half of the rest, as text */
        const size_t half = (len - 2) / 2, take = half < 15 ? half : 15;
        memcpy(text[i], data + 2 + i * half, take);
    }
    check_count(text[0], n);
    check_count(text[1], n);
    check_surge(text[0], text[1], n);
    check_steps(STRATEGY_CANARY, data + 2, len - 2, n);
    check_steps(STRATEGY_ROLLING, data + 2, len - 2, n);
    return 0;
}
