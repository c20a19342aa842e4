"""What a shell completes: told from local files alone, and by the real shells where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.commands.completion import SHELLS
from cockpit.commands.topics import TOPICS, Top
from cockpit.fleet.sightings import Kind, Sighting
from cockpit.journal.store import open_journal, sqlite_url
from cockpit.journal.timeline import open_timeline
from cockpit.journal.timeline_records import Retention
from tests.journal.support import actor, begun, intended
from tests.support.processes import ROOT, Home
from tests.support.terminal import Terminal, terminal

FILE = """\
default = "prod"
[environments.prod]
entry_servers = ["ex01.contoso.com", "EX02"]
include = ["ex*", "EX07"]
[environments.other]
entry_servers = ["px01.contoso.com"]
[environments.team]
entry_servers = ["tx01"]
journal = { url = "postgresql://journal.invalid/journal" }
"""
OFFLINE = """
import sys
def refuse(event, _arguments):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.gethostby", "subprocess.")):
        print(event, file=open(sys.argv[1], "a"))
sys.addaudithook(refuse)
from cockpit.cli import main
main([])
"""
"""The program, with every attempt to reach another host or to start another program written down."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """With environments, a run that has begun and owes something, and a server that was once watched."""
    found = Home(tmp_path_factory.mktemp("home"))
    config = found.folder / "config" / "pop-cockpit"
    config.mkdir(parents=True, mode=0o700)
    (config / "environments.toml").write_text(FILE)
    (config / "environments.toml").chmod(0o600)
    (config / "themes").mkdir()
    (config / "themes" / "mine.toml").write_text('primary = "#5f87af"\n')
    folder = found.state / "journal"
    folder.mkdir(parents=True, mode=0o700)
    url = sqlite_url(folder / "journal.sqlite")
    journal = open_journal(url, actor("ann"), keys=folder, checkpoints=folder / "checkpoints.jsonl")
    intended(journal, begun(journal))
    journal.close()
    timeline = open_timeline(url, actor("ann"), environment="prod", keep=Retention())
    now = time.time()
    for value, ago in (("Healthy", 60), ("Unhealthy", 30)):
        at = now - ago
        timeline.write([Sighting(Kind.ALERT, "EX09", "POP", "PopCTPMonitor", "POP", value, at, at + 5)])
    timeline.close()
    return found


def told(home: Home, line: str) -> list[str]:
    """What the program answers to a shell whose cursor is at the end of ``line``; nobody else is asked."""
    answer, tried = home.folder / "answer", home.folder / "tried"
    answer.unlink(missing_ok=True)
    environ = home.environ(
        _ARGCOMPLETE="1",
        _ARGCOMPLETE_SHELL="bash",
        _ARGCOMPLETE_IFS="\n",
        _ARGCOMPLETE_SUPPRESS_SPACE="1",
        _ARGCOMPLETE_STDOUT_FILENAME=str(answer),
        COMP_LINE=line,
        COMP_POINT=str(len(line.encode())),
    )
    subprocess.run([sys.executable, "-c", OFFLINE, str(tried)], env=environ, cwd=ROOT, check=True, timeout=30)
    assert not tried.exists(), tried.read_text()
    return answer.read_text().split("\n") if answer.read_text() else []


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("pop-cockpit recov", ["recover"]),
        ("pop-cockpit --env ", ["other", "prod", "team"]),
        ("pop-cockpit env test o", ["other"]),
        ("pop-cockpit status --server ", ["EX01", "EX02", "EX07", "EX09", "ex01"]),
        ("pop-cockpit --env other status --server ", ["px01"]),
        ("pop-cockpit --env team status --server ", ["tx01"]),
        ("pop-cockpit logs tail --server EX01 --server EX0", ["EX01", "EX02", "EX07", "EX09"]),
        ("pop-cockpit runs show ", ["run-1"]),
        ("pop-cockpit --env team runs show r", []),
        ("pop-cockpit recover PopS", ["PopSelfTestMonitor"]),
        ("pop-cockpit probe 'POP\\PopC", ["POP\\PopCTPProbe"]),
        ("pop-cockpit demo --scenario selftest-h", ["selftest-hung"]),
        ("pop-cockpit demo --servers ", []),
        ("pop-cockpit --theme m", ["mine"]),
        ("pop-cockpit --theme high", ["high-contrast"]),
        ("pop-cockpit keys --preset v", ["vim"]),
        ("pop-cockpit lab act EX01 reb", ["reboot"]),
        ("pop-cockpit runs answer run-1 hand", ["hand-over"]),
        ("pop-cockpit runs abort run-1 --reason ", []),
        ("pop-cockpit status --format j", ["json", "jsonl"]),
        ("pop-cockpit recover PopSelfTestMonitor --p", ["--plan"]),
    ],
)
def test_what_could_stand_there(home: Home, line: str, names: list[str]) -> None:
    assert sorted(told(home, line)) == names


def test_options_are_told_where_nothing_else_can_stand(home: Home) -> None:
    assert {"--server", "--watch", "--format"} <= set(told(home, "pop-cockpit status "))
    assert not any(name.startswith("-") for name in told(home, "pop-cockpit logs "))


def test_what_is_owed_is_named_by_its_number(home: Home) -> None:
    assert told(home, "pop-cockpit obligations --accept ") == ["1"]


@pytest.mark.parametrize("content", ["", "[environments", "environments = 3\n", "\udcff"])
def test_a_file_that_cannot_be_read_names_nothing(tmp_path: Path, content: str) -> None:
    file = tmp_path / "some.toml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert told(Home(tmp_path), f"pop-cockpit --env-file {file} status --server E") == []


# --- the shells ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def environ(home: Home) -> dict[str, str]:
    """``pop-cockpit`` is the one that is tested."""
    bin_ = home.folder / "bin"
    bin_.mkdir()
    program = bin_ / "pop-cockpit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cockpit "$@"\n')
    program.chmod(0o755)
    return home.environ(PATH=f"{bin_}:/usr/local/bin:/usr/bin:/bin", PS1="$ ")


def wanted(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


@pytest.fixture
def bash(environ: dict[str, str]) -> Iterator[Terminal]:
    with terminal([wanted("bash"), "--norc", "--noprofile", "-i"], environ) as opened:
        opened.wait("$")
        opened.press('eval "$(pop-cockpit completion bash)"; echo read""y\r')
        opened.wait("ready")
        yield opened


@pytest.fixture
def zsh(environ: dict[str, str], home: Home) -> Iterator[Terminal]:
    with terminal([wanted("zsh"), "-f", "-i"], {**environ, "ZDOTDIR": str(home.folder)}) as opened:
        opened.wait("$")
        load = f"autoload -Uz compinit; compinit -u -d {home.folder}/zcompdump"
        opened.press(f'{load}; eval "$(pop-cockpit completion zsh)"; echo read""y\r')
        opened.wait("ready")
        yield opened


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("pop-cockpit recov", "$ pop-cockpit recover "),
        ("pop-cockpit runs show r", "$ pop-cockpit runs show run-1 "),
        ("pop-cockpit --env other status --server p", "$ pop-cockpit --env other status --server px01 "),
    ],
)
def test_a_tab_completes(shell: str, typed: str, shown: str, request: pytest.FixtureRequest) -> None:
    opened: Terminal = request.getfixturevalue(shell)
    opened.press(typed, "\t")
    opened.wait(shown.rstrip())
    opened.press("X")
    assert f"{shown}X" in opened.wait(f"{shown}X")


def test_fish_completes(environ: dict[str, str]) -> None:
    asks = 'pop-cockpit completion fish | source; complete -C "pop-cockpit --env other status --server "'
    script = subprocess.run(
        [wanted("fish"), "--no-config", "-c", asks],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert script.stdout.split() == ["px01"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_of_its_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    subprocess.run([wanted(shell), "-n"], input=script, text=True, check=True, capture_output=True)


def test_the_help_says_how_to_install_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["completion", "--help"])
    said = capsys.readouterr().out
    assert all(f"  {shell} " in said for shell in SHELLS)


def test_every_command_is_wanted_for_something() -> None:
    parser = cli.parser()
    assert isinstance(parser, Top)
    assert parser.commands is not None
    listed = [name for names in TOPICS.values() for name in names]
    assert sorted(listed) == sorted(parser.commands.brief)
