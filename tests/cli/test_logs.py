"""``logs tail`` and ``logs grep`` on folders and files of this machine."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.commands.logs_options import MOST_LINES
from cockpit.poplog.parse import Parser
from tests.poplog.disk import FIELDS, HEADER, line, named

Capture = pytest.CaptureFixture[str]
A, B, C = named(0), named(1), named(2)
BACK = named(0, "POP3BE")
ROW = "{at},{session},{n},10.0.0.1:995,10.1.1.7:50002,{user},5,4,9,pass,*****,{context}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Pop3"
    made.mkdir()
    return made


def write(folder: Path, name: str, *rows: int, more: bytes = b"") -> Path:
    path = folder / name
    path.write_bytes(HEADER + b"".join(map(line, rows)) + more)
    return path


def row(n: int, user: str, context: str) -> bytes:
    at = f"2026-01-08T10:00:00.{n:03}Z"
    return ROW.format(at=at, session="00000000000000AB", n=n, user=user, context=context).encode()


def said(capsys: Capture, *arguments: str | Path) -> tuple[int, list[str], str]:
    code = cli.main(["logs", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def numbers(rows: list[str]) -> list[int]:
    return [int(text.split(",")[2]) for text in rows]


def test_the_last_lines_of_a_folder_come_as_they_are_over_its_files(folder: Path, capsys: Capture) -> None:
    write(folder, A, *range(20))
    write(folder, B, 20, 21)
    code, out, err = said(capsys, "tail", folder, "-n", "5")
    assert (code, err) == (0, "")
    assert out == [line(n).decode().strip() for n in range(17, 22)]


@pytest.mark.parametrize("wanted", [0, 1, 2, 9])
def test_a_last_line_without_its_end_is_printed(folder: Path, capsys: Capture, wanted: int) -> None:
    write(folder, A, 1, 2, more=line(3).rstrip(b"\n"))
    _, out, _ = said(capsys, "tail", folder, "-n", str(wanted))
    assert numbers(out) == [1, 2, 3][max(0, 3 - wanted) :]
    assert numbers(said(capsys, "tail", folder / A, "-n", str(wanted))[1]) == numbers(out)


def test_both_ends_are_put_together_by_time_and_lines_say_whose_they_are(
    folder: Path, capsys: Capture
) -> None:
    write(folder, A, 1, 3)
    write(folder, BACK, 2, 4)
    code, out, _ = said(capsys, "tail", folder)
    assert code == 0
    assert [text.split(" ")[:2] for text in out] == [["Pop3", w] for w in ("POP3", "POP3BE") * 2]
    assert numbers(out) == [1, 2, 3, 4]
    assert numbers(said(capsys, "tail", folder, "--backend")[1]) == [2, 4]


def test_folders_of_one_name_are_told_apart(tmp_path: Path, capsys: Capture) -> None:
    for name in ("EX01", "EX02"):
        (tmp_path / name / "Pop3").mkdir(parents=True)
        write(tmp_path / name / "Pop3", A, 1)
    _, out, _ = said(capsys, "tail", tmp_path / "EX01" / "Pop3", tmp_path / "EX02" / "Pop3")
    assert sorted(text.split(" POP3 ")[0] for text in out) == [
        str(tmp_path / "EX01" / "Pop3"),
        str(tmp_path / "EX02" / "Pop3"),
    ]


def test_one_file_is_read_alone_whatever_its_name(folder: Path, capsys: Capture) -> None:
    write(folder, A, 1)
    write(folder, B, 2)
    write(folder, "copy of it.txt", 3, 4)
    assert numbers(said(capsys, "tail", folder / A)[1]) == [1]
    assert numbers(said(capsys, "tail", folder / "copy of it.txt", "-n", "1")[1]) == [4]


def test_json_has_every_field_and_the_place(folder: Path, capsys: Capture) -> None:
    write(folder, A, more=row(7, "frank", '"R=""-ERR no"""') + b"a torn line\n")
    code, out, _ = said(capsys, "tail", folder, "--format", "json")
    assert code == 0
    first, second = map(json.loads, out)
    assert first == {
        "at": "2026-01-08T10:00:00.007Z",
        "server": "Pop3",
        "writer": "POP3",
        "file": A,
        "offset": len(HEADER),
        "session": "00000000000000AB",
        "sequence": 7,
        "server_end": "10.0.0.1:995",
        "client_end": "10.1.1.7:50002",
        "user": "frank",
        "duration": 5,
        "request": 4,
        "response": 9,
        "command": "pass",
        "parameters": "*****",
        "context": 'R="-ERR no"',
        "others": {},
    }
    assert second["line"] == "a torn line"
    assert second["problem"]


