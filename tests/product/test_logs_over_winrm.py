"""Logs of a lab's servers followed and searched over the real wire, against the lab's own record."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cockpit.config import environment as config
from cockpit.config import secrets
from cockpit.config.environment import Environment, PasswordReference
from cockpit.config.paths import write_private
from cockpit.exchange.session import Session
from cockpit.lab import control_client
from cockpit.lab.poplogs.record import Written, read
from cockpit.poplog import polling
from cockpit.poplog.client import ProcessFeed
from cockpit.poplog.document import Entry
from cockpit.poplog.errors import FileGoneError, RefusedError
from cockpit.poplog.feed import Batch, Happened
from cockpit.poplog.messages import Ask
from cockpit.poplog.names import Writer
from cockpit.poplog.parse import Parser
from cockpit.poplog.sources import on_servers
from cockpit.poplog.tailing import Followed, Tailing
from tests.poplog.disk import EVERYTHING
from tests.product.conftest import Running, running_lab
from tests.support.waiting import eventually

ONE, TWO = "EX19-01", "EX19-02"
FRONT, BACK = "MSExchangePop3", "MSExchangePOP3BE"
LONG = 40.0


class Logging:
    """A lab whose servers write their logs, and what it recorded."""

    def __init__(self, running: Running) -> None:
        self.running = running
        for server in (ONE, TWO):
            self.act(server, "set-logging", enabled=True)
            for service in (FRONT, BACK):
                self.act(server, "restart-service", service=service)

    def act(self, server: str, action: str, **more: Any) -> None:
        control_client.act(*self._at, server, action, **more)

    def knobs(self, server: str, **knobs: Any) -> None:
        control_client.set_knobs(*self._at, server, **knobs)

    @property
    def _at(self) -> tuple[str, str]:
        return self.running.addresses.control_url, self.running.addresses.control_token

    def written(self, server: str, writer: str, *, since: int = 0) -> list[Written]:
        return [
            w
            for w in read(Path(self.running.addresses.record))
            if (w.server, w.writer) == (server, writer) and w.kind == "line" and w.seq > since
        ]

    def last(self) -> int:
        return max((w.seq for w in read(Path(self.running.addresses.record))), default=0)

    def lines(self, server: str, writer: str) -> list[str]:
        """As they are shown."""
        rows = (Parser().line(w.data) for w in self.written(server, writer))
        return [row.line for row in rows if row is not None]

    def still(self) -> None:
        """Nobody writes any more."""
        for server in (ONE, TWO):
            self.knobs(server, front_log_rate=0.0, back_log_rate=0.0)
            for service in (FRONT, BACK):
                self.act(server, "stop-service", service=service)


@pytest.fixture
def logging_lab(tmp_path: Path) -> Iterator[Logging]:
    with running_lab(tmp_path, servers=2, scenario="healthy") as running:
        yield Logging(running)


@contextmanager
def followed(environment: Environment, *servers: str) -> Iterator[tuple[list[Entry], list[Batch]]]:
    """What comes of both writers' logs of ``servers``, from their beginning on."""
    entries: list[Entry] = []
    batches: list[Batch] = []

    def take(batch: Batch) -> None:
        entries.extend(batch.entries)
        batches.append(batch)

    sources = on_servers(environment, secrets.password(environment), servers)
    both = (Writer.POP3, Writer.POP3BE)
    tail = Tailing([Followed(s, s.name, both, EVERYTHING) for s in sources], take)
    thread = threading.Thread(target=tail.run)
    thread.start()
    try:
        yield entries, batches
    finally:
        tail.stop()
        thread.join(LONG)
        assert not thread.is_alive()


def shown(entries: list[Entry], server: str, writer: str) -> list[str]:
    return [e.row.line for e in entries if (e.server, e.writer) == (server, writer)]


def test_every_line_once_and_in_order_through_all_that_happens(
    logging_lab: Logging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "FIRST_RETRY", 0.2)
    lab = logging_lab
    lab.act(TWO, "set-server", clock_error=-437.0)
    lab.knobs(ONE, front_log_rate=120.0, back_log_rate=40.0)
    lab.knobs(TWO, front_log_rate=30.0)

    def has_grown(entries: list[Entry], by: int) -> None:
        began = len(entries)
        eventually(lambda: len(entries) >= began + by, LONG, f"{by} more lines")

    with followed(lab.running.environment, ONE, TWO) as (entries, batches):
        has_grown(entries, 100)
        for trouble in ({"effect": "DROP", "count": 2}, {"effect": "RESET", "action": "Receive", "count": 2}):
            lab.act(ONE, "roll-log")
            has_grown(entries, 50)
            lab.knobs(ONE, wire={"endpoint": "winrm", "troubles": [trouble]})
            has_grown(entries, 50)
        lab.act(ONE, "restart-service", service=FRONT)
        lab.act(ONE, "roll-log", writer="POP3BE")
        has_grown(entries, 100)
        lab.still()
        logs = [(s, w) for s in (ONE, TWO) for w in ("POP3", "POP3BE")]
        eventually(
            lambda: all(len(shown(entries, s, w)) == len(lab.lines(s, w)) for s, w in logs), LONG, "the rest"
        )
    for server, writer in logs:
        assert shown(entries, server, writer) == lab.lines(server, writer)
    kinds = [n.kind for b in batches for n in b.notices]
    assert Happened.SKIPPED not in kinds
    assert Happened.REPLACED not in kinds
    assert kinds.count(Happened.ROLLED_OVER) >= 4
    ahead = {s.server: s.clock_offset for b in batches for s in b.streams}
    assert ahead[ONE] == pytest.approx(0.0, abs=5)
    assert ahead[TWO] == pytest.approx(-437.0, abs=5)


