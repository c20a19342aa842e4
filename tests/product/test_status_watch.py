"""``status`` for machines, as processes against a lab: lines in a pipe, a text file, a hook."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cockpit.config import environment as config
from cockpit.config.notify import NotifySettings
from tests.support.processes import COCKPIT, ROOT, LabProcess, lab
from tests.support.waiting import eventually

SICK = "EX19-02"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    with lab(tmp_path_factory.mktemp("lab"), "healthy", "--servers", "3", "--speed", "60") as running:
        yield running


class Watch:
    """A ``status --watch`` whose lines are read as they come."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self.reader = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(json.loads(line) for line in self.process.stdout)

    def wait(self, look: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """The first line that is looked for."""
        return eventually(lambda: next((line for line in self.lines if look(line)), {}), 20, what)


@contextmanager
def watching(served: LabProcess, env_file: Path, *options: str | Path) -> Iterator[Watch]:
    words = [*COCKPIT, "--env-file", env_file, "status", "--watch", "--format", "jsonl", *options]
    command = [str(word) for word in words]
    with (
        open(env_file.with_suffix(".said"), "wb") as said,
        subprocess.Popen(
            command, env=served.home.environ(), cwd=ROOT, stdout=subprocess.PIPE, stderr=said
        ) as process,
    ):
        try:
            yield Watch(process)
        finally:
            process.kill()


def metric(path: Path, name: str, **labels: str) -> float | None:
    """The value in the text file, None while it is not there."""
    if not path.exists():
        return None
    found = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    samples = (s for family in found for s in family.samples if s.name == f"pop_cockpit_{name}")
    return next((s.value for s in samples if labels.items() <= s.labels.items()), None)


def _is_sick(line: dict[str, Any]) -> bool:
    of = (line["event"], line.get("kind"), line.get("server"), line.get("after"))
    return of == ("change", "server", SICK, "Unhealthy")


def test_lines_a_file_and_a_hook_of_the_same_picture(served: LabProcess, tmp_path: Path) -> None:
    hook = tmp_path / "hook.sh"
    hook.write_text(f"#!/bin/sh\ncat >> {tmp_path}/told\n")
    hook.chmod(0o755)
    polling = msgspec.structs.replace(served.environment.polling, interval=5.0)
    notify = NotifySettings(hook=(str(hook),), bell=True, osc="9")
    env_file, textfile = tmp_path / "env.toml", tmp_path / "collector" / "pop.prom"
    config.save(env_file, msgspec.structs.replace(served.environment, polling=polling, notify=notify))
    textfile.parent.mkdir()
    options = ("--notify", "--textfile", textfile, "--heartbeat", "1")
    with watching(served, env_file, *options) as watch:
        watch.reader.start()
        first = watch.wait(lambda x: x["event"] == "heartbeat" and x["complete"], "a whole picture")
        beginning = [
            line for line in watch.lines[: watch.lines.index(first) + 1] if line["event"] != "heartbeat"
        ]
        assert [line["event"] for line in beginning] == ["start", "server", "server", "server"]
        assert first["exit_code"] == 0
        assert {line["server"]["state"] for line in beginning[1:]} == {"Healthy"}
        eventually(lambda: metric(textfile, "exit_code") == 0, 5, "a text file")
        assert textfile.stat().st_mode & 0o777 == 0o644

        served.act(SICK, "break", kind="SLOW_COMMANDS")
        change = watch.wait(_is_sick, "the change")
        assert change["before"] in {"Healthy", "Degraded"}, "a read may come between the two"
        assert change["worse"] is True
        eventually(
            lambda: metric(textfile, "server_code", server=SICK) == 2, 5, "the change in the text file"
        )
        told = eventually(lambda: _read(tmp_path / "told"), 8, "what the hook was told")
        assert json.loads(told.splitlines()[0])["changes"][0]["server"] == SICK

        textfile.parent.rename(tmp_path / "elsewhere")
        said = env_file.with_suffix(".said")
        eventually(lambda: "cannot be written" in _read(said), 8, "that the file cannot be written")
        (tmp_path / "elsewhere").rename(textfile.parent)
        gone = metric(textfile, "written_timestamp_seconds")
        eventually(lambda: metric(textfile, "written_timestamp_seconds") != gone, 8, "the file written again")

        watch.process.send_signal(signal.SIGTERM)
        assert watch.process.wait(10) == 128 + signal.SIGTERM
        watch.reader.join(5)
    assert _read(said).count("cannot be written") == 1
    assert b"\a" not in said.read_bytes(), "stderr is no terminal: nothing rings there"
    assert "Traceback" not in _read(said)
    assert served.exchange_shells() == []
    assert [path.name for path in textfile.parent.iterdir()] == ["pop.prom"]


def test_a_reader_that_leaves_ends_it_at_once(served: LabProcess, tmp_path: Path) -> None:
    """Not with the next line: that may be half a minute away."""
    config.save(tmp_path / "env.toml", served.environment)
    with watching(served, tmp_path / "env.toml") as watch:
        stdout = watch.process.stdout
        assert stdout is not None
        while json.loads(stdout.readline())["event"] != "heartbeat":
            continue
        stdout.close()
        assert watch.process.wait(10) == 141
    assert _read(tmp_path / "env.said") == ""


def test_a_reader_that_stalls_does_not_keep_it_from_ending(served: LabProcess, tmp_path: Path) -> None:
    """The picture is longer than the pipe, and nobody reads on."""
    config.save(tmp_path / "env.toml", served.environment)
    with watching(served, tmp_path / "env.toml") as watch:
        stdout = watch.process.stdout
        assert stdout is not None
        fcntl.fcntl(stdout, fcntl.F_SETPIPE_SZ, 4096)
        assert json.loads(stdout.readline())["event"] == "start"
        writer = psutil.Process(watch.process.pid)
        is_stuck = lambda: _unread(stdout) > 1000 and writer.status() == psutil.STATUS_SLEEPING  # noqa: E731
        eventually(is_stuck, 15, "a write that waits for room in the pipe")
        watch.process.send_signal(signal.SIGTERM)
        assert watch.process.wait(10) == 128 + signal.SIGTERM
    assert served.exchange_shells() == []


def _unread(end: IO[bytes]) -> int:
    """Bytes that wait in the pipe."""
    found = fcntl.ioctl(end, termios.FIONREAD, b"\0" * 4)
    return int.from_bytes(found, sys.byteorder)


def test_once(served: LabProcess, tmp_path: Path) -> None:
    textfile = tmp_path / "pop.prom"
    answer = served.run("status", "--server", "EX19-01", "--format", "jsonl", "--textfile", textfile)
    events = [json.loads(line)["event"] for line in answer.out.splitlines()]
    assert events == ["start", "server", "heartbeat"]
    assert answer.code == 0
    assert metric(textfile, "server_code", server="EX19-01") == 0
    assert metric(textfile, "server_code", server=SICK) is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--notify"], "--notify: there are no changes without --watch. Add --watch."),
        (["--textfile", "/no/such/folder/pop.prom"], "there is no folder /no/such/folder. Make it first."),
        (["--watch", "--heartbeat", "0.5"], "argument --heartbeat: 0.5 is not a number of at least 1."),
    ],
)
def test_what_cannot_be_is_refused(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from cockpit import cli

    env = tmp_path / "env.toml"
    env.write_text('[environments.x]\nentry_servers = ["127.0.0.1"]\n')
    try:
        code = cli.main(["--env-file", str(env), "status", *options])
    except SystemExit as left:
        code = int(str(left.code))
    assert code == 64
    assert says in capsys.readouterr().err


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
