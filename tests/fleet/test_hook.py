"""The operator's hook: real programs, bounded in every way."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from cockpit.config.notify import NotifySettings
from cockpit.fleet import hook as hooks
from cockpit.fleet.hook import Hook
from cockpit.fleet.states import State
from cockpit.fleet.subjects import Subject
from cockpit.fleet.telling import Change, Kind, Telling
from cockpit.fleet.told import Told, document
from tests.fleet.builders import NOW
from tests.support.waiting import eventually


def facts(server: str = "EX01") -> dict[str, Any]:
    change = Change(Subject(server), State.HEALTHY, State.UNHEALTHY)
    return document(Told(Telling(Kind.CHANGE, (change,)), "prod", NOW, {}))


@dataclass
class Bench:
    """A hook that is a script of the test's own, and what became of it."""

    folder: Path
    notices: list[str] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "state" / "hook.log"

    def logged(self, lines: int = 1) -> list[str]:
        """The lines of its log, once there are so many."""

        def look() -> list[str]:
            found = self.log.read_text().splitlines() if self.log.exists() else []
            return found if len(found) >= lines else []

        return eventually(look, 8, f"{lines} lines in the hook's log")

    def there(self, name: str) -> str:
        """What the script has written into a file, once it has."""
        path = self.folder / name
        return eventually(lambda: path.read_text() if path.exists() else "", 8, name)

    @contextmanager
    def opened(self, script: str, *arguments: str, **settings: Any) -> Iterator[Hook]:
        program = self.folder / "hook.sh"
        program.write_text(f"#!/bin/sh\ncd '{self.folder}' || exit 9\n{script}\n")
        program.chmod(0o755)
        chosen = NotifySettings(hook=(str(program), *arguments), **settings)
        hook = Hook(chosen, os.environ, self.log, self.notices.append)
        try:
            yield hook
        finally:
            hook.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_it_is_told_on_stdin_and_in_variables_and_its_arguments_are_fixed(bench: Bench) -> None:
    script = 'cat > stdin; env > variables; printf "%s|" "$@" > arguments; echo fine'
    with bench.opened(script, "--pop", "$POP_COCKPIT_SERVER; touch broken") as hook:
        hook.run(facts())
        (line,) = bench.logged()
    assert json.loads(bench.there("stdin")) == facts()
    assert bench.there("arguments") == "--pop|$POP_COCKPIT_SERVER; touch broken|"
    assert "POP_COCKPIT_TEXT=EX01 is Unhealthy (was Healthy)\n" in bench.there("variables")
    assert " change: done (" in line
    assert line.endswith(") fine")
    assert bench.notices == []
    assert not (bench.folder / "broken").exists()


def test_it_has_no_variables_of_ours_but_the_few_and_those_it_was_given(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXCHANGE_PASSWORD", "hunter2")
    monkeypatch.setenv("POP_COCKPIT_SERVER", "not this one")
    monkeypatch.setenv("PAGER_TOKEN", "given on purpose")
    with bench.opened("env | cut -d= -f1 > names", hook_variables=("PAGER_TOKEN",)) as hook:
        hook.run(facts())
        bench.logged()
    names = {name for name in bench.there("names").split() if not name.startswith("POP_COCKPIT_")}
    assert names <= {*hooks.NEEDED, "PAGER_TOKEN", "PWD", "OLDPWD", "SHLVL", "_"}
    assert "PAGER_TOKEN" in names


def test_a_name_is_never_a_command(bench: Bench) -> None:
    name = "EX01$(touch broken);`touch broken`'\"\x1b]0;owned\x07\x00\n"
    with bench.opened('cat > stdin; printf %s "$POP_COCKPIT_SERVER" > server') as hook:
        hook.run(facts(name))
        bench.logged()
    assert bench.there("server") == "EX01$(touch broken);`touch broken`'\"\\x1b]0;owned\\x07\\x00 "
    assert json.loads(bench.there("stdin"))["changes"][0]["server"] == bench.there("server")
    assert not (bench.folder / "broken").exists()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo on stderr >&2; exit 3", "it ended with exit code 3"),
        ("kill -TERM $$", "it ended with signal 15"),
        ("cat >/dev/null; sleep 60", "it did not end within 0.4 s"),
        ("sleep 60 & exit 0", "it did not end within 0.4 s"),
        ("exec >&- 2>&-; sleep 60", "it did not end within 0.4 s"),
    ],
)
def test_a_failure_is_one_notice_until_it_works_again(bench: Bench, script: str, why: str) -> None:
    with bench.opened(
        f'test "$POP_COCKPIT_SERVER" = GOOD && exit 0\n{script}', hook_seconds=0.4, hook_at_once=1
    ) as hook:
        for name in ("EX01", "EX02", "GOOD", "EX03"):
            hook.run(facts(name))
        lines = bench.logged(4)
    assert [why in line for line in lines] == [True, True, False, True]
    assert bench.notices == [f"The hook {bench.folder}/hook.sh failed: {why}. See {bench.log}"] * 2


def test_a_program_that_is_not_there_is_a_notice(bench: Bench) -> None:
    hook = Hook(NotifySettings(hook=("/no/such/program",)), os.environ, bench.log, bench.notices.append)
    hook.run(facts())
    bench.logged()
    hook.close()
    assert bench.notices == [
        f"The hook /no/such/program failed: it cannot be run: No such file or directory. See {bench.log}"
    ]


