"""What the operator is told of changes: which of them, and how many at most. Pure: states and a clock go in,
tellings and a memory come out.

Each subject is compared with what was last told of it, not with what it was a moment ago: a change that was
passed over (too small, too often, while all was to be quiet) is told as soon as it may be, if it still holds,
and one that has gone again is not. What is too much is told together; what changes to and fro is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from cockpit.config.notify import NotifySettings
from cockpit.fleet.states import State
from cockpit.fleet.subjects import States, Subject
from cockpit.fleet.throttle import Bucket

ANY: Final = "*"
_BY_WORD: Final = {state.word: state for state in State}


@dataclass(frozen=True, slots=True)
class Change:
    """From what was last told of ``subject`` to what it is now."""

    subject: Subject
    before: State
    after: State

    @property
    def is_worse(self) -> bool:
        return self.after.value < self.before.value


class Kind(StrEnum):
    CHANGE = "change"
    FLAPPING = "flapping"
    """It changes to and fro, and is not told of again until it rests."""
    STEADY = "steady"
    """It was flapping, and rests."""
    DIGEST = "digest"
    """Changes that were too many to be told one by one."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Something to tell. ``changes``: one, but for a digest, which has each subject once. ``count``: how many
    changes it stands for, told before or not; ``seconds``: in what time."""

    kind: Kind
    changes: tuple[Change, ...]
    count: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """NotifySettings, for this module. ``when``: as there; times in seconds."""

    when: tuple[str, ...] = ("worse", "recovered")
    minimum: State = State.DEGRADED
    per_server: int = 3
    total: int = 10
    window: float = 60.0
    flapping: int = 6
    flapping_window: float = 600.0

    @classmethod
    def of(cls, settings: NotifySettings) -> Rules:
        return cls(
            settings.when,
            _BY_WORD[settings.minimum],
            settings.per_server,
            settings.total,
            settings.window,
            settings.flapping,
            settings.flapping_window,
        )

    def counts(self, before: State, after: State) -> bool:
        """Whether the worse of the two is bad enough to speak of."""
        return before is not after and min(before.value, after.value) <= self.minimum.value

    def tells(self, before: State, after: State) -> bool:
        """Whether a change from ``before`` to ``after`` is told at all."""
        return self.counts(before, after) and any(_is(word, before, after) for word in self.when)


def _is(word: str, before: State, after: State) -> bool:
    match word:
        case "any":
            return True
        case "worse":
            return after.value < before.value
        case "better":
            return after.value > before.value
        case "recovered":
            return before.is_fault and after is State.HEALTHY
        case _:
            left, _, right = word.partition(">")
            return left in (ANY, before.word) and right in (ANY, after.word)


@dataclass(frozen=True, slots=True)
class Known:
    """Of one subject: its state ``now``, the one last ``told``, and when it changed lately."""

    now: State
    told: State
    changed: tuple[float, ...] = ()
    flapping: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """What was told, and what is held back: ``held`` has each subject's change since it was last told,
    ``held_count`` all of them, ``held_since`` the time of the first."""

    known: Mapping[Subject, Known] = field(default_factory=dict)
    servers: Mapping[str, Bucket] = field(default_factory=dict)
    total: Bucket | None = None
    held: Mapping[Subject, Change] = field(default_factory=dict)
    held_count: int = 0
    held_since: float = 0.0


def decide(
    memory: Memory, states: States, now: float, rules: Rules, *, quiet: bool = False
) -> tuple[Memory, tuple[Telling, ...]]:
    """What to tell of ``states`` at ``now``, seconds of a steady clock. ``quiet``: nothing, for the moment.

    To be asked now and then though no state has changed: what is held back falls due, what flaps rests.
    A subject that is seen for the first time is as it is: that is no change.
    """
    known = {
        subject: _seen(memory.known.get(subject), state, now, rules) for subject, state in states.items()
    }
    held = {subject: change for subject, change in memory.held.items() if subject in known}
    memory = replace(memory, known=known, held=held, held_count=memory.held_count if held else 0)
    if quiet:
        return _hushed(memory), ()
    teller = _Teller(memory, now, rules)
    teller.tell()
    return teller.memory, tuple(teller.tellings)


def _seen(known: Known | None, state: State, now: float, rules: Rules) -> Known:
    if known is None:
        return Known(state, state)
    changed = known.changed
    if rules.counts(known.now, state):
        changed = (*changed, now)[-rules.flapping :]
    elif changed and changed[0] <= now - rules.flapping_window:
        changed = tuple(at for at in changed if at > now - rules.flapping_window)
    else:
        return known if known.now is state else replace(known, now=state)
    return replace(known, now=state, changed=tuple(at for at in changed if at > now - rules.flapping_window))


def _hushed(memory: Memory) -> Memory:
    """What was held back was told to nobody: it counts as not told."""
    known = dict(memory.known)
    for subject, change in memory.held.items():
        known[subject] = replace(known[subject], told=change.before)
    return replace(memory, known=known, held={}, held_count=0)


class _Teller:
    """One decision under way."""

    def __init__(self, memory: Memory, now: float, rules: Rules) -> None:
        self._rules = rules
        self._now = now
        self._known = dict(memory.known)
        self._held = dict(memory.held)
        self._count = memory.held_count
        self._since = memory.held_since
        window, full = rules.window, Bucket(rules.total, now)
        self._total = (memory.total or full).filled(rules.total, window, now)
        filled = {n: b.filled(rules.per_server, window, now) for n, b in memory.servers.items()}
        self._servers = {n: b for n, b in filled.items() if b.tokens < rules.per_server}
        self.tellings: list[Telling] = []

    @property
    def memory(self) -> Memory:
        return Memory(self._known, self._servers, self._total, self._held, self._count, self._since)

    def tell(self) -> None:
        self._digest()
        wanted = [telling for subject in self._known if (telling := self._wanted(subject)) is not None]
        # The worst has the first token.
        for telling in sorted(wanted, key=lambda t: (t.changes[0].after.value, t.changes[0].subject)):
            self._give(telling)

    def _digest(self) -> None:
        """What was held back long enough, together."""
        if not self._held or self._now < self._since + self._rules.window:
            return
        changes = tuple(sorted(self._held.values(), key=lambda c: (c.after.value, c.subject)))
        self.tellings.append(Telling(Kind.DIGEST, changes, self._count, self._now - self._since))
        self._held, self._count = {}, 0

    def _wanted(self, subject: Subject) -> Telling | None:
        """What is to be told of ``subject``; the memory of its flapping is brought up to date."""
        known, rules = self._known[subject], self._rules
        change = Change(subject, known.told, known.now)
        if known.flapping:
            if known.changed:
                return None
            self._known[subject] = replace(known, flapping=False)
            return Telling(Kind.STEADY, (change,), seconds=rules.flapping_window)
        if len(known.changed) >= rules.flapping:
            self._known[subject] = replace(known, flapping=True)
            seconds = self._now - known.changed[0]
            return Telling(Kind.FLAPPING, (change,), len(known.changed), seconds)
        return Telling(Kind.CHANGE, (change,)) if rules.tells(known.told, known.now) else None

    def _give(self, telling: Telling) -> None:
        """Tell it, or hold it back for the next digest."""
        (change,) = telling.changes
        subject, rules = change.subject, self._rules
        self._known[subject] = replace(self._known[subject], told=change.after)
        server = self._servers.get(subject.server, Bucket(rules.per_server, self._now))
        # Once one was held back the next ones are too: else an older one would be told last.
        if server.allows and self._total.allows and subject not in self._held:
            self._servers[subject.server] = server.less()
            self._total = self._total.less()
            self.tellings.append(telling)
            return
        if not self._held:
            self._since = self._now
        earlier = self._held.get(subject, change)
        self._held[subject] = replace(earlier, after=change.after)
        self._count += 1
