"""Rows of one sessionId put together: who, how long, where it was proxied to, how it ended.

Pure. Facts: exchange-facts §4.2 to §4.5, for POP3; of IMAP4 only the shape of its rows is known [C]. The
sheet is silent on whether a sessionId comes again after a restart of the service (that of the fixture looks
like a counter), so a second OpenSession, or a seqNumber seen before, begins another session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from cockpit.config.language import N_
from cockpit.poplog.document import Entry
from cockpit.poplog.names import Writer, parse_name
from cockpit.poplog.parse import pairs
from cockpit.poplog.row import LogRow

LOGINS: Final = frozenset({"pass", "auth", "apop", "login", "authenticate"})
"""Commands that sign in; ``user`` only names. ``apop`` is POP3's own [M], Exchange has none."""
GOODBYES: Final = frozenset({"quit", "logout"})
_OPEN, _CLOSE, _PROXY = "opensession", "closesession", "proxy"
_HEALTH: Final = "healthmailbox"
_HOST: Final = r"(\[[0-9A-Fa-f:.%]+\]|[^\s:;,\"\[\]]+)"
_TARGET: Final = re.compile(rf"\bProxy:{_HOST}:(\d{{1,5}})(?!\d)[^;\"]*;?([^;\"]*)", re.IGNORECASE)
_PARAMETER: Final = re.compile(rf"{_HOST}:(\d{{1,5}})(?!\d)(?::\w*)?", re.IGNORECASE)
_REPLY: Final = re.compile(rf"\[(?:[^\[\]]*\s)?Proxy={_HOST}\]", re.IGNORECASE)
_FINE: Final = re.compile(r"ok|\+.*|\S+ ok\b.*", re.IGNORECASE)


class SessionState(StrEnum):
    """How far it came. ``CUT``: it has ended without a word, for its id was used again."""

    OPEN = "open"
    AUTHENTICATED = "authenticated"
    PROXIED = "proxied"
    CLOSED = "closed"
    CUT = "cut"


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProxyTarget:
    """Where a front end took a session to. ``port``: None where only the reply names the host
    (``[Proxy=fqdn]``, §2.4). ``words``: what the log says of it, for example ``ProxySuccess``."""

    host: str
    port: int | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One session, as far as its rows are there.

    ``first``, ``last``: aware, UTC, by the server's own clock. ``user``: as the log's column has it; while
    that is empty, as the client named itself, which nobody has checked. ``duration``: sum of its rows'
    durations, ms; ``wall``: ms from first to last. ``words``: why the outcome is not ok. ``target``: the last
    one named. ``gaps``: seqNumbers that are missing between those seen. ``starts_before``: its begin is not
    among the rows. ``health_mailbox``: a probe's, not a person's.
    """

    id: str
    server: str
    writer: Writer | None
    first: datetime | None
    last: datetime | None
    user: str
    client_end: str
    server_end: str
    commands: tuple[str, ...]
    state: SessionState
    duration: int
    wall: int
    request: int
    response: int
    target: ProxyTarget | None
    outcome: Outcome
    words: str
    health_mailbox: bool
    gaps: int
    starts_before: bool
    entries: tuple[Entry, ...]


_Key: TypeAlias = tuple[str, Writer | None, str]


@dataclass(slots=True)
class Assembler:
    """Sessions out of entries as they come, each writer's in the order of its log."""

    _open: dict[_Key, list[Entry]] = field(default_factory=dict)
    _seen: dict[_Key, set[int]] = field(default_factory=dict)

    def add(self, entry: Entry) -> tuple[Session, ...]:
        """The sessions that ended by this entry: by its word, or because their id begins anew with it."""
        row = entry.row
        if not row.session:
            return ()
        key = entry.server, entry.writer, row.session
        again = row.command.lower() == _OPEN or row.sequence in self._seen.get(key, ())
        ended = (self._take(key, cut=True),) if again and key in self._open else ()
        self._open.setdefault(key, []).append(entry)
        if row.sequence is not None:
            self._seen.setdefault(key, set()).add(row.sequence)
        return (*ended, self._take(key)) if row.command.lower() == _CLOSE else ended

    def rest(self) -> tuple[Session, ...]:
        """Those whose end has not come, in the order in which they began. They may go on."""
        return tuple(session_of(entries) for entries in self._open.values())

    def _take(self, key: _Key, *, cut: bool = False) -> Session:
        self._seen.pop(key, None)
        return session_of(self._open.pop(key), cut=cut)


