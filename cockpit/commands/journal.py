"""``pop-cockpit journal``: prove the hash chain, hand it over, sign where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.commands.desk import BAD, OK, REFUSED, Desk, SaidRefusalError, refused
from cockpit.commands.narrator import Narrator
from cockpit.commands.output import reader_may_leave
from cockpit.commands.plain import document, plain
from cockpit.commands.saying import SaidError
from cockpit.config.language import _, ngettext
from cockpit.config.spoken import spoken
from cockpit.journal.records import Check, Checkpoint
from cockpit.recovery.client import RefusedError

if TYPE_CHECKING:
    from cockpit.journal.store import Journal

MANY_RUNS = 1_000_000
_NOT_ASCII_CONTROLS = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What JSON leaves as it is and a terminal may obey, or a reader not see."""


def verify(desk: Desk, checkpoints: Path | None, form: str) -> int:
    """0 the chain holds, 2 it does not, 3 it cannot be read. Raises ConfigError."""
    if checkpoints is not None and not checkpoints.is_file():
        words = _("--checkpoints {file}: there is no such file.")
        raise SaidError(words.format(file=checkpoints))

    def work(journal: Journal) -> int:
        check = journal.verify(checkpoints)
        with reader_may_leave():
            if form == "json":
                print(document({"sound": check.sound, **plain(check)}))
            else:
                print("\n".join(check_lines(check)))
        return OK if check.sound else BAD

    return _with(desk, work)


def check_lines(check: Check) -> list[str]:
    """What a proof found, first whether it holds."""
    held = (
        _("last checkpoint that holds: {named}").format(named=_named(check.held))
        if check.held
        else _("no checkpoint holds")
    )
    if check.sound:
        counted = _("{lines} lines, {checkpoints} checkpoints").format(
            lines=check.lines, checkpoints=check.checkpoints
        )
        head = _("sound: {counted}").format(counted=counted)
        return [head, held if check.checkpoints else _("no checkpoint was made yet")]
    why = spoken(plain(check.why))
    if check.first_bad is None:
        found = [_("BROKEN: {why}").format(why=why), held]
    else:
        found = [_("BROKEN at line {line}: {why}").format(line=check.first_bad, why=why), held]
    if check.broken is not None:
        found.append(_("first checkpoint that does not: {named}").format(named=_named(check.broken)))
    return found


def _named(checkpoint: Checkpoint) -> str:
    return _("line {seq} of {at} by {operator}").format(
        seq=checkpoint.seq, at=plain(checkpoint.at), operator=plain(checkpoint.operator)
    )


def export(desk: Desk, form: str, run: str | None, after: int) -> int:
    """Print the journal's lines, one JSON object each."""

    def work(journal: Journal) -> int:
        from cockpit.journal.export import Format
        from cockpit.journal.export import export as exported

        whole = None if run is None else _run(journal, run)
        with reader_may_leave():
            for line in exported(journal.lines(after=after, run=whole), Format(form)):
                print(harmless(line))
        return OK

    return _with(desk, work)


def harmless(line: str) -> str:
    """The same JSON, with what a terminal might obey written as escapes."""
    return _NOT_ASCII_CONTROLS.sub(lambda found: f"\\u{ord(found.group()):04x}", line)


def _run(journal: Journal, beginning: str) -> str:
    found = [run.id for run in journal.runs(limit=MANY_RUNS) if run.id.startswith(beginning)]
    if len(found) == 1 or beginning in found:
        return beginning if beginning in found else found[0]
    why = (
        ngettext("{count} run begins with {beginning}", "{count} runs begin with {beginning}", len(found))
        if found
        else _("no run begins with {beginning}")
    )
    said = why.format(count=len(found), beginning=beginning)
    raise SaidRefusalError(_("Nothing was exported"), said, _("pop-cockpit runs list names them."))


def checkpoint(desk: Desk) -> int:
    """Sign where the journal stands, and print the signed statement."""

    def work(journal: Journal) -> int:
        made = journal.checkpoint()
        with reader_may_leave():
            print(document(made))
        return OK

    return _with(desk, work)


def _with(desk: Desk, work: Callable[[Journal], int]) -> int:
    from cockpit.journal.errors import JournalError

    narrator = Narrator()
    try:
        with desk.journal() as journal:
            return work(journal)
    except RefusedError as error:
        return refused(narrator, error)
    except JournalError as error:
        narrator.hear(str(error))
        return REFUSED
