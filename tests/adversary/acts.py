# SPDX-License-Identifier: Apache-2.0
"""What people, tools and mishaps do to a lane at any moment. Each act is a function of the lane;
its name is counted. An act that finds nothing to do returns False and does not count."""
import json
import time

from api import APPLY, STRATEGIC, ApiError
from cluster import owner
from objects import APP, DEAD_MAN, RESTARTED, plain, rollout, service, version_of

ROBBED_S = 45  # capacity is back by then at the latest


def scale(lane):
    lane.n = lane.rng.randint(lane.least, 8)
    lane.patch_deployment({"spec": {"replicas": lane.n}})


def scale_to_zero(lane):
    lane.observer.expose(lane.git)
    lane.patch_deployment({"spec": {"replicas": 0}})
    lane.pause(0.1, 2)
    lane.observer.expose(lane.git)
    lane.n = lane.rng.randint(lane.least, 8)
    lane.patch_deployment({"spec": {"replicas": lane.n}})


def apply_client_side(lane):
    lane.patch_deployment(lane.manifest(), STRATEGIC)
    for name in lane.services:
        lane.api.patch("services", lane.ns, name, service(name), STRATEGIC)


def apply_server_side(lane):
    query = {"fieldManager": "git", "force": "true"}
    lane.patch_deployment(lane.manifest(), APPLY, query)
    for name in lane.services:
        lane.observer.unpins(name)
        lane.api.patch("services", lane.ns, name, service(name), APPLY, query)


def replace(lane):
    lane.saw(lane.api.put("deployments", lane.ns, APP, lane.manifest()))
    for name in lane.services:
        lane.observer.unpins(name)
        kept = lane.api.get("services", lane.ns, name)["metadata"]["resourceVersion"]
        wanted = service(name)
        wanted["metadata"]["resourceVersion"] = kept
        lane.api.put("services", lane.ns, name, wanted)


def resume(lane):
    lane.patch_deployment({"spec": {"paused": None}})


def pause(lane):
    lane.patch_deployment({"spec": {"paused": True}})


def rollout_undo(lane):
    """kubectl rollout undo refuses a paused Deployment; the API does not."""
    now = version_of(lane.deployment()["spec"]["template"])
    old = [rs for rs in lane.space.all("replicasets")
           if version_of(rs["spec"]["template"]) in lane.good - {now}
           and (owner(rs) or {}).get("kind") == "Deployment"]
    if not old:
        return False
    tmpl = plain(lane.rng.choice(old)["spec"]["template"])
    lane.release(tmpl)
    return True


def restart(lane):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lane.git = json.loads(json.dumps(lane.git))
    lane.git["metadata"]["annotations"][RESTARTED] = now
    lane.template_known(lane.git)
    lane.patch_deployment({"spec": {"template": {"metadata": {
        "annotations": {RESTARTED: now}}}}}, STRATEGIC)


def newer_version(lane):
    lane.release(lane.new_template())


def revert_to_stable(lane):
    stable = lane.templates.get(lane.observer.ledger.stable)
    if not stable:
        return False
    lane.release(stable)
    return True


def delete_set(lane, version):
    found = [rs for rs in lane.space.all("replicasets") if rs["spec"]["replicas"] > 0
             and version_of(rs["spec"]["template"]) == version]
    d = lane.deployment()
    paused = not lane.by_pause and d["spec"].get("paused") and \
        DEAD_MAN not in d["metadata"].get("annotations", {})
    if not found or paused:  # a person's pause: nobody heals what is lost under it
        return False
    lane.robbed(ROBBED_S)
    lane.api.delete("replicasets", lane.ns, found[0]["metadata"]["name"])
    return True


def delete_stable(lane):
    lane.observer.expose(lane.git, deleted=True)
    return delete_set(lane, lane.observer.ledger.stable)


def delete_candidate(lane):
    version = version_of(lane.deployment()["spec"]["template"])
    return version != lane.observer.ledger.stable and delete_set(lane, version)


def delete_service(lane):
    name = lane.rng.choice(lane.services)
    lane.robbed(ROBBED_S)
    lane.api.delete("services", lane.ns, name)
    lane.pause(0, 1.5)
    lane.observer.unpins(name)
    lane.api.create("services", lane.ns, service(name))


def delete_fence(lane):
    fences = lane.space.all("controllerrevisions")
    if not fences:
        return False
    lane.api.delete("controllerrevisions", lane.ns, fences[0]["metadata"]["name"])
    return True


def detach(lane, force):
    lane.robbed(ROBBED_S)
    lane.api.delete("rollouts", lane.ns, APP)
    if force:
        try:
            lane.api.patch("rollouts", lane.ns, APP, {"metadata": {"finalizers": None}})
        except ApiError as e:
            if e.code != 404:  # the operator was quicker, and it is gone
                raise
    if not lane.wait(60, lambda: not lane.space.one("rollouts")):
        lane.stuck("the deleted Rollout does not go")
    lane.robbed(ROBBED_S)
    lane.rollout_generation, lane.asked = 1, None
    lane.api.create("rollouts", lane.ns, rollout(lane.strategy, lane.config))
    lane.wait_attached()


def delete_rollout(lane):
    detach(lane, False)


def tear_rollout(lane):
    """Its finalizer taken off by force, in the middle of whatever is going on."""
    if not lane.finalizer():
        return False
    detach(lane, True)
    return True


def edit_steps(lane):
    if lane.kind == "blueGreen":
        return False
    lane.strategy.edit(lane.rng)
    with lane.cluster.lock:
        lane.observer.ledger.steps_edited(lane.space.wanted_pods(), time.time())
    lane.patch_rollout({"spec": {"strategy": lane.strategy.manifest()}})
    with lane.cluster.lock:
        lane.observer.ledger.steps_taken(time.time())
    return True


def command_abort(lane):
    return lane.command("Abort")


def command_skip(lane):
    return lane.command("Skip")


def command_promote(lane):
    return lane.command("Promote")


def command_undo(lane):
    return lane.command("Undo")


def command_retry(lane):
    return lane.command("Retry")


# How often each is drawn. Of the rare ones, at most one befalls a release.
COMMON = {scale: 4, scale_to_zero: 3, apply_client_side: 3, apply_server_side: 3, replace: 3,
          resume: 3, pause: 1, rollout_undo: 2, restart: 2, newer_version: 3, revert_to_stable: 2,
          edit_steps: 2, command_abort: 2, command_skip: 1, command_promote: 1, command_undo: 2,
          command_retry: 1}
RARE = {delete_stable: 3, delete_candidate: 3, delete_service: 3, delete_fence: 3,
        delete_rollout: 2, tear_rollout: 2}


def draw(rng, table):
    return rng.choices(list(table), weights=list(table.values()))[0]


def play(lane, act):
    """True if it was done; a refusal by the API server is part of the game."""
    try:
        lane.space.note("act", act.__name__)
        done = act(lane) is not False
    except ApiError as e:
        lane.space.note("act", f"{act.__name__}: {e}")
        done = e.code != 0
    return done
