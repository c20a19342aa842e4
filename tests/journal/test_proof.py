"""``verify`` against a database somebody has been at, and the files it leans on."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest

from cockpit.journal import checkpoints
from cockpit.journal.errors import JournalError
from cockpit.journal.store import Journal
from tests.journal.support import Opener

Tamper = Callable[..., None]


@pytest.fixture
def written(journal: Journal) -> Journal:
    """Ten lines, with a checkpoint at the fourth and one at the tenth."""
    for count in (4, 6):
        with journal.write(None) as writer:
            for n in range(count):
                writer.log("note", n=n)
        journal.checkpoint()
    return journal


def test_what_was_left_alone_is_sound(written: Journal) -> None:
    found = written.verify()
    assert (found.sound, found.lines, found.checkpoints) == (True, 10, 4)
    assert found.held is not None
    assert found.held.seq == 10


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("UPDATE journal SET body = replace(body, 'note', 'nope') WHERE seq = 2", 2),
        ("UPDATE journal SET at = '2001-01-01T00:00:00.000000Z' WHERE seq = 5", 5),
        ("DELETE FROM journal WHERE seq = 7", 7),
        ("UPDATE journal SET seq = -seq WHERE seq = 3", 1),
        ("DELETE FROM journal WHERE seq > 8", 9),
        ("DELETE FROM journal_head", 11),
        ("UPDATE journal SET body = (SELECT body FROM journal j WHERE j.seq = 2) WHERE seq = 3", 3),
    ],
)
def test_edits_removals_and_moves_are_found(
    written: Journal, tamper: Tamper, statement: str, bad: int
) -> None:
    tamper(statement)
    found = written.verify()
    assert (found.sound, found.first_bad) == (False, bad)
    assert found.why


def test_a_tail_cut_with_head_and_table_is_found_through_the_file_outside(
    written: Journal, opener: Opener, tamper: Tamper, tmp_path: Path
) -> None:
    tamper("DELETE FROM journal WHERE seq > 6")
    tamper("UPDATE journal_head SET seq = 6, hash = (SELECT hash FROM journal WHERE seq = 6)")
    tamper("DELETE FROM checkpoint WHERE seq > 6")
    found = written.verify()
    assert found.first_bad is None
    assert found.broken is not None
    assert found.broken.seq == 10
    assert found.held is not None
    assert found.held.seq == 4
    kept = tmp_path / "kept.jsonl"
    kept.write_bytes(opener.outside("ann").read_bytes())
    opener.outside("ann").unlink()
    assert written.verify().sound
    assert not written.verify(kept).sound


def test_two_people_keep_their_own_files_of_one_journal(written: Journal, opener: Opener) -> None:
    bob = opener("bob", pid=2)
    made = bob.checkpoint()
    assert checkpoints.read(opener.outside("bob")) == (made,)
    assert made.key != written.checkpoint().key
    assert written.verify(opener.outside("bob")).sound
    assert bob.verify().sound


def test_a_named_file_that_is_not_there_is_an_error(written: Journal, tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"nowhere\.jsonl"):
        written.verify(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize("junk", [b"what\n", b"[1]\n", b"{}\n", b'{"seq":"x"}\n', b"\xff\xfe\n"])
def test_a_line_outside_that_is_no_checkpoint_is_broken_not_passed_over(
    written: Journal, opener: Opener, junk: bytes
) -> None:
    path = opener.outside("ann")
    path.write_bytes(path.read_bytes() + junk)
    assert written.verify().broken is not None


def test_a_line_torn_by_a_power_cut_is_dropped_and_written_over(written: Journal, opener: Opener) -> None:
    path = opener.outside("ann")
    path.write_bytes(path.read_bytes() + b'{"at":"2025')
    assert written.verify().sound
    written.checkpoint()
    assert len(checkpoints.read(path)) == 3
    assert written.verify().sound


def test_key_and_file_are_the_users_alone_whatever_the_umask(journal: Journal, opener: Opener) -> None:
    before = os.umask(0)
    try:
        journal.checkpoint()
    finally:
        os.umask(before)
    for path in (opener.keys("ann") / checkpoints.KEY_FILE, opener.outside("ann")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(opener.keys("ann").stat().st_mode) == 0o700
    assert os.listdir(opener.keys("ann")) == [checkpoints.KEY_FILE]


def test_a_key_others_can_read_or_that_is_none_is_refused(journal: Journal, opener: Opener) -> None:
    journal.checkpoint()
    key = opener.keys("ann") / checkpoints.KEY_FILE
    key.chmod(0o640)
    with pytest.raises(JournalError, match="chmod 600"):
        journal.checkpoint()
    key.chmod(0o600)
    key.write_text("no key")
    with pytest.raises(JournalError, match="cannot be used"):
        journal.checkpoint()


def test_two_that_make_the_first_key_at_once_have_the_same(tmp_path: Path) -> None:
    start, found = Barrier(6), []

    def make() -> None:
        start.wait()
        found.append(checkpoints.signing_key(tmp_path / "keys").public_key().public_bytes_raw())

    threads = [Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_lines_can_be_read_from_anywhere_and_by_run(journal: Journal) -> None:
    with journal.write(None) as writer:
        for n in range(1100):
            writer.log("note", run="Run_1" if n % 3 else "run_1", n=n)
    assert [line.seq for line in journal.lines()] == list(range(1, 1101))
    assert [line.seq for line in journal.lines(after=1098)] == [1099, 1100]
    assert len(list(journal.lines(run="run_1"))) == 367
    assert list(journal.lines(run="run%")) == []


def test_without_a_head_row_nothing_is_written(journal: Journal, tamper: Tamper) -> None:
    tamper("DELETE FROM journal_head")
    with pytest.raises(JournalError, match="head row is gone"), journal.write(None) as writer:
        writer.log("note")