def test_a_file_cut_or_replaced_is_read_again_from_its_beginning(logging_lab: Logging) -> None:
    lab = logging_lab
    lab.knobs(ONE, front_log_rate=50.0)
    with followed(lab.running.environment, ONE) as (entries, batches):
        eventually(lambda: len(shown(entries, ONE, "POP3")) > 20, LONG, "lines")
        for number, action in enumerate(("truncate-log", "replace-log"), 1):
            seen = lab.last()
            lab.act(ONE, action)

            def told(number: int = number) -> bool:
                kinds = [n.kind for b in batches for n in b.notices]
                return kinds.count(Happened.REPLACED) == number

            eventually(told, LONG, f"a notice of {action}")

            def read_on(seen: int = seen) -> bool:
                after = {w.data.decode().strip() for w in lab.written(ONE, "POP3", since=seen)}
                return shown(entries, ONE, "POP3")[-1] in after

            eventually(read_on, LONG, "lines after")
        lab.still()
        last = [w.seq for w in read(Path(lab.running.addresses.record)) if w.kind == "replaced"][-1]
        rows = (Parser().line(w.data) for w in lab.written(ONE, "POP3", since=last))
        after = [row.line for row in rows if row is not None]
        eventually(lambda: shown(entries, ONE, "POP3")[-1:] == after[-1:], LONG, "its last line")
    assert shown(entries, ONE, "POP3")[-len(after) :] == after


