"""Asks before protocol logging of a server is turned on, put back, or turned off: how it stands now, what
will be done, the exact commands. What is chosen is a run of its own, each step of which asks again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button

from cockpit.config.language import N_, _, ngettext
from cockpit.config.spoken import spoken
from cockpit.recovery.client import Recovery
from cockpit.recovery.logging_view import OFF, PUT_BACK, LoggingState, ServiceLog
from cockpit.ui.actions import Registry
from cockpit.ui.look import Line
from cockpit.ui.messages import Job, LoggingArrived, RunStarted
from cockpit.ui.panels import stamp
from cockpit.ui.recovery_words import short, span
from cockpit.ui.screens.dialog import Dialog
from cockpit.ui.steps import BLANK, pair
from cockpit.ui.widgets.bars import KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane

KIND: Final = "logging"
WATCH: Final = "watch"
KEEP: Final = "keep"
WORDS: Final = {
    "front": N_("Turn on"),
    "back": N_("Back end"),
    "both": N_("Both"),
    PUT_BACK: N_("Put it back"),
    KEEP: N_("Keep it on"),
    OFF: N_("Turn off"),
    WATCH: N_("Watch the run"),
}
"""Buttons by what they choose."""
_ENDS: Final = {"front": N_("Front end"), "back": N_("Back end")}
"""A service by its tier."""
_GIB: Final = 1024**3


def read_job(server: str) -> Job:
    """Read how it stands; sends nothing."""
    what = _("How protocol logging stands on {server}").format(server=server)
    return Job(KIND, what, lambda r: LoggingArrived(r.logging(server)), reads=True)


def run_job(server: str, choice: str) -> Job:
    """What was chosen, as a run to look at."""

    def call(recovery: Recovery) -> Message:
        if choice in (PUT_BACK, OFF):
            return RunStarted(recovery.end_logging(server))
        if choice == KEEP:
            return RunStarted(recovery.keep_logging(server, 0))
        return RunStarted(recovery.start_logging(server, choice, 0))

    return Job("start", _("Protocol logging of {server}").format(server=server), call, changes=True)


def choices(state: LoggingState) -> tuple[str, ...]:
    """What can be chosen as it stands, the usual one first; nothing where it was not read."""
    if state.due is not None:
        return PUT_BACK, KEEP, WATCH
    if state.run:
        return (WATCH,)
    if state.enabled is None:
        return ()
    if state.enabled:
        return (OFF,)
    both = ("both",) if len(state.tiers) > 1 else ()
    return (*state.tiers, *both)


class LoggingDialog(Dialog[str], inherit_bindings=False):
    """One of ``choices``, or None. The focus starts on "Not now"; nothing can be chosen before it is read."""

    scope = "logging"

    def __init__(self, registry: Registry, server: str, now: Callable[[], datetime]) -> None:
        super().__init__(registry)
        self.server = server
        self.now = now
        self.state: LoggingState | None = None
        self.failed = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box"):
            yield EnvironmentStrip()
            yield LinesPane(id="dialog-text", can_focus=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(_("Not now"), id="not-now", compact=True)
                for choice, words in WORDS.items():
                    yield Button(_(words), id=choice, compact=True)
            yield KeyBar(id="dialog-keys", actions=self.registry.live(self.scope))

    def on_mount(self) -> None:
        self.text_pane.set_title(((_("Protocol logging of {server}").format(server=self.server), ""),))
        self._show()
        self.button("not-now").focus()

    def logging_arrived(self, state: LoggingState) -> None:
        if state.server.lower() == self.server.lower():
            self.state = state
            self._show()

    def refused(self, kind: str, run: str) -> None:  # noqa: ARG002
        if kind == KIND and self.state is None:
            self.failed = True
            self._show()

    def _show(self) -> None:
        self.text_pane.set_lines(self.text())
        for choice in WORDS:
            self.button(choice).display = choice in self.offered

    @property
    def offered(self) -> tuple[str, ...]:
        return choices(self.state) if self.state is not None else ()

    # What it says

    def text(self) -> list[Line]:
        state = self.state
        if state is None:
            words = (
                _("It could not be read: nothing can be done from here.")
                if self.failed
                else _("Reading it now.")
            )
            return [pair(_("Server"), self.server, "text-strong"), BLANK, ((words, "text-key"),)]
        return [*self._stands(state), BLANK, *self._will(state)]

    def _stands(self, state: LoggingState) -> list[Line]:
        now = self.now()
        lines = [pair(_("Server"), state.server, "text-strong"), *self._setting(state, now)]
        free = (
            _("free space not known")
            if state.free is None
            else _("{gigabytes:.1f} GB free").format(gigabytes=state.free / _GIB)
        )
        lines.append(pair(_("Folder"), f"{state.location or _('not known')}, {free}"))
        lines.append(
            pair(
                _("Files"),
                _("roll over {rollover}, size quota {quota}").format(
                    rollover=state.rollover or "?", quota=state.quota or "?"
                ),
            )
        )
        clients = (
            _("connections not known now: a restart cuts those of its service")
            if state.clients is None
            else ngettext(
                "{n} connections now: a restart cuts those of its service",
                "{n} connections now: a restart cuts those of its service",
                state.clients,
            ).format(n=state.clients)
        )
        lines.append(pair(_("Clients"), clients))
        lines += [line for each in state.services for line in _service(each, state, now)]
        lines += [pair(_("Not read"), spoken(problem), "text-problem") for problem in state.problems]
        return lines

    def _setting(self, state: LoggingState, now: datetime) -> list[Line]:
        word = {True: _("on"), False: _("off"), None: _("not known")}[state.enabled]
        role = "state-degraded" if state.enabled else "state-unknown" if state.enabled is None else ""
        lines = [pair(_("Now"), word, role)]
        if state.due is not None:
            when = stamp(state.due, now)
            words = (
                _("OVERDUE since {time}, by run {run}") if state.overdue else _("until {time}, by run {run}")
            )
            role = "state-unhealthy" if state.overdue else ""
            lines.append(pair(_("On record"), words.format(time=when, run=short(state.run)), role))
        elif state.run:
            lines.append(
                pair(
                    _("On record"),
                    _("run {run} is at work, and puts it back itself").format(run=short(state.run)),
                )
            )
        elif state.handed is not None:
            lines.append(
                pair(
                    _("On record"),
                    _("handed over: obligation {handed}").format(handed=state.handed),
                    "state-unhealthy",
                )
            )
        elif state.enabled:
            lines.append(pair(_("On record"), _("nothing: nobody of ours turned it on"), "state-unhealthy"))
        return lines

    def _will(self, state: LoggingState) -> list[Line]:
        offered = self.offered
        if not offered or offered == (WATCH,):
            return [pair(_("To do"), _("nothing from here") if not offered else _("only to be watched"))]
        lines: list[Line] = []
        if PUT_BACK in offered:
            lines.append(pair(_("Put it back"), _("the value that was before, then the restart")))
            lines.append(
                pair(
                    _("Keep it on"),
                    _("{span} from now, as long as it was for so far").format(span=span(state.period)),
                )
            )
        elif OFF in offered:
            lines.append(
                pair(_("Turn off"), _("what it was stays in the journal; nothing turns it on again"))
            )
        else:
            lines.append(
                pair(
                    _("Turn on"),
                    _("until it is put back; told as overdue after {span}").format(span=span(state.period)),
                )
            )
        for choice in offered:
            for at, command in enumerate(state.commands.get(choice, ())):
                lines.append(pair(_(WORDS[choice]) if at == 0 else "", command, "text-key"))
        lines.append(pair("", _("A run of its own process. Every dangerous step asks again.")))
        return lines

    # Events

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self._choose(event.button.id or "")

    def _choose(self, choice: str) -> None:
        if choice == "not-now":
            self.leave(None)
        elif choice in self.offered:
            self.leave(choice)

    def action_go(self) -> None:
        """The usual choice."""
        if self.offered:
            self._choose(self.offered[0])


def _service(each: ServiceLog, state: LoggingState, now: datetime) -> list[Line]:
    process = each.process
    how = _("not known") if process is None else process.state
    created = process.created if process is not None else None
    words = f"{each.service} {how}"
    if created is not None:
        words = _("{service} {state} since {time}").format(
            service=each.service, state=how, time=stamp(created, now)
        )
    lines = [pair(_(_ENDS[each.tier]), f"{words}; {_written(each, now)}")]
    if each.behind and each.runs:
        does = (
            _("started before the settings changed: may not write yet")
            if state.enabled
            else _("started before the settings changed: may still write")
        )
        lines.append(pair("", does, "state-degraded"))
    return lines


def _written(each: ServiceLog, now: datetime) -> str:
    written = each.written
    if written is None:
        return _("files not read")
    if not written.name:
        return _("no file")
    return _("{file}, last line {time}").format(file=written.name, time=stamp(written.last, now))