def test_times_can_be_of_this_machines_zone(folder: Path) -> None:
    write(folder, A, 1)
    for more, wanted in (
        ([], "2026-01-08T10:00:00.001Z"),
        (["--local-time"], "2026-01-08T15:30:00.001+05:30"),
    ):
        for form in ("text", "json"):
            with started("tail", folder, "--format", form, *more, zone="Asia/Kolkata") as process:
                out, _ = process.communicate(timeout=20)
            assert wanted in out.decode()


def test_errors_and_health_mailboxes_can_be_left_out_or_alone(folder: Path, capsys: Capture) -> None:
    rows = (
        row(1, "frank", "R=ok")
        + row(2, "frank", '"R=""-ERR Logon failure"""')
        + row(3, "HealthMailbox0123", "R=ok")
        + b"broken\n"
    )
    write(folder, A, more=rows)
    failed, broken = said(capsys, "tail", folder, "--errors")[1]
    assert (numbers([failed]), broken) == ([2], "broken")
    assert numbers(said(capsys, "tail", folder, "--health-mailbox", "only")[1]) == [3]
    assert "HealthMailbox" not in "".join(said(capsys, "tail", folder, "--health-mailbox", "hide")[1])


def test_what_a_terminal_would_obey_does_not_reach_it(folder: Path, capsys: Capture) -> None:
    hostile = b"\x1b]0;owned\x07\x9b31m\x00\xff" + "\u202e".encode()
    write(folder, A, more=row(1, "x", "R=ok").replace(b"*****", hostile) + hostile + b"\n")
    for form in ("text", "json"):
        code, out, _ = said(capsys, "tail", folder, "--format", form)
        assert code == 0
        assert "".join(out).isprintable()
        assert "owned" in out[0]


def test_nothing_to_read_is_3_and_said(folder: Path, capsys: Capture) -> None:
    code, out, err = said(capsys, "tail", folder)
    assert (code, out) == (3, [])
    assert "no log file" in err
    code, out, err = said(capsys, "tail", folder / "nowhere")
    assert (code, out) == (3, [])
    assert "nowhere cannot be read" in err
    write(folder, A, 1)
    code, out, err = said(capsys, "tail", folder, folder / "nowhere")
    assert (code, numbers(out)) == (3, [1])


@pytest.mark.parametrize(
    "wrong",
    [
        ["tail"],
        ["tail", "x", "--server", "EX01"],
        ["grep", "text"],
        ["tail", "x", "-n", "-1"],
        ["tail", "x", "-n", str(MOST_LINES + 1)],
        ["tail", "x", "--backend", "--both"],
        ["grep", "", "x"],
        ["grep", "text", "x", "--since", "yesterday"],
    ],
)
def test_what_cannot_be_meant_is_64(wrong: list[str], capsys: Capture) -> None:
    try:
        code = cli.main(["logs", *wrong])
    except SystemExit as left:
        code = left.code  # type: ignore[assignment]
    assert code == 64
    assert capsys.readouterr().out == ""


# --- grep ----------------------------------------------------------------------------------------


def test_hits_of_all_files_come_in_order(folder: Path, capsys: Capture) -> None:
    write(folder, B, *range(50, 60))
    write(folder, A, *range(50))
    write(folder, BACK, *range(60, 70))
    code, out, _ = said(capsys, "grep", "7,10.0.0.1", folder / A)
    assert (code, numbers(out)) == (0, [7, 17, 27, 37, 47])
    code, out, _ = said(capsys, "grep", "7,10.0.0.1", folder)
    assert (code, numbers(out)) == (0, [7, 17, 27, 37, 47, 57, 67])
    assert out[-1].startswith("Pop3 POP3BE 2026-")


def test_no_hit_is_1_and_headers_are_none(folder: Path, capsys: Capture) -> None:
    write(folder, A, 1)
    assert said(capsys, "grep", "nobody", folder) == (1, [], "")
    assert said(capsys, "grep", FIELDS, folder) == (1, [], "")
    assert said(capsys, "grep", "nobody", folder, "--count") == (1, ["0"], "")
    assert said(capsys, "grep", "nobody", folder / "nowhere")[0] == 3


