"""What can be done to a log beside writing it: rolling over, cutting, replacing, lines that are no good."""

from __future__ import annotations

from typing import Final

from cockpit.lab.hostile import MARK, PAYLOADS
from cockpit.lab.poplogs.files import Line
from cockpit.lab.poplogs.logs import Process, ProtocolLogs
from cockpit.lab.poplogs.rows import Row, has_puid, line, stamp

LONG: Final = 1_000_000
"""Characters in the long line's user."""

_TEXTS: Final = {
    **{name: text for name, text in PAYLOADS.items() if name not in ("control", "long")},
    "link": f"{MARK}-link\x1b]8;;http://lab.example\x1b\\here\x1b[?1049h",
    "breaks": f"{MARK}-breaks\r\x0b\x0c\x85\u2028.",
}
HOSTILE: Final = (*_TEXTS, "nul", "invalid", "quote", "long", "empty", "short", "binary")
"""Kinds of line: what a terminal obeys, what Rich and Textual read as markup, what is no UTF-8, no CSV, no
row."""


def hostile(process: Process, kind: str, at: str, *, puid: bool) -> bytes:
    """One such line, with its end. ``at``: its time as text."""
    text = _TEXTS.get(kind, f"{MARK}-{kind}")
    process.sessions += 1
    user = "x" * LONG if kind == "long" else text
    row = Row(process.sessions, 0, "10.0.0.1:995", "10.0.0.2:5", user, 0, 1, 2, "user", text, text)
    made = line(row, at, puid=puid)
    match kind:
        case "nul":
            return made.replace(b",user,", b",us\x00er,", 1)
        case "invalid":
            return made.replace(b",user,", b",us\xff\xfe\xc3\x28\xe9er,", 1)
        case "quote":
            return made.replace(b",user,", b',"user,', 1)
        case "empty":
            return b"\r\n"
        case "short":
            return made[:60] + b"\r\n"
        case "binary":
            return bytes(b for b in range(256) if b not in (10, 13)) + b"\r\n"
    return made


def write_hostile(logs: ProtocolLogs, process: Process, kinds: tuple[str, ...], t: float) -> int:
    """One line of each of those kinds, of all where none are named; how many."""
    at, puid = stamp(logs.moment(process.server, t)), has_puid(process.server)
    lines = [("line", hostile(process, kind, at, puid=puid)) for kind in kinds or HOSTILE]
    logs.write_raw(process, lines, t)
    return len(lines)


def write_partial(logs: ProtocolLogs, process: Process, t: float, *, goes_on: bool) -> None:
    """The first half of a line. Its other half comes with whatever is written next, or never: as if the
    process had died there, the next line begins another file."""
    at, puid = stamp(logs.moment(process.server, t)), has_puid(process.server)
    process.sessions += 1
    row = Row(process.sessions, 0, "10.0.0.1:995", "10.0.0.2:5", "", 0, 0, 49, "OpenSession", "", "")
    whole = line(row, at, puid=puid)
    logs.flush(t)
    if goes_on:
        process.files.write_half(Line(logs.moment(process.server, t), whole))
        return
    logs.write_raw(process, [("cut", whole[: len(whole) // 2])], t)
    process.files.roll()
