"""A token bucket: so many at once, then as many again in so many seconds. Pure; the caller has the clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """``tokens`` that were left at ``at`` (seconds of any steady clock)."""

    tokens: float
    at: float

    def filled(self, size: int, seconds: float, now: float) -> Bucket:
        """As it is at ``now``: ``size`` tokens at most, which take ``seconds`` to come back."""
        gone = max(0.0, now - self.at)
        return Bucket(min(float(size), self.tokens + gone * size / seconds), max(now, self.at))

    @property
    def allows(self) -> bool:
        return self.tokens >= 1.0

    def less(self) -> Bucket:
        """One taken out."""
        return Bucket(self.tokens - 1.0, self.at)
