"""A login over SSH that is cut: the run goes on in its own process, and any other login takes it up.

Kill -9 of ssh is what a closed laptop is to the jump host: sshd hangs up the login's terminal.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cockpit.config.environment import PasswordReference
from cockpit.journal.records import Choice
from tests.support.processes import COCKPIT, Home, LabProcess, lab
from tests.support.recovering import (
    FIRST,
    LAST,
    MONITOR,
    NEXT,
    PROMPTS,
    SCENARIO,
    SENT,
    SERVER,
    SLOW_PROBE,
    SPEED,
    Rows,
    attach_by_keys,
    go_by_keys,
    ready_to_go,
    rows_of,
    sent,
    start_by_keys,
)
from tests.support.sshd import Sshd, sshd
from tests.support.terminal import Terminal
from tests.support.waiting import eventually

PASSWORD = "POP_COCKPIT_PASSWORD"


@dataclass(frozen=True)
class JumpHost:
    """A lab, and a host to log in to from which the cockpit reaches it.

    ``start``: the cockpit there; its environment refers to a variable for the password, as one that an
    operator has exported: of all ways the one that leaks most easily.
    """

    served: LabProcess
    home: Home
    server: Sshd
    rows: Rows
    secret: str
    start: tuple[str, ...]

    def cut(self, term: Terminal) -> float:
        """Kill the client; when that was, by the host's clock. Of the login only the worker is left."""
        worker = self.rows.worker()
        when = time.time()
        term.signal(signal.SIGKILL)
        term.process.wait(5)
        eventually(lambda: self.home.processes() == [worker], 8.0, f"nothing of the login left but {worker}")
        return when

    def keeps_the_secret(self) -> None:
        """The password is in no argument and no variable of the worker, and in no file written since."""
        canary = self.secret.encode()
        about = Path(f"/proc/{self.rows.worker().pid}")
        assert canary not in (about / "cmdline").read_bytes()
        assert canary not in (about / "environ").read_bytes()
        beside = self.served.env_file.with_name(f"{self.served.env_file.name}.d")
        written = [p for p in self.home.folder.rglob("*") if p.is_file()] + list(beside.glob("journal.*"))
        assert {p.suffix for p in written} >= {".log", ".sqlite"}
        assert [p for p in written if canary in p.read_bytes()] == []


@pytest.fixture
def host(tmp_path: Path) -> Iterator[JumpHost]:
    home = Home(tmp_path / "home")
    home.folder.mkdir()
    with ExitStack() as stack:
        served = stack.enter_context(lab(tmp_path / "lab", SCENARIO, *SPEED))
        reference = served.environment.credential.password
        assert reference is not None
        assert reference.file is not None
        secret = Path(reference.file).read_text(encoding="utf-8").strip()
        assert len(secret) >= 12
        rows = stack.enter_context(rows_of(served, tmp_path))
        stack.callback(_end, home)
        server = stack.enter_context(sshd(tmp_path / "sshd", home, **{PASSWORD: secret}))
        env_file = ready_to_go(served, PasswordReference(env=PASSWORD))
        yield JumpHost(served, home, server, rows, secret, (*COCKPIT, "--env-file", str(env_file)))


def _end(home: Home) -> None:
    """The workers, which nothing else ends."""
    for process in home.processes():
        with suppress(psutil.Error):
            process.kill()


def test_cut_while_a_step_runs(host: JumpHost) -> None:
    """The command that is under way comes to its result; the run stops at its next question."""
    with host.server.login(host.start) as term:
        start_by_keys(term)
        host.served.knobs(slow_probe=SLOW_PROBE)
        go_by_keys(term)
        attempt = host.rows.begun("probe")
        term.wait("Now: Re-run the probe")
        worker = host.rows.worker()
        cut_at = host.cut(term)
    host.rows.asks(NEXT)
    (probe,) = host.rows.tries("probe")
    assert probe.intent_at == attempt.intent_at
    assert probe.result_at is not None
    assert probe.result_at > cut_at, "it was cut in the middle of it"
    assert probe.outcome == "failed"
    assert host.rows.worker() == worker
    assert sent(host.served) == [SENT[FIRST]]
    host.keeps_the_secret()

    with host.server.login(host.start) as term:
        attach_by_keys(term)
        term.wait(f"Asks: {SERVER}: {PROMPTS[NEXT]}")
        go_by_keys(term)
        term.wait(f"Asks: {SERVER}: {PROMPTS[LAST]}")
        assert host.rows.asks(LAST).typed == SERVER
        host.cut(term)
    assert host.rows.worker() == worker
    assert sent(host.served) == [SENT[FIRST], SENT[NEXT]]


def test_cut_at_a_question(host: JumpHost) -> None:
    """The question stays open, nothing is sent, and it can be answered on the command line too."""
    with host.server.login(host.start) as term:
        start_by_keys(term)
        term.press("d")
        term.wait("Not now")
        worker = host.rows.worker()
        lease = host.rows.journal.lease(host.rows.run().scope)
        assert lease is not None
        assert lease.origin.startswith("127.0.0.1 on "), "the journal names the SSH client"
        host.cut(term)
    question = host.rows.asks(FIRST)
    assert sent(host.served) == []

    with host.server.login([*host.start, "runs", "attach", host.rows.run().id[:8]]) as term:
        term.wait(lambda text: PROMPTS[FIRST] in text and "answer>" in text, 15.0)
        term.press("go", "enter")
        host.rows.asks(NEXT)
        answered = next(q for q in host.rows.journal.questions(host.rows.run().id) if q.id == question.id)
        assert answered.answer is not None
        assert answered.answer.choice is Choice.GO
        host.cut(term)
    assert host.rows.worker() == worker
    assert sent(host.served) == [SENT[FIRST]]


def test_cut_on_the_command_line(host: JumpHost) -> None:
    """``recover`` and ``runs attach``."""
    with host.server.login([*host.start, "recover", MONITOR, "--server", SERVER]) as term:
        term.wait("answer>", 15.0)
        (follower,) = host.home.processes("recover")
        assert follower.environ()[PASSWORD] == host.secret
        host.served.knobs(slow_probe=SLOW_PROBE)
        term.press("go", "enter")
        host.rows.begun("probe")
        worker = host.rows.worker()
        host.keeps_the_secret()
        cut_at = host.cut(term)
    host.rows.asks(NEXT)
    (probe,) = host.rows.tries("probe")
    assert probe.result_at is not None
    assert probe.result_at > cut_at, "it was cut in the middle of it"

    with host.server.login([*host.start, "runs", "attach", host.rows.run().id]) as term:
        term.wait(lambda text: PROMPTS[NEXT] in text and "answer>" in text, 15.0)
        term.press("go", "enter")
        host.rows.asks(LAST)
        host.cut(term)
    assert host.rows.worker() == worker
    assert sent(host.served) == [SENT[FIRST], SENT[NEXT]]
    host.keeps_the_secret()
