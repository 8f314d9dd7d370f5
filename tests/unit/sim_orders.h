/* SPDX-License-Identifier: Apache-2.0 */
/* sim_orders.h - releases that are played in every order, each with its bounds.
 *
 * A drain is what makes a look that is a little old harmless: pinned there and back, slices carry
 * the label of the pin before. So all have one. A rolling release has nothing of the kind: there
 * the planner writes on stable before it takes pods away (plan/capacity.c). */
#ifndef SLUICE_TESTS_UNIT_SIM_ORDERS_H
#define SLUICE_TESTS_UNIT_SIM_ORDERS_H

#include "sluice/sim/explore.h"

#define SPEC(strategy)                                                                             \
    "'targetRef':{'name':'web'},'strategy':{" strategy "},'drain':'4s','bake':'0s',"               \
    "'progressDeadline':'24h'"
#define PAUSED(spec) "'brake':'Paused'," spec /* on an API server without the policies */
#define SWITCH       SPEC("'blueGreen':{'activeService':'web'}")
#define PODS(steps)  SPEC("'canary':{'steps':[" steps "]}")
#define ROUTE(steps)                                                                               \
    SPEC("'canary':{'stableService':'web','traffic':[{'gatewayAPI':{'name':'web'},'settle':"       \
         "'0s'}],'steps':[" steps "]}")
#define WALK(steps) SPEC("'rolling':{'steps':[" steps "]}")
#define W(n)        "{'weight':" #n "}"
#define P(n)        "{'replicas':'" #n "%%'}"

#define EDITED      MAY(ABORTS) | MAY(NEW_IMAGE) | MAY(RESUMES)
#define MEDDLED     MAY(OLD_IMAGE) | MAY(RESUMES) | MAY(DELETES_SET)
#define MAY(person) (1U << PERSON_##person)

/* Lags: changes that may be unseen of the Rollout, Deployment, ReplicaSets, record, Services,
 * slices, routes. */
