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
    {"blue-green", DRAINED_SWITCH, 2, "2222222", MAY(ABORTS) | MAY(RESTARTS)},
    {"canary by pods", DRAINED_CANARY(W(50)), 2, "2222222", MAY(ABORTS) | MAY(RESTARTS)},
    {"canary by a route", DRAINED_ROUTED(W(20) "," W(50)), 2, "2222222",
     MAY(ABORTS) | MAY(RESTARTS)},
    {"rolling", DRAINED_BATCH(P(50)), 3, "2202222", MAY(ABORTS) | MAY(RESTARTS)},
    {"blue-green, large", DRAINED_SWITCH, 5, "2222222", MAY(ABORTS)},
    {"canary by pods, 5 steps", DRAINED_CANARY(W(10) "," W(20) "," W(30) "," W(40)), 5, "2222222",
     MAY(ABORTS)},
    {"canary by a route, 5 steps", DRAINED_ROUTED(W(10) "," W(25) "," W(50) "," W(75)), 5,
     "2222222", MAY(ABORTS)},
    {"rolling, 5 pods", DRAINED_BATCH(P(40) "," P(60)), 5, "1101111", MAY(ABORTS)},
    {"blue-green, edited", DRAINED_SWITCH, 2, "1111111",
     MAY(ABORTS) | MAY(NEW_IMAGE) | MAY(OLD_IMAGE)},
    {"canary by pods, edited", DRAINED_CANARY(W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(NEW_IMAGE) | MAY(OLD_IMAGE)},
    {"canary by a route, edited", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(NEW_IMAGE) | MAY(OLD_IMAGE)},
    {"rolling, edited", DRAINED_BATCH(P(50)), 3, "1101111",
     MAY(ABORTS) | MAY(NEW_IMAGE) | MAY(OLD_IMAGE)},
    {"blue-green, scaled", DRAINED_SWITCH, 2, "1111111",
     MAY(ABORTS) | MAY(SCALES_UP) | MAY(SCALES_DOWN)},
    {"canary by pods, scaled", DRAINED_CANARY(W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(SCALES_UP) | MAY(SCALES_DOWN)},
    {"canary by a route, scaled", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(SCALES_UP) | MAY(SCALES_DOWN)},
    {"rolling, scaled", DRAINED_BATCH(P(50)), 3, "1101111",
     MAY(ABORTS) | MAY(SCALES_UP) | MAY(SCALES_DOWN)},
    {"blue-green, commanded", DRAINED_SWITCH, 2, "1111111",
     MAY(ABORTS) | MAY(UNDOES) | MAY(RETRIES)},
    {"canary by pods, commanded", DRAINED_CANARY(W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(UNDOES) | MAY(RETRIES)},
    {"canary by a route, commanded", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(UNDOES) | MAY(RETRIES)},
    {"rolling, commanded", DRAINED_BATCH(P(50)), 3, "1101111",
     MAY(ABORTS) | MAY(UNDOES) | MAY(RETRIES)},
    {"blue-green, meddled with", DRAINED_SWITCH, 2, "1111111",
     MAY(RESUMES) | MAY(DELETES_SET) | MAY(DETACHES)},
    {"canary by pods, meddled with", DRAINED_CANARY(W(50)), 2, "1111111",
     MAY(RESUMES) | MAY(DELETES_SET) | MAY(DETACHES)},
    {"canary by a route, meddled with", DRAINED_ROUTED(W(20) "," W(50)), 2, "1111111",
     MAY(RESUMES) | MAY(DELETES_SET) | MAY(DETACHES)},
    {"rolling, meddled with", DRAINED_BATCH(P(50)), 3, "1101111",
     MAY(RESUMES) | MAY(DELETES_SET) | MAY(DETACHES)},
};

#endif
