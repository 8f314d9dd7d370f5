/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the routers there are. */
#include "gateway.h"

#include "sluice/base/clock.h"

/* Settle: Traefik batches changes for 2 s by default (dataplanes.md 2). */
static const struct router routers[] = {
    {
        .name = "gatewayAPI",
        .kinds = {"HTTPRoute"},
        .settle_ms = 2 * SECOND_MS,
        .settle_floor_ms = 0,
        .view = gateway_view,
        .render = gateway_render,
        .resting = gateway_resting,
        .restore = gateway_restore,
        .check = gateway_check,
    },
};

const struct router *router_find(const char *name)
{
    for (size_t i = 0; i < COUNT(routers); i++) {
        if (str_equal(routers[i].name, name))
            return &routers[i];
    }
    return NULL;
}
