"""``pop-cockpit logs trace PATH``: the mailbox server behind a probe's session, out of copied logs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cockpit.commands.narrator import Narrator
from cockpit.commands.output import reader_may_leave
from cockpit.commands.plain import document
from cockpit.commands.trace import CANNOT_TELL, NAMED, NOT_READ, show
from cockpit.config.language import N_
from cockpit.config.spoken import spoken
from cockpit.poplog import lookup
from cockpit.poplog.correlate import Skew, Window
from cockpit.poplog.errors import LogError
from cockpit.poplog.evidence import Gathered, Kind, LogLook, ProbeRun
from cockpit.poplog.local import LocalFolder, folders
from cockpit.poplog.names import Writer, parse_name
from cockpit.poplog.sessions import local_part
from cockpit.poplog.trace import Trace, conclude

ANY_PROBE = "HealthMailbox"
PROBE = "POP\\PopCTPProbe"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``start``, ``end``: aware, by the clock of the logs' server. ``user``: whom the probe logged in as;
    empty: any HealthMailbox."""

    start: datetime
    end: datetime
    user: str = ""


def run(paths: Sequence[Path], wanted: Wanted, form: str) -> int:
    """Look for the session in the front end's logs of these folders and files; the exit code."""
    try:
        trace = _trace(paths, wanted)
    except LogError as error:
        said = ". ".join(spoken(part).rstrip(". ") for part in (str(error), error.cure) if part)
        Narrator().say(f"{said}.")
        if form == "json":
            print(document({"exit_code": NOT_READ, "problem": str(error), "named": "", "sureness": None}))
        return NOT_READ
    code = NAMED if trace.named else CANNOT_TELL
    with reader_may_leave():
        show(trace, form, code)
    return code


def _trace(paths: Sequence[Path], wanted: Wanted) -> Trace:
    """Raises LogError."""
    for path in paths:
        _check(path)
    # Files of one folder follow each other: a session may begin in one of them and end in the next.
    looks = [_look(source, wanted) for source in folders(paths)]
    found = [look for look in looks if look.newest is not None]
    if not found:
        raise LogError(
            N_("There is no line of a front end's POP3 log in {names}").format(
                names=", ".join(map(str, paths))
            ),
            cure=N_("Its files are called POP3yyyyMMddHH-n.LOG; those called POP3BE are the back end's."),
        )
    front = replace(
        found[0],
        server=" and ".join(dict.fromkeys(look.server for look in found)),
        looked_at="; ".join(look.looked_at for look in found),
        sessions=tuple(s for look in found for s in look.sessions),
        # Of several folders the one that holds least: nothing is said of a time that one of them lacks.
        begins=max((look.begins for look in found if look.begins is not None), default=None),
        newest=min((look.newest for look in found if look.newest is not None), default=None),
    )
    ran = ProbeRun(PROBE, front.server, wanted.start, wanted.end, user=wanted.user)
    users = frozenset({local_part(wanted.user)}) if wanted.user else frozenset[str]()
    trace = conclude(Gathered(ran, None, front, users=users))
    # Of the probe's result and of its mailbox nothing was asked.
    return replace(trace, evidence=tuple(e for e in trace.evidence if e.kind is Kind.FRONT_LOG))


def _check(path: Path) -> None:
    """Raises LogError for a file that is not a front end's log by its name."""
    named = parse_name(path.name)
    if path.is_file() and (named is None or named.writer is not Writer.POP3):
        raise LogError(
            N_("{path} is not called like a front end's POP3 log").format(path=path),
            cure=N_("Give its folder, or rename it."),
        )


def _look(source: LocalFolder, wanted: Wanted) -> LogLook:
    try:
        text = local_part(wanted.user) or ANY_PROBE
        found = lookup.look(source, Writer.POP3, Window(wanted.start, wanted.end), text)
    finally:
        source.close()
    problem = f" ({found.problem})" if found.problem else ""
    files = ", ".join(found.files) or N_("no file of that time")
    looked = f"{source.folder}: {files}{problem}"
    return LogLook(source.name, looked, found.sessions, None, Skew(), found.begins, found.newest)
