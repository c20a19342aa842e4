"""``pop-cockpit doctor``: every link of the chain, what was found and what helps."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from itertools import groupby
from operator import attrgetter
from typing import Final

from cockpit.commands.narrator import Narrator
from cockpit.commands.output import end_in_order, reader_may_leave
from cockpit.commands.plain import document
from cockpit.commands.saying import SaidError
from cockpit.config import secrets
from cockpit.config.environment import ConfigError, Environment
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.doctor.examining import OF_HOST, NoSuchServerError, Wanted, examine
from cockpit.doctor.findings import Finding, State, broken, exit_code, finding
from cockpit.doctor.host import SUBJECT

MARKS: Final = {
    State.OK: "✔",
    State.UNUSED: "–",
    State.WARNING: "▲",
    State.BROKEN: "✘",
    State.UNKNOWN: "?",
    State.NOT_CHECKED: "·",
}
_STYLES: Final = {
    State.OK: "32",
    State.UNUSED: "",
    State.WARNING: "33",
    State.BROKEN: "1;31",
    State.UNKNOWN: "35",
    State.NOT_CHECKED: "2",
}
"""SGR, of the terminal's own 16 colours."""
_WELL: Final = frozenset({State.OK, State.UNUSED})
_CHECK: Final = 10
_LEAST: Final = 30
_NARROW: Final = 4


def run(environment: Environment, wanted: Wanted, form: str, *, problems: bool) -> int:
    """Print the findings as they are made; the exit code of ``findings.exit_code``. Raises ConfigError."""
    made = _examined(environment, wanted)
    try:
        return tell(made, form, problems=problems, who="doctor")
    except NoSuchServerError as error:
        raise SaidError(f"--server: {spoken(str(error))}") from None


def tell(made: Iterable[Finding], form: str, *, problems: bool = False, who: str) -> int:
    """Print findings as they are made; the exit code of ``findings.exit_code``. ``who``: is summed up."""
    findings: list[Finding] = []
    end_in_order()
    made = _kept(made, findings)
    with reader_may_leave():
        shown = (f for f in made if not problems or f.state not in _WELL)
        if form == "json":
            listed = [{**asdict(f), "state": f.state.value} for f in shown]
            print(document({"exit_code": exit_code(findings), "findings": listed}))
        else:
            _table(shown)
        for _ in made:  # what a reader who left did not see counts too
            pass
    Narrator().say(summary(findings, who))
    return exit_code(findings)


def _examined(environment: Environment, wanted: Wanted) -> Iterator[Finding]:
    """Without the password nobody is dialled: this host is looked at, and why there is none is told."""
    try:
        secret = secrets.password(environment)
        if secret is not None:
            secret.value  # noqa: B018 -- whoever is to be asked for it is asked now, in the main thread
    except ConfigError as error:
        yield from examine(environment, None, replace(wanted, only=wanted.only & OF_HOST))
        yield finding("sign-in", SUBJECT, broken(str(error), N_("Mend that, then run this again.")))
        return
    yield from examine(environment, secret, wanted)


def _kept(findings: Iterable[Finding], into: list[Finding]) -> Iterator[Finding]:
    for found in findings:
        into.append(found)
        yield found


def summary(findings: Iterable[Finding], who: str = "doctor") -> str:
    """How many are in each state."""
    states = [f.state for f in findings]
    counts = [
        _("{count} {state}").format(count=states.count(state), state=_(state.value))
        for state in reversed(State)
        if state in states
    ]
    words = ", ".join(counts) or _("nothing was looked at")
    return f"{who}: {words}"


def _table(findings: Iterator[Finding]) -> None:
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 0
    color = terminal and not os.environ.get("NO_COLOR")
    for subject, group in groupby(findings, attrgetter("subject")):
        if terminal:
            print(spoken(subject))
        for found in group:
            for line in lines(found, width, color=color) if terminal else [one_line(found)]:
                print(line, flush=True)


def one_line(found: Finding) -> str:
    """For a pipe: all of it on one line."""
    cure = f"  -> {spoken(found.cure)}" if found.cure else ""
    words = f"{spoken(found.subject)}  {spoken(found.found)}"
    return f"{_state(found)}  {found.check:<{_CHECK}}  {words}{cure}"


def _state(found: Finding) -> str:
    """In a column as wide as the longest."""
    return _(found.state.value).ljust(max(len(_(state.value)) for state in State))


def lines(found: Finding, width: int, *, color: bool) -> list[str]:
    """For a terminal of ``width`` columns: what was found beside its state, folded, the cure below it."""
    style = _STYLES[found.state] if color else ""
    state = f"{MARKS[found.state]} {_state(found)}"
    shown = f"\x1b[{style}m{state}\x1b[0m" if style else state
    indent = 2 + len(state) + 1 + _CHECK + 1
    narrow = width - indent < _LEAST
    indent = _NARROW if narrow else indent
    rows = _folded(spoken(found.found), width - indent)
    cure = _folded(spoken(found.cure), width - indent - 2) if found.cure else []
    rows += [f"{'→' if number == 0 else ' '} {row}" for number, row in enumerate(cure)]
    if narrow:
        return [f"  {shown} {found.check}", *(" " * indent + row for row in rows)]
    return [f"  {shown} {found.check:<{_CHECK}} {rows[0]}", *(" " * indent + row for row in rows[1:])]


def _folded(text: str, width: int) -> list[str]:
    """In rows of ``width`` columns at most; a word that is longer is cut."""
    return textwrap.wrap(text, max(width, 10), break_on_hyphens=False) or [""]
