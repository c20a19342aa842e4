"""A folder of this machine as a source of logs."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.poplog.errors import FileGoneError, LogError, RefusedError
from cockpit.poplog.local import LocalFolder, folders
from cockpit.poplog.source import Hit, LogSource
from tests.poplog.disk import HEADER, line

FIRST, SECOND, BACK = "POP32026010810-1.LOG", "POP32026010811-1.LOG", "POP3BE2026010810-1.LOG"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (FIRST, SECOND, BACK):
        (tmp_path / name).write_bytes(HEADER + line(1) + line(2))
    (tmp_path / "notes.txt").write_bytes(b"not a log\n")
    (tmp_path / "POP32026010812-1.LOG").mkdir()
    return tmp_path


def test_it_lists_the_log_files_of_a_folder(folder: Path) -> None:
    source: LogSource = LocalFolder(folder)
    os.utime(folder / FIRST, (1_767_866_400, 1_767_866_400))
    found = {file.name: file for file in source.files()}
    assert set(found) == {FIRST, SECOND, BACK}
    assert found[FIRST].length == len(HEADER + line(1) + line(2))
    assert found[FIRST].modified == datetime(2026, 1, 8, 10, tzinfo=UTC)
    assert source.name == folder.name


def test_a_file_named_by_its_path_needs_no_log_name(folder: Path) -> None:
    (source,) = folders([folder / "notes.txt"])
    assert [file.name for file in source.files()] == ["notes.txt"]
    assert source.read("notes.txt", 4, 3).data == b"a l"


def test_of_a_log_that_is_there_twice_the_plain_one_counts(folder: Path) -> None:
    (folder / f"{FIRST}.gz").write_bytes(gzip.compress(b"x"))
    (folder / "POP32026010809-1.LOG.gz").write_bytes(gzip.compress(HEADER + line(0)))
    found = {file.name: file.length for file in LocalFolder(folder).files()}
    assert f"{FIRST}.gz" not in found
    assert found["POP32026010809-1.LOG.gz"] == len(HEADER + line(0))


def test_reading_gives_what_is_there_and_nothing_behind_the_end(folder: Path) -> None:
    source, whole = LocalFolder(folder), HEADER + line(1) + line(2)
    assert source.read(FIRST, 5, 10).data == whole[5:15]
    chunk = source.read(FIRST, len(whole) - 3, 100)
    assert (chunk.data, chunk.offset, chunk.length, chunk.now) == (
        whole[-3:],
        len(whole) - 3,
        len(whole),
        None,
    )
    assert source.read(FIRST, len(whole) + 9, 10).data == b""


def test_newer_files_are_later_by_name_or_changed_since(folder: Path) -> None:
    for name, at in ((FIRST, 100), (SECOND, 50), (BACK, 99)):
        os.utime(folder / name, (at, at))
    source = LocalFolder(folder)
    assert source.read(FIRST, 0, 1).newer == (SECOND,)
    assert source.read(SECOND, 0, 1).newer == (BACK,)
    os.utime(folder / BACK, (101, 101))
    assert source.read(FIRST, 0, 1).newer == (SECOND, BACK)


@pytest.mark.parametrize("compressed", [False, True])
def test_finding_goes_on_where_it_stopped(tmp_path: Path, compressed: bool) -> None:
    data = HEADER + b"".join(line(n) for n in range(4000))
    (tmp_path / FIRST).write_bytes(gzip.compress(data) if compressed else data)
    source = LocalFolder(tmp_path)
    found: list[Hit] = []
    at = answers = 0
    while True:
        answer = source.find(FIRST, "9,stat", at, 100_000, 300, any_case=False)
        found += answer.hits
        answers += 1
        if answer.next_offset is None:
            break
        assert answer.next_offset > at
        at = answer.next_offset
    assert answers > 2
    assert [hit.line + b"\n" for hit in found] == [line(n) for n in range(4000)]
    assert all(data[hit.offset :].startswith(hit.line) for hit in found)
    assert answer.length == len(data)


def test_finding_in_either_case_is_for_ascii_letters(tmp_path: Path) -> None:
    (tmp_path / FIRST).write_bytes("STAT Ärger\nstat ärger\n".encode())
    source = LocalFolder(tmp_path)

    def offsets(text: str, any_case: bool) -> list[int]:
        return [h.offset for h in source.find(FIRST, text, 0, 9999, 9, any_case=any_case).hits]

    assert offsets("sTaT", True) == [0, 12]
    assert offsets("sTaT", False) == []
    assert offsets("ärGER", True) == [12]


def test_a_file_that_went_says_so_with_a_cure(folder: Path) -> None:
    source = LocalFolder(folder)
    (folder / FIRST).unlink()
    for ask in (lambda: source.read(FIRST, 0, 1), lambda: source.find(FIRST, "x", 0, 1, 1, any_case=False)):
        with pytest.raises(FileGoneError) as caught:
            ask()
        assert FIRST in caught.value.what
        assert caught.value.cure


def test_nothing_outside_of_the_folder_is_read(folder: Path) -> None:
    (folder / "inner").mkdir()
    with pytest.raises(RefusedError):
        LocalFolder(folder / "inner").read(f"../{FIRST}", 0, 1)
    with pytest.raises(RefusedError):
        LocalFolder(folder, ["notes.txt"]).read(FIRST, 0, 1)


def test_a_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "POP32026010813-1.LOG")
    with pytest.raises(RefusedError) as caught:
        LocalFolder(folder).read("POP32026010813-1.LOG", 0, 1)
    assert caught.value.cure


def test_a_folder_or_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LogError):
        LocalFolder(tmp_path / "none").files()
    with pytest.raises(FileGoneError):
        folders([tmp_path / "none.log"])


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for server in ("EX01", "EX02"):
        (tmp_path / server / "Pop3").mkdir(parents=True)
    found = folders([tmp_path / "EX01" / "Pop3", tmp_path / "EX02" / "Pop3"])
    assert [source.name for source in found] == ["EX01/Pop3", "EX02/Pop3"]


def test_a_file_named_beside_its_folder_is_read_once(folder: Path) -> None:
    found = folders([folder, folder / FIRST, folder / "notes.txt"])
    names = sorted(file.name for source in found for file in source.files())
    assert names == sorted([FIRST, SECOND, BACK, "notes.txt"])


def test_hostile_names_are_made_harmless(tmp_path: Path) -> None:
    evil = tmp_path / "a\x1b]0;x\x07"
    evil.mkdir()
    assert "\x1b" not in LocalFolder(evil).name
    with pytest.raises(FileGoneError) as caught:
        LocalFolder(evil).read("\x1b[2J", 0, 1)
    assert "\x1b" not in str(caught.value) + caught.value.cure
