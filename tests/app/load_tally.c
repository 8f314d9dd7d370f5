/* SPDX-License-Identifier: Apache-2.0 */
/* load_tally.c - what became of the requests: counted, and written as JSON. */
#include "load.h"

#include <string.h>

static const char *const why_names[WHY_COUNT] = {"refused", "reset", "closed", "timeout", "other"};

static size_t bucket_of(int64_t us)
{
    double limit = 100;
    size_t i = 0;

    while (i < BUCKETS - 1 && (double)us > limit) {
        limit *= 1.125;
        i++;
    }
    return i;
}

/* The latency in ms that `share` of all answers did not exceed. */
static double percentile(const struct tally *t, double share)
{
    uint64_t wanted = (uint64_t)((double)(t->ok + t->errors) * share);
    double limit = 100;
    uint64_t sum = 0;

    for (size_t i = 0; i < BUCKETS; i++, limit *= 1.125) {
        sum += t->buckets[i];
        if (sum > 0 && sum >= wanted)
            return limit / 1000;
    }
    return 0;
}

static void count_version(struct tally *t, const char *name, int64_t wall_ms)
{
    size_t i = 0;

    while (i < t->version_count && strcmp(t->versions[i].name, name) != 0)
        i++;
    if (i == VERSIONS_MAX)
        return;
    if (i == t->version_count) {
        snprintf(t->versions[i].name, sizeof t->versions[i].name, "%s", name);
        t->versions[i].count = 0;
        t->versions[i].first_ms = wall_ms;
        t->version_count++;
    }
    t->versions[i].count++;
    t->versions[i].last_ms = wall_ms;
}

void count_answer(struct tally *t, int code, const char *version, int64_t latency_us)
{
    if (code < 500)
        t->ok++;
    else
        t->errors++;
    t->codes[code]++;
    t->buckets[bucket_of(latency_us)]++;
    count_version(t, version, now_us(CLOCK_REALTIME) / 1000);
}

void count_lost(struct tally *t, enum why why)
{
    if (t->lost < LOST_TIMES_MAX)
        t->lost_ms[t->lost] = now_us(CLOCK_REALTIME) / 1000;
    t->lost++;
    t->why[why]++;
}

void print_tally(FILE *out, const struct tally *t, bool whole)
{
    const char *comma = "";

    fprintf(
        out,
        "{\"time_ms\":%lld,\"sent\":%llu,\"ok\":%llu,\"errors\":%llu,\"lost\":%llu,\"by_code\":{",
        (long long)(now_us(CLOCK_REALTIME) / 1000), (unsigned long long)t->sent,
        (unsigned long long)t->ok, (unsigned long long)t->errors, (unsigned long long)t->lost);
    for (size_t i = 0; i < COUNT(t->codes); i++) {
        if (t->codes[i] == 0)
            continue;
        fprintf(out, "%s\"%zu\":%llu", comma, i, (unsigned long long)t->codes[i]);
        comma = ",";
    }
    fprintf(out, "},\"by_version\":{");
    for (size_t i = 0; i < t->version_count; i++)
        fprintf(out, "%s\"%s\":%llu", i ? "," : "", t->versions[i].name,
                (unsigned long long)t->versions[i].count);
    fprintf(out, "},\"lost_why\":{");
    comma = "";
    for (size_t i = 0; i < WHY_COUNT; i++) {
        if (t->why[i] == 0)
            continue;
        fprintf(out, "%s\"%s\":%llu", comma, why_names[i], (unsigned long long)t->why[i]);
        comma = ",";
    }
    fprintf(out, "},\"latency_ms\":{\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"max\":%.2f}",
            percentile(t, 0.5), percentile(t, 0.9), percentile(t, 0.99), percentile(t, 1));
    if (whole) {
        fprintf(out, ",\"seen_ms\":{");
        for (size_t i = 0; i < t->version_count; i++)
            fprintf(out, "%s\"%s\":[%lld,%lld]", i ? "," : "", t->versions[i].name,
                    (long long)t->versions[i].first_ms, (long long)t->versions[i].last_ms);
        fprintf(out, "},\"lost_ms\":[");
        for (size_t i = 0; i < t->lost && i < LOST_TIMES_MAX; i++)
            fprintf(out, "%s%lld", i ? "," : "", (long long)t->lost_ms[i]);
        fprintf(out, "]");
    }
    fprintf(out, "}\n");
    fflush(out);
}
