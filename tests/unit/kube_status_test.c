/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer means (C10, C23, C42, C45, C74). Bodies are those of kube-apiserver 1.36. */
#include "check.h"
#include "sluice/json/json.h"
#include "sluice/kube/status.h"

#define STATUS(reason, message, more)                                                              \
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","           \
    "\"message\":\"" message "\",\"reason\":\"" reason "\"" more ",\"code\":1}"
#define PATCH_REFUSED "the server rejected our request due to an error in our request"

static const struct row {
    int code;
    bool write;
    const char *body;
    enum err_kind want;
    const char *text;
    int retry_after_s;
} rows[] = {
    {401, false, STATUS("Unauthorized", "Unauthorized", ""), ERR_DENIED, "Unauthorized", 0},
    {403, false, STATUS("Forbidden", "pods is forbidden: User \\\"x\\\" cannot list resource", ""),
     ERR_DENIED, "pods is forbidden: User \"x\" cannot list resource", 0},
    {403, true,
     STATUS("Forbidden", "pods \\\"a\\\" is forbidden: exceeded quota: q, requested: pods=1", ""),
     ERR_QUOTA, NULL, 0},
    {403, true, STATUS("Forbidden", "status unknown for quota: q", ""), ERR_QUOTA, NULL, 0},
    {403, true,
     STATUS("Forbidden", "unable to create new content in namespace x",
            ",\"details\":{\"causes\":[{\"reason\":\"NamespaceTerminating\",\"field\":"
            "\"metadata.namespace\"}]}"),
     ERR_TERMINATING, NULL, 0},
    {403, true, STATUS("Forbidden", "admission webhook \\\"w\\\" denied the request: no", ""),
     ERR_INVALID, NULL, 0},
    {403, true,
     STATUS("Forbidden",
            "x is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied "
            "request: no",
            ""),
     ERR_INVALID, NULL, 0},
    {403, true, STATUS("Forbidden", "pods \\\"x\\\" is forbidden: violates PodSecurity", ""),
     ERR_INVALID, NULL, 0},
    {404, false, STATUS("NotFound", "pods \\\"a\\\" not found", ""), ERR_NOT_FOUND,
     "pods \"a\" not found", 0},
    {409, true, STATUS("AlreadyExists", "pods \\\"a\\\" already exists", ""), ERR_EXISTS, NULL, 0},
    {409, true, STATUS("Conflict", "the object has been modified", ""), ERR_CONFLICT, NULL, 0},
    {410, false, STATUS("Expired", "too old resource version: 1 (2)", ""), ERR_GONE, NULL, 0},
    {504, false,
     STATUS("Timeout", "Timeout: Too large resource version: 9, current: 3",
            ",\"details\":{\"causes\":[{\"reason\":\"ResourceVersionTooLarge\",\"message\":"
            "\"Too large resource version\"}],\"retryAfterSeconds\":1}"),
     ERR_GONE, NULL, 1},
    {504, true, STATUS("Timeout", "request did not complete", ""), ERR_UNKNOWN, NULL, 0},
    {504, false, STATUS("Timeout", "request did not complete", ""), ERR_RETRY, NULL, 0},
    {500, true, STATUS("InternalError", "boom", ""), ERR_UNKNOWN, "boom", 0},
    {500, false, STATUS("InternalError", "boom", ""), ERR_RETRY, "boom", 0},
    {503, true, "", ERR_UNKNOWN, "HTTP 503 server error", 0},
    {422, true, STATUS("Invalid", PATCH_REFUSED, ""), ERR_CONFLICT, NULL, 0},
    {422, true,
     STATUS("Invalid",
            "Deployment.apps \\\"w\\\" is invalid: metadata.uid: Invalid value: "
            "\\\"u\\\": field is immutable",
            ""),
     ERR_CONFLICT, NULL, 0},
    {422, true,
     STATUS("Invalid", "Deployment.apps \\\"w\\\" is invalid: spec.replicas: Invalid value: -1",
            ""),
     ERR_INVALID, NULL, 0},
    {400, true, STATUS("BadRequest", "error decoding patch", ""), ERR_INVALID, NULL, 0},
    {405, true, STATUS("MethodNotAllowed", "no", ""), ERR_INVALID, NULL, 0},
    {406, false, "", ERR_INVALID, "HTTP 406 unexpected answer", 0},
    {413, true, "", ERR_INVALID, NULL, 0},
    {415, true, "", ERR_INVALID, NULL, 0},
    {429, true, STATUS("TooManyRequests", "slow down", ",\"details\":{\"retryAfterSeconds\":7}"),
     ERR_RETRY, "slow down", 7},
    {429, false, "Too many requests, please try again later.\n", ERR_RETRY,
     "HTTP 429: Too many requests, please try again later.", 0},
    {302, false, "<a href=\"/login\">Found</a>.\n\n", ERR_INVALID, NULL, 0},
    {401, false, "", ERR_DENIED, "HTTP 401 Unauthorized", 0},
    {403, false, "", ERR_DENIED, "HTTP 403 Forbidden", 0},
    {404, false, "", ERR_NOT_FOUND, "HTTP 404 Not Found", 0},
    {409, true, "", ERR_CONFLICT, "HTTP 409 Conflict", 0},
    {410, false, "", ERR_GONE, "HTTP 410 Gone", 0},
    {429, false, "", ERR_RETRY, "HTTP 429 Too Many Requests", 0},
    {500, false, "", ERR_RETRY, "HTTP 500 server error", 0},
    {403, true, STATUS("Forbidden", "pods \\\"a\\\" violates PodSecurity", ""), ERR_INVALID, NULL,
     0},
    {403, true, STATUS("Forbidden", "ValidatingAdmissionPolicy 'a' denied", ""), ERR_INVALID, NULL,
     0},
    {403, true, STATUS("Forbidden", "the hook denied request", ""), ERR_INVALID, NULL, 0},
    {403, true, STATUS("Forbidden", "status unknown for quota: a", ""), ERR_QUOTA, NULL, 0},
    {422, true, STATUS("Invalid", "testing path /a failed", ""), ERR_CONFLICT, NULL, 0},
    {422, true, STATUS("Invalid", "test failed", ""), ERR_CONFLICT, NULL, 0},
    {302, true, "", ERR_INVALID, "HTTP 302 redirects are not followed", 0},
    {404, false, "404 page not found\n", ERR_NOT_FOUND, "HTTP 404: 404 page not found", 0},
    {502, false, "\x01\xff<html>", ERR_RETRY, "HTTP 502: \\x01\\xff<html>", 0},
    {500, false, "{\"kind\":\"Pod\"}", ERR_RETRY, "HTTP 500: {\"kind\":\"Pod\"}", 0},
    {500, false, STATUS("", "", ""), ERR_RETRY, "the server gave no reason", 0},
    {500, false, STATUS("Odd", "", ""), ERR_RETRY, "Odd", 0},
    {500, false, "{\"kind\":\"Status\",\"message\":7,\"details\":[],\"code\":\"x\"}", ERR_RETRY,
     "the server gave no reason", 0},
    {403, true, "{\"kind\":\"Status\",\"details\":{\"causes\":{\"reason\":3}}}", ERR_DENIED, NULL,
     0},
    {101, true, "", ERR_UNKNOWN, NULL, 0},
    {0, false, "", ERR_RETRY, NULL, 0},
};

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *r = &rows[i];
        struct err e = {0};
        kube_status_judge(r->code, r->body, strlen(r->body), r->write, &e);
        CHECK(e.kind == r->want, "row %zu: %s, \"%s\"", i, err_kind_name(e.kind), e.text);
        CHECK(e.retry_after_s == r->retry_after_s, "row %zu", i);
        if (r->text)
            CHECK_TEXT(e.text, r->text, r->body);
        assert_true(e.text[0]);
    }
}

static void a_long_foreign_body_is_cut(void **state)
{
    char body[2000];
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(body); i += 2)
        memcpy(body + i, "\xc3\xa9", 2);
    kube_status_judge(503, body, sizeof(body), false, &e);
    assert_true(strlen(e.text) < 230);
    assert_string_equal(e.text + strlen(e.text) - 5, "\xc3\xa9...");
}

static void fields(void **state)
{
    struct err e = {0};
    static const char text[] = STATUS("Expired", "old",
                                      ",\"details\":{\"causes\":[{\"reason\":"
                                      "\"A\"},{\"reason\":\"B\"}]}");
    cJSON *doc = json_parse(text, strlen(text), &e);
    struct kube_status s;

    (void)state;
    assert_true(kube_status_read(doc, &s));
    assert_int_equal(s.code, 1);
    assert_string_equal(s.reason, "Expired");
    assert_true(kube_status_has_cause(&s, "B"));
    assert_false(kube_status_has_cause(&s, "C"));
    json_release(&doc);
    doc = json_parse("{}", 2, &e);
    assert_false(kube_status_read(doc, &s));
    json_release(&doc);
    assert_false(kube_status_read(NULL, &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(a_long_foreign_body_is_cut),
        cmocka_unit_test(fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
