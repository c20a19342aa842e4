"""The dialog at a run's question: the exact command, what stands in the way, the choices.

Nothing is sent from here: the screen below writes the answer, once. A choice that wants a name or a
reason first shows its fields; its button comes alive when they are right.
"""

from __future__ import annotations

from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input

from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.journal.records import Answer, Choice, Finding
from cockpit.journal.words import REASON_LENGTH
from cockpit.recovery.consent import CHANGED_MEANWHILE
from cockpit.recovery.view import QuestionView, RunView
from cockpit.ui.actions import Registry
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.screens.dialog import Dialog, Field, reason_line, typed_line
from cockpit.ui.steps import BLANK, abort_lines, against, command, guards, warnings
from cockpit.ui.widgets.bars import Bar, KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import Column, Row, RowsPane

WORDS: Final = {
    Choice.GO: (N_("Go"), N_("Send the command")),
    Choice.AGAIN: (N_("Again"), N_("Read or try again")),
    Choice.SKIP: (N_("Skip"), N_("Skip the step")),
    Choice.DONE: (N_("Done"), N_("Say that it is done")),
    Choice.OVERRIDE: (N_("Override"), N_("Override this guard for this object")),
    Choice.HAND_OVER: (N_("Hand over"), N_("Hand over")),
    Choice.ABORT: (N_("Abort"), N_("Abort the run")),
}
"""The button of a choice, and what its second button says where it has fields."""
IRREVERSIBLE: Final = N_("Irreversible: this cannot be undone.")
AT_REST: Final = {
    Choice.GO: (N_("Put it back"), N_("Put it back")),
    Choice.AGAIN: (N_("Keep it on"), N_("Keep it on for as long again")),
}
"""The same where the run rests with a temporary change on."""
BY_HAND: Final = {
    Choice.AGAIN: (N_("Not run"), N_("Say that nobody has run it, and try to send it")),
    Choice.SKIP: (N_("Skip"), N_("Skip the step, which nobody has run")),
}
"""The same where a command is offered to be run by hand."""
TICKED: Final = N_("It was run, and has come to its end")
LEAVE: Final = (N_("Leave it"), N_("Leave it as it is"))
"""So ends the question of a step that undoes what the run set; skipped there, the value stays."""
FINDING_COLUMNS: Final = (
    Column(N_("Guard"), least=12),
    Column(N_("Object"), least=8),
    Column(N_("Reading"), least=10),
)


