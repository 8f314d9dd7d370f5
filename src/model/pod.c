/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

/* Every pod passes through these on its way up: not worth a word. */
static bool ordinary(const char *waiting)
{
    return str_equal(waiting, "ContainerCreating") || str_equal(waiting, "PodInitializing");
}

static const char *waiting_in(struct arena *a, const cJSON *statuses)
{
    JSON_EACH(s, statuses) {
        const char *reason = json_str(s, "state.waiting.reason");

        if (reason && !ordinary(reason))
            return arena_strdup(a, reason);
    }
    return NULL;
}

static const char *waiting_reason(struct arena *a, const cJSON *status)
{
    const cJSON *scheduled = find_condition(json_key(status, "conditions"), "PodScheduled");
    const char *reason;

    if (str_equal(json_str(scheduled, "status"), "False"))
        return read_str(a, scheduled, "reason");
    reason = waiting_in(a, json_key(status, "initContainerStatuses"));
    return reason ? reason : waiting_in(a, json_key(status, "containerStatuses"));
}

static int32_t restarts_of(const cJSON *statuses)
{
    int64_t sum = 0;

    JSON_EACH(s, statuses)
        sum = clamp_i64(sum + read_i32(s, "restartCount", 0), 0, INT32_MAX);
    return (int32_t)sum;
}

struct pod *pod_read(struct arena *a, const cJSON *o)
{
    struct pod *p = ARENA_NEW(a, struct pod);
    const cJSON *status = json_key(o, "status");

    meta_read(a, o, &p->meta);
    p->revision = meta_label(&p->meta, LABEL_REVISION);
    p->ip = read_str(a, status, "podIP");
    p->node = read_str(a, o, "spec.nodeName");
    p->phase = read_str(a, status, "phase");
    p->ready = condition_true(json_key(status, "conditions"), "Ready");
    p->restarts = restarts_of(json_key(status, "containerStatuses"));
    p->waiting_reason = waiting_reason(a, status);
    p->ports = read_container_ports(a, json_key(o, "spec"), &p->port_count);
    return p;
}
