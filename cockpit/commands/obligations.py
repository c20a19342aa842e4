"""``pop-cockpit obligations``: what is still to be undone, found by a sweep over all servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cockpit.commands.desk import BAD, LEFT, OK, REFUSED, Desk, refused
from cockpit.commands.follower import Follower, Terms
from cockpit.commands.following import owed
from cockpit.commands.keyboard import Keyboard, LeftError
from cockpit.commands.narrator import Narrator, Said
from cockpit.commands.output import reader_may_leave
from cockpit.commands.plain import document, iso, plain
from cockpit.commands.saying import SaidError
from cockpit.config.language import N_, _, ngettext
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.journal.records import Obligation
from cockpit.journal.words import REASON_LENGTH
from cockpit.recovery.client import NotBackError, Recovery, RefusedError
from cockpit.recovery.view import Life, Orphan, RunLine, Standing

ABORT = "abort"
ACCEPT = "accept"

_COMMANDS: Mapping[str, tuple[str, str, bool | str]] = {
    "databasecopyactivationdisabledandmovenow": ("Set-MailboxServer", "Identity", False),
    "databasecopyautoactivationpolicy": ("Set-MailboxServer", "Identity", "Unrestricted"),
    "protocollogenabled": ("Set-PopSettings", "Server", False),
}
"""Cmdlet, the parameter that names the server, and Exchange's default (exchange-facts §2.6, §2.8)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``obligations`` was asked for. ``close`` with ``yes``: without asking, for ``reason``.

    ``accept``: the obligation to close as it is, for ``reason``.
    """

    close: bool
    yes: bool
    reason: str
    form: str
    accept: int | None = None


def run(desk: Desk, wanted: Wanted) -> int:
    """Sweep, close what was asked for, print; 0 clean, 1 harmless orphans, 2 open, 3 not swept or refused.

    Raises ConfigError.
    """
    narrator = Narrator()
    _check(desk, wanted)
    try:
        with desk.office() as office:
            if wanted.accept is not None:
                office.settle(wanted.accept, wanted.reason, accept=True)
                narrator.say(
                    _("Obligation {obligation} is closed; its value stays as it is.").format(
                        obligation=wanted.accept
                    ),
                    "yellow",
                )
            standing = office.sweep()
            closed = _close(office, desk, wanted, standing, narrator) if wanted.close else Closed()
            if closed.done:
                standing = office.sweep()
            code = REFUSED if closed.refused else code_of(standing)
            return _show(standing, wanted.form, code, desk.writing, narrator)
    except RefusedError as error:
        return refused(narrator, error)


def _check(desk: Desk, wanted: Wanted) -> None:
    if wanted.accept is not None:
        desk.want_write("obligations --accept")
        if len(wanted.reason) < REASON_LENGTH:
            words = _("--accept wants --reason with at least {count} characters.")
            raise SaidError(words.format(count=REASON_LENGTH))
    if not wanted.close:
        return
    desk.want_write("obligations --close")
    if wanted.yes and len(wanted.reason) < REASON_LENGTH:
        words = _("--yes wants --reason with at least {count} characters.")
        raise SaidError(words.format(count=REASON_LENGTH))
    if not wanted.yes and not sys.stdin.isatty():
        raise SaidError(_("--close asks on a terminal, and there is none: give --yes --reason REASON."))


# --- what is shown -------------------------------------------------------------------------------


def code_of(standing: Standing) -> int:
    """What is known to be open weighs more than what could not be read."""
    if standing.obligations or any(orphan.severe for orphan in standing.orphans):
        return BAD
    if standing.problem:
        return REFUSED
    return LEFT if standing.orphans else OK


def _show(standing: Standing, form: str, code: int, program: str, narrator: Narrator) -> int:
    if standing.problem:
        words = _("The sweep is not whole: {problem}")
        narrator.say(words.format(problem=spoken(standing.problem)), "magenta")
    with reader_may_leave():
        if form == "json":
            print(document(as_plain(standing, code)))
        else:
            Narrator(sys.stdout).tell(lines(standing, program))
    return code


def as_plain(standing: Standing, code: int) -> dict[str, object]:
    """The standing as plain data, each orphan with the command that would end it.

    ``whole``: every server was read; else ``orphans`` are only those that are known.
    ``servers_unread``: how many were not, null where nobody knows. An obligation's ``due_at``: until when it
    may stay, null where no time was set.
    """
    obligations = [{**plain(o), "due_at": iso(standing.due(o))} for o in standing.obligations]
    orphans = [{**plain(orphan), "command": command(orphan)} for orphan in standing.orphans]
    count = None if standing.unread is None else len(standing.unread)
    whole = {"whole": not standing.problem, "servers_unread": count}
    found = {**plain(standing), "obligations": obligations, "orphans": orphans}
    return {"exit_code": code, **whole, **found}


def lines(standing: Standing, program: str) -> Iterator[Said]:
    """The standing as text. ``program``: how to call this one in write mode."""
    lives = {line.run.id: line for line in standing.runs}
    yield Said(
        _("obligations open: {count}").format(count=len(standing.obligations)),
        "bold red" if standing.obligations else "bold",
    )
    for obligation in standing.obligations:
        yield Said(f"{obligation.id}  {owed(obligation)}", "", 2)
        yield Said(
            _("since {time} by run {run}").format(
                time=iso(obligation.opened_at), run=_named(obligation, lives)
            ),
            "",
            4,
        )
        yield from _due(standing.due(obligation))
    yield Said(
        _("on without a record: {count}").format(count=_orphans(standing)),
        "bold magenta" if standing.problem else "bold",
    )
    for orphan in standing.orphans:
        word = _("SEVERE  ") if orphan.severe else ""
        style = "bold red" if orphan.severe else ""
        said = spoken(orphan.words)
        yield Said(f"{word}{orphan.server} {orphan.key} = {orphan.value}: {said}", style, 2)
        yield Said(_typed(orphan), "cyan", 4)
    yield Said(_("runs not ended: {count}").format(count=len(standing.runs)), "bold")
    for line in standing.runs:
        life = spoken(line.life.value)
        if line.waiting_for:
            life = f"{life}: {spoken(line.waiting_for)}"
        words = _("{run}  {title} on {server}  {life}")
        said = words.format(run=line.run.id, title=spoken(line.title), server=line.run.server, life=life)
        yield Said(said, "", 2)
        if line.life is Life.LEFT:
            yield Said(
                _("go on with it: {program} runs resume {run}").format(program=program, run=line.run.id),
                "cyan",
                4,
            )
    swept = iso(standing.swept_at)
    if standing.problem:
        words = (
            _("not swept whole; last look at {time}") if swept else _("not swept whole; last look at no time")
        )
        yield Said(words.format(time=swept), "magenta", 0)
    else:
        words = _("swept at {time}") if swept else _("swept at no time")
        yield Said(words.format(time=swept), "", 0)


def _due(due: datetime | None) -> Iterator[Said]:
    """Until when it may stay; by this host's clock, which is near enough for a reminder."""
    if due is None:
        return
    if datetime.now(UTC) >= due:
        yield Said(_("OVERDUE since {time}").format(time=iso(due)), "bold red", 4)
    else:
        yield Said(_("to be undone by {time}").format(time=iso(due)), "", 4)


