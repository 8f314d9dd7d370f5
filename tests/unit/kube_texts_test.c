/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts that are read and written: identities, leases that others made, Events (C65, C76). */
#include "../../src/kube/event_text.h"
#include "../../src/kube/lease_record.h"
#include "check.h"
#include "sluice/json/json.h"
#include "sluice/kube/ident.h"

/* ---- identities ------------------------------------------------------------------------------ */

static void an_identity_of_a_piece_of_text(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool told;
    } rows[] = {
        {"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"5\"}}", true},
        {"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"", false},
        {"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"5", false},
        {"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":5", false},
        {"{\"metadata\":[]}", false},
        {"{}", false},
        {"", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ident id;

        CHECK(ident_read((struct jslice){rows[i].text, strlen(rows[i].text)}, &id) == rows[i].told,
              "%s", rows[i].text);
    }
}

/* What is absent, or no text, is empty. */
static void an_identity_of_a_tree(void **state UNUSED)
{
    static const char text[] = "{\"metadata\":{\"name\":\"a\",\"uid\":7}}";
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, strlen(text), &e);
    struct ident id;

    ident_of(doc, &id);
    assert_string_equal(id.name, "a");
    assert_string_equal(id.ns, "");
    assert_string_equal(id.uid, "");
    assert_string_equal(id.rv, "");
}

/* ---- leases ---------------------------------------------------------------------------------- */

/* Somebody made it without a spec; it is claimed all the same, and what else it says stays. */
static void a_lease_without_a_holder(void **state UNUSED)
{
    static const char body[] = "{\"metadata\":{\"name\":\"n\",\"resourceVersion\":\"7\"},"
                               "\"spec\":{\"leaseDurationSeconds\":-1}}";
    const struct lease_claim claim = {
        .holder = "me", .duration_s = 15, .transitions = 1, .now_ms = INT64_C(1795511640000)};
    CLEANUP(arena_release) struct arena a = {0};
    struct lease_record r = {0};
    struct err e = {0};
    char *text;

    CHECK(lease_record_read(&r, body, strlen(body), &e), "%s", e.text);
    assert_string_equal(r.holder, "");
    assert_string_equal(r.acquired, "");
    assert_int_equal(r.duration_ms, 0);
    assert_int_equal(r.transitions, 0);
    text = lease_record_write(&a, &r, "ns", "n", &claim);
    assert_non_null(strstr(text, "\"metadata\":{\"name\":\"n\",\"resourceVersion\":\"7\"}"));
    assert_non_null(strstr(text, "\"holderIdentity\":\"me\",\"leaseDurationSeconds\":15,"
                                 "\"acquireTime\":\"2026-11-24T09:14:00.000000Z\""));
    assert_null(strstr(text, "strategy"));
    lease_record_release(&r);
}

static void a_lease_that_is_made(void **state UNUSED)
{
    const struct lease_claim claim = {
        .holder = "me", .duration_s = 15, .acquired = "2026-11-24T09:14:00.000000Z"};
    CLEANUP(arena_release) struct arena a = {0};
    const char *text = lease_record_write(&a, NULL, "ns", "n", &claim);

    assert_non_null(strstr(text, "\"metadata\":{\"namespace\":\"ns\",\"name\":\"n\"}"));
    assert_non_null(strstr(text, "\"acquireTime\":\"2026-11-24T09:14:00.000000Z\""));
}

/* ---- Events ---------------------------------------------------------------------------------- */

/* Of a cluster's object, or one that is not known yet: what is not known is left out. */
static void an_event_of_what_is_hardly_known(void **state UNUSED)
{
    const struct event_text full = {.regarding = {"v1", "Pod", "ns", "a", "u"},
                                    .type = EVENT_WARNING,
                                    .reason = "r",
                                    .action = "x",
                                    .note = "n"};
    struct event_text bare = full;
    CLEANUP(arena_release) struct arena a = {0};
    const char *text;

    bare.regarding = (struct kube_ref){.kind = "Node"};
    text = event_create_body(&a, &bare, "e", "me", 0);
    assert_non_null(strstr(text, "\"regarding\":{\"kind\":\"Node\"}"));
    assert_non_null(strstr(text, "\"namespace\":\"default\""));
    assert_non_null(strstr(text, "\"type\":\"Warning\""));
    text = event_create_body(&a, &full, "e", "me", 0);
    assert_non_null(strstr(text, "\"regarding\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\","
                                 "\"namespace\":\"ns\",\"name\":\"a\",\"uid\":\"u\"}"));
    bare.regarding = (struct kube_ref){.uid = NULL};
    assert_non_null(strstr(event_create_body(&a, &bare, "e", "me", 0), "\"regarding\":{}"));
}

/* Whatever differs makes it another series. */
static void a_series_is_of_one_thing(void **state UNUSED)
{
    const struct event_text of = {
        .regarding = {"v1", "Pod", "ns", "a", "u"}, .reason = "r", .action = "x", .note = "n"};
    struct event_text others[8];
    CLEANUP(arena_release) struct arena a = {0};
    const char *key = event_key(&a, &of);

    for (size_t i = 0; i < COUNT(others); i++)
        others[i] = of;
    others[0].regarding.kind = NULL;
    others[1].regarding.namespace = NULL;
    others[2].regarding.name = NULL;
    others[3].regarding.uid = NULL;
    others[4].type = EVENT_WARNING;
    others[5].reason = "";
    others[6].action = "";
    others[7].note = "";
    for (size_t i = 0; i < COUNT(others); i++)
        CHECK(strcmp(event_key(&a, &others[i]), key) != 0, "row %zu", i);
    others[0] = of;
    assert_string_equal(event_key(&a, &others[0]), key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_of_a_piece_of_text),
        cmocka_unit_test(an_identity_of_a_tree),
        cmocka_unit_test(a_lease_without_a_holder),
        cmocka_unit_test(a_lease_that_is_made),
        cmocka_unit_test(an_event_of_what_is_hardly_known),
        cmocka_unit_test(a_series_is_of_one_thing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
