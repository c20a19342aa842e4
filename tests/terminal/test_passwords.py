"""A password that is asked for on the terminal, or comes in a variable: seen by nobody, in no child's
variables or arguments."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import msgspec
import psutil
import pytest

from cockpit.config import environment as config
from cockpit.config.environment import PasswordReference
from tests.support.processes import COCKPIT, ROOT, Home, LabProcess, run
from tests.support.terminal import Terminal, terminal
from tests.support.waiting import eventually

ASKS = "Password of operator@lab.example in environment lab-selftest-hung:"


@pytest.fixture
def lab_password(selftest_hung: LabProcess) -> str:
    reference = selftest_hung.environment.credential.password
    assert reference is not None
    assert reference.file is not None
    return Path(reference.file).read_text()


def referring(lab: LabProcess, folder: Path, reference: PasswordReference) -> Path:
    """The lab's environment, its password by another reference."""
    credential = msgspec.structs.replace(lab.environment.credential, password=reference)
    path = folder / "environment.toml"
    config.save(path, msgspec.structs.replace(lab.environment, credential=credential))
    return path


@pytest.fixture
def prompting(selftest_hung: LabProcess, tmp_path: Path) -> Path:
    return referring(selftest_hung, tmp_path, PasswordReference(prompt=True))


def asked(env_file: Path, home: Home, *words: str) -> Terminal:
    opened = Terminal([*COCKPIT, "--env-file", str(env_file), *words], home.environ())
    opened.wait(ASKS)
    eventually(lambda: not opened.is_cooked(), 5, "no echo")
    return opened


def in_sight(processes: list[psutil.Process], word: str) -> list[str]:
    """Which of these show ``word`` to whoever may look at their arguments and variables."""
    return [str(p) for p in processes if word in " ".join((*p.cmdline(), *p.environ().values()))]


def test_the_screen_asks_once_before_it_opens(prompting: Path, home: Home, lab_password: str) -> None:
    opened = asked(prompting, home, "--write")
    try:
        opened.press(lab_password, "\r")
        opened.wait("8/8 up", 15)
        eventually(lambda: len(home.processes()) > 1, 5, "a collector")
        assert in_sight(home.processes(), lab_password) == []
        opened.press("q")
        assert opened.exit_code() == 0
        assert opened.raw.count(ASKS.encode()) == 1
        assert lab_password.encode() not in opened.raw
        assert opened.is_cooked()
    finally:
        opened.close()
    written = [p for p in home.folder.rglob("*") if p.is_file() and lab_password.encode() in p.read_bytes()]
    assert written == []
    home.nothing_left()


def test_a_command_asks_whatever_its_input_and_output_are(
    prompting: Path, home: Home, lab_password: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    words = [*COCKPIT, "--env-file", str(prompting), "status", "--format", "json"]
    shell = ["/bin/sh", "-c", '"$@" >"$0" </dev/null', str(out), *words]
    with terminal(shell, home.environ()) as opened:
        opened.wait(ASKS)
        opened.press(lab_password, "\r")
        assert opened.exit_code(20) == 2
        assert lab_password.encode() not in opened.raw
    assert lab_password not in out.read_text()
    assert '"environment": "lab-selftest-hung"' in out.read_text()


def test_runs_are_listed_without_a_question(prompting: Path, home: Home) -> None:
    answer = run(home, "--env-file", prompting, "runs", "list")
    assert (answer.code, answer.err) == (0, "")


def test_without_a_terminal_it_says_so(prompting: Path, home: Home) -> None:
    command = [*COCKPIT, "--env-file", str(prompting), "status"]
    done = subprocess.run(
        command, env=home.environ(), cwd=ROOT, capture_output=True, start_new_session=True, timeout=20
    )
    assert (done.returncode, done.stdout) == (64, b"")
    said = done.stderr.decode()
    assert said.startswith(
        "pop-cockpit: environments.lab-selftest-hung.credential.password.prompt: there is no "
    )
    assert "terminal to ask on. Run it on one, or refer" in said


@pytest.mark.parametrize("answer", ["\r", "\x04"])
def test_nothing_typed_is_no_password(prompting: Path, home: Home, answer: str) -> None:
    opened = asked(prompting, home, "status")
    try:
        opened.press(answer)
        assert opened.exit_code() == 64
        assert b"nothing was typed. Type the password of operator@lab.example" in opened.said()
        assert opened.is_cooked()
    finally:
        opened.close()


def test_the_question_can_be_interrupted_but_not_stopped(prompting: Path, home: Home) -> None:
    opened = asked(prompting, home, "status")
    try:
        opened.press("\x1a", "abc")
        assert psutil.Process(opened.process.pid).status() != psutil.STATUS_STOPPED
        opened.press("\x03")
        assert opened.exit_code() == 130
        assert opened.is_cooked()
        assert b"abc" not in opened.raw
    finally:
        opened.close()


def test_a_variable_is_not_handed_to_children(
    selftest_hung: LabProcess, home: Home, lab_password: str, tmp_path: Path
) -> None:
    path = referring(selftest_hung, tmp_path, PasswordReference(env="POP_PASSWORD"))
    command = [*COCKPIT, "--env-file", str(path)]
    with terminal(command, home.environ(POP_PASSWORD=lab_password)) as opened:
        opened.wait("8/8 up", 15)
        ours = opened.process.pid
        children = [p for p in home.processes() if p.pid != ours]
        assert children
        assert in_sight(children, lab_password) == []
        opened.signal(signal.SIGTERM)
        opened.exit_code()
    home.nothing_left()