class DecideDialog(Dialog[Answer], inherit_bindings=False):
    """The answer without its ``by``, or None for not now. The focus starts on "Not now"."""

    scope = "decide"

    def __init__(self, registry: Registry, view: RunView, glyphs: Glyphs) -> None:
        if view.question is None:
            raise ValueError("a dialog to decide needs a question")
        super().__init__(registry)
        self.view = view
        self.question: QuestionView = view.question
        self.glyphs = glyphs
        self.choice: Choice | None = None
        self.ticked = False
        self.over = ""

    # What it says

    def text(self) -> list[Line]:
        """Prompt, exact command, whether it can be undone, findings in the way, then the warnings."""
        step = self.view.step(self.question.step)
        lines: list[Line] = [((spoken(self.question.prompt), "text-strong"),), BLANK]
        if step is not None:
            lines += command(step)
            lines += [((_(IRREVERSIBLE), "state-unhealthy"),)] if step.irreversible else []
        title = step.title if step is not None else self.question.step
        lines += guards(title, self.question.blocking, self.glyphs)
        lines += warnings(self._against(self.view))
        if self.choice is Choice.ABORT:
            lines = [((_("Before the run ends this is undone, newest first:"), "text-strong"),), BLANK]
            lines += abort_lines(self.view)
        return lines

    def _against(self, view: RunView) -> tuple[Finding, ...]:
        """What the step's guards say against it without stopping it."""
        step = view.step(self.question.step)
        return against(step) if step is not None else ()

    @property
    def overridable(self) -> list[Finding]:
        """Findings in the way for which an override is offered, in the order they are shown."""
        return [f for f in self.question.blocking if f.blocks and f.overridable]

    @property
    def choices(self) -> list[Choice]:
        """What is offered; an override only where a guard offers one."""
        return [c for c in self.question.choices if c is not Choice.OVERRIDE or self.overridable]

    def words(self, choice: Choice) -> tuple[str, str]:
        """A choice's button here, and its second one, in the operator's language."""
        first, second = self._words(choice)
        return _(first), _(second)

    def _words(self, choice: Choice) -> tuple[str, str]:
        question = self.question
        if question.due is not None and choice in AT_REST:
            return AT_REST[choice]
        if question.hand is not None and choice in BY_HAND and not question.step.startswith("undo:"):
            return BY_HAND[choice]
        undoes = question.step.startswith("undo:") or (
            Choice.GO in question.choices and question.prompt.endswith(CHANGED_MEANWHILE)
        )
        return LEAVE if choice is Choice.SKIP and undoes else WORDS[choice]

    def typed_for(self, choice: Choice) -> str:
        """What must be typed for a choice; empty for nothing."""
        if choice is Choice.OVERRIDE:
            return self.question.typed or self.view.run.server
        return self.question.typed if choice is Choice.GO else ""

    def wants_reason(self, choice: Choice) -> bool:
        return choice in self.question.needs_reason or choice in (Choice.OVERRIDE, Choice.HAND_OVER)

    def has_fields(self, choice: Choice) -> bool:
        """Whether a choice is confirmed by a second button. An abort is, to show what will be undone; so is
        that something is done, by its tick."""
        confirmed = choice in (Choice.ABORT, Choice.DONE)
        return bool(self.typed_for(choice)) or self.wants_reason(choice) or confirmed

    # Widgets

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box"):
            yield EnvironmentStrip()
            yield LinesPane(id="dialog-text", can_focus=False)
            with Vertical(id="dialog-fields"):
                yield RowsPane(id="findings", columns=FINDING_COLUMNS, headed=False)
                yield Bar(id="typed-note")
                yield Field(_("the server's name"), id="typed")
                yield Bar(id="to-note")
                yield Field(_("the name of who takes it"), id="to")
                yield Bar(id="reason-note")
                yield Field(_("why, for the journal"), id="reason")
                yield Button(_tick(False), id="tick", compact=True)
            yield Bar(id="dialog-note")
            with Horizontal(classes="dialog-buttons", id="choices"):
                yield Button(_("Not now"), id="not-now", compact=True)
                for choice in self.choices:
                    yield Button(self.words(choice)[0], id=_id(choice), compact=True)
            with Horizontal(classes="dialog-buttons", id="confirm"):
                yield Button(_("Not now"), id="not-now-2", compact=True)
                yield Button("", id="send", compact=True)
            yield KeyBar(id="dialog-keys", actions=self.registry.live(self.scope))

    def on_mount(self) -> None:
        self.text_pane.set_title(((_("Decide on {server}").format(server=self.view.run.server), ""),))
        self._show()
        self.button("not-now").focus()

    def _show(self) -> None:
        """The text, and the fields of the choice."""
        choice = self.choice
        self.text_pane.set_lines(self.text())
        self.query_one("#choices").display = choice is None
        self.query_one("#confirm").display = choice is not None
        typed = bool(choice and self.typed_for(choice))
        reason = choice is not None and self.wants_reason(choice)
        for names, shown in (
            (("findings",), choice is Choice.OVERRIDE),
            (("typed", "typed-note"), typed),
            (("to", "to-note"), choice is Choice.HAND_OVER),
            (("reason", "reason-note"), reason),
            (("tick",), choice is Choice.DONE),
        ):
            for name in names:
                self.query_one(f"#{name}").display = shown
        fields = typed or reason or choice in (Choice.OVERRIDE, Choice.DONE)
        self.query_one("#dialog-fields").display = fields
        pane = self.query_one("#findings", RowsPane)
        pane.set_title(((_("Override which finding? One at a time."), ""),))
        pane.set_rows([_finding_row(f) for f in self.overridable])
        pane.styles.height = min(len(self.overridable), 4) + 1
        self._judge()

    # Judging

    def _finding(self) -> Finding | None:
        key = self.query_one("#findings", RowsPane).cursor_key
        return next((f for f in self.overridable if (f.guard, f.object) == key), None)

    def answer(self) -> Answer | None:
        """What would be answered now; None while something is missing or the question is closed."""
        choice = self.choice
        if choice is None or self.over:
            return None
        typed, to = self.field("typed").value, self.field("to").text.strip()
        reason = self.field("reason").text.strip()
        wanted = self.typed_for(choice)
        if wanted and typed != wanted:
            return None
        if self.wants_reason(choice) and len(reason) < REASON_LENGTH:
            return None
        if choice is Choice.HAND_OVER and not to:
            return None
        if choice is Choice.DONE and not self.ticked:
            return None
        finding = self._finding() if choice is Choice.OVERRIDE else None
        if choice is Choice.OVERRIDE and finding is None:
            return None
        return Answer(
            choice=choice,
            by="",
            reason=reason if self.wants_reason(choice) else "",
            typed=typed if wanted else "",
            guard=finding.guard if finding is not None else "",
            object=finding.object if finding is not None else "",
            to=to if choice is Choice.HAND_OVER else "",
        )

    def _judge(self) -> None:
        choice = self.choice
        if choice is not None:
            self.note("typed-note", typed_line(self.field("typed").value, self.typed_for(choice)))
            to = self.field("to").text.strip()
            self.note("to-note", ((_("To "), "text-label"), ("" if to else _("a name"), "state-degraded")))
            self.note("reason-note", reason_line(self.field("reason").text))
            self.button("send").label = self.words(choice)[1]
        self.note("dialog-note", ((self.over, "text-problem"),) if self.over else ())
        self.button("send").disabled = self.answer() is None
        for each in self.choices:
            self.button(_id(each)).disabled = bool(self.over)

    def run_changed(self, view: RunView) -> None:
        """The run is another now: the question may be answered, or the findings others."""
        if view.question is None or view.question.id != self.question.id:
            self.over = _("This question is closed: it was answered elsewhere, or the run went on.")
            self._judge()
            return
        same = (
            view.question.choices == self.question.choices
            and view.question.blocking == self.question.blocking
            and self._against(view) == self._against(self.view)
        )
        self.view = view
        if not same:
            self.over = _("What stands in the way has changed: close this and decide anew.")
        else:
            self.question = view.question
        self._judge()

    # Events

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._judge()

    @on(RowsPane.Highlighted)
    def _moved(self, event: RowsPane.Highlighted) -> None:
        event.stop()
        self._judge()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        name = event.button.id or ""
        if name.startswith("not-now"):
            self.leave(None)
        elif name == "send":
            self._send()
        elif name == "tick":
            self.ticked = not self.ticked
            self.button("tick").label = _tick(self.ticked)
            self._judge()
        else:
            self._choose(next(c for c in self.choices if _id(c) == name))

    def _choose(self, choice: Choice) -> None:
        self.choice = choice
        if not self.has_fields(choice):
            self._send()
            return
        self._show()
        fields = (("findings", choice is Choice.OVERRIDE and len(self.overridable) > 1),
                  ("typed", bool(self.typed_for(choice))), ("to", choice is Choice.HAND_OVER),
                  ("reason", self.wants_reason(choice)), ("tick", choice is Choice.DONE),
                  ("not-now-2", True))  # fmt: skip
        first = next(name for name, wanted in fields if wanted)
        self.query_one(f"#{first}").focus()

    def _send(self) -> None:
        answer = self.answer()
        if answer is not None:
            self.leave(answer)

    def action_down(self) -> None:
        self.query_one("#findings", RowsPane).move(1)

    def action_up(self) -> None:
        self.query_one("#findings", RowsPane).move(-1)


def _id(choice: Choice) -> str:
    return f"choice-{choice.name.lower().replace('_', '-')}"


def _tick(ticked: bool) -> Content:
    return Content(f"[{'x' if ticked else ' '}] {_(TICKED)}")


def _finding_row(finding: Finding) -> Row:
    return Row(
        (finding.guard, finding.object),
        (((finding.guard, ""),), ((finding.object, "text-strong"),), ((spoken(finding.reading), ""),)),
    )
