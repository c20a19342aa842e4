"""A password goes to the servers and nowhere else: not into files, screens, journals, bundles, command lines
or environments of processes.

A lab's throw-away password is the canary. Everything that the product can do is done with it; then every
byte it left is searched. The only file that may hold it is the one the environment refers to.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cockpit.config import secrets as config_secrets
from tests.secrets.searching import Sampler, found_in, leaks, written
from tests.support.files import stated, wrong_modes
from tests.support.processes import COCKPIT, Home, LabProcess, lab, run
from tests.support.recovering import (
    FIRST,
    MONITOR,
    SCENARIO,
    SERVER,
    SPEED,
    go_by_keys,
    ready_to_go,
    rows_of,
    start_by_keys,
)
from tests.support.terminal import terminal
from tests.support.waiting import eventually

CRASHING = (sys.executable, "-m", "tests.terminal.crashing", "action")


@dataclass
class Planted:
    """A lab whose password is the canary; ``shown``: all that any program of ours wrote to a terminal."""

    served: LabProcess
    home: Home
    env_file: Path
    secrets: dict[str, str]
    shown: bytes = b""

    def command(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
        answer = run(self.home, "--env-file", self.env_file, *arguments, seconds=40.0)
        assert answer.code in codes, (arguments, answer)
        self.shown += answer.out.encode() + answer.err.encode()

    def processes(self) -> list[psutil.Process]:
        return self.home.processes()


@pytest.fixture(scope="module")
def careless() -> Iterator[None]:
    """The most open umask there is: what is private must not hang on it."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(scope="module", params=["basic-tls", pytest.param("ntlm", marks=pytest.mark.matrix)])
def planted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, careless: None
) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("canary")
    home = Home(folder / "home")
    with lab(folder / "lab", SCENARIO, *SPEED, "--auth", request.param) as served:
        password = config_secrets.password(served.environment)
        assert password is not None
        made = Planted(served, home, ready_to_go(served), {"password": password.value})
        with Sampler(made.processes, made.secrets) as sampler:
            _use_everything(made)
        assert any("cockpit.fleet.process" in line for line in sampler.seen), sampler.seen
        assert any("cockpit.recovery.worker" in line for line in sampler.seen), sampler.seen
        assert any("cockpit.poplog" in line for line in sampler.seen), sampler.seen
        assert sampler.leaks == {}
        yield made


def _use_everything(made: Planted) -> None:
    _log_lines(made.served)
    with ExitStack() as stack:
        stack.callback(_end_workers, made.home)
        _on_screens(made)
        _by_commands(made)
        _crashing(made)


def _log_lines(served: LabProcess) -> None:
    """Something to read in the protocol log."""
    served.act(SERVER, "set-logging", enabled=True)
    served.act(SERVER, "restart-service", service="MSExchangePOP3")
    served.knobs(SERVER, front_log_rate=5.0)


def _end_workers(home: Home) -> None:
    for process in home.processes("cockpit.recovery.worker"):
        with suppress(psutil.Error):
            process.kill()


def _on_screens(made: Planted) -> None:
    """Fleet, probe, run, logs, history, obligations, help; each saved; a run that has sent a command."""
    command = [*COCKPIT, "--env-file", str(made.env_file)]
    with (
        rows_of(made.served, made.home.folder) as rows,
        terminal(command, made.home.environ(), 160, 48) as term,
    ):
        start_by_keys(term)
        rows.asks(FIRST)
        term.press("\x13")  # ctrl+s
        eventually(lambda: list((made.home.state / "views").glob("*")), 10.0, "a saved view")
        go_by_keys(term)
        rows.begun(FIRST)
        term.press("q")
        term.wait("8/8 up", 15.0)
        for key, shows in (
            ("t", "Logs"),
            ("H", "History"),
            ("o", "Obligations"),
            ("?", "Keys that work here"),
        ):
            term.press(key)
            term.wait(shows, 15.0)
            term.press("\x13")
            term.settle()
            term.press("\x1b")
            term.wait(lambda text: "Keys that work here" not in text and "R refresh" in text, 15.0)
        term.press("q")
        assert term.exit_code(15.0) == 0
        made.shown += term.said()


def _by_commands(made: Planted) -> None:
    made.command("info")
    made.command("env", "list")
    made.command("status", "--format", "json", codes=(0, 1, 2, 3))
    made.command("probe", "POP.Protocol\\PopSelfTestProbe", "--server", SERVER, codes=(0, 2, 3))
    made.command("recover", MONITOR, "--server", SERVER, "--plan", "--format", "json", codes=(0, 1, 2, 3))
    made.command("service", "status", "--server", SERVER)
    made.command("logging", "status", "--server", SERVER, codes=(0, 1, 2, 3))
    made.command("logs", "tail", "--server", SERVER, "-n", "5", codes=(0, 1))
    made.command("logs", "grep", "PASS", "--server", SERVER, codes=(0, 1))
    made.command("obligations", codes=(0, 1, 2, 3))
    made.command("runs", "list")
    made.command("journal", "verify")
    made.command("journal", "export", "--format", "jsonl")
    with rows_of(made.served, made.home.folder) as rows:
        run_id = rows.run().id
    made.command("runs", "show", run_id, codes=(0, 1, 2, 3))
    bundles = made.home.folder / "taken"
    bundles.mkdir()
    made.command("runs", "export", run_id, "--to", str(bundles))
    assert list(bundles.iterdir())


def _crashing(made: Planted) -> None:
    """Our own defect, while sessions are open: the report has no locals."""
    command = [*CRASHING, "--env-file", str(made.env_file)]
    with terminal(command, made.home.environ(), 120, 40) as term:
        term.wait("8/8 up", 15.0)
        term.press("P")
        assert term.exit_code() == 70
        made.shown += term.said()
    assert list((made.home.state / "crashes").iterdir())


def test_no_file_holds_it_but_the_one_that_is_referred_to(planted: Planted) -> None:
    allowed = {planted.served.env_file.with_name("environment.toml.d") / "password"}
    # pyspnego's NTLM acceptor, the lab's side, has its users from a file.
    allowed.add(planted.served.env_file.with_name("environment.toml.d") / "ntlm-users")
    kinds = {path.relative_to(planted.home.state).parts[0] for path in written(planted.home.state)}
    assert {"crashes", "views", "collector.log", "runs"} <= kinds
    found = leaks(planted.home.folder, planted.secrets) | leaks(planted.served.home.folder, planted.secrets)
    assert {path: how for path, how in found.items() if Path(path) not in allowed} == {}
    assert any(Path(path) in allowed for path in found), "the search finds it where it is known to be"


def test_every_file_has_the_mode_that_is_stated(planted: Planted) -> None:
    """docs/files.md, for what all of the product together has written, under a umask of 0."""
    assert wrong_modes(planted.home.folder, planted.home.state) == []
    ready = planted.served.env_file.with_name("environment.toml")
    own = ready.with_name("environment.toml.d")
    for path, row in (
        (ready, "READY"),
        (own, "READY.d"),
        (own / "password", "READY.d/password"),
        (own / "token", "READY.d/token"),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == next(r.mode for r in stated() if r.path == row), path


def test_no_terminal_was_shown_it(planted: Planted) -> None:
    assert len(planted.shown) > 10_000
    assert found_in(planted.shown, planted.secrets) == set()
