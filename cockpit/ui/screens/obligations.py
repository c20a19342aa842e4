"""The Obligations screen: what must still be undone, what is on without a record, runs not ended."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.journal.records import Obligation
from cockpit.recovery.client import NotBackError, Recovery, RefusedError
from cockpit.recovery.view import Life, RunLine
from cockpit.ui import recovery_reasons, standing
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.messages import Done, Job, RunWanted, StandingArrived
from cockpit.ui.panels import stamp
from cockpit.ui.reasons import Reasons
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.recovery_words import moment, short, value
from cockpit.ui.screens.base import RecoveryScreen, title
from cockpit.ui.screens.settle import SettleDialog
from cockpit.ui.steps import pair
from cockpit.ui.widgets.bars import Bar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import Key, RowsPane

_KINDS = {"obligation": N_("obligation"), "orphan": N_("orphan"), "run": N_("run")}
"""What a row is about, by the first part of its key."""


class NotBack(Message):
    """An obligation was not closed, because its value is not back."""

    def __init__(self, obligation: Obligation, refusal: RefusedError) -> None:
        self.obligation = obligation
        self.refusal = refusal
        super().__init__()


class ObligationsScreen(RecoveryScreen, inherit_bindings=False):
    """A list, and the selected line in full below it."""

    scope = "obligations"
    panes = ("open", "about")

    def __init__(self, desk: Desk, recoveries: Recoveries, glyphs: Glyphs) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.dialog: SettleDialog | None = None

    def body(self) -> ComposeResult:
        yield RowsPane(id="open", columns=standing.OBLIGATION_COLUMNS, headed=True)
        yield LinesPane(id="about", can_focus=False)

    def standing_arrived(self, swept: bool) -> None:
        self.redraw()
        if self.dialog is not None and self.recoveries.standing is not None:
            self.dialog.standing_changed(self.recoveries.standing)
        if swept:
            self.say(_("Swept: every server was compared with the open obligations."))

    def redraw(self) -> None:
        known, now, dot = self.recoveries.standing, self.desk.now(), self.glyphs.dot
        rows = standing.obligation_rows(known, now, self.glyphs) if known is not None else []
        swept = known.swept_at if known is not None else None
        key = self.desk.registry.key_of("obligations.sweep")
        last = (
            _("last sweep {time}").format(time=stamp(swept, now)) if swept is not None else _("no sweep yet")
        )
        head: Line = (
            (_(" Obligations"), "text-strong"),
            (_(" {dot} {last} {dot} {key} sweeps now").format(dot=dot, last=last, key=key), "text-dim"),
        )
        self.query_one("#head", Bar).set_lines([head])
        pane = self.rows("open")
        pane.set_title(((_("Open"), ""), (f" {dot} {len(rows)}", "")))
        empty: Line = ((_(" Reading the journal."), "text-dim"),)
        if known is not None:
            mark = next(iter(self.glyphs.marks.values()))
            words = _("Nothing is open, nothing is on without a record.")
            empty = ((f" {mark} {words}", "state-healthy"),)
        pane.set_rows(rows, empty)
        self._draw_about()

    def reasons(self) -> Reasons:
        key, obligation = self.rows("open").cursor_key, self._selected()
        unfinished = self._run(obligation) if obligation is not None else None
        sweeping = "sweep" in self.recoveries.busy
        return recovery_reasons.obligations(key[0] if key else "", obligation, unfinished, sweeping=sweeping)

    def _draw_about(self) -> None:
        key = self.rows("open").cursor_key
        pane = self.lines("about")
        pane.set_title(title(_("In full"), self.glyphs.dot, _(_KINDS[key[0]]) if key else ""))
        pane.set_lines(self._about(key) if key is not None else [])
        self.draw_keys()

    def _about(self, key: Key) -> list[Line]:
        known = self.recoveries.standing
        if known is None:
            return []
        if key[0] == "orphan":
            orphan = next(o for o in known.orphans if (o.server, o.key) == key[1:])
            severe = (
                _("keeps databases away, or may be left by a recovery") if orphan.severe else _("only told")
            )
            return [
                pair(_("On"), f"{orphan.server} {orphan.key} {spoken(orphan.value)}", "text-strong"),
                pair(_("Record"), _("none: nobody's obligation, no known prior value"), "state-unhealthy"),
                pair(_("Weight"), severe),
                pair(_("What it is"), spoken(orphan.words)),
            ]
        if key[0] == "obligation":
            return self._about_obligation(next(o for o in known.obligations if str(o.id) == key[1]))
        line = next(r for r in known.runs if r.run.id == key[1])
        return [
            pair(_("Run"), f"{line.run.id}  {spoken(line.title)}", "text-strong"),
            pair(_("Life"), _held(line)),
            pair(_("Step"), spoken(line.step_title)),
            pair(_("Waits for"), spoken(line.waiting_for) or _("nothing")),
        ]

    def _about_obligation(self, o: Obligation) -> list[Line]:
        now = self.desk.now()
        run = short(o.run)
        whose = (
            _("by hand: run {run} handed it over").format(run=run)
            if o.handed_to
            else _("by run {run}").format(run=run)
        )
        lines = [
            pair(
                _("Changed"),
                _("{server} {key}: was {before}, is {now}").format(
                    server=o.server, key=o.key, before=value(o.prior), now=value(o.wanted)
                ),
                "text-strong",
            ),
            pair(_("Since"), stamp(moment(o.opened_at), now)),
            pair(_("To be undone"), _("back to {value}, {whose}").format(value=value(o.prior), whose=whose)),
        ]
        due = known.due(o) if (known := self.recoveries.standing) is not None else None
        if due is not None:
            role = "state-unhealthy" if now >= due else ""
            lines.append(pair(_("May stay"), standing.due_words(due, now), role))
        if o.handed_to:
            words = _("to {who} at {time}: {why}").format(
                who=o.handed_to, time=stamp(moment(o.handed_at), now), why=o.handed_reason
            )
            lines.append(pair(_("Handed over"), words, "state-degraded"))
        return lines

    @on(RowsPane.Highlighted)
    def _moved(self, event: RowsPane.Highlighted) -> None:
        event.stop()
        self._draw_about()

    @on(RowsPane.Clicked)
    async def _clicked(self, event: RowsPane.Clicked) -> None:
        event.stop()
        await self.run_action("open")

    def action_open(self) -> None:
        key = self.rows("open").cursor_key
        if key is not None:
            self.app.post_message(RunWanted(key[2]))

    def action_sweep(self) -> None:
        self.say(_("Looking at every server."))
        self.ask(Job("sweep", _("The sweep"), lambda r: StandingArrived(r.sweep(), swept=True)))

    # Closing what was handed over

    def action_close(self) -> None:
        obligation = self._selected()
        if obligation is not None:
            self._ask(obligation)

    def _selected(self) -> Obligation | None:
        key, known = self.rows("open").cursor_key, self.recoveries.standing
        if key is None or known is None or key[0] != "obligation":
            return None
        return next((o for o in known.obligations if str(o.id) == key[1]), None)

    def _run(self, obligation: Obligation) -> RunLine | None:
        """The obligation's run, while it has not ended."""
        known = self.recoveries.standing
        lines = known.runs if known is not None else ()
        unfinished = (line for line in lines if line.life is not Life.ENDED)
        return next((line for line in unfinished if line.run.id == obligation.run), None)

    def _ask(self, obligation: Obligation, refusal: RefusedError | None = None) -> None:
        about = self._about_obligation(obligation)
        self.dialog = SettleDialog(self.desk.registry, obligation, about, refusal)
        self.app.push_screen(self.dialog, partial(self._decided, obligation, refusal is not None))

    def _decided(self, obligation: Obligation, accept: bool, reason: str | None) -> None:
        self.dialog = None
        if reason is None:
            return
        what = _("{key} of {server}").format(key=obligation.key, server=obligation.server)

        def call(recovery: Recovery) -> Done:
            try:
                recovery.settle(obligation.id, reason, accept=accept)
            except NotBackError as error:
                if accept:
                    raise
                self.post_message(NotBack(obligation, error))
                return Done(_("Not closed: {why}.").format(why=spoken(clean_line(error.why))))
            closed = _("Closed: {what} stays as it is.") if accept else _("Closed: {what} is back.")
            return Done(closed.format(what=what))

        self.say(_("{what}: the server is asked.").format(what=what))
        self.ask(Job("settle", _("Closing the obligation"), call, obligation.run, changes=True))

    @on(NotBack)
    def _not_back(self, event: NotBack) -> None:
        event.stop()
        if self.is_current:
            self._ask(event.obligation, event.refusal)


def _held(line: RunLine) -> str:
    life = spoken(line.life.value)
    return _("{life}, held by {holder}").format(life=life, holder=line.holder) if line.holder else life