@pytest.mark.parametrize("reads", ["exec <&-", "cat >/dev/null", "sleep 0"])
def test_one_that_reads_late_or_never_and_says_far_too_much(bench: Bench, reads: str) -> None:
    big = {**facts(), "padding": "x" * 300_000}
    says = "head -c 3000000 /dev/zero | tr '\\0' 'A'; printf '\\033]0;owned\\007'"
    with bench.opened(f"{says}; {reads}") as hook:
        hook.run(big)
        (line,) = bench.logged()
    assert " change: done (" in line
    assert "A" * 300 in line
    assert len(line) < 700
    assert bench.notices == []


def test_what_it_says_is_harmless_in_the_log(bench: Bench) -> None:
    with bench.opened("printf 'one\\n\\033]0;owned\\007\\377 Password: hunter2'") as hook:
        hook.run(facts())
        (line,) = bench.logged()
    assert line.endswith("one / \\x1b]0;owned\\x07\N{REPLACEMENT CHARACTER} Password: [redacted]")


def test_no_more_than_so_many_at_a_time(bench: Bench) -> None:
    """Each waits for the others: all of three would meet, two of them never see the third."""
    script = 'echo > "here-$$"; while ! test -e go; do sleep 0.02; done; ls here-* | wc -l >> counts'
    with bench.opened(script, hook_at_once=2) as hook:
        for _ in range(3):
            hook.run(facts())
        eventually(lambda: len(list(bench.folder.glob("here-*"))) == 2, 8, "two at work")
        time.sleep(0.2)
        assert len(list(bench.folder.glob("here-*"))) == 2
        (bench.folder / "go").touch()
        bench.logged(3)
    assert len(list(bench.folder.glob("here-*"))) == 3


def test_what_is_too_much_is_left_out_counted_and_told(bench: Bench) -> None:
    with bench.opened("while ! test -e go; do sleep 0.02; done", hook_at_once=1) as hook:
        hook.run(facts())
        eventually(lambda: hook._living, 8, "the first at work")
        started = time.monotonic()
        for _ in range(hooks.WAITING + 7):
            hook.run(facts())
        assert time.monotonic() - started < 1.0, "the screen does not wait"
        (bench.folder / "go").touch()
        lines = bench.logged(hooks.WAITING + 2)
    why = f"7 tellings were left out, because {hooks.WAITING} were waiting already"
    assert sum(why in line for line in lines) == 1
    assert len(bench.notices) == 1
    assert why in bench.notices[0]


def children() -> set[psutil.Process]:
    """The living ones, those of other tests too (labs outlive a test)."""
    return {process for process in psutil.Process().children(recursive=True) if alive(process)}


def alive(process: psutil.Process) -> bool:
    """An orphan that has ended is a zombie for as long as its new parent wills."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_at_the_end_all_are_killed_with_what_they_started(bench: Bench) -> None:
    others = children()
    with bench.opened("sleep 61 & echo > started; sleep 61", hook_seconds=60) as hook:
        hook.run(facts())
        hook.run(facts())
        bench.there("started")
        eventually(lambda: sum("sleep" in p.name() for p in children() - others) == 4, 8, "both at work")
        group = children() - others
        started = time.monotonic()
        hook.close()
        assert time.monotonic() - started < 1.5
    eventually(lambda: not any(alive(process) for process in group), 5, "an end of all of them")
    assert bench.notices == [], "that it was ended by us is no failure"
    hook.run(facts())
    assert not any(thread.name == "hook" for thread in threading.enumerate())


def test_one_that_is_born_while_all_are_killed_is_killed_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, born = subprocess.Popen, threading.Event()
    program: list[psutil.Process] = []

    def spawn(*words: Any, **more: Any) -> subprocess.Popen[bytes]:
        made = real(*words, **more)
        program.append(psutil.Process(made.pid))
        hook._closed = True  # as close() leaves it, which did not know of this one
        born.set()
        return made

    with bench.opened("sleep 61", hook_seconds=60) as hook:
        monkeypatch.setattr(subprocess, "Popen", spawn)
        hook.run(facts())
        assert born.wait(8)
        eventually(lambda: not alive(program[0]), 5, "an end of it")


def test_its_log_is_for_this_user_alone_and_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "LOG_LIMIT", 200)
    before = os.umask(0)
    try:
        with bench.opened("echo 0123456789012345678901234567890123456789", hook_at_once=1) as hook:
            for _ in range(12):
                hook.run(facts())
            eventually(lambda: not hook._wanted.qsize(), 8, "an end of the waiting")
    finally:
        os.umask(before)
    old, new = bench.log.with_name("hook.log.1"), bench.log
    sizes = {path: path.stat().st_size for path in bench.log.parent.iterdir()}
    assert set(sizes) == {old, new}
    assert all(size < 400 for size in sizes.values())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (old, new)] == [0o600, 0o600]
    assert stat.S_IMODE(bench.log.parent.stat().st_mode) == 0o700


def test_without_a_place_for_its_log_a_failure_is_told_all_the_same(bench: Bench) -> None:
    (bench.folder / "state").write_text("a file where a folder should be")
    with bench.opened("exit 1") as hook:
        hook.run(facts())
        eventually(lambda: bench.notices, 8, "a notice")
    assert bench.notices[0].endswith("failed: it ended with exit code 1")
