"""From a probe's result to the mailbox server behind it: the verdict and every piece of evidence."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from cockpit.config.language import _, ngettext
from cockpit.config.spoken import spoken
from cockpit.exchange.model import MonitoringProbeResult
from cockpit.poplog.trace import Trace
from cockpit.ui import recovery_reasons, traces
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.messages import Job, TraceArrived
from cockpit.ui.reasons import Reasons
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.screens.base import RecoveryScreen, title
from cockpit.ui.widgets.bars import Banner, Bar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane


class TraceScreen(RecoveryScreen, inherit_bindings=False):
    """Evidence left, the selected piece right. ``jump``: goes to a server on the screen below."""

    scope = "trace"
    panes = ("plan", "step")
    """The ids of a plan's panes, for these are laid out alike."""

    def __init__(
        self,
        desk: Desk,
        recoveries: Recoveries,
        glyphs: Glyphs,
        server: str,
        identity: str,
        result: MonitoringProbeResult,
        jump: Callable[[str], None],
    ) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.server = server
        self.identity = identity
        self.result = result
        self.jump = jump
        self.trace: Trace | None = None
        self.failed = False
        self._asked = uuid4().hex

    def body(self) -> ComposeResult:
        yield Banner(id="stands")
        with Container(id="panes"):
            yield RowsPane(id="plan", columns=traces.EVIDENCE_COLUMNS, headed=True)
            with Container(id="aside"):
                yield LinesPane(id="step")

    def opened(self) -> None:
        self._read()

    def action_again(self) -> None:
        self._read()
        self.redraw()

    def _read(self) -> None:
        self.failed, self.trace = False, None
        server, identity, result, asked = self.server, self.identity, self.result, self._asked
        what = _("The trace of {identity} on {server}").format(identity=identity, server=server)
        self.ask(
            Job("trace", what, lambda r: TraceArrived(r.trace(server, identity, result), asked), reads=True)
        )

    def trace_arrived(self, trace: Trace, asked: str) -> None:
        if asked == self._asked:
            self.trace = trace
            self.redraw()

    def refused(self, kind: str, run: str) -> None:  # noqa: ARG002
        if kind == "trace":
            self.failed = True
            self.redraw()

    def redraw(self) -> None:
        trace, glyphs, registry = self.trace, self.glyphs, self.desk.registry
        head, stands = self.query_one("#head", Bar), self.query_one("#stands", Banner)
        head.set_lines([traces.head(self.identity, self.server, trace, self.room, glyphs)])
        pieces = len(trace.evidence) if trace is not None else 0
        count = ngettext("{n} pieces", "{n} pieces", pieces).format(n=pieces) if trace is not None else ""
        self.rows("plan").set_title(title(_("1 Evidence"), glyphs.dot, count))
        if trace is None:
            stands.set_lines([self._waiting()])
            self.rows("plan").set_rows([], empty=((_(" No evidence yet."), "text-dim"),))
        else:
            stands.set_lines(traces.stands(trace, registry.key_of("trace.open")))
            self.rows("plan").set_rows(traces.rows(trace))
        self.draw_piece()
        self.draw_keys()

    def _waiting(self) -> Line:
        key = self.desk.registry.key_of("trace.again")
        words = (
            _("No trace: see below. {key} looks again.").format(key=key)
            if self.failed
            else _("Looking at logs and mailbox.")
        )
        return ((_(" {words} Nothing is changed.").format(words=words), "text-key"),)

    def reasons(self) -> Reasons:
        trace = self.trace
        looking = trace is None and not self.failed
        return recovery_reasons.trace(trace.named or "" if trace is not None else "", looking=looking)

    def draw_piece(self) -> None:
        place = self.rows("plan").cursor_row
        found = self.trace.evidence[place] if self.trace is not None and place is not None else None
        name = spoken(found.kind.value) if found is not None else ""
        self.lines("step").set_title(title(_("2 What it says"), self.glyphs.dot, name))
        self.lines("step").set_lines(traces.piece(found) if found is not None else [])

    @on(RowsPane.Highlighted)
    def _moved(self, event: RowsPane.Highlighted) -> None:
        event.stop()
        self.draw_piece()

    def action_open(self) -> None:
        """Leave, and go to the named server."""
        if self.trace is None or not self.trace.named:
            return
        named = self.trace.named
        self.dismiss(None)
        self.app.call_later(self.jump, named)

    def view_text(self) -> str:
        """Every piece in full: a trace that is saved is read without the cockpit."""
        text = super().view_text()
        for found in self.trace.evidence if self.trace is not None else ():
            lines = traces.piece(found)
            text += "\n" + "\n".join("".join(t for t, _ in line).rstrip() for line in lines) + "\n"
        return text