def _orphans(standing: Standing) -> str:
    """How many; what could not be read is never none."""
    if not standing.problem:
        return str(len(standing.orphans))
    held = len(standing.orphans)
    known = ngettext("{count} known", "{count} known", held) if held else _("not known")
    known = known.format(count=held)
    if standing.unread is None:
        return _("{known}, not every server was read").format(known=known)
    count = len(standing.unread)
    words = ngettext("{known}, {count} server unread", "{known}, {count} servers unread", count)
    return words.format(known=known, count=count)


def _named(obligation: Obligation, lives: Mapping[str, RunLine]) -> str:
    line = lives.get(obligation.run)
    life = N_("ended") if line is None else line.life.value
    return f"{obligation.run} ({spoken(life)})"


def _typed(orphan: Orphan) -> str:
    text = command(orphan)
    if not text:
        return _("no command is known for this one: look at it by hand")
    return _("an administrator may type: {command}").format(command=text)


def command(orphan: Orphan) -> str:
    """What sets an orphan to Exchange's default, to be typed by an administrator; empty: not known."""
    from cockpit.exchange.pipeline import Call

    known = _COMMANDS.get(orphan.key.lower())
    if known is None:
        return ""
    cmdlet, names_server, value = known
    return str(Call(cmdlet, {names_server: orphan.server, orphan.key: value}))


# --- closing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Closed:
    """What came of closing. ``done``: something was sent or settled; ``refused``: something was not."""

    done: bool = False
    refused: bool = False

    def __or__(self, other: Closed) -> Closed:
        return Closed(self.done or other.done, self.refused or other.refused)


def _close(office: Recovery, desk: Desk, wanted: Wanted, standing: Standing, narrator: Narrator) -> Closed:
    """Abort the runs that were left, settle what was handed over. Orphans are left alone.

    What is refused does not keep the next one from being closed.
    """
    closed = Closed()
    for line, owing in left_owing(standing):
        reason = _reason(line, owing, wanted, narrator)
        if reason:
            closed |= _abort(office, desk, line, reason, narrator)
    for line in standing.runs:
        if line.life is Life.WAITING and line.open_obligations:
            narrator.say(_("Run {run} waits at its question with obligations open:").format(run=line.run.id))
            narrator.command(f"{desk.program} runs attach {line.run.id}")
    for obligation in handed_over(standing):
        closed |= _settle(office, desk, wanted, obligation, narrator)
    return closed