def test_hostile_and_half_lines_come_harmless_and_stop_nothing(logging_lab: Logging) -> None:
    lab = logging_lab
    lab.knobs(ONE, front_log_rate=50.0)
    with followed(lab.running.environment, ONE) as (entries, batches):
        eventually(lambda: len(shown(entries, ONE, "POP3")) > 20, LONG, "lines")
        lab.act(ONE, "write-hostile")
        lab.act(ONE, "write-half", goes_on=True)
        eventually(lambda: len(lab.written(ONE, "POP3")) > 60, LONG, "lines after")
        lab.act(ONE, "write-half")
        ahead = len(lab.written(ONE, "POP3")) + 20
        eventually(lambda: len(lab.written(ONE, "POP3")) > ahead, LONG, "lines in the next file")
        lab.still()
        eventually(
            lambda: shown(entries, ONE, "POP3")[-1:] == lab.lines(ONE, "POP3")[-1:], LONG, "the last line"
        )
    came = shown(entries, ONE, "POP3")
    (cut,) = [w for w in read(Path(lab.running.addresses.record)) if w.kind == "cut"]
    half = came.index(cut.data.decode())
    assert came[:half] + came[half + 1 :] == lab.lines(ONE, "POP3")
    assert not {c for text in came for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert any("\\x1b" in text for text in came)
    assert Happened.SKIPPED not in [n.kind for b in batches for n in b.notices]


def test_logging_that_is_off_says_so_and_lines_come_once_it_is_on(logging_lab: Logging) -> None:
    lab = logging_lab
    lab.still()
    disk = Path(next(s.disk for s in lab.running.addresses.servers if s.name == TWO))
    shutil.rmtree(disk / "C/Program Files/Microsoft/Exchange Server/V15/Logging/Pop3", ignore_errors=True)
    with followed(lab.running.environment, TWO) as (entries, batches):

        def problems() -> set[str]:
            return {s.problem for b in batches for s in b.streams}

        eventually(
            lambda: "there is no log file yet; is protocol logging on?" in problems(), LONG, "the problem"
        )
        lab.act(TWO, "start-service", service=FRONT)
        lab.knobs(TWO, front_log_rate=50.0)
        eventually(lambda: len(entries) > 10, LONG, "lines")
    assert {s.writer: bool(s.problem) for b in batches for s in b.streams} == {
        Writer.POP3: False,
        Writer.POP3BE: True,
    }
    assert [n for b in batches for n in b.notices] == []


def test_a_server_nobody_knows_is_refused_and_a_file_that_is_not_there_is_gone(logging_lab: Logging) -> None:
    environment = logging_lab.running.environment
    known, unknown = on_servers(environment, secrets.password(environment), (ONE, "NOBODY"))
    with pytest.raises(FileGoneError):
        known.read("POP31999010101-1.LOG", 0, 1)
    with pytest.raises(RefusedError, match="NOBODY"):
        unknown.files()
    known.close()
    unknown.close()
    eventually(lambda: logging_lab.running.shells() == 0, LONG, "no shell left")


def test_a_wrong_password_is_tried_once(
    logging_lab: Logging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    sign_in = Session.open

    def counted(self: Session) -> None:
        tried.append(self.target.server)
        sign_in(self)

    monkeypatch.setattr(Session, "open", counted)
    wrong = tmp_path / "wrong"
    write_private(wrong, "wrong")
    environment = logging_lab.running.environment
    credential = msgspec.structs.replace(environment.credential, password=PasswordReference(file=str(wrong)))
    environment = msgspec.structs.replace(environment, credential=credential)
    sources = on_servers(environment, secrets.password(environment), (ONE, TWO))
    for source in sources:
        with pytest.raises(RefusedError, match="sign-in"):
            source.files()
    assert len(tried) == 1


async def test_a_screen_gets_them_from_a_process_of_its_own(logging_lab: Logging, tmp_path: Path) -> None:
    lab = logging_lab
    lab.knobs(ONE, front_log_rate=100.0)
    environment = lab.running.environment
    ask = Ask((ONE,), (Writer.POP3,), EVERYTHING)
    feed = ProcessFeed(environment, secrets.password(environment), ask, tmp_path / "reader.log")
    await feed.start()
    entries: list[Entry] = []
    async with asyncio.timeout(LONG):
        async for batch in feed.batches():
            entries += batch.entries
            if len(entries) > 200:
                break
    await feed.close()
    assert [e.row.line for e in entries] == lab.lines(ONE, "POP3")[: len(entries)]
    assert (tmp_path / "reader.log").read_text() == ""
    await asyncio.to_thread(eventually, lambda: lab.running.shells() == 0, LONG, "no shell left")


# --- the command line ----------------------------------------------------------------------------


@pytest.fixture
def env_file(logging_lab: Logging, tmp_path: Path) -> Path:
    file = tmp_path / "env.toml"
    config.save(file, logging_lab.running.environment)
    return file


def command(env_file: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "cockpit", "--env-file", str(env_file), "logs", *arguments]


def ran(env_file: Path, *arguments: str) -> tuple[int, list[str], str]:
    done = subprocess.run(command(env_file, *arguments), capture_output=True, timeout=LONG, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_tail_and_grep_on_servers(logging_lab: Logging, env_file: Path) -> None:
    lab = logging_lab
    lab.knobs("*", front_log_rate=100.0, back_log_rate=100.0)
    eventually(lambda: len(lab.written(ONE, "POP3")) > 150, LONG, "lines")
    lab.act(ONE, "roll-log")
    eventually(lambda: len({w.file for w in lab.written(ONE, "POP3")}) > 1, LONG, "a second file")
    lab.still()
    code, out, err = ran(env_file, "tail", "--server", ONE, "-n", "120")
    assert (code, err) == (0, "")
    assert out == lab.lines(ONE, "POP3")[-120:]
    code, out, _ = ran(
        env_file, "tail", "--server", ONE, "--server", TWO, "--both", "-n", "50", "--format", "json"
    )
    rows = [json.loads(text) for text in out]
    assert (code, len(rows)) == (0, 200)
    assert {(r["server"], r["writer"]) for r in rows} == {
        (s, w) for s in (ONE, TWO) for w in ("POP3", "POP3BE")
    }
    times = [datetime.fromisoformat(r["at"]) for r in rows]
    # As well as two clocks can be compared over the wire.
    assert all(b - a > timedelta(seconds=-0.5) for a, b in itertools.pairwise(times))
    for server, writer in ((s, w) for s in (ONE, TWO) for w in ("POP3", "POP3BE")):
        places = [(r["file"], r["offset"]) for r in rows if (r["server"], r["writer"]) == (server, writer)]
        assert places == [(w.file, w.offset) for w in lab.written(server, writer)][-50:]
    wanted = [text for text in lab.lines(ONE, "POP3BE") if "quit" in text]
    code, out, err = ran(env_file, "grep", "QUIT", "-i", "--backend", "--server", ONE)
    assert (code, out, err) == (0, wanted, "")
    assert ran(env_file, "grep", "quit", "--backend", "--server", ONE, "--count")[1] == [str(len(wanted))]
    assert ran(env_file, "grep", "no such text", "--server", ONE) == (1, [], "")
    code, out, err = ran(env_file, "grep", "quit", "--server", "NOBODY", "--server", ONE)
    assert (code, out) == (3, [f"{ONE} POP3 {text}" for text in lab.lines(ONE, "POP3") if "quit" in text])
    assert "no server NOBODY" in err
    eventually(lambda: lab.running.shells() == 0, LONG, "no shell left")


def test_an_interrupted_search_ends_at_once(logging_lab: Logging, env_file: Path) -> None:
    lab = logging_lab
    lab.knobs(ONE, wire={"endpoint": "winrm", "latency": 30.0})
    with subprocess.Popen(
        command(env_file, "grep", "quit", "--server", ONE), stdout=subprocess.PIPE
    ) as process:
        try:
            eventually(
                lambda: lab.running.commands("Get-PopSettings"), LONG, "the question where the logs are"
            )
            process.send_signal(2)
            assert process.wait(5) == 130
        finally:
            process.kill()
