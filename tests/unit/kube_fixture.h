/* SPDX-License-Identifier: Apache-2.0 */
/* kube_fixture.h - a client and the scripted server that it talks to. */
#ifndef SLUICE_TESTS_UNIT_KUBE_FIXTURE_H
#define SLUICE_TESTS_UNIT_KUBE_FIXTURE_H

#include "check.h"
#include "script.h"
#include "sluice/base/log.h"
#include "sluice/kube/client.h"

#include <stdio.h>

#define WAIT_MS 10000

struct fixture {
    struct loop *loop;
    struct script *script;
    struct kube_config config;
    struct kube_client *client;
};

static inline void fixture_open(struct fixture *f)
{
    struct err e = {0};

    log_set_level(LOG_ERROR);
    *f = (struct fixture){0};
    f->loop = loop_new();
    f->script = script_new(f->loop);
    f->config.server = script_url(f->script);
    f->config.proxy_url = "";
    f->client = kube_client_new(f->loop, &f->config, "test", &e);
    CHECK(f->client, "%s", e.text);
}

/* Again with the configuration as it is now. */
static inline void fixture_reopen(struct fixture *f)
{
    struct err e = {0};

    kube_client_free(f->client);
    f->client = kube_client_new(f->loop, &f->config, "test", &e);
    CHECK(f->client, "%s", e.text);
}

static inline void fixture_close(struct fixture *f)
{
    kube_client_free(f->client);
    script_free(f->script);
    loop_free(f->loop);
}

/* For cmocka: one for each test. */
static inline int fixture_set_up(void **state)
{
    *state = xcalloc(1, sizeof(struct fixture));
    fixture_open(*state);
    return 0;
}

static inline int fixture_tear_down(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

/* Waits until `condition` holds, and the script was followed so far. */
static inline void await(struct fixture *f, bool (*condition)(void *arg), void *arg)
{
    const bool met = loop_run_until(f->loop, condition, arg, WAIT_MS);

    script_check(f->script);
    CHECK(met, "waited in vain; %zu steps left, last request:\n%s", script_left(f->script),
          script_last(f->script));
}

#define STATUS_BODY(code, reason, message)                                                         \
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"" message     \
    "\",\"reason\":\"" reason "\",\"code\":" #code "}"

#endif