@pytest.mark.parametrize(
    "order",
    [
        ["TEXT", "-i", "A", "B"],
        ["-i", "TEXT", "A", "B"],
        ["TEXT", "A", "-i", "B"],
        ["TEXT", "A", "B", "-i"],
        ["-i", "--", "TEXT", "A", "B"],
        ["TEXT", "-i", "--", "A", "B"],
        ["TEXT", "A", "-i", "--", "B"],
    ],
)
def test_options_stand_anywhere(folder: Path, capsys: Capture, order: list[str]) -> None:
    named_: dict[str, str | Path] = {
        "TEXT": "FRANK,5,4,9",
        "A": write(folder, A, 1),
        "B": write(folder, B, 2),
    }
    code, out, err = said(capsys, "grep", *(named_.get(word, word) for word in order))
    assert (code, err) == (0, "")
    assert [text.split(",")[2] for text in out] == ["1", "2"]


def test_options_of_tail_stand_anywhere_and_what_is_unknown_is_refused(folder: Path, capsys: Capture) -> None:
    first, second = write(folder, A, 1, 2), write(folder, B, 3, 4)
    orders: tuple[list[str | Path], ...] = (
        [first, second, "-n", "1"],
        [first, "-n", "1", second],
        ["-n", "1", first, second],
    )
    for order in orders:
        assert [text.split(",")[2] for text in said(capsys, "tail", *order)[1]] == ["2", "4"]
    with pytest.raises(SystemExit) as left:
        said(capsys, "tail", first, "--lime", second)
    assert left.value.code == 64
    assert f"unrecognized arguments: --lime {second}" in capsys.readouterr().err


def test_case_and_count(folder: Path, capsys: Capture) -> None:
    write(folder, A, 1, 2)
    assert said(capsys, "grep", "FRANK", folder)[0] == 1
    assert said(capsys, "grep", "-i", "FRANK", folder, "--count") == (0, ["2"], "")


def test_what_is_counted_is_what_is_printed(folder: Path, capsys: Capture) -> None:
    write(folder, A, *range(50), more=b"frank without a time\n#frank\nFrank")
    write(folder, B, *range(50, 60))
    write(folder, BACK, *range(60, 70))
    for text in ("frank", "7", "nobody", "frank without", "10.0.0.1"):
        for more in ((), ("-i",), ("--both",), ("--backend",), ("--since", "2026-01-08T10:00:00.003")):
            for path in (folder, folder / A):
                code, out, _ = said(capsys, "grep", *more, text, path)
                assert said(capsys, "grep", *more, text, path, "--count") == (code, [str(len(out))], "")


def test_a_count_takes_no_line_apart(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, A, *range(50))
    monkeypatch.setattr(Parser, "line", None)
    assert said(capsys, "grep", "frank", folder, "--count") == (0, ["50"], "")


def damage(path: Path, how: str) -> None:
    """``path`` compressed, its second half lost or changed."""
    whole = gzip.compress(path.read_bytes())
    half = len(whole) // 2
    end = b"" if how == "cut" else b"\xff" * 300 + whole[half + 300 :]
    path.with_name(f"{path.name}.gz").write_bytes(whole[:half] + end)
    path.unlink()


@pytest.mark.parametrize("how", ["cut", "damaged"])
@pytest.mark.parametrize("more", [[], ["--count"], ["--since", "2026-01-01"], ["--count", "-i"]])
def test_a_damaged_file_is_named_and_the_next_one_searched(
    folder: Path, capsys: Capture, how: str, more: list[str]
) -> None:
    damage(write(folder, A, *range(3000)), how)
    write(folder, B, 5000)
    code, out, err = said(capsys, "grep", "stat", folder, *more)
    assert code == 3
    assert f"{A}.gz is {how}" in err
    if "--count" in more:
        assert 100 < int(out[0]) < 3001
    else:
        assert out[-1] == line(5000).decode().strip()
        assert len(out) > 100
        first = numbers(out[:100])
        assert first == list(range(100))
    assert said(capsys, "grep", "stat", folder / B, *more)[0] == 0


@pytest.mark.parametrize("lines", ["2", "100000"])
def test_the_last_lines_of_a_damaged_file_are_not_its_last(folder: Path, capsys: Capture, lines: str) -> None:
    damage(write(folder, A, *range(3000)), "cut")
    code, _, err = said(capsys, "tail", folder, "-n", lines)
    assert code == 3
    assert err.count(f"{A}.gz is cut off: its end is missing; lines behind that are lost") == 1


def test_a_stretch_of_time(folder: Path, capsys: Capture) -> None:
    write(folder, A, *range(10), more=b"frank without a time\n")
    since, until = "2026-01-08T10:00:00.003", "2026-01-08T10:00:00.006Z"
    assert numbers(said(capsys, "grep", "frank", folder, "--since", since, "--until", until)[1]) == [3, 4, 5]
    assert numbers(said(capsys, "grep", "frank", folder, "--since", since)[1]) == list(range(3, 10))
    assert said(capsys, "grep", "frank", folder, "--since", "1m")[0] == 1


