/* SPDX-License-Identifier: Apache-2.0 */
/* Any answer: a finite sample or words for people, never both, and never silence. */
#include "sluice/base/utf8.h"
#include "sluice/metric/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(holds)                                                                               \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fprintf(stderr, "%s does not hold\n", #holds);                                         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check_words(const char *text)
{
    const size_t len = strnlen(text, EVIDENCE_MAX);

    CHECK(len > 0 && len < EVIDENCE_MAX);
    CHECK(utf8_check(text, len) == len);
    for (size_t i = 0; i < len; i++)
        CHECK((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

static void check_answer(const char *body, size_t len, int code)
{
    const struct gate_spec g = {
        .kind = GATE_METRIC,
        .metric = {.has_min = true, .min = "-1", .has_max = true, .max = "0.3"},
    };
    char text[EVIDENCE_MAX] = "";
    double value = 12345;
    enum answer answer;
    struct judged j;

    answer = metric_provider_find("prometheus")
                 ->read(body, len, code, INT64_C(1800000000000), &value, text);
    check_words(text);
    CHECK(answer != ANSWER_BAD);
    CHECK(answer == ANSWER_GOOD || value == 12345);
    if (answer != ANSWER_GOOD)
        return;
    CHECK(code == 200 && isfinite(value));
    metric_judge(&g, value, &j);
    check_words(j.text);
    CHECK((j.answer == ANSWER_GOOD) == (value >= -1 && value <= strtod("0.3", NULL)));
}

/* The same bytes as a query, a list of names and a path. */
static void check_questions(const char *bytes, size_t len)
{
    static const struct pair pairs[] = {{"hash", "s1-9d21c07e"}};
    const struct variables v = {pairs, COUNT(pairs)};
    struct gate_spec g = {.kind = GATE_PROBE, .probe = {.kind = PROBE_HTTP}};
    struct arena a;
    const char *text, *url, *names[3];
    struct err e = {0};
    char *out = NULL;

    arena_init(&a);
    text = arena_strndup(&a, bytes, strnlen(bytes, len));
    CHECK(variables_replace(&a, text, &v, &out, &e) == (out != NULL));
    CHECK((out != NULL) == (e.kind == ERR_NONE));
    names[0] = names[1] = text;
    names[2] = "web-a";
    CHECK(pods_regex(&a, names, 3)[0]);
    g.probe.path = text;
    url = probe_url(&a, &g, "10.0.0.7", 80);
    CHECK(!url || strncmp(url, "http://10.0.0.7:80/", 19) == 0);
    for (const char *p = url; p && *p; p++)
        CHECK(*p > 0x20 && *p < 0x7f && *p != '#');
    url = metric_provider_find("prometheus")->ask(&a, "http://p", text, 0);
    for (const char *p = url + strlen("http://p/api/v1/query?query="); *p; p++)
        CHECK(*p > 0x20 && *p < 0x7f && *p != '&' && *p != '#');
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const int codes[] = {200, 200, 200, 200, 0, 204, 400, 503};

    if (len < 1)
        return 0;
    check_answer((const char *)data + 1, len - 1, codes[data[0] % COUNT(codes)]);
    check_questions((const char *)data + 1, len - 1);
    return 0;
}
