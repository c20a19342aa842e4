"""Why an action cannot be used now: asked by footer, help, command line, palette, and by the key itself.

One pure function for each screen gives the reasons, from facts; what has none can be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.frozen import dataclass
from cockpit.ui.actions import Registry
from cockpit.ui.granted import NOT_GRANTED
from cockpit.ui.recoveries import NOT_HERE


@dataclass(frozen=True, slots=True)
class Why:
    """``sentence``: whole, with its full stop. ``word``: of the kind of reason, for want of room; empty for
    what may be different in a moment."""

    sentence: str
    word: str = ""

    @property
    def told(self) -> str:
        """In a list of actions."""
        kind = _(self.word) if self.word else _("not now")
        return f"{kind}: {self.sentence}"

    @property
    def said(self) -> str:
        """By itself, when the action was asked for."""
        return self.told if self.word == READ_ONLY else self.sentence


Reasons: TypeAlias = Mapping[str, Why]
"""By the action's id."""
READ_ONLY: Final = N_("read-only")


def of_scope(scope: str, sentences: Mapping[str, str]) -> dict[str, Why]:
    """``sentences`` by the last part of an id, empty for none, as reasons of the actions of ``scope``."""
    return {f"{scope}.{name}": Why(text) for name, text in sentences.items() if text}


def not_granted(refusals: Mapping[str, str]) -> dict[str, Why]:
    """What RBAC keeps this account from."""
    return {action: Why(f"{spoken(why)}.", NOT_GRANTED) for action, why in refusals.items()}


def read_only(registry: Registry) -> dict[str, Why]:
    """In read-only mode everything dangerous, which is not bound then."""
    why = Why(_("start with --write"), READ_ONLY)
    return {a.id: why for a in registry.actions if not registry.allows(a.id)}


def of_app(scope: str, *, recoveries: bool) -> dict[str, Why]:
    """For the actions that work on every screen."""
    here = _("It is on the screen.")
    lists = {
        "history": here if scope == "history" else "",
        "obligations": here if scope == "obligations" else "",
    }
    return of_scope("app", lists if recoveries else dict.fromkeys(lists, _(NOT_HERE)))


def first(*sentences: str) -> str:
    """The first that is not empty; of several reasons the one to begin with."""
    return next((sentence for sentence in sentences if sentence), "")
