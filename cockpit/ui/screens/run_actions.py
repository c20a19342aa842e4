"""What the keys of the Run screen do. None of them confirms anything: they open a dialog that asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.journal.records import Answer, WishKind
from cockpit.recovery.client import Recovery
from cockpit.recovery.view import Life, RunView
from cockpit.ui import recovery_reasons, runs
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.messages import Done, Job
from cockpit.ui.panels import stamp
from cockpit.ui.reasons import Reasons
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.recovery_words import doubtful, moment, short
from cockpit.ui.screens.base import RecoveryScreen
from cockpit.ui.screens.decide import WORDS, DecideDialog
from cockpit.ui.screens.reason import ReasonDialog, Sentence
from cockpit.ui.steps import BLANK, abort_lines, pair


class RunActions(RecoveryScreen, inherit_bindings=False):
    """The actions; :class:`RunScreen` adds the drawing."""

    scope = "run"
    panes = ("plan", "step", "output")
    run_id: str
    view: RunView | None

    def __init__(self, desk: Desk, recoveries: Recoveries, glyphs: Glyphs) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.dialog: DecideDialog | ReasonDialog | None = None
        self.answered: set[int] = set()
        """Questions answered here that the journal still shows as open."""

    def open_link(self) -> bool:
        raise NotImplementedError

    def open_child(self) -> bool:
        raise NotImplementedError

    def action_open(self) -> None:
        if self.open_link() or self.open_child():
            return
        if "run.decide" not in self.app.why_not(self):  # type: ignore[attr-defined]
            self.action_decide()
        else:
            self.show_pane("step")

    def reasons(self) -> Reasons:
        return recovery_reasons.run(self.view, self.answered)

    def action_back(self) -> None:
        view = self.view
        if view is not None and view.life in (Life.LIVE, Life.WAITING) and not self.recoveries.said_leaving:
            self.recoveries.said_leaving = True
            key = self.desk.registry.key_of("app.history")
            self.say(
                _("Run {run} goes on without this screen; {key} shows it again.").format(
                    run=short(view.run.id), key=key
                )
            )
        self.dismiss(None)

    # Decide

    def action_decide(self) -> None:
        view = self.view
        if view is None:
            return
        self.dialog = dialog = DecideDialog(self.desk.registry, view, self.glyphs)
        self.app.push_screen(dialog, self._decided)

    def _decided(self, answer: Answer | None) -> None:
        dialog, self.dialog = self.dialog, None
        if answer is None or not isinstance(dialog, DecideDialog):
            return
        run, question = self.run_id, dialog.question.id
        self.answered.add(question)

        def call(recovery: Recovery) -> Done:
            recovery.answer(run, question, replace(answer, by=recovery.operator()))
            return Done(_("Answered: {choice}.").format(choice=_(WORDS[answer.choice][0]).lower()))

        self.ask(Job("answer", _("The answer"), call, run, changes=True))

    def refused(self, kind: str, run: str) -> None:
        if kind == "answer" and run == self.run_id:
            self.answered.clear()

    # Wishes

    def _ask_reason(self, sentence: Sentence, view: RunView, job: Callable[[str], Job]) -> None:
        """Open the dialog; what it gives goes to the journal."""
        self.dialog = dialog = ReasonDialog(self.desk.registry, view, sentence)

        def decided(reason: str | None) -> None:
            self.dialog = None
            if reason is not None:
                self.ask(job(reason))

        self.app.push_screen(dialog, decided)

    def action_abort(self) -> None:
        view = self.view
        if view is None:
            return
        run = self.run_id
        lines: tuple[Line, ...] = (
            ((_("The run ends. Before that this is undone, newest first, and read back:"), ""),),
            BLANK,
            *abort_lines(view),
        )
        sentence = Sentence(
            _("Abort run {run}?").format(run=short(run)), _("Abort the run"), lines, _not_ended
        )

        def job(reason: str) -> Job:
            def call(recovery: Recovery) -> Done:
                recovery.abort(run, reason)
                return Done(_("Abort asked for: what is open is undone first, newest first."))

            return Job("abort", _("The abort"), call, run, changes=True)

        self._ask_reason(sentence, view, job)

    def action_end_wait(self) -> None:
        view = self.view
        step = runs.waiting(view) if view is not None else None
        if view is None or step is None:
            return
        run, wait = self.run_id, step.id
        lines: tuple[Line, ...] = (
            ((spoken(step.title), "text-strong"),),
            BLANK,
            ((spoken(step.why), ""),),
        )

        def same_wait(now: RunView) -> str:
            found = runs.waiting(now)
            return "" if found is not None and found.id == wait else _("The wait is over already.")

        def job(reason: str) -> Job:
            def call(recovery: Recovery) -> Done:
                recovery.wish(run, WishKind.END_WAIT, reason)
                return Done(_("The wait ends at the run's next look at the journal."))

            return Job("end-wait", _("Ending the wait"), call, run, changes=True)

        self._ask_reason(Sentence(_("End this wait early?"), _("End the wait"), lines, same_wait), view, job)

    def action_resume(self) -> None:
        view = self.view
        if view is None:
            return
        run = self.run_id
        doubt = doubtful(view)
        held = view.lease
        until = stamp(moment(held.expires_at), view.now) if held is not None else ""
        before = (
            _("{operator}, process {holder}, until {until}").format(
                operator=held.operator, holder=held.holder, until=until
            )
            if held is not None
            else _("not known")
        )
        lines: list[Line] = [
            ((_("Nobody works on this run."), ""),),
            pair(_("Held before"), before),
            BLANK,
            ((_("A worker is started for it here. Dangerous steps ask again."), ""),),
        ]
        if doubt is not None:
            text = _("{doubt} is in doubt: the server is looked at before anything is sent again.").format(
                doubt=spoken(doubt.title)
            )
            lines.append(((text, "state-unhealthy"),))
        sentence = Sentence(
            _("Take over run {run}?").format(run=short(run)),
            _("Take it over"),
            tuple(lines),
            _still_left,
            False,
        )

        def job(_reason: str) -> Job:
            def call(recovery: Recovery) -> Done:
                recovery.resume(run)
                return Done(_("A worker was started for the run."))

            return Job("resume", _("The take-over"), call, run, changes=True)

        self._ask_reason(sentence, view, job)


def _not_ended(view: RunView) -> str:
    return "" if view.life is not Life.ENDED else _("The run has ended in the meantime.")


def _still_left(view: RunView) -> str:
    return "" if view.life is Life.LEFT else _("Somebody works on the run again, or it has ended.")
