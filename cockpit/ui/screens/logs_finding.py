"""Finding lines on the Logs screen: what is let through, what is searched for, a moment to go to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from textual import on

from cockpit.config.language import _
from cockpit.poplog.errors import LogError
from cockpit.ui import log_times
from cockpit.ui.log_lens import Lens, Needle
from cockpit.ui.log_messages import Prompted
from cockpit.ui.log_times import TimeBase
from cockpit.ui.log_window import Window
from cockpit.ui.screens.logs_moves import LogsMoves

LAST_LINES: Final = 50
"""Lines at the end in which a time is looked for: those that cannot be read may have none."""


class LogsFinding(LogsMoves, inherit_bindings=False):
    """The lens, the prompts, and going to a time."""

    _asking = ""
    """The kind of the prompt that is open."""

    def look_through(self, lens: Lens) -> None:
        if lens == self.board.lens:
            return
        self.stop_hunt()
        self.board.lens = lens
        follow = self.board.follow
        self.go(lambda w: w.look_through(lens), follow=follow)

    def action_errors(self) -> None:
        self.begin()
        self.look_through(replace(self.board.lens, errors=not self.board.lens.errors))

    def action_mailboxes(self) -> None:
        self.begin()
        self.look_through(self.board.lens.turned("mailboxes"))

    def action_ends(self) -> None:
        self.begin()
        self.look_through(self.board.lens.turned("ends"))

    def action_case(self) -> None:
        self.begin()
        self.board.any_case = any_case = not self.board.any_case
        if self.board.search is not None:
            self.board.search = replace(self.board.search, any_case=any_case)
        needle = self.board.lens.needle
        if needle is not None:
            self.look_through(replace(self.board.lens, needle=replace(needle, any_case=any_case)))
        self.redraw()

    async def _prompt(self, kind: str, label: str, text: str, example: str) -> None:
        from cockpit.ui.widgets.prompt import Prompt  # its Input is not needed for the first paint

        self.begin()
        await self.query("#prompt").remove()
        self._asking = kind
        await self.mount(Prompt(kind, label, text, example), before="#keys")

    def close_prompt(self) -> str:
        """The kind of the prompt that was open, "" for none."""
        kind, self._asking = self._asking, ""
        if kind:
            self.query("#prompt").remove()
            self.lines_pane.focus()
        return kind

    async def action_search(self) -> None:
        text = str(self.board.search) if self.board.search is not None else ""
        await self._prompt(
            "search", "/", text, _("text, or !text for lines without it; enter goes to the next")
        )

    async def action_filter(self) -> None:
        needle = self.board.lens.needle
        await self._prompt("filter", _("filter"), str(needle) if needle else "",
                     _("text, or !text for all but it; enter keeps it, esc clears it"))  # fmt: skip

    def command_filter(self, text: str) -> None:
        self.begin()
        self.look_through(replace(self.board.lens, needle=Needle.typed(text, self.board.any_case)))

    async def action_jump(self) -> None:
        base = _("local time") if self.board.base is TimeBase.LOCAL else "UTC"
        await self._prompt("jump", _("to ({base})").format(base=base), "", log_times.EXAMPLES)

    @on(Prompted)
    def _prompted(self, event: Prompted) -> None:
        event.stop()
        needle = Needle.typed(event.text, self.board.any_case)
        if event.kind == "search":
            self.board.search = needle
            self.redraw()
        elif event.kind == "filter":
            self.look_through(replace(self.board.lens, needle=needle))
        if event.done and (event.kind != "jump" or self._jump(event.text)):
            self.close_prompt()
            if event.kind == "search" and needle is not None:
                self.search(back=self.board.follow, both_ways=True)

    def _jump(self, text: str) -> bool:
        """Whether there is such a time."""
        window = self.window
        if window is None:
            return True
        by = window.current.entry.row.at if window.current is not None else None
        try:
            last = self._last_time(window)
        except LogError as error:
            self.say_error(error)
            return True
        now = self.desk.now()
        moment = log_times.typed(text, self.board.base, by or last or now, last or now)
        if moment is None:
            self.say(
                _("Not a time: {text}. Like {examples}.").format(
                    text=text or _("nothing"), examples=log_times.EXAMPLES
                ),
                "state-degraded",
            )
            return False
        self.go(lambda w: w.go(w.document.at_time(moment)), anew=True)
        if last is not None and moment > last:
            self.say(_("That is after the last line."))
        return True

    def _last_time(self, window: Window) -> datetime | None:
        lines = window.document.up(window.document.end(), LAST_LINES)
        return next((entry.row.at for _, entry in lines if entry.row.at is not None), None)

    def action_next(self) -> None:
        self.begin()
        self.search(back=False)

    def action_previous(self) -> None:
        self.begin()
        self.search(back=True)
