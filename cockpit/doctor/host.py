"""This host: its terminal, who may touch our files, the journal, the ticket. Reads, and nothing else."""

from __future__ import annotations

import os
import shlex
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cockpit.config import secrets
from cockpit.config.environment import ConfigError, EndpointSettings, Environment
from cockpit.config.language import N_
from cockpit.config.paths import paths
from cockpit.config.trusted import why_not_private, why_not_trusted
from cockpit.doctor.findings import Judged, broken, ok, unknown, unused, warning
from cockpit.doctor.limits import within
from cockpit.doctor.readings import Terminal
from cockpit.exchange import tickets
from cockpit.exchange.text import clean_line
from cockpit.journal.errors import JournalError
from cockpit.journal.examining import Examined
from cockpit.journal.examining import examine as examine_journal
from cockpit.recovery.opening import checkpoints_of, journal_url_of

SUBJECT: Final = N_("this host")
COLUMNS, ROWS = 80, 24
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


# --- terminal ------------------------------------------------------------------------------------


def terminal() -> Terminal:
    """The one that stdout, stderr or stdin is."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        try:
            columns, rows = os.get_terminal_size(stream.fileno())
        except (OSError, ValueError, AttributeError):  # no terminal, closed, or none at all
            continue
        return Terminal(dict(os.environ), (columns, rows))
    return Terminal(dict(os.environ), None)


def judge_terminal(seen: Terminal) -> Judged:
    """What the screens will have to do with."""
    if seen.size is None:
        return unused(N_("no terminal here"))
    name = clean_line(seen.environ.get("TERM", ""))
    if name in ("", "dumb", "unknown"):
        return broken(
            N_("TERM is {name}: a terminal that cannot draw screens").format(name=name)
            if name
            else N_("TERM is not set: a terminal that cannot draw screens")
        )
    columns, rows = seen.size
    words = f"{name}, {_colours(seen, name)}, {columns}x{rows}"
    if not _utf8(seen):
        return warning(
            N_("{words}; the locale is not UTF-8").format(words=words),
            N_("Set LANG to a UTF-8 locale, such as C.UTF-8."),
        )
    if columns < COLUMNS or rows < ROWS:
        return warning(
            N_("{words}: less than {columns}x{rows}").format(words=words, columns=COLUMNS, rows=ROWS),
            N_("Make it {columns}x{rows} or larger.").format(columns=COLUMNS, rows=ROWS),
        )
    return ok(f"{words}, UTF-8")


def _utf8(seen: Terminal) -> bool:
    named = next(filter(None, (seen.environ.get(v) for v in ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    return "utf8" in named.lower().replace("-", "")


def _colours(seen: Terminal, name: str) -> str:
    if seen.environ.get("NO_COLOR"):
        return N_("no colours (NO_COLOR)")
    if seen.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return N_("all colours")
    return N_("256 colours") if "256" in name else N_("16 colours")


# --- files ---------------------------------------------------------------------------------------


def judge_files(environment: Environment, env_file: Path | None) -> Judged:
    """Who else may touch what this program believes or keeps: the worst that is found."""
    for problem in _trouble_of_files(environment, env_file):
        return broken(f"{problem[0]}: {problem[1]}", problem[2])
    places = paths()
    inner = (places.journal, places.runs, places.bundles, places.crashes)
    modes = {folder: found.st_mode for folder in (places.state, *inner) if (found := _stat(folder))}
    for folder, mode in modes.items():
        if mode & _OTHERS_WRITE:
            return broken(
                N_("others can write in {folder}").format(folder=folder),
                N_("Run: chmod go-w {folder}").format(folder=shlex.quote(str(folder))),
            )
    for folder in inner:
        if modes.get(folder, 0) & _OTHERS:
            return warning(
                N_("others can look into {folder}").format(folder=folder),
                N_("Run: chmod 700 {folder}").format(folder=shlex.quote(str(folder))),
            )
    return ok(N_("nobody else may change the configuration or read what is private"))


def _trouble_of_files(environment: Environment, env_file: Path | None) -> Iterator[tuple[str, str, str]]:
    """What is wrong, in words and with its cure, file by file."""
    for file, secret in _files(environment, env_file):
        found = _stat(file)
        if found is None:
            yield str(file), N_("it cannot be read"), N_("Correct its name, or who may read it.")
            continue
        why = why_not_private(file, found, "file") if secret else why_not_trusted(file, found)
        if why:
            said, _, cure = why.partition(". ")
            yield str(file), said, cure


def _files(environment: Environment, env_file: Path | None) -> Iterator[tuple[Path, bool]]:
    """The files that this environment names; True: it is a secret."""
    if env_file is not None:
        yield env_file, False
    for reference in (environment.credential.password, environment.journal.password):
        if reference is not None and reference.file:
            yield Path(reference.file), True
    for settings in (environment.exchange, environment.winrm):
        yield from _endpoint_files(settings)


def _endpoint_files(settings: EndpointSettings) -> Iterator[tuple[Path, bool]]:
    for name, secret in ((settings.certificate, False), (settings.certificate_key, True)):
        if name:
            yield Path(name), secret


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


# --- journal, ticket -----------------------------------------------------------------------------


def journal(environment: Environment, seconds: float) -> Judged:
    """Whether the journal can be written and holds."""
    try:
        url = journal_url_of(environment)
        outside = checkpoints_of(url, environment.name, paths().journal)
        group = environment.journal.group
        return judge_journal(within(seconds, lambda: examine_journal(url, outside, group)))
    except TimeoutError as error:
        return unknown(
            N_("the journal was not proved: {error}").format(error=error),
            N_("Run: pop-cockpit journal verify"),
        )
    except (JournalError, ConfigError) as error:
        said, _, cure = str(error).partition("; ")
        return broken(clean_line(said), clean_line(f"{cure[:1].upper()}{cure[1:]}"))


def judge_journal(seen: Examined) -> Judged:
    if seen.check is None:
        return ok(N_("there is none yet; {where} can be made").format(where=seen.where))
    if not seen.check.sound:
        words = (
            N_("its hash chain does not hold: {why}")
            if seen.check.first_bad is None
            else N_("its hash chain does not hold at line {line}: {why}")
        )
        return broken(
            words.format(line=seen.check.first_bad, why=clean_line(seen.check.why)),
            N_("Run: pop-cockpit journal verify. Find out who changed it; put a kept copy back."),
        )
    if seen.old:
        return warning(
            N_("its tables are of an older version"), N_("The next command that opens it upgrades them.")
        )
    return ok(N_("can be written, and its {lines} lines hold").format(lines=seen.check.lines))


def ticket(environment: Environment) -> Judged:
    """The ticket of the cache, where a sign-in uses one: Kerberos without a password."""
    auths = (environment.exchange.auth, environment.winrm.auth)
    if environment.credential.password is not None or "kerberos" not in auths:
        return unused(N_("no sign-in uses the ticket cache"))
    secrets.take_ticket_cache(environment)
    try:
        found = tickets.good(tickets.principal_of(environment.credential.user))
    except ImportError as error:
        return broken(clean_line(str(error)), tickets.EXTRA_CURE)
    except tickets.TicketError as error:
        return broken(clean_line(str(error)), error.cure)
    ends = time.strftime("%Y-%m-%d %H:%M", time.localtime(found.expires))
    return ok(
        N_("{principal}, until {ends}, in {cache}").format(
            principal=clean_line(found.principal), ends=ends, cache=clean_line(found.cache)
        )
    )