static const struct order {
    const char *name, *spec; /* the spec without its braces */
    int replicas;
    const char *lags;
    unsigned people;
} orders[] = {
    {"blue-green", SWITCH, 2, "2222222", MAY(ABORTS) | MAY(RESTARTS)},
    {"canary by pods", PODS(W(50)), 2, "2222222", MAY(ABORTS) | MAY(RESTARTS)},
    {"canary by a route", ROUTE(W(20) "," W(50)), 2, "2222222", MAY(ABORTS) | MAY(RESTARTS)},
    {"rolling", WALK(P(50)), 3, "2222222", MAY(ABORTS) | MAY(RESTARTS)},
    {"rolling, sets seen late", WALK(P(50)), 3, "0010000", MAY(ABORTS)}, /* found: 2 of 3 ready */
    {"blue-green, 5 pods", SWITCH, 5, "2222222", MAY(ABORTS)},
    {"canary by pods, 5 steps", PODS(W(10) "," W(20) "," W(30) "," W(40)), 5, "2222222",
     MAY(ABORTS)},
    {"canary by a route, 5 steps", ROUTE(W(10) "," W(25) "," W(50) "," W(75)), 5, "2222222",
     MAY(ABORTS)},
    {"rolling, 5 pods", WALK(P(40) "," P(60)), 5, "1111111", MAY(ABORTS)},
    {"blue-green, edited", SWITCH, 2, "1111111", MAY(ABORTS) | MAY(NEW_IMAGE)},
    {"canary by pods, edited", PODS(W(50)), 2, "1111111", MAY(ABORTS) | MAY(NEW_IMAGE)},
    {"canary by a route, edited", ROUTE(W(20) "," W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(NEW_IMAGE)},
    {"rolling, edited", WALK(P(50)), 3, "1111111", MAY(ABORTS) | MAY(NEW_IMAGE)},
    {"blue-green, reverted", SWITCH, 2, "1111111", MAY(ABORTS) | MAY(OLD_IMAGE)},
    {"canary by pods, reverted", PODS(W(50)), 2, "1111111", MAY(ABORTS) | MAY(OLD_IMAGE)},
    {"canary by a route, reverted", ROUTE(W(20) "," W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(OLD_IMAGE)},
    {"rolling, reverted", WALK(P(50)), 3, "1111111", MAY(ABORTS) | MAY(OLD_IMAGE)},
    {"blue-green, edited twice", SWITCH, 2, "1111111", MAY(NEW_IMAGE) | MAY(OLD_IMAGE)},
    {"canary by pods, edited twice", PODS(W(50)), 2, "1111111", MAY(NEW_IMAGE) | MAY(OLD_IMAGE)},
    {"canary by a route, edited twice", ROUTE(W(20) "," W(50)), 2, "1111111",
     MAY(NEW_IMAGE) | MAY(OLD_IMAGE)},
    {"rolling, edited twice", WALK(P(50)), 3, "1111111", MAY(NEW_IMAGE) | MAY(OLD_IMAGE)},
    {"blue-green, scaled", SWITCH, 2, "1111111", MAY(ABORTS) | MAY(SCALES_UP) | MAY(SCALES_DOWN)},
    {"canary by pods, scaled", PODS(W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(SCALES_UP) | MAY(SCALES_DOWN)},
    {"canary by a route, scaled", ROUTE(W(20) "," W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(SCALES_UP) | MAY(SCALES_DOWN)},
    {"rolling, scaled", WALK(P(50)), 3, "1111111", MAY(ABORTS) | MAY(SCALES_UP) | MAY(SCALES_DOWN)},
    {"blue-green, commanded", SWITCH, 2, "1111111", MAY(ABORTS) | MAY(UNDOES) | MAY(RETRIES)},
    {"canary by pods, commanded", PODS(W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(UNDOES) | MAY(RETRIES)},
    {"canary by a route, commanded", ROUTE(W(20) "," W(50)), 2, "1111111",
     MAY(ABORTS) | MAY(UNDOES) | MAY(RETRIES)},
    {"rolling, commanded", WALK(P(50)), 3, "1111111", MAY(ABORTS) | MAY(UNDOES) | MAY(RETRIES)},
    {"blue-green, meddled with", SWITCH, 2, "1111111",
     MAY(RESUMES) | MAY(DELETES_SET) | MAY(DETACHES)},
    {"canary by pods, meddled with", PODS(W(50)), 2, "1111111",
     MAY(RESUMES) | MAY(DELETES_SET) | MAY(DETACHES)},
    {"canary by a route, meddled with", ROUTE(W(20) "," W(50)), 2, "1111111",
     MAY(RESUMES) | MAY(DELETES_SET) | MAY(DETACHES)},
    {"blue-green, deleted at once", SWITCH, 2, "1111111", MAY(COMES_FIRST) | MAY(RESUMES)},
    {"rolling, deleted at once", WALK(P(50)), 3, "1111111", MAY(COMES_FIRST) | MAY(RESUMES)},
    {"rolling, meddled with", WALK(P(50)), 3, "1111111",
     MAY(RESUMES) | MAY(DELETES_SET) | MAY(DETACHES)},
    {"blue-green, paused, edited", PAUSED(SWITCH), 2, "1111111", EDITED},
    {"canary by pods, paused, edited", PAUSED(PODS(W(50))), 2, "1111111", EDITED},
    {"canary by a route, paused, edited", PAUSED(ROUTE(W(20) "," W(50))), 2, "1111111", EDITED},
    {"rolling, paused, edited", PAUSED(WALK(P(50))), 3, "1111111", EDITED},
    {"blue-green, paused, meddled with", PAUSED(SWITCH), 2, "1111111", MEDDLED},
    {"canary by pods, paused, meddled with", PAUSED(PODS(W(50))), 2, "1111111", MEDDLED},
    {"canary by a route, paused, meddled with", PAUSED(ROUTE(W(20) "," W(50))), 2, "1111111",
     MEDDLED},
    {"rolling, paused, meddled with", PAUSED(WALK(P(50))), 3, "1111111", MEDDLED},
};

#endif
