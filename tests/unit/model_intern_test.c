/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that several objects have are kept once, as long as one of them is there. */
#include "model_lib.h"

#include "sluice/model/objects.h"

static struct arena arena;

static int end(void **state UNUSED)
{
    arena_release(&arena);
    return 0;
}

#define TEMPLATE "{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{}}"

static struct jslice slice(const char *text)
{
    return (struct jslice){text, strlen(text)};
}

static void equal_bytes_are_kept_once(void **state UNUSED)
{
    struct arena first = {0}, second = {0};
    char digest[DIGEST_TEXT_MAX];
    const struct pod_template *t = template_intern(&first, slice(TEMPLATE)), *other;

    template_digest(slice(TEMPLATE), digest);
    CHECK_TEXT(t->raw, TEMPLATE, "byte for byte");
    CHECK_TEXT(t->digest, digest, "its digest");
    assert_ptr_equal(template_intern(&second, slice(TEMPLATE)), t);
    other = template_intern(&second, slice("{\"spec\":{}}"));
    assert_ptr_not_equal(other, t);
    arena_release(&first);
    CHECK_TEXT(t->raw, TEMPLATE, "the second has it still");
    assert_ptr_equal(template_intern(&first, slice(TEMPLATE)), t);
    arena_release(&second);
    assert_ptr_equal(template_intern(&second, slice(TEMPLATE)), t);
    arena_release(&first);
    arena_release(&second);
}

static void a_spelling_of_its_own_is_another(void **state UNUSED)
{
    struct arena a = {0};
    const struct pod_template *plain = template_intern(&a, slice("{\"a\":\"<\"}")),
                              *escaped = template_intern(&a, slice("{\"a\":\"\\u003c\"}"));

    assert_ptr_not_equal(plain, escaped);
    CHECK_TEXT(escaped->digest, plain->digest, "that says the same");
    arena_release(&a);
}

/* Where the hash is the only label, its map stays: without it the template would be another. */
static void the_hash_label_goes_beside_others(void **state UNUSED)
{
    static const struct {
        const char *labels, *kept;
    } cases[] = {
        {"{\"app\":\"web\",\"pod-template-hash\":\"x\"}", "{\"app\":\"web\"}"},
        {"{\"pod-template-hash\":\"x\",\"tier\":\"a\"}", "{\"tier\":\"a\"}"},
        {"{ \"a\":\"1\" , \"pod-template-hash\":\"x\" , \"z\":\"2\" }",
         "{ \"a\":\"1\" , \"z\":\"2\" }"},
        {"{\"pod-template-hash\":\"x\"}", "{\"pod-template-hash\":\"x\"}"},
        {"{\"app\":\"web\"}", "{\"app\":\"web\"}"},
        {"null", "null"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = arena_printf(&arena,
                                  "{\"metadata\":{},\"spec\":{\"template\":{\"metadata\":"
                                  "{\"labels\":%s}}}}",
                                  cases[i].labels);
        auto_object struct object o = object_of(text);
        const struct replicaset *rs = replicaset_read(&arena, o.doc, o.text, o.len);
        char digest[DIGEST_TEXT_MAX];

        template_digest(json_slice(text, strlen(text), "spec.template"), digest);
        CHECK_TEXT(rs->template_raw,
                   arena_printf(&arena, "{\"metadata\":{\"labels\":%s}}", cases[i].kept), "kept");
        CHECK_TEXT(rs->digest, digest, cases[i].labels);
    }
}

static void no_template_is_none(void **state UNUSED)
{
    static const char *const specs[] = {"{}", "{\"template\":null}"};

    for (size_t i = 0; i < COUNT(specs); i++) {
        auto_object struct object o =
            object_of(arena_printf(&arena, "{\"metadata\":{},\"spec\":%s}", specs[i]));
        const struct replicaset *rs = replicaset_read(&arena, o.doc, o.text, o.len);
        const struct deployment *d = deployment_read(&arena, o.doc, o.text, o.len);

        assert_null(rs->template_raw);
        assert_null(d->template_raw);
        CHECK_TEXT(rs->digest, "", specs[i]);
        CHECK_TEXT(d->digest, "", specs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_are_kept_once),
        cmocka_unit_test(a_spelling_of_its_own_is_another),
        cmocka_unit_test(the_hash_label_goes_beside_others),
        cmocka_unit_test(no_template_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