def _abort(office: Recovery, desk: Desk, line: RunLine, reason: str, narrator: Narrator) -> Closed:
    try:
        office.abort(line.run.id, reason)
    except RefusedError as error:
        refused(narrator, error)
        return Closed(refused=True)
    terms = Terms(desk.program, form="", asks=False, starting=True)
    Follower(office, line.run.id, terms, narrator).follow()
    return Closed(done=True)


def left_owing(standing: Standing) -> list[tuple[RunLine, list[Obligation]]]:
    """Each run to abort, outermost where runs wait for each other, with what is open in it."""
    lives = {line.run.id: line for line in standing.runs}
    found: dict[str, list[Obligation]] = {}
    for obligation in standing.obligations:
        line = lives.get(obligation.run)
        if line is None or line.life is not Life.LEFT:
            continue
        while line.run.parent in lives:
            line = lives[line.run.parent]
        found.setdefault(line.run.id, []).append(obligation)
    return [(lives[run], owing) for run, owing in found.items()]


def handed_over(standing: Standing) -> list[Obligation]:
    """What no run puts back any more: handed over to somebody, by a run that has ended."""
    living = {line.run.id for line in standing.runs if line.life is not Life.ENDED}
    return [o for o in standing.obligations if o.open and o.handed_to and o.run not in living]


def _reason(line: RunLine, owing: list[Obligation], wanted: Wanted, narrator: Narrator) -> str:
    """The reason to abort a run for; empty: it is not to be aborted."""
    narrator.say(
        _("Run {run} ({title} on {server}) was left with this open:").format(
            run=line.run.id, title=spoken(line.title), server=line.run.server
        ),
        "bold",
    )
    for obligation in reversed(owing):
        narrator.say(owed(obligation), indent=2)
    if wanted.yes:
        return wanted.reason
    does = _("type {word} to restore what was before and end the run (empty: no)> ")
    return _asked(narrator, ABORT, does)


def _asked(narrator: Narrator, word: str = "", does: str = "") -> str:
    """The reason typed, with ``word`` typed before it where there is one; empty: not now. ``does``: the
    question that wants it, with a place for it."""
    keyboard = Keyboard(narrator.prompt, lambda: True)
    try:
        if word and keyboard.line(does.format(word=word)) != word:
            return ""
        question = _("reason (at least {count} characters, empty: no)> ").format(count=REASON_LENGTH)
        while True:
            reason = clean_line(keyboard.line(question)).strip()
            if not reason or len(reason) >= REASON_LENGTH:
                return reason
    except LeftError:
        return ""


def _settle(
    office: Recovery, desk: Desk, wanted: Wanted, obligation: Obligation, narrator: Narrator
) -> Closed:
    """Close an obligation whose value is back, or that the operator leaves as it is."""
    narrator.say(
        _("Obligation {obligation} was handed over; run {run} has ended:").format(
            obligation=obligation.id, run=obligation.run
        ),
        "bold",
    )
    narrator.say(owed(obligation), indent=2)
    if wanted.yes:
        reason = wanted.reason
    else:
        narrator.say(_("It is closed if its value is back; nothing is sent. Why is it over?"), indent=2)
        reason = _asked(narrator)
    if not reason:
        return Closed()
    try:
        office.settle(obligation.id, reason)
    except RefusedError as error:
        refused(narrator, error)
        left = isinstance(error, NotBackError) and _leave(office, desk, wanted, obligation, narrator)
        return Closed(done=left, refused=not left)
    narrator.say(
        _("Obligation {obligation} is closed: its value is back.").format(obligation=obligation.id), "green"
    )
    return Closed(done=True)


def _leave(office: Recovery, desk: Desk, wanted: Wanted, obligation: Obligation, narrator: Narrator) -> bool:
    """Close an obligation whose value is not back, when the operator says so; whether it was."""
    if wanted.yes:
        narrator.say(_("It stays open. When it is to stay as it is:"), indent=2)
        narrator.command(f"{desk.program} obligations --accept {obligation.id} --reason REASON")
        return False
    does = _("type {word} to leave it as it is and close the obligation (empty: no)> ")
    reason = _asked(narrator, ACCEPT, does)
    if not reason:
        return False
    try:
        office.settle(obligation.id, reason, accept=True)
    except RefusedError as error:
        refused(narrator, error)
        return False
    narrator.say(
        _("Obligation {obligation} is closed; its value stays as it is.").format(obligation=obligation.id),
        "yellow",
    )
    return True
