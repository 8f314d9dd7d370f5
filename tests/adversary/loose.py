# SPDX-License-Identifier: Apache-2.0
"""brake: Paused holds nothing at admission: what a person writes over a pause, or over a pin, is
there until the operator has written it again. What happens for so long, and while that shows in
pods and endpoints, is told apart: by the kind of its cause."""
from objects import DEAD_MAN

AGAIN_S = 15  # the brake is written, stable whole, and the new pods are behind no Service any more
PIN_S = 10    # a pin is written, and in the slices

LATE_BRAKE, LATE_PIN, DEAD_MAN_ACTS = "late brake", "late pin", "dead man"


class Loose:
    """Of one lane. `down` says for how long nobody worked lately."""

    def __init__(self, down):
        self.down = down
        self.at = {}  # (kind, Service or None): the last moment at which it was so

    def unpins(self, service, now):
        self.at[(LATE_PIN, service)] = now

    def look(self, d, rests, now):
        """The Deployment as written: does its controller roll it, or turn it back? Not where it
        `rests`, with stable's template and ReplicaSet."""
        if d["spec"].get("paused") or rests:
            return
        held = DEAD_MAN in (d["metadata"].get("annotations") or {})
        self.at[(DEAD_MAN_ACTS if held else LATE_BRAKE, None)] = now

    def lasts(self, kind):
        return (PIN_S if kind == LATE_PIN else AGAIN_S) + self.down(60)

    def cause(self, now, service=None):
        """The last, of what goes wrong now, behind this Service or at all; None: there is none."""
        open_now = [(at, kind) for (kind, where), at in self.at.items()
                    if where in (None, service) and now - at < self.lasts(kind)]
        return max(open_now)[1] if open_now else None

    def closed(self, now):
        """Whether one of them is over now that was not yet: what it left is then judged."""
        over = [key for key, at in self.at.items() if now - at >= self.lasts(key[0])]
        for key in over:
            del self.at[key]
        return bool(over)
