"""Recording, from the screen: a key begins and ends it, and every screen says while it is done."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from textual import on
from textual.message import Message
from textual.screen import Screen

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.fleet.recording import RecordingError
from cockpit.fleet.recording_tape import TapedFeed
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.reasons import Reasons, of_scope
from cockpit.ui.recovering import RecoveringApp
from cockpit.ui.threads import in_thread
from cockpit.ui.widgets.environment import EnvironmentStrip

SUFFIX: Final = ".poprec"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")


class RecordingEnded(Message):
    """The recorder cannot go on; ``words``: why, in a sentence."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__()


def new_name(environment: str, now: datetime) -> str:
    """A file's name for a recording that begins now."""
    return f"{_UNFIT.sub('-', environment).strip('.-') or 'fleet'}-{now:%Y%m%dT%H%M%S}{SUFFIX}"


class RecordingApp(RecoveringApp, inherit_bindings=False):
    """``taped``: the feed that passes a tape; None where nothing can be recorded. ``record_dir``: where a
    recording goes that the key begins."""

    badge: EnvironmentBadge
    taped: TapedFeed | None = None
    record_dir: Path

    def on_mount(self) -> None:
        if self.taped is not None:
            self.taped.tape.told = self._told
            self.mark_recording()

    def _told(self, words: str) -> None:
        """On the recorder's thread."""
        self.post_message(RecordingEnded(words))

    @property
    def other_mark(self) -> str:
        """What else every screen is to say, beside that this is recorded; empty: nothing."""
        return ""

    def why_not(self, screen: Screen[Any]) -> Reasons:
        nothing = {} if self.taped is not None else {"record": _("Nothing can be recorded here.")}
        return {**of_scope("app", nothing), **super().why_not(screen)}

    def mark_recording(self) -> None:
        """Say on every screen whether this is recorded."""
        path = self.taped.tape.path if self.taped is not None else None
        recorded = _("REC {file}").format(file=path.name) if path is not None else ""
        self.set_mark("  ".join(mark for mark in (recorded, self.other_mark) if mark))

    def set_mark(self, mark: str) -> None:
        """The strip of every screen, where it differs."""
        if mark == self.badge.mark:
            return
        self.badge = replace(self.badge, mark=mark)
        for screen in self.screen_stack:
            for strip in screen.query(EnvironmentStrip):
                strip.draw()

    def action_record(self) -> None:
        taped = self.taped
        if taped is None:
            return
        if taped.tape.path is not None:
            words = _("Recorded to {file}").format(file=taped.tape.path)
            taped.stop_recording()
            self.notify(words, markup=False)
        else:
            self._begin(taped)
        self.mark_recording()

    def _begin(self, taped: TapedFeed) -> None:
        path = self.record_dir / new_name(self.badge.name, self.present())
        try:
            taped.record(path)
        except RecordingError as error:
            words = _("Not recorded. {why}").format(why=spoken(str(error)))
            self.notify(words, severity="warning", markup=False)
        else:
            self.notify(_("Recording to {file}").format(file=path), markup=False)

    @on(RecordingEnded)
    def _recording_ended(self, message: RecordingEnded) -> None:
        self.notify(spoken(message.words), severity="error", markup=False, timeout=20)
        self.mark_recording()

    async def close_recording(self) -> None:
        """What waits is written; bounded by the recorder."""
        if self.taped is not None:
            await in_thread(self.taped.tape.end)
