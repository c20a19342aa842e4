"""What chaos counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

VIOLATIONS = ("duplicates", "flags left", "orphans", "lost obligations", "stuck runs", "unsound journals")


@dataclass
class Figures:
    """``counts`` by word; ``bad``: each violation with the run's number, for its seed to be used again."""

    counts: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def violation(self, kind: str, words: str) -> None:
        assert kind in VIOLATIONS, kind
        self.counts[kind] += 1
        self.bad.append(f"{kind}: {words}")

    def add(self, other: Figures) -> None:
        self.counts.update(other.counts)
        self.ends.update(other.ends)
        self.bad += other.bad

    def lines(self) -> list[str]:
        names = (
            "runs",
            "workers",
            "kills",
            "resumes",
            "aborts",
            "takeovers",
            "answers",
            "troubles",
            *VIOLATIONS,
        )
        ends = ", ".join(f"{state} {n}" for state, n in sorted(self.ends.items())) or "none"
        return [*(f"{name:<18}{self.counts[name]:>6}" for name in names), f"{'ends':<18}  {ends}", *self.bad]