EDGES = [
    *("0001-01-01", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59", "9999-01-01", "9999-12-31"),
    *("9999-12-31T23:59:59.999999-12:00", "99999999d", "9999999999w", "999999d"),
]


@pytest.mark.parametrize("at", EDGES)
@pytest.mark.parametrize("option", ["--since", "--until"])
@pytest.mark.parametrize("zone", [[], ["--local-time"]])
def test_a_time_that_no_log_can_hold_is_refused(
    folder: Path, capsys: Capture, at: str, option: str, zone: list[str]
) -> None:
    write(folder, A, 1)
    code, out, err = said(capsys, "grep", "stat", folder, option, at, *zone)
    assert (code, out) == (64, [])
    assert "must be in the years 1970 to 9998" in err


@pytest.mark.parametrize("zone", [[], ["--local-time"]])
def test_the_first_and_the_last_time_that_are_taken(folder: Path, capsys: Capture, zone: list[str]) -> None:
    write(folder, A, 1)
    bounds = ("--since", "1970-01-03", "--until", "9998-12-29")
    assert said(capsys, "grep", "stat", folder, *bounds, *zone)[0] == 0


def test_a_text_of_other_letters_is_found_as_it_is_shown(folder: Path, capsys: Capture) -> None:
    write(folder, A, more=row(1, "jörg", "R=ok"))
    code, out, _ = said(capsys, "grep", "jörg", folder)
    assert code == 0
    assert "jörg" in out[0]


# --- as processes --------------------------------------------------------------------------------


@contextmanager
def started(*arguments: str | Path, zone: str = "UTC") -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "cockpit", "logs", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TZ": zone}
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_followed_lines_come_through_a_rollover_until_interrupted(folder: Path) -> None:
    write(folder, A, 0)
    with started("tail", "-f", folder) as process:
        assert process.stdout is not None
        got = [process.stdout.readline()]
        for n, name in ((1, A), (2, B), (3, B), (4, C)):
            with (folder / name).open("ab") as file:
                file.write((b"" if file.tell() else HEADER) + line(n))
            got.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (130, b"")
    assert got == [line(n) for n in range(5)]
    assert [text.split(b" ")[-1] for text in err.splitlines()] == [B.encode(), C.encode()]


@pytest.mark.parametrize("more", [["tail", "-f"], ["tail"], ["grep", "frank"]])
def test_a_reader_that_leaves_ends_it_quietly(folder: Path, more: list[str]) -> None:
    write(folder, A, *range(20_000), more=row(1, "frank", "R=ok"))
    with started(*more, folder, *(["-n", "20000"] if "tail" in more else [])) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_reader_that_leaves_an_idle_log_ends_it_too(folder: Path) -> None:
    write(folder, A, 1)
    with started("tail", "-f", folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == line(1)
        process.stdout.close()
        assert process.wait(20) == 0


def test_a_log_that_comes_later_is_followed(folder: Path) -> None:
    with started("tail", "-f", folder) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert b"no log file" in process.stderr.readline()
        write(folder, A, 1)
        assert process.stdout.readline() == line(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM


NOT_UTF8 = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii:strict"},
}


@pytest.mark.parametrize("where", NOT_UTF8)
@pytest.mark.parametrize("command", [["tail"], ["grep", "zolw"]])
def test_a_stdout_that_lacks_letters_gets_them_as_json_has_them(
    folder: Path, where: str, command: list[str]
) -> None:
    context = "zolw \u017c\u00f3\u0142w \U0001f422"
    write(folder, A, more=row(1, "frank", context))

    def printed(*more: str) -> tuple[int, bytes, bytes]:
        run = subprocess.run(
            [sys.executable, "-m", "cockpit", "logs", *command, str(folder), *more],
            capture_output=True,
            env={**os.environ, **NOT_UTF8[where]},
            timeout=60,
            check=False,
        )
        return run.returncode, run.stdout, run.stderr

    acute = "\u00f3".encode("latin-1") if where == "latin-1" else rb"\u00f3"
    code, out, err = printed()
    assert (code, err) == (0, b"")
    assert out.rstrip().endswith(rb"zolw \u017c" + acute + rb"\u0142w \ud83d\udc22")
    code, out, err = printed("--format", "json")
    assert (code, err) == (0, b"")
    assert json.loads(out.decode("latin-1"))["context"] == context
