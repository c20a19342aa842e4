"""Looking for lines that are far away, or take long to find: in a thread, with a way to stop it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Final, NamedTuple

from cockpit.poplog.document import Anchor, Document, Entry
from cockpit.ui.log_window import Place

TELL_SECONDS: Final = 0.3
"""What has been found is told no more often; the first line at once."""


class Quarry(NamedTuple):
    """What a hunt is after: at most ``most`` lines that are ``wanted``, from ``anchor`` on.
    ``text``, ``any_case``: as for Document.seek."""

    anchor: Anchor
    most: int
    wanted: Callable[[Entry], bool]
    back: bool = False
    text: str = ""
    any_case: bool = False


class Catch(NamedTuple):
    """What a hunt has found since it told last, nearest first. ``reached``: everything before it has been
    looked at. ``ended``: the log has no more of it that way; ``over``: this hunt has."""

    places: tuple[Place, ...]
    reached: Anchor
    ended: bool
    over: bool


def hunt(document: Document, quarry: Quarry, stop: Event, tell: Callable[[Catch], None]) -> None:
    """Tells at least once, at last with ``over``, unless it was stopped. Raises LogError."""
    anchor, found, left = quarry.anchor, list[Place](), quarry.most
    told = 0.0
    while left > 0:
        edge = document.start() if quarry.back else document.end()  # lines may come while it looks
        got = document.seek(
            anchor,
            quarry.wanted,
            text=quarry.text,
            any_case=quarry.any_case,
            back=quarry.back,
            stop=stop.is_set,
        )
        if stop.is_set():
            return
        if got is None:
            tell(Catch(tuple(found), edge, ended=True, over=True))
            return
        place = _placed(document, *got)
        anchor = place.before if quarry.back else place.after
        found.append(place)
        left -= 1
        if left and time.monotonic() - told >= TELL_SECONDS:
            tell(Catch(tuple(found), anchor, ended=False, over=False))
            told, found = time.monotonic(), []
    tell(Catch(tuple(found), anchor, ended=False, over=True))


def _placed(document: Document, before: Anchor, entry: Entry) -> Place:
    """The entry with the anchor behind it too; where it has just left the log, that is the one before it."""
    for after, _ in document.down(before, 1):
        return Place(before, entry, after)
    return Place(before, entry, before)
