# SPDX-License-Identifier: Apache-2.0
"""What happens while the operators see nothing of it: the proxies hold their watches still, what
they count on breaks, and a person who did not see it either says go on, or go back; or what was
waited for comes, when it is wanted no more. Only an operator that looks again before it writes does
nothing wrong then."""
import time

import acts
from api import ApiError
from objects import READY, version_of

# All but the Rollout itself: the command comes through.
BLIND = ("deployments", "replicasets", "pods", "services", "endpointslices", "controllerrevisions")
HALF_BLIND = ("deployments",)
APPROVAL_S = 25  # so long an approval, or a bake, is waited for
TRY_S = 20       # and so long a moment in which the watches can be held
LEFT_S = 5.5     # a version that was left so long ago is not on its way any more


def held(lane, kinds, seconds, least=2.0, patience=TRY_S):
    """Until when the operators are blind for these kinds, and for at least so long; None: they
    cannot be made so now. Commands come through, and news of pods to the half blind."""
    answers, through = [], {"rollouts"} - set(kinds)
    if kinds == HALF_BLIND:
        through |= {"replicasets", "endpointslices", "pods"}

    def ask():
        answers.append(lane.operators.hold(kinds, seconds, through, least))
        return answers[-1]
    lane.wait(patience, ask)
    return answers[-1]


def sit(lane, until):
    lane.operators.stop.wait(max(until - time.time(), 0))


def waiting(lane):
    """The version that waits for an approval, every command answered; None: none soon."""
    def version():
        return version_of(lane.deployment()["spec"]["template"])

    def so():
        flight = lane.status().get("flight") or {}
        return lane.word() == "Approval" and lane.answered() and \
            lane.version_in_flight(flight.get("revision")) == version()
    lane.wait(APPROVAL_S, lambda: so() or lane.word() in ("Aborted", "Decision"))
    return version() if so() else None


def mark_pods(lane, version, ready):
    """As annotated, its pods are ready no more, or again."""
    for pod in lane.space.all("pods"):
        marked = pod["metadata"].get("annotations", {}).get(READY)
        if version_of(pod) != version or pod["metadata"].get("deletionTimestamp") or \
                marked == ready:
            continue
        try:
            lane.api.patch("pods", lane.ns, pod["metadata"]["name"],
                           {"metadata": {"annotations": {READY: ready}}})
        except ApiError as e:
            if e.code != 404:
                raise


def told_ready(lane, version):
    """By its ReplicaSet, which on a busy machine says a moment later what its pods are: before that
    nobody who reads it can know."""
    return any(rs.get("status", {}).get("readyReplicas") for rs in lane.space.all("replicasets")
               if version_of(rs["spec"]["template"]) == version)


def broken_then_approved(lane):
    version = waiting(lane)
    until = version and held(lane, BLIND, lane.rng.uniform(3, 5))
    if not until or lane.word() != "Approval":
        return False
    if lane.kind == "rolling":  # its new pods count
        lane.robbed(acts.ROBBED_S)
    mark_pods(lane, version, "false")
    lane.wait(2, lambda: not told_ready(lane, version))
    lane.command("Approve")
    sit(lane, until + lane.rng.choice([0, 1, 12]))  # or after its progress deadline
    mark_pods(lane, version, None)
    return True


def left_then_approved(lane):
    """Another template, or stable's, has replaced the version that is approved."""
    version = waiting(lane)
    until = version and held(lane, BLIND, LEFT_S + 2.5, least=LEFT_S + 1)
    if not until or lane.word() != "Approval":
        return False
    stable = lane.templates.get(lane.observer.ledger.stable)
    lane.release(stable if stable and lane.rng.random() < 0.5 else lane.new_template())
    sit(lane, time.time() + LEFT_S)
    lane.command("Approve")
    sit(lane, until)
    return True


def left_then_ready(lane):
    """The pods of a version get ready, which is all that it waited for, after it was left."""
    slow = lane.new_template(bad=1)
    version = version_of(slow)
    lane.release(slow)

    def under_way():
        pods = [pod for pod in lane.space.all("pods") if version_of(pod) == version]
        return len(pods) > 0 and lane.word() == "Progressing"
    until = lane.wait(APPROVAL_S, under_way) and \
        held(lane, HALF_BLIND, LEFT_S + 5, least=LEFT_S + 3, patience=8)
    if not until:
        return False
    stable = lane.templates.get(lane.observer.ledger.stable)
    lane.release(stable if stable and lane.rng.random() < 0.5 else lane.new_template(bad=0))
    sit(lane, time.time() + LEFT_S)
    while time.time() < until:
        mark_pods(lane, version, None)
        lane.pause(0.3, 0.3)
    return True


def scale_set(lane, version, n):
    for rs in lane.space.all("replicasets"):
        if version_of(rs["spec"]["template"]) == version and rs["spec"]["replicas"] > n:
            lane.api.patch("replicasets", lane.ns, rs["metadata"]["name"],
                           {"spec": {"replicas": n}})
            return True
    return False


def thinned_then_approved(lane):
    """Somebody scales stable's ReplicaSet: its Deployment makes it whole again."""
    version = waiting(lane)
    until = version and held(lane, BLIND, lane.rng.uniform(3, 5))
    if not until or lane.word() != "Approval":
        return False
    lane.robbed(acts.ROBBED_S)
    lane.observer.expose(lane.git)
    if not scale_set(lane, lane.observer.ledger.stable, lane.rng.randint(0, 1)):
        return False
    lane.pause(0, 0.5)
    lane.command("Approve")
    sit(lane, until)
    return True


def gone_then_undone(lane):
    """In the bake the pods of the version before are scaled away, and are then wanted back."""
    before = lane.observer.ledger
    baking = lane.wait(APPROVAL_S, lambda: lane.word() == "Baking", lane.help_on)
    until = baking and held(lane, BLIND, lane.rng.uniform(3, 5), patience=0.1)
    if not until or lane.word() != "Baking" or not scale_set(lane, before.previous, 0):
        return False
    lane.wait(1, lambda: not lane.space.ready_pods()[before.previous])
    lane.command("Undo")
    sit(lane, until)
    return True


def anything(lane):
    """Nothing at all is seen, or of some kinds only, and what happens then is as ever."""
    kinds = [kind for kind in BLIND + ("rollouts",) if lane.rng.random() < 0.7]
    until = kinds and held(lane, kinds, lane.rng.uniform(2, 6))
    if not until:
        return False
    for _ in range(lane.rng.randint(1, 3)):
        lane.play(acts.draw(lane.rng, acts.COMMON))
        lane.pause(0, 1)
    sit(lane, until)
    return True


# How often each is drawn, and in which lanes it can be.
ACTS = {
    broken_then_approved: (3, lambda lane: lane.asks()),
    left_then_approved: (2, lambda lane: lane.asks()),
    thinned_then_approved: (2, lambda lane: lane.asks()),
    left_then_ready: (5, lambda lane: lane.config["deadline"] == "20s"
                      and not lane.strategy.steps[0]["approve"]),
    gone_then_undone: (3, lambda lane: lane.config["bake"] != "0s" and lane.kind != "rolling"),
    anything: (2, lambda lane: True),
}


def draw(lane):
    """An act that can be in this lane; None: there is none."""
    only = lane.operators.options.unseen_only
    can = {act: often for act, (often, able) in ACTS.items()
           if able(lane) and (not only or act.__name__ in only)}
    return acts.draw(lane.rng, can) if can else None
