"""Lines of protocol logs, and what may become of them: cut, spliced, filled with what a terminal obeys."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from cockpit.poplog.parse import CLASSIC, WITH_PUID

HEADERS: Final = tuple(
    text.encode()
    for text in (
        ",".join(CLASSIC),
        ",".join(WITH_PUID),
        "#Fields: " + ",".join(WITH_PUID),
        "#Fields: " + ",".join(reversed(CLASSIC)),
        "#fields: context,DATETIME,x-new,command,user",
        "\ufeffdateTime,sessionId,command,context",
        "#Software: Microsoft Exchange Server",
        "#Version: 15.02.1118.007",
        "#Date: 2026-01-08T00:00:00.000Z",
    )
)
_ENDS: Final = (
    ",,0,0,49,OpenSession,,",
    ",,1,6,94,capa,,R=ok",
    ",,1,32,5,user,frank,R=ok",
    ',frank,132,15,32,pass,*****,"R=ok;Msg=""Proxy:EX19-02.contoso.example:1995:SSL;ProxySuccess"""',
    ",frank,1858,56,100,proxy,EX19-02.contoso.example:1995,R=ok",
    ',frank,50,6,14,stat,,"R=ok;Rows=17;TotalSize=123456"',
    ',,2,8,60,pass,*****,"R=""-ERR Logon failure: unknown user name or bad password."";ErrMsg=LogonFailed"',
    ',,2,8,60,auth,PLAIN,"R=""-ERR [Error=x Proxy=ex2.contoso.example]"";Excpt=a:b->c;;words"',
    ",frank,13,6,5,quit,,R=ok",
    ",frank,0,0,0,CloseSession,,",
)
_TEXTS: Final = (
    *(",", ",,,,,,,,", '"', '""', ";", "=", ":", "#", "#Fields: ", "dateTime,", "\r", "\n", "\r\n", "\ufeff"),
    *("\x1b]52;c;aGk=\x07", "\x1b[2J", "\x00", "\x7f", "\x9b", "\u202e", "\u200b", "\u2028", "\U000e0041"),
    *(
        "\ud800",
        "é",
        "İ",
        "ſ",
        "٣",
        "２",
        "😀",
        "password=",
        "pwd: x",
        "Passw",
        '"password":"',
        "<pwd>x</pwd>",
    ),
    *("Bad password for monitoring account: x", "Proxy:", "Proxy:[::1]:995", "[Proxy=", "]", "R=", "ErrMsg="),
    *(
        "OpenSession",
        "CloseSession",
        "proxy",
        "user",
        "pass",
        "HealthMailbox",
        "R=ok",
        "-ERR",
        "9" * 25,
        "-1",
    ),
    *("9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-W01-1"),
    *("[red]", "[/]", " " * 30, "x" * 700, "<" * 40, "\t"),
)
_BYTES: Final = (b"\xff", b"\xe9", b"\x81", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80" * 9)
PIECES: Final = (*(text.encode("utf-8", "surrogatepass") for text in _TEXTS), *_BYTES)


def line(rng: random.Random) -> bytes:
    """A row as it may stand in a log."""
    ms = rng.randrange(3_600_000)
    second, session = ms // 1000, rng.randrange(12)
    stamp = f"2026-01-08T10:{second // 60:02}:{second % 60:02}.{ms % 1000:03}Z"
    ends = f"{session:016X},{rng.randrange(9)},10.0.0.11:995,192.168.7.4:50002{rng.choice(_ENDS)}"
    return f"{stamp},{ends}{',' if rng.random() < 0.3 else ''}".encode()


def _cut(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] if rng.random() < 0.7 else raw[at:]


def _insert(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + rng.choice(PIECES) + raw[at:]


def _flip(raw: bytes, rng: random.Random) -> bytes:
    if not raw:
        return bytes([rng.randrange(256)])
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]


def _replace(raw: bytes, rng: random.Random) -> bytes:
    """A cell, or what is between two other marks, by something else."""
    mark = rng.choice((b",", b",", b";", b":", b'"', b"="))
    parts = raw.split(mark)
    parts[rng.randrange(len(parts))] = rng.choice(PIECES)
    return mark.join(parts)


def _splice(raw: bytes, rng: random.Random) -> bytes:
    other = line(rng)
    return raw[: rng.randrange(len(raw) + 1)] + other[rng.randrange(len(other)) :]


def _repeat(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    piece = raw[at : at + rng.randrange(1, 12)]
    return raw[:at] + piece * rng.randrange(2, 20) + raw[at:]


_WAYS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    *(_cut, _insert, _insert, _insert, _flip, _flip, _replace, _replace, _splice, _repeat),
)


def mutated(rng: random.Random) -> bytes:
    """A line changed in none to four ways. It may hold line ends."""
    raw = rng.choice(HEADERS) if rng.random() < 0.05 else line(rng)
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4))):
        raw = rng.choice(_WAYS)(raw, rng)
    return raw[:4000]


def file(rng: random.Random) -> bytes:
    """A small log: good lines in order of time for the most part, mutated ones, any line ends, the last line
    mostly without one."""
    good = sorted(line(rng) for _ in range(rng.randrange(1, 40)))
    lines = list(HEADERS[: rng.randrange(4)]) + good
    share = rng.choice((0.0, 0.1, 0.5, 1.0))
    lines = [mutated(rng) if rng.random() < share else raw for raw in lines]
    data = b"".join(raw + rng.choice((b"\r\n", b"\r\n", b"\n", b"\n\n")) for raw in lines)
    return data if rng.random() < 0.4 else data[: rng.randrange(len(data) + 1)]


def name(rng: random.Random) -> str:
    """The name of a log file, mutated."""
    raw = rng.choice((b"POP32026010810-1.LOG", b"POP3BE20260108-12.LOG", b"IMAP420260108-1.LOG.gz"))
    for _ in range(rng.randrange(4)):
        raw = rng.choice((_cut, _insert, _flip, _repeat))(raw, rng)
    return raw.decode("utf-8", rng.choice(("surrogateescape", "replace")))
