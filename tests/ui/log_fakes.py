"""Logs for the Logs screen's tests: lines, a document in memory, a feed that is told what to bring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from cockpit.poplog.document import Entry
from cockpit.poplog.errors import LogError
from cockpit.poplog.feed import Batch, FeedEndedError
from cockpit.poplog.names import Writer
from cockpit.poplog.parse import CLASSIC, Parser

START = datetime(2026, 1, 8, 8, 0, 0, tzinfo=UTC)
NOW = START + timedelta(hours=1)
HEADER = ",".join(CLASSIC).encode()
BAD_LOGIN = '"R=""-ERR Logon failure: unknown user name or bad password."""'
PROXIED = '"R=ok;Msg=""Proxy:ex01.corp.example:1995:SSL;ProxySuccess"""'


def raw(at: datetime, session: int, number: int, user: str, command: str, parameters: str = "",
        context: str = "R=ok", ms: int = 12, client: str = "10.1.1.70:50002") -> bytes:  # fmt: skip
    """A line as a front end writes it."""
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
    fields = (stamp, f"{session:016x}", str(number), "10.1.1.5:995", client, user, str(ms), "20", "40",
              command, parameters, context)  # fmt: skip
    return ",".join(fields).encode()


def sessions(count: int, start: datetime = START, first: int = 1) -> list[bytes]:
    """``count`` sessions of five lines, 100 ms from line to line; every seventh fails to sign in, every
    fifth is a probe's."""
    lines = []
    at = start
    for number in range(first, first + count):
        probe = number % 5 == 0
        user = f"HealthMailbox{number:04x}@corp.example" if probe else f"user{number % 40:02d}@corp.example"
        client = "127.0.0.1:50100" if probe else f"10.1.1.{number % 200}:50002"
        bad = number % 7 == 0
        rows = [
            ("", "OpenSession", "", ""),
            ("", "user", user, "R=ok"),
            (("" if bad else user), "pass", "*****", BAD_LOGIN if bad else PROXIED),
            (("" if bad else user), "quit", "", "R=ok"),
            (("" if bad else user), "CloseSession", "", ""),
        ]
        for place, (who, command, parameters, context) in enumerate(rows):
            lines.append(raw(at, number, place, who, command, parameters, context, 7 * place, client))
            at += timedelta(milliseconds=100)
    return lines


def entries(lines: Iterable[bytes], server: str = "EX01", writer: Writer | None = Writer.POP3,
            file: str = "POP32026010808-1.LOG", offset: int = 0) -> list[Entry]:  # fmt: skip
    """Lines as entries of one file."""
    parser = Parser()
    parser.line(HEADER)
    made = []
    for line in lines:
        row = parser.line(line)
        if row is not None:
            made.append(Entry(server, writer, file, offset, row))
        offset += len(line) + 2
    return made


class ListDocument:
    """A document of entries in memory: a Ring's stand-in with ``most``, else a file's. Anchors are counts
    of lines since the beginning."""

    def __init__(self, lines: Sequence[Entry] = (), most: int = 1_000_000) -> None:
        self.lines = list(lines)
        self.most = most
        self.dropped = 0
        self.seeks = 0
        self.gate: Event | None = None
        """Where one is set, ``seek`` waits for it."""
        self.deaf = False
        """``seek`` does not hear that it is to stop, as one that has just found its line."""
        self.found = 0
        """Lines that ``seek`` has found."""
        self.trouble: LogError | None = None
        self.damaged: tuple[str, ...] = ()

    def append(self, lines: Iterable[Entry]) -> int:
        self.lines += lines
        over = max(len(self.lines) - self.most, 0)
        del self.lines[:over]
        self.dropped += over
        return over

    def __len__(self) -> int:
        return len(self.lines)

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def start(self) -> int:
        return self.dropped

    def end(self) -> int:
        self._fail()
        return self.dropped + len(self.lines)

    def down(self, anchor: int, most: int) -> list[tuple[int, Entry]]:
        self._fail()
        first = max(anchor - self.dropped, 0)
        shown = self.lines[first : first + most]
        return [(self.dropped + first + n + 1, entry) for n, entry in enumerate(shown)]

    def up(self, anchor: int, most: int) -> list[tuple[int, Entry]]:
        self._fail()
        last = max(anchor - self.dropped, 0)
        first = max(last - most, 0)
        return [
            (self.dropped + n, self.lines[n]) for n in range(min(last, len(self.lines)) - 1, first - 1, -1)
        ]

    def at_time(self, moment: datetime) -> int:
        self._fail()
        later = (n for n, e in enumerate(self.lines) if e.row.at is not None and e.row.at >= moment)
        return self.dropped + next(later, len(self.lines))

    def problems(self) -> tuple[str, ...]:
        return self.damaged

    def fraction(self, anchor: int) -> float:
        return (anchor - self.dropped) / len(self.lines) if self.lines else 1.0

    def seek(
        self,
        anchor: int,
        wanted: Callable[[Entry], bool],
        *,
        text: str = "",
        any_case: bool = False,
        back: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[int, Entry] | None:
        self.seeks += 1

        def stops() -> bool:
            return stop() and not self.deaf

        while self.gate is not None and not self.gate.wait(0.02):
            if stops():
                return None
        at = anchor
        while not stops() and (got := (self.up if back else self.down)(at, 64)):
            for next_, entry in got:
                line = entry.row.line
                holds = text.lower() in line.lower() if any_case else text in line
                if wanted(entry):
                    assert holds, f"{text!r} was said to be in every wanted line, and is not in {line!r}"
                    self.found += 1
                    return (next_ if back else next_ - 1), entry
                at = next_
        return None


class FakeLogFeed:
    """Brings what the test tells it to."""

    def __init__(self, first: Batch | None = None) -> None:
        self.first = first
        self.starts = self.closes = 0
        self.close_waits: asyncio.Event | None = None
        self._queue: asyncio.Queue[Batch | str] = asyncio.Queue()

    async def start(self) -> None:
        self.starts += 1
        self._queue = asyncio.Queue()
        if self.first is not None:
            self.bring(self.first)

    async def batches(self) -> AsyncIterator[Batch]:
        while True:
            got = await self._queue.get()
            if isinstance(got, str):
                raise FeedEndedError(got)
            yield got

    def bring(self, batch: Batch) -> None:
        self._queue.put_nowait(batch)

    def lines(self, lines: Sequence[Entry], **more: Any) -> None:
        self.bring(Batch(entries=tuple(lines), **more))

    def end(self, why: str) -> None:
        self._queue.put_nowait(why)

    async def close(self) -> None:
        if self.close_waits is not None:
            await self.close_waits.wait()
        self.closes += 1
