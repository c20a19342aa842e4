"""``pop-cockpit doctor`` as people and programs see it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from cockpit.commands.doctor import lines, one_line, summary
from cockpit.doctor.findings import Finding, State
from tests.support.processes import COCKPIT, Home, LabProcess, lab
from tests.support.terminal import terminal

LONG = Finding(
    "log-folder",
    "EX01",
    State.BROKEN,
    "there is no C:\\Program Files\\Microsoft\\Exchange Server\\V15\\Logging\\Pop3, " + "x" * 120,
    "Look at LogFileLocation of Get-PopSettings, and at everything else there is to be looked at.",
)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_lines_fit_and_lose_nothing(width: int) -> None:
    found = lines(LONG, width, color=False)
    assert max(map(cell_len, found)) <= max(width, 28)
    whole = "".join("".join(found).split())
    for word in (*LONG.found.split(), *LONG.cure.split()):
        assert word in whole


def test_the_state_is_a_glyph_and_a_word_and_its_colour_is_its_own() -> None:
    (line, *_) = lines(LONG, 80, color=True)
    assert "\x1b[1;31m✘ broken" in line
    assert "\x1b" not in "".join(lines(LONG, 80, color=False))


def test_in_a_pipe_a_finding_is_one_line_with_its_cure() -> None:
    line = one_line(LONG)
    assert "\n" not in line
    assert line.startswith("broken ")
    assert LONG.cure in line


def test_the_summary_counts_the_worst_first() -> None:
    well = Finding("name", "EX01", State.OK, "")
    assert summary([well, LONG, well]) == "doctor: 1 broken, 2 ok"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    with lab(tmp_path_factory.mktemp("lab"), "healthy", "--servers", "2") as made:
        yield made


def _on_a_terminal(served: LabProcess, folder: Path, **environ: str) -> tuple[int, list[str]]:
    """The exit code, and the rows as they were sent to a terminal of 80 columns."""
    command = [*COCKPIT, "--env-file", str(served.env_file), "doctor"]
    with terminal(command, Home(folder).environ(**environ), 80, 60) as term:
        code = term.exit_code(20.0)
        return code, re.sub(r"\x1b\[[0-9;]*m|\r", "", term.raw.decode()).splitlines()


def test_on_a_healthy_lab_it_exits_with_0_and_sends_reads_only(served: LabProcess) -> None:
    since = max((e["seq"] for e in served.ledger()), default=0)
    answer = served.run("doctor", "--format", "json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert told["exit_code"] == 0
    assert {f["state"] for f in told["findings"]} == {"ok", "not used"}
    assert set(told["findings"][0]) == {"check", "subject", "state", "found", "cure"}
    entries = [e for e in served.ledger(since) if e["kind"] == "command"]
    assert entries
    assert all(e["cmdlet"].startswith(("Get-", "The files of", "The language mode of")) for e in entries)
    assert served.shells() == []


def test_problems_only(served: LabProcess) -> None:
    server = served.environment.entry_servers[0]
    served.knobs(server, constrained=True)
    try:
        answer = served.run("doctor", "--problems")
    finally:
        served.knobs(server, constrained=False)
    assert answer.code == 2
    broken, hanging = answer.out.splitlines()
    assert broken.startswith(f"broken       language    {server} WinRM")
    assert hanging.startswith(f"not checked  log-folder  {server}")


def test_without_its_password_only_this_host_is_looked_at(served: LabProcess) -> None:
    reference = served.environment.credential.password
    assert reference is not None
    assert reference.file is not None
    Path(reference.file).chmod(0o644)
    shells = served.ledger()
    try:
        answer = served.run("doctor", "--problems")
    finally:
        Path(reference.file).chmod(0o600)
    assert answer.code == 2
    assert [line.split()[:2] for line in answer.out.splitlines()] == [
        ["broken", "files"],
        ["broken", "sign-in"],
    ]
    assert [e for e in served.ledger()[len(shells) :] if e["kind"] == "command"] == []


def test_a_server_that_is_not_there_is_a_usage_error(served: LabProcess) -> None:
    answer = served.run("doctor", "--server", "EX99")
    assert answer.code == 64
    assert "the organization has no server EX99" in answer.err


def test_the_help_tells_the_exit_codes(served: LabProcess) -> None:
    answer = served.run("doctor", "--help")
    said = " ".join(answer.out.split())
    assert "exit 0 all is well, 1 warnings, 2 something is broken, 3 something could not be checked" in said


def test_on_80_columns_nothing_is_cut(served: LabProcess, tmp_path: Path) -> None:
    code, rows = _on_a_terminal(served, tmp_path)
    assert code == 0, rows
    assert any(row.startswith("  ✔ ok          terminal   xterm-256color") for row in rows)
    assert max(map(cell_len, rows)) <= 80


def test_a_dumb_terminal_is_named(served: LabProcess, tmp_path: Path) -> None:
    code, rows = _on_a_terminal(served, tmp_path, TERM="dumb")
    assert code == 2, rows
    assert [row.split()[2] for row in rows if "✘" in row] == ["terminal"]
