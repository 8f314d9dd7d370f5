/* SPDX-License-Identifier: Apache-2.0 */
/* sim_orders.h - releases that are played in every order, each with its bounds. No time passes:
 * drains, holds and settle times are 0 and deadlines far. */
#ifndef SLUICE_TESTS_UNIT_SIM_ORDERS_H
#define SLUICE_TESTS_UNIT_SIM_ORDERS_H

#include "sluice/sim/explore.h"

#define AT_ONCE   "'drain':'0s','bake':'0s','progressDeadline':'24h'}"
#define DRAINED   "'drain':'4s','bake':'0s','progressDeadline':'24h'}"
#define CANARY(s) "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[" s "]}}," AT_ONCE
#define ROUTED(s)                                                                                  \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'},'settle':'0s'}],'steps':[" s "]}}," AT_ONCE
#define SWITCH                                                                                     \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}}," AT_ONCE
#define BATCH(s) "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[" s "]}}," AT_ONCE
#define DRAINED_CANARY(s)                                                                          \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[" s "]}}," DRAINED
#define DRAINED_ROUTED(s)                                                                          \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'},'settle':'0s'}],'steps':[" s "]}}," DRAINED
#define DRAINED_SWITCH                                                                             \
    "{'targetRef':{'name':'web'},'strategy':{'blueGreen':{'activeService':'web'}}," DRAINED
#define DRAINED_BATCH(s)                                                                           \
    "{'targetRef':{'name':'web'},'strategy':{'rolling':{'steps':[" s "]}}," DRAINED
#define W(n) "{'weight':" #n "}"
#define P(n) "{'replicas':'" #n "%%'}"

#define MAY(person) (1U << PERSON_##person)

/* Lags: Rollout, Deployment, ReplicaSets, record, Services, slices, routes. */
static const struct order {
    const char *name, *spec;
    int replicas;
    const char *lags;
    unsigned people;
} orders[] = {
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(ABORTS) | MAY(RESTARTS)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(SCALES_UP)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(SCALES_DOWN)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(UNDOES)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(RETRIES) | MAY(ABORTS)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(RESUMES)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(DELETES_SET)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(DETACHES)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(NEW_IMAGE)},
    {"blue-green", DRAINED_SWITCH, 2, "1111101", MAY(OLD_IMAGE)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(ABORTS) | MAY(RESTARTS)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(SCALES_UP)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(SCALES_DOWN)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(UNDOES)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(RETRIES) | MAY(ABORTS)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(RESUMES)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(DELETES_SET)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(DETACHES)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(NEW_IMAGE)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "1111101", MAY(OLD_IMAGE)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101",
     MAY(ABORTS) | MAY(RESTARTS)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101", MAY(SCALES_UP)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101", MAY(SCALES_DOWN)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101", MAY(UNDOES)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101",
     MAY(RETRIES) | MAY(ABORTS)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101", MAY(RESUMES)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101", MAY(DELETES_SET)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101", MAY(DETACHES)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101", MAY(NEW_IMAGE)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111101", MAY(OLD_IMAGE)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(ABORTS) | MAY(RESTARTS)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(SCALES_UP)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(SCALES_DOWN)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(UNDOES)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(RETRIES) | MAY(ABORTS)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(RESUMES)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(DELETES_SET)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(DETACHES)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(NEW_IMAGE)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "1101111", MAY(OLD_IMAGE)},
};

#endif
