"""What must hold of every line and every file, whatever is in it. A check returns what is wrong, or ""."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from cockpit.exchange.text import _UNSAFE
from cockpit.poplog import parse, sessions
from cockpit.poplog.document import Entry
from cockpit.poplog.files_document import FilesDocument
from cockpit.poplog.names import Writer, parse_name
from cockpit.poplog.parse import Parser, pairs
from cockpit.poplog.row import LogRow
from tests.poplog.localfiles import counted, searched

FILES = ("POP32026010810-1.LOG", "POP32026010810-2.LOG", "POP3BE2026010810-1.LOG")


def texts(value: object) -> Iterable[str]:
    """Every text in a row, or in what is made of rows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from texts(one)


def hostile(value: object) -> str:
    for text in texts(value):
        # Most texts are ASCII that can be printed: only others are looked through.
        if not (text.isascii() and text.isprintable()) and (found := _UNSAFE.search(text)):
            return f"{found.group()!r} survives"
    return ""


def line(parser: Parser, raw: bytes) -> tuple[LogRow | None, str]:
    """The row of ``raw``, and what is wrong with it."""
    row = parser.line(raw)
    if (row is None) != parse.no_row(raw):
        return row, "Parser.line and no_row do not agree on whether it is a row"
    if row is None:
        return None, ""
    wrong = hostile(msgspec.structs.astuple(row)) or hostile(list(pairs(row.context).items()))
    if row.line != parse.harmless(parse.decoded(raw)):
        wrong = wrong or "the line is not whole"
    if row.at is not None and row.at.tzinfo is not UTC:
        wrong = wrong or "a time is not in UTC"
    if not row.problem and row.at is None:
        wrong = wrong or "a row without a time has no problem"
    return row, wrong


def name(text: str) -> str:
    found = parse_name(text)
    if found is not None and not (found.stamp.isascii() and found.stamp.isdecimal() and found.number >= 0):
        return "a name of no digits"
    return ""


def assembled(rows: Sequence[LogRow]) -> str:
    """Sessions hold every row that has an id, each once, and only what is harmless."""
    entries = [Entry("EX01", Writer.POP3, FILES[0], n, row) for n, row in enumerate(rows)]
    found = sessions.assemble(entries)
    offsets = sorted(entry.offset for session in found for entry in session.entries)
    if offsets != [entry.offset for entry in entries if entry.row.session]:
        return "sessions have lost or doubled rows"
    for session in found:
        target = session.target
        said = [session.id, session.user, session.words, session.client_end, *session.commands]
        wrong = hostile([*said, target.host, target.words] if target else said)
        if wrong or session.gaps < 0:
            return wrong or "less than no gaps"
        if target and target.port is not None and not 0 < target.port < 65536:
            return "a port that is none"
    return ""


# --- files -------------------------------------------------------------------------------------------


def naive(data: bytes) -> list[tuple[int, bytes]]:
    """The lines of ``data`` that are rows, with their offsets."""
    found, at = [], 0
    for raw in data.split(b"\n"):
        if not parse.no_row(raw):
            found.append((at, raw))
        at += len(raw) + 1
    return found


def document(folder: Path, files: dict[str, bytes], rng: random.Random) -> str:
    """A document over ``files`` (names, contents) against the naive reader."""
    for path in folder.iterdir():
        path.unlink()
    for file, data in files.items():
        (folder / file).write_bytes(data)
    opened = FilesDocument.of([folder])
    down = _walk(opened, down=True)
    expected = sorted((file, at) for file, data in files.items() for at, _ in naive(data))
    if sorted((e.file, e.offset) for e in down) != expected:
        return "going down does not meet every row once"
    if wrong := hostile([list(msgspec.structs.astuple(entry.row)) for entry in down]):
        return wrong
    tidy = _tidy(down, files)
    up = _walk(opened, down=False)[::-1]
    if any(_late_header(data) for data in files.values()):
        # A row that fits two headers is read by the last one that was seen above it.
        return "" if sorted(map(_where, up)) == sorted(map(_where, down)) else "going up meets other rows"
    if (up if tidy else _by_place(up)) != (down if tidy else _by_place(down)):
        return f"going up meets {len(up)} rows in another order or of other contents than down"
    for file in files:
        offsets = [e.offset for e in down if e.file == file]
        if offsets != sorted(offsets):
            return f"{file} is not in its own order"
    return (_seeks(opened, down, files, rng) if tidy else "") or _times(opened, down, tidy, rng)


