# SPDX-License-Identifier: Apache-2.0
"""What was allowed: which version is stable, and how far the newest may have come by its pods and
by what people approved. It believes Sluice only in that a commit was made."""

RECENT_S = 15      # how long a change of N may take to show in pods
LATE_S = 30        # how long a version that was left may still have pods coming


class Flight:
    """How far a version may have come since it became the Deployment's template."""

    def __init__(self, version, strategy, now):
        self.version, self.strategy, self.steps = version, strategy, list(strategy.steps)
        self.began, self.left, self.level = now, None, 1
        self.approved, self.free = {}, False  # step: when; a person promoted it
        self.carry = 0      # endpoints that it already had
        self.edited = None  # (steps, level) before an edit, until the controller has seen it
        self.again = False  # it was the template before: its ReplicaSet may be in history

    def limit(self, n):
        if self.level > len(self.steps):
            return n
        if self.strategy.kind == "blueGreen":
            return 0
        return self.strategy.pods(self.level, n)


class Ledger:
    def __init__(self, strategy):
        self.strategy, self.ever = strategy, set()  # what was the template before
        self.stable = self.previous = self.template = None
        self.flights, self.sizes, self.undo_until = {}, [], 0

    def begin(self, version, n, now):
        self.stable = self.template = version
        self.ever.add(version)
        self.sizes = [(now, n)]

    def resized(self, n, now):
        if not self.sizes or self.sizes[-1][1] != n:
            self.sizes.append((now, n))

    def recent_sizes(self, now, seconds):
        """N now, and all that it was within the last seconds."""
        out = [self.sizes[-1][1]]
        for (_, n), (until, _) in zip(self.sizes[-2::-1], self.sizes[:0:-1]):
            if until < now - seconds:
                break
            out.append(n)
        return out

    def template_is(self, version, served, now):
        if version == self.template:
            return
        left = self.flights.get(self.template)
        if left:
            left.left = now
        self.template = version
        before = self.flights.get(version)
        if version == self.stable:
            return
        flight = Flight(version, self.strategy, now)
        flight.carry, flight.again = served, version in self.ever
        self.ever.add(version)
        if before:  # it may never have been noticed that it was away
            flight.approved = {s: at for s, at in before.approved.items() if at > now - RECENT_S}
            if before.left and before.left > now - 5:
                flight.level, flight.free = before.level, before.free
        if now < self.undo_until:
            flight.free, flight.level = True, self.strategy.last
        self.flights[version] = flight

    def allow(self, version, step, now, everything=False):
        """A person approves, or promotes: from the moment that it is asked for."""
        flight = self.flights.get(version)
        if flight and everything:
            flight.free = True
        elif flight:
            flight.approved[step] = now

    def steps_edited(self, wanted, now):
        for flight in self.flights.values():
            new = list(self.strategy.steps)
            same = 0
            while same < min(len(new), len(flight.steps)) and new[same] == flight.steps[same]:
                same += 1
            flight.carry = max([flight.carry] + [flight.limit(n) for _, n in self.sizes[-3:]])
            flight.edited = (flight.steps, flight.level, now)
            flight.approved = {s: at for s, at in flight.approved.items() if s <= same}
            flight.steps = new
            if flight.strategy.kind == "rolling":  # keeps its pods, goes on at the next with more
                flight.level = self.position(flight, same + 1, wanted.get(flight.version, 0))
            else:
                flight.level = min(flight.level, same + 1)

    def steps_taken(self, now):
        """The server has the edit by now: what was decided before stands."""
        for flight in self.flights.values():
            if flight.edited:
                flight.edited = (*flight.edited[:2], now)

    def position(self, flight, level, have):
        """Where the new steps have as many pods, or the next fewer."""
        level, n = min(flight.level, level), self.sizes[-1][1]
        for i in range(level + 1, flight.strategy.last + 1):
            if flight.strategy.pods(level, n) < flight.strategy.pods(i, n) <= have:
                level = i
        return level

    def passes(self, flight, step, ready, now):
        sizes = [n for n in self.recent_sizes(now, RECENT_S) if n > 0]
        needed = [flight.strategy.pods(flight.level, n) for n in sizes]
        if flight.strategy.kind == "rolling":  # one less, where it cannot step over a tie
            needed = [max(n - 1, min(n, 1)) for n in needed]
            if flight.again and flight.strategy.single:  # the first half only: README, limits
                needed = [min(n, max(size // 2, 1)) for n, size in zip(needed, sizes)]
        if not needed or ready < min(needed):
            return False
        return not step["approve"] or flight.free or flight.level in flight.approved

    def advance(self, ready, now):
        for flight in self.flights.values():
            if flight.left and now - flight.left > 5:
                continue
            while flight.level <= len(flight.steps) and \
                    self.passes(flight, flight.steps[flight.level - 1],
                                ready.get(flight.version, 0), now):
                flight.level += 1

    def limit(self, version, now):
        """Endpoints that it may have; None: as many as it likes."""
        if version in (self.stable, self.previous):
            return None
        flight = self.flights.get(version)
        if not flight:
            return 0
        sizes = self.recent_sizes(now, RECENT_S)
        most = max([flight.carry] + [flight.limit(n) for n in sizes])
        if flight.edited:
            most = max(most, max(flight.strategy.pods(flight.edited[1], n, flight.edited[0])
                                 for n in sizes))
        # The Deployment controller shares out a new N in proportion, and rounds.
        return most + (flight.strategy.kind == "rolling" and len(sizes) > 1)

    def known(self, version, now):
        if version in (self.stable, self.previous, self.template):
            return True
        flight = self.flights.get(version)
        return bool(flight) and (not flight.left or now - flight.left < LATE_S)

    def may_be_stable(self, version):
        flight = self.flights.get(version)
        return bool(flight) and (flight.free or flight.level > len(flight.steps))

    def was_last(self, version, at):
        """Its steps were edited when it had passed them: what was decided before that stands."""
        flight = self.flights.get(version)
        if not flight or not flight.edited:
            return False
        steps, level, edited_at = flight.edited
        return at <= edited_at and level >= len(steps)

    def promoted(self, version):
        self.previous, self.stable = self.stable, version
        self.flights.pop(version, None)
