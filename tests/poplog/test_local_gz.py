"""Compressed files read at any place."""

from __future__ import annotations

import gzip
import random
import zlib
from pathlib import Path

import pytest

from cockpit.poplog import gzipped
from cockpit.poplog.gzipped import GzippedFile, Shelf
from tests.poplog.disk import line


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces and marks so small that a test's file has many of them."""
    monkeypatch.setattr(gzipped, "PIECE", 1 << 10)
    monkeypatch.setattr(gzipped, "SPACING", 1 << 12)
    monkeypatch.setattr(gzipped, "MARKS", 8)


def _some(size: int) -> bytes:
    chosen = random.Random(7)
    return b"".join(line(chosen.randrange(10**6)) for _ in range(size // 80))


def test_any_piece_in_any_order_is_what_was_compressed(tmp_path: Path) -> None:
    data = _some(200_000)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(data))
    file, chosen = GzippedFile(path), random.Random(3)
    for _ in range(300):
        at, most = chosen.randrange(len(data) + 2000), chosen.randrange(5000)
        assert file.read(at, most) == data[at : at + most], (at, most)
    assert file.length() == len(data)
    assert file.problem == ""
    for _ in range(100):
        at = chosen.randrange(len(data))
        assert file.read(at, 3000) == data[at : at + 3000]


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 4096, 8192])
def test_ends_that_meet_a_piece_or_a_mark(tmp_path: Path, size: int) -> None:
    data = _some(20_000)[:size]
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(data))
    assert GzippedFile(path).read(0, 99_999) == data
    assert GzippedFile(path).length() == size
    late = GzippedFile(path)
    assert late.length() == size
    assert late.read(max(0, size - 5), 99) == data[max(0, size - 5) :]


def test_members_follow_each_other_and_zeros_fill_up(tmp_path: Path) -> None:
    one, two = _some(30_000), _some(9_000)
    path = tmp_path / "a.gz"
    path.write_bytes(
        gzip.compress(one) + b"\0" * 700 + gzip.compress(b"") + gzip.compress(two) + b"\0" * 50_000
    )
    file = GzippedFile(path)
    assert file.read(0, 10**6) == one + two
    assert file.problem == ""


def test_what_comes_before_a_damage_is_read_and_the_damage_told(tmp_path: Path) -> None:
    data = _some(400_000)
    whole = gzip.compress(data)
    path = tmp_path / "cut.gz"
    path.write_bytes(whole[: len(whole) // 2])
    cut = GzippedFile(path)
    got = cut.read(0, len(data))
    assert data.startswith(got)
    assert len(got) > len(data) // 3
    assert cut.length() == len(got)
    assert "cut off" in cut.problem
    path = tmp_path / "damaged.gz"
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + b"\xff" * 300 + whole[middle + 300 :])
    damaged = GzippedFile(path)
    again = damaged.read(0, 10**7)
    assert len(again) == damaged.length()
    assert "damaged" in damaged.problem
    assert again[:150_000] == data[:150_000]


def test_a_wrong_checksum_is_told(tmp_path: Path) -> None:
    data = _some(5_000)
    whole = gzip.compress(data)
    path = tmp_path / "a.gz"
    path.write_bytes(whole[:-8] + zlib.crc32(b"other").to_bytes(4, "little") + whole[-4:])
    file = GzippedFile(path)
    assert data.startswith(file.read(0, 10_000))
    assert "damaged" in file.problem


def test_bytes_behind_the_last_member_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\n") + b"rubbish")
    file = GzippedFile(path)
    assert file.read(0, 100) == b"one\n"
    assert "not compressed" in file.problem


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"old" * 5000))
    file = GzippedFile(path)
    assert file.length() == 15_000
    other = tmp_path / "b.gz"
    other.write_bytes(gzip.compress(b"new!" * 10))
    other.replace(path)
    assert file.read(0, 4) == b"new!"
    assert file.length() == 40
    assert file.epoch == 1


def test_marks_have_a_ceiling_and_a_shelf_has_one(tmp_path: Path) -> None:
    data = _some(300_000)
    shelf = Shelf(2)
    files = []
    for n in range(3):
        path = tmp_path / f"{n}.gz"
        path.write_bytes(gzip.compress(data))
        files.append(GzippedFile(path, shelf))
        assert files[n].read(290_000, 50) == data[290_000:290_050]
        assert 2 < len(files[n]._marks) <= 8
    assert len(files[0]._marks) == 1
    assert files[0].read(250_000, 50) == data[250_000:250_050]
    assert len(files[1]._marks) == 1


def test_learning_its_length_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(_some(100_000)))
    file = GzippedFile(path)
    asked = iter([False, False, True])
    assert not file.learn(lambda: next(asked))
    assert file.learn()
