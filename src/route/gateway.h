/* SPDX-License-Identifier: Apache-2.0 */
/* gateway.h - the functions of the router gatewayAPI (route.h says what each does). */
#ifndef SLUICE_ROUTE_GATEWAY_H
#define SLUICE_ROUTE_GATEWAY_H

#include "rules.h"

void gateway_view(struct arena *a, const struct route *r, const struct traffic_spec *t,
                  const char *stable, const char *canary, struct route_view *out);
char *gateway_render(struct arena *a, const struct route *r, const struct traffic_spec *t,
                     const char *stable, const char *canary, int weight);
char *gateway_resting(struct arena *a, const struct route *r, const struct traffic_spec *t,
                      const char *stable, const char *canary);
char *gateway_restore(struct arena *a, const struct route *r, const struct traffic_spec *t,
                      const char *stable, const char *canary, const char *resting);
size_t gateway_check(struct arena *a, const struct route *r, const struct traffic_spec *t,
                     size_t index, const char *stable, const char *canary,
                     const struct finding **findings);

#endif
