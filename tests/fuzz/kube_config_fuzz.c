/* SPDX-License-Identifier: Apache-2.0 */
/* kube_config_fuzz.c - any bytes as one or two kubeconfigs: refused with a reason, or whole. */
#include "check.h"
#include "sluice/kube/config.h"

static bool plugin(const struct kube_config *config, struct kube_exec_result *out, struct err *e)
{
    (void)config;
    (void)out;
    return err_set(e, ERR_BUG, "never run here");
}

static void check_whole(const struct kube_config *c)
{
    CHECK(c->server && strncmp(c->server, "http", 4) == 0, "server");
    CHECK(c->server[strlen(c->server) - 1] != '/', "%s", c->server);
    CHECK(c->namespace && c->namespace[0], "namespace");
    CHECK(!(c->insecure && (c->ca.data || c->ca.file)), "insecure with a CA");
    CHECK((c->cert.data || c->cert.file) == (c->key.data || c->key.file), "half a pair");
    CHECK(!c->exec || (c->exec->command && c->exec->api_version), "exec");
    CHECK(!c->ca.data || c->ca.data[c->ca.data_len] == '\0', "no NUL");
    for (size_t i = 0; i < c->as_group_count; i++)
        CHECK(c->as_groups[i], "group %zu", i);
    for (size_t i = 0; i < c->as_extra_count; i++)
        CHECK(c->as_extra[i].name && c->as_extra[i].value, "extra %zu", i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *p = (const char *)data;
    const size_t half = len / 2;
    const struct kubeconfig_text one[] = {{"/etc/k/config", p, len}},
                                 two[] = {{"a/config", p, half}, {"b", p + half, len - half}};
    static const struct kube_config_options options[] = {
        {0}, {.context = "one"}, {.server = "https://h", .token = "t", .insecure = true}};

    kube_config_allow_exec(plugin);
    for (size_t i = 0; i < COUNT(options); i++) {
        for (size_t files = 1; files <= 2; files++) {
            struct kube_config config = {.origin = "untouched"};
            struct err e = {0};
            if (kubeconfig_read(files == 1 ? one : two, files, &options[i], &config, &e)) {
                check_whole(&config);
                kube_config_release(&config);
            } else {
                CHECK(e.kind == ERR_INVALID && e.text[0], "%d %s", (int)e.kind, e.text);
                CHECK(strcmp(config.origin, "untouched") == 0, "touched");
            }
        }
    }
    return 0;
}