def assemble(entries: Iterable[Entry]) -> tuple[Session, ...]:
    """Every session of entries that stand in the order of their logs (see :func:`in_order`): those that
    ended, in the order of their ends, then those that did not."""
    assembler = Assembler()
    ended = [session for entry in entries for session in assembler.add(entry)]
    return (*ended, *assembler.rest())


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Entries as their logs have them, each once: by file and offset, which no clock can upset."""
    once = {(e.server, e.writer, e.file, e.offset): e for e in entries}
    return sorted(once.values(), key=_place)


def _place(entry: Entry) -> tuple[str, str, tuple[str, int], str, int]:
    name = parse_name(entry.file)
    return entry.server, entry.writer or "", name.order if name else ("", 0), entry.file, entry.offset


def session_of(entries: Sequence[Entry], *, cut: bool = False) -> Session:
    """The session of entries that all have one id, in the order of their log; ``cut``: none will follow.

    Raises ValueError without any.
    """
    if not entries:
        raise ValueError("a session has at least one row")
    rows = [e.row for e in entries]
    times = [r.at for r in rows if r.at is not None]
    first, last = (times[0], times[-1]) if times else (None, None)
    numbers = sorted({r.sequence for r in rows if r.sequence is not None})
    gaps = numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0
    starts_before = rows[0].command.lower() != _OPEN and rows[0].sequence != 0
    state = _state(rows, cut=cut, starts_before=starts_before)
    outcome, words = _outcome(rows, state, gaps, starts_before=starts_before)
    user = next((r.user for r in reversed(rows) if r.user), "") or _claimed(rows)
    return Session(
        id=rows[0].session,
        server=entries[0].server,
        writer=entries[0].writer,
        first=first,
        last=last,
        user=user,
        client_end=next((r.client_end for r in rows if r.client_end), ""),
        server_end=next((r.server_end for r in rows if r.server_end), ""),
        commands=tuple(r.command for r in rows if r.command),
        state=state,
        duration=sum(r.duration or 0 for r in rows),
        wall=round((last - first).total_seconds() * 1000) if first and last else 0,
        request=sum(r.request or 0 for r in rows),
        response=sum(r.response or 0 for r in rows),
        target=next((t for r in reversed(rows) if (t := proxy_target(r)) is not None), None),
        outcome=outcome,
        words=words,
        health_mailbox=is_health_mailbox(user),
        gaps=gaps,
        starts_before=starts_before,
        entries=tuple(entries),
    )


_NAMING: Final = frozenset({"user", "login"})


def _claimed(rows: Sequence[LogRow]) -> str:
    """Who the client said it is: the column is empty until the login went well (§4.2)."""
    said = [
        r.parameters.split()[0].strip('"')
        for r in rows
        if r.command.lower() in _NAMING and r.parameters.split()
    ]
    return said[-1] if said else ""


def _state(rows: Sequence[LogRow], *, cut: bool, starts_before: bool) -> SessionState:
    names = {r.command.lower() for r in rows}
    if _CLOSE in names or any(r.command.lower() in GOODBYES and not is_error(r) for r in rows):
        return SessionState.CLOSED
    if cut:
        return SessionState.CUT
    if any(proxy_target(r) is not None and not is_error(r) for r in rows):
        return SessionState.PROXIED
    logins = [r for r in rows if r.command.lower() in LOGINS]
    # The user is empty until login (§4.2): where the login itself was not read, a user tells of it.
    signed_in = not all(map(is_error, logins)) if logins else starts_before and any(r.user for r in rows)
    return SessionState.AUTHENTICATED if signed_in else SessionState.OPEN


def _outcome(
    rows: Sequence[LogRow], state: SessionState, gaps: int, *, starts_before: bool
) -> tuple[Outcome, str]:
    """A failed login counts unless a later one went well; every other error counts."""
    good = max((n for n, r in enumerate(rows) if r.command.lower() in LOGINS and not is_error(r)), default=-1)
    bad = [r for n, r in enumerate(rows) if is_error(r) and not (r.command.lower() in LOGINS and n < good)]
    if bad:
        return Outcome.FAILED, error_words(bad[-1])
    if state is not SessionState.CLOSED:
        return Outcome.UNKNOWN, N_("its end is missing")
    if starts_before:
        return Outcome.UNKNOWN, N_("its begin is missing")
    if gaps:
        missing = N_("{n} of its lines is missing") if gaps == 1 else N_("{n} of its lines are missing")
        return Outcome.UNKNOWN, missing.format(n=gaps)
    return Outcome.OK, ""


def error_words(row: LogRow) -> str:
    """What ``R``, ``ErrMsg`` and ``Excpt`` of a row say against it (§4.3); empty where they do not.

    ``R`` is ok, or the error's reply. Replies that say OK in full are taken for ok too, though the sheet
    has none.
    """
    if not row.context:
        return ""
    keys = {name.lower(): value.strip() for name, value in pairs(row.context).items()}
    reply = keys.get("r", "")
    words = [reply] if reply and not _FINE.fullmatch(reply) else []
    words += [keys[name] for name in ("errmsg", "excpt") if keys.get(name)]
    bare = keys.get("", "")
    words += [bare] if bare.startswith("-ERR") or " NO " in bare or " BAD " in bare else []
    return "; ".join(words)


def is_error(row: LogRow) -> bool:
    """Whether the row says that something failed."""
    return bool(error_words(row))


def proxy_target(row: LogRow) -> ProxyTarget | None:
    """Where this row says the session goes: ``Msg=Proxy:host:port:SSL``, the parameters of ``proxy``, or
    ``[Proxy=host]`` in the reply."""
    if row.command.lower() == _PROXY and (found := _PARAMETER.fullmatch(row.parameters.strip())):
        return _target(found[1], found[2])
    if "roxy" not in row.context:
        return None
    keys = {name.lower(): value for name, value in pairs(row.context).items()}
    if found := _TARGET.search(keys.get("msg", "")):
        return _target(found[1], found[2], found[3].strip())
    if found := _REPLY.search(keys.get("r", "")):
        return _target(found[1], None)
    return None


def _target(host: str, port: str | None, words: str = "") -> ProxyTarget | None:
    number = int(port) if port is not None else None
    if number is not None and not 0 < number < 65536:
        return None
    return ProxyTarget(host.strip("[]").rstrip("."), number, words)


def local_part(user: str) -> str:
    """A user's name without its domain, on either side, in small letters: logs and probes write it in
    several ways."""
    return user.strip().rpartition("\\")[2].partition("@")[0].lower()


def is_health_mailbox(user: str) -> bool:
    """Whether it is a mailbox of Managed Availability's probes (§4.5)."""
    return local_part(user).startswith(_HEALTH)