def _tidy(entries: Sequence[Entry], files: dict[str, bytes]) -> bool:
    """Whether there is one chain of files, which needs no times, or every row tells its time, in order. Else
    what lies between two chains' lines is guessed page by page, and may be seen otherwise from below."""
    if len({name.writer for file in files if (name := parse_name(file))}) == 1:
        return True
    for writer in Writer:
        rows = [e for e in entries if e.writer is writer]
        times = [entry.row.at for entry in sorted(rows, key=_where)]
        known = [time for time in times if time is not None]
        if len(known) < len(times) or known != sorted(known):
            return False
    return True


def _late_header(data: bytes) -> bool:
    """Whether there are columns below the first row."""
    rows = naive(data)
    below = data[rows[0][0] :].split(b"\n") if rows else []
    return any(parse.header_of(parse.decoded(raw)) for raw in below)


def _where(entry: Entry) -> tuple[str, int]:
    return entry.file, entry.offset


def _by_place(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=_where)


def _walk(opened: FilesDocument, *, down: bool) -> list[Entry]:
    anchor = opened.start() if down else opened.end()
    found: list[Entry] = []
    while some := (opened.down if down else opened.up)(anchor, 7):
        found += [entry for _, entry in some]
        anchor = some[-1][0]
        if len(found) > 100_000:
            raise AssertionError("a walk does not end")
    return found


def _seeks(opened: FilesDocument, down: list[Entry], files: dict[str, bytes], rng: random.Random) -> str:
    """From hit to hit both ways meets the lines whose bytes hold the text; so do a search and a count."""
    text = rng.choice(("R=ok", "frank", "0", "pass", "é", "\r", "Session", "zzz"))
    forms = [text.encode(), *([text.encode("cp1252")] if not text.isascii() else [])]
    raws = {(file, at): raw for file, data in files.items() for at, raw in naive(data)}
    wanted = [entry for entry in down if any(form in raws[entry.file, entry.offset] for form in forms)]
    anchor, found = opened.start(), []
    while hit := opened.seek(anchor, lambda _: True, text=text):
        found.append(hit[1])
        anchor = opened.down(hit[0], 1)[0][0]
        if len(found) > len(wanted):
            break
    if found != wanted:
        return f"seeking {text!r} downwards finds {len(found)} of {len(wanted)}, or in another order"
    anchor, found = opened.end(), []
    while hit := opened.seek(anchor, lambda _: True, text=text, back=True):
        found.append(hit[1])
        anchor = hit[0]
        if len(found) > len(wanted):
            break
    if found[::-1] != wanted:
        return f"seeking {text!r} upwards finds {len(found)} of {len(wanted)}, or in another order"
    folder = opened.logs[0].file.path.parent
    if (number := counted(folder, text)) != len(wanted):
        return f"{number} hits of {text!r} are counted, there are {len(wanted)}"
    if sorted(map(_where, searched(folder, text))) != sorted(map(_where, wanted)):
        return f"a search for {text!r} finds others"
    return ""


def _times(opened: FilesDocument, down: list[Entry], tidy: bool, rng: random.Random) -> str:
    """``at_time`` raises for no moment. In a log whose rows all tell their time, and in order, nothing at or
    after it is above, and nothing before it below."""
    times = [entry.row.at for entry in down]
    known = [time for time in times if time is not None]
    moments = [rng.choice(known)] if known else []
    moments += [datetime(2026, 1, 8, 10, tzinfo=UTC) + timedelta(seconds=rng.randrange(-100, 3700))]
    moments += [rng.choice((datetime.min, datetime.max)).replace(tzinfo=UTC)]
    steady = tidy and len(known) == len(times) and known == sorted(known)
    for moment in moments:
        anchor = opened.at_time(moment)
        below = [entry for _, entry in opened.down(anchor, len(down) + 1)]
        above = [entry for _, entry in opened.up(anchor, len(down) + 1)]
        whole = above[::-1] + below
        if (whole if tidy else _by_place(whole)) != (down if tidy else _by_place(down)):
            return f"at {moment}: what is above and below is not the whole"
        if steady and known and known[-1] - known[0] < timedelta(hours=1):
            first = next((n for n, time in enumerate(known) if time >= moment), len(known))
            if len(above) != first:
                return f"at {moment}: {len(above)} rows are above, {first} are before it"
        if not 0 <= opened.fraction(anchor) <= 1:
            return "a fraction is none"
    return ""
