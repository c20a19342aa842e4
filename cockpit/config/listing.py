"""Names one after the other in a sentence, so that another language can say it too. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.config.language import N_


def both(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; none: empty."""
    return _listed(N_("{names} and {last}"), names)


def either(names: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``; none: empty."""
    return _listed(N_("{names} or {last}"), names)


def _listed(sentence: str, names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return sentence.format(names=", ".join(names[:-1]), last=names[-1])
