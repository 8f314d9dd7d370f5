/* SPDX-License-Identifier: Apache-2.0 */
/* Names, the identity of templates, reasons, and words that were nearly right. */
#include "model_lib.h"
#include "sluice/model/names.h"
#include "sluice/model/reasons.h"
#include "sluice/model/template.h"
#include "sluice/model/validate.h"

#include <stdio.h>

static void names_are_joined_and_cut(void **state UNUSED)
{
    static const struct {
        const char *base, *suffix, *name;
    } cases[] = {
        {"web", "-preview", "web-preview"},
        {"w", "", "w"},
        /* 63 characters still stand as they are. */
        {"webwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwe", "-sluice",
         "webwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwe-sluice"},
        {"webwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebweb"
         "web",
         "-sluice", "webwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebwebweb-cf247a3d"},
        /* No hyphen or dot is left before the hash. */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "--b.c-s1-12345678-and-more",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbc0c03b"},
    };
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = name_join(&a, cases[i].base, cases[i].suffix);

        CHECK_TEXT(name, cases[i].name, cases[i].base);
        CHECK(strlen(name) <= NAME_MAX_LEN, "%s", name);
    }
    CHECK_TEXT(name_fence(&a, "web"), "web-sluice", "fence");
    CHECK_TEXT(name_candidate(&a, "web", "s1-7c9f58d6"), "web-s1-7c9f58d6", "candidate");
    arena_release(&a);
}

static void digest_of(const char *text, char out[static DIGEST_TEXT_MAX])
{
    template_digest((struct jslice){text, strlen(text)}, out);
}

/* Golden: made by another program. If one changes, an upgrade of Sluice starts releases. */
static void digests_never_change(void **state UNUSED)
{
    static const struct {
        const char *text, *digest;
    } cases[] = {
        {"{}", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        {"{\"spec\": {\"containers\": [{\"name\": \"a\", \"image\": \"b\"}]}}",
         "19a178640df61c0f0be28e14ae684cf845c4270a56d558f1392b7e995eb4dfe8"},
        {"{\"spec\":{\"containers\":[{\"image\":\"b\",\"name\":\"a\",\"args\":null}]},"
         "\"metadata\":{\"labels\":{\"pod-template-hash\":\"x\"},\"creationTimestamp\":null}}",
         "19a178640df61c0f0be28e14ae684cf845c4270a56d558f1392b7e995eb4dfe8"},
        /* The same string in three spellings. */
        {"{\"metadata\":{\"labels\":{\"a\":\"<\xc3\xa9\\n\\\"\\\\/>\"}},\"spec\":{\"x\":1}}",
         "9756d177f1a2bea02ad06b9eef64f045a95f88534431d2545635429e6a596595"},
        {"{\"metadata\":{\"labels\":{\"a\":\"\\u003c\\u00e9\\n\\\"\\\\\\/"
         "\\u003E\"}},\"spec\":{\"x\":1}}",
         "9756d177f1a2bea02ad06b9eef64f045a95f88534431d2545635429e6a596595"},
        {"{\"spec\":{\"x\":1},\"metadata\":{\"labels\":{\"a\":"
         "\"\\u003c\\u00E9\\u000a\\u0022\\u005c\\u002f>\"}}}",
         "9756d177f1a2bea02ad06b9eef64f045a95f88534431d2545635429e6a596595"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char digest[DIGEST_TEXT_MAX];

        digest_of(cases[i].text, digest);
        CHECK_TEXT(digest, cases[i].digest, cases[i].text);
    }
}

static void digests_differ_with_meaning(void **state UNUSED)
{
    static const char *const texts[] = {
        "{\"a\":\"x\"}",
        "{\"a\":\"\\\\u0078\"}",
        "{\"a\":[\"x\"]}",
        "{\"a\":\"\xf0\x9f\x98\x80\"}",
        "{\"a\":\"\\ud83d\\ude01\"}",
        "{\"a\":\"1\"}",
        "{\"a\":1}",
        "{\"a\":1.0}",
        "{\"a\":{}}",
        "{\"metadata\":{\"annotations\":{\"pod-template-hash\":\"x\"}}}",
        "{\"metadata\":{\"labels\":{\"pod-template-hash2\":\"x\"}}}",
    };
    char digests[COUNT(texts)][DIGEST_TEXT_MAX];
    char emoji[DIGEST_TEXT_MAX];

    for (size_t i = 0; i < COUNT(texts); i++) {
        digest_of(texts[i], digests[i]);
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(digests[i], digests[j]) != 0, "%s and %s", texts[i], texts[j]);
    }
    digest_of("{\"a\":\"\\uD83D\\uDE00\"}", emoji);
    CHECK_TEXT(emoji, digests[3], "a pair of surrogates");
}

static void revisions_are_short_and_salted(void **state UNUSED)
{
    struct arena a;

    arena_init(&a);
    CHECK_TEXT(template_revision(&a, "44136fa355b3678a", 0), "s1-44136fa3", "plain");
    CHECK_TEXT(template_revision(&a, "aa", 1), "s1-77a128ac", "salted");
    CHECK(strcmp(template_revision(&a, "aa", 1), template_revision(&a, "aa", 2)) != 0, "salts");
    arena_release(&a);
}

static void reasons_have_names(void **state UNUSED)
{
    CHECK_TEXT(reason_name(REASON_GATE_FAILED), "GateFailed", "name");
    CHECK_TEXT(reason_remedy(REASON_PAUSED), "sluice resume", "remedy");
    CHECK_TEXT(reason_remedy(REASON_RESTING), "", "no remedy");
    CHECK_TEXT(reason_name(REASON_NONE), "", "none");
    CHECK_TEXT(reason_name(REASON_COUNT), "", "beyond");
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        const char *name = reason_name((enum reason)i);

        CHECK(name[0] >= 'A' && name[0] <= 'Z' && strlen(name) <= 40, "%s", name);
        for (int j = REASON_NONE + 1; j < i; j++)
            CHECK(strcmp(name, reason_name((enum reason)j)) != 0, "%s twice", name);
    }
}

static void slips_are_seen(void **state UNUSED)
{
    static const char *const names[] = {"smoke", "latency", "errors", "a", "drain", NULL};
    static const struct {
        const char *word, *meant;
    } cases[] = {
        {"smok", "smoke"},
        {"smoek", "smoke"},
        {"latancy", "latency"},
        {"ltaecny", "latency"},
        {"drian", "drain"},
        {"error", "errors"},
        {"b", NULL},
        {"latitude", NULL},
        {"", NULL},
        {NULL, NULL},
        {"xx", NULL},
        {"Smoke", "smoke"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(did_you_mean(cases[i].word, names, COUNT(names)), cases[i].meant,
                   cases[i].word ? cases[i].word : "NULL");
    assert_null(did_you_mean("smok", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_joined_and_cut),
        cmocka_unit_test(digests_never_change),
        cmocka_unit_test(digests_differ_with_meaning),
        cmocka_unit_test(revisions_are_short_and_salted),
        cmocka_unit_test(reasons_have_names),
        cmocka_unit_test(slips_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
