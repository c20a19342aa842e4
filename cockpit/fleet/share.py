"""How many Exchange shells a cockpit takes for itself: plain decisions, in seconds of any monotonic clock.

A user may hold 18 (exchange-facts §5.5), whoever opens them and from wherever. A server does not tell how
many are left, it only refuses one too many. So every cockpit keeps to these rules by itself:

- It asks for a further shell only while work waits, up to its limit.
- Refused, it goes on with those it has and asks again later, each time later still; one that has none asks
  every few seconds.
- From time to time it asks for one more than it has: is there room? Where there is, the new one takes the
  place of an old one. Where there is none, it gives an old one back, its last one too, and takes a breath
  before it asks again, longer than anybody who has none waits between two tries.

So nobody needs to know of anybody: while there is no room, each cockpit makes some within ``ASK`` seconds,
and far sooner once it knows that others want in. How the server counts (for each server, or over all that
route to the same back end, exchange-facts §5.4) makes no difference to this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

ASK: Final = 60.0
"""Between two questions for room."""
ASK_CROWDED: Final = 20.0
"""The same while others are known to want shells too."""
CROWDED: Final = 180.0
"""How long a refusal is taken for a sign of that."""
PAUSE: Final = 15.0
"""Before one that has some asks for more again; doubled with each refusal in a row, up to ``PAUSE_LIMIT``."""
PAUSE_LIMIT: Final = 120.0
BREATH: Final = 7.0
"""Before one that has given its last one back asks again."""
RETRY: Final = 2.5
"""Between two tries of one that has none."""
SPREAD: Final = 0.2
"""Every time above is drawn anew, by so much less or more, so that cockpits do not march in step."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one cockpit knows. ``limit``: shells it may have at most.

    ``first_at``: none is asked for before while it has none; ``more_at``: no further one while it has some.
    ``ask_at``: when it asks for room next. ``refused_at``: last time; ``refusals``: in a row.

    ``roll`` in all that follows: a number between -1 and 1, drawn anew each time.
    """

    limit: int
    first_at: float = float("-inf")
    more_at: float = float("-inf")
    ask_at: float = float("inf")
    refused_at: float = float("-inf")
    refusals: int = 0

    def may_open(self, held: int, opening: int, now: float) -> bool:
        """Whether to open one more, where work waits for it. ``opening``: those being opened.

        Side by side only while nobody is known to want any.
        """
        if held + opening >= self.limit or now < self.opens_at(held):
            return False
        return opening == 0 or not self.crowded(now)

    def opens_at(self, held: int) -> float:
        """When one that has ``held`` may open one more."""
        return self.more_at if held else self.first_at

    def crowded(self, now: float) -> bool:
        """Whether others are known to want shells too."""
        return now - self.refused_at < CROWDED

    def granted(self, now: float, roll: float) -> Share:
        """There was one."""
        every = ASK_CROWDED if self.crowded(now) else ASK
        ask_at = now + _spread(every, roll) if self.ask_at == float("inf") else self.ask_at
        return replace(self, refusals=0, ask_at=ask_at)

    def refused(self, held: int, now: float, roll: float) -> Share:
        """There was none; ``held``: those we have."""
        pause = min(PAUSE * 2.0**self.refusals, PAUSE_LIMIT)
        return replace(
            self,
            first_at=self.first_at if held else now + _spread(RETRY, roll),
            more_at=now + _spread(pause, roll) if held else self.more_at,
            ask_at=min(self.ask_at, now + _spread(ASK_CROWDED, roll)),
            refused_at=now,
            refusals=min(self.refusals + 1, 8),
        )

    def must_ask(self, held: int, now: float) -> bool:
        """Whether it is time to ask for room."""
        return held > 0 and now >= self.ask_at

    def asked(self, now: float, roll: float, *, room: bool) -> Share:
        """The answer to that question. Without room one has to be given back: :meth:`gave_back`."""
        known = self if room else replace(self, refused_at=now, refusals=min(self.refusals + 1, 8))
        every = ASK_CROWDED if known.crowded(now) else ASK
        return replace(known, ask_at=now + _spread(every, roll))

    def gave_back(self, held: int, now: float, roll: float) -> Share:
        """One was given back to make room, and ``held`` are left."""
        if not held:
            return replace(self, first_at=now + _spread(BREATH, roll))
        pause = min(PAUSE * 2.0 ** max(0, self.refusals - 1), PAUSE_LIMIT)
        return replace(self, more_at=max(self.more_at, now + _spread(pause, roll)))


def _spread(seconds: float, roll: float) -> float:
    return seconds * (1.0 + SPREAD * roll)
