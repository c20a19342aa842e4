"""A SQLite journal that a group of the host shares: whose its folder and files are, and two operators, with
user ids of their own, really at work on it."""

from __future__ import annotations

import grp
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cockpit.journal.errors import JournalError
from cockpit.journal.sharing import FOLDER_MODE, sharing_of
from cockpit.journal.store import open_journal, sqlite_url
from tests.journal.operating import LINES
from tests.journal.support import actor
from tests.support.processes import ROOT

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two other users")
GROUP = grp.getgrgid(os.getegid() or next(g.gr_gid for g in grp.getgrall() if g.gr_gid)).gr_name
GID = grp.getgrnam(GROUP).gr_gid
ANN, BOB, EVE = 61001, 61002, 61003


@contextmanager
def hostile(umask: int) -> Iterator[None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def opened(folder: Path, keys: Path) -> Any:
    return open_journal(
        sqlite_url(folder / "journal.sqlite"),
        actor("ann"),
        keys=keys,
        checkpoints=folder / "journal.checkpoints.jsonl",
        group=GROUP,
    )


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_all_in_it_is_the_groups_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    shared = tmp_path / "shared"
    with hostile(umask):
        journal = opened(shared, tmp_path / "keys")
        with journal.write(None) as writer:
            writer.log("something")
        journal.checkpoint()
    assert mode(shared) == FOLDER_MODE
    names = {path.name for path in shared.iterdir()}
    assert names == {
        "journal.sqlite",
        "journal.sqlite-wal",
        "journal.sqlite-shm",
        "journal.checkpoints.jsonl",
    }
    for path in (shared, *shared.iterdir()):
        assert path.stat().st_gid == GID, path
        assert path == shared or mode(path) == 0o660, path
    assert mode(tmp_path / "keys" / "journal-ed25519.pem") == 0o600
    journal.close()
    opened(shared, tmp_path / "keys").close()


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_without_a_group_it_is_the_users_alone(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "new" / "journal"
    with hostile(umask):
        journal = open_journal(
            sqlite_url(folder / "journal.sqlite"), actor("ann"), keys=folder, checkpoints=folder / "c.jsonl"
        )
        journal.checkpoint()
    assert [mode(path) for path in (folder.parent, folder)] == [0o700, 0o700]
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    journal.close()


@pytest.mark.parametrize(
    ("bits", "why"),
    [
        (0o2775, "everybody on this host may look into it or change it"),
        (0o2772, "everybody on this host"),
        (0o770, "its mode is 770"),
        (0o2750, "its mode is 2750"),
        (0o3770, "its mode is 3770"),
    ],
)
def test_a_folder_that_is_not_the_groups_alone_is_refused(tmp_path: Path, bits: int, why: str) -> None:
    shared = tmp_path / "sh ared"
    shared.mkdir()
    os.chown(shared, -1, GID)
    shared.chmod(bits)
    with pytest.raises(JournalError) as refused:
        opened(shared, tmp_path)
    assert why in str(refused.value)
    assert str(refused.value).endswith(f"run: chown root:{GROUP} '{shared}' && chmod 2770 '{shared}'.")
    assert list(shared.iterdir()) == []


@AS_ROOT
def test_a_folder_of_another_group_or_of_a_stranger_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    os.chown(shared, -1, GID + 4711)
    shared.chmod(FOLDER_MODE)
    with pytest.raises(JournalError, match=f"it belongs to another group than {GROUP}; run: chown root:"):
        opened(shared, tmp_path)
    os.chown(shared, EVE, GID)
    shared.chmod(FOLDER_MODE)
    with pytest.raises(JournalError, match=f"it belongs to uid {EVE}, who is not in {GROUP}"):
        opened(shared, tmp_path)


@pytest.mark.parametrize("name", ["journal.sqlite", "journal.checkpoints.jsonl"])
def test_a_file_that_is_not_the_groups_alone_is_refused(tmp_path: Path, name: str) -> None:
    shared = tmp_path / "shared"
    journal = opened(shared, tmp_path / "keys")
    journal.checkpoint()
    (shared / name).chmod(0o664)
    with pytest.raises(JournalError, match=rf"{name} is not for group {GROUP} alone; run: chgrp "):
        opened(shared, tmp_path / "keys").checkpoint()
    journal.close()


def test_a_group_that_is_not_there() -> None:
    with pytest.raises(JournalError, match="This host has no group 'nobody-is-here'; make it: groupadd"):
        sharing_of("nobody-is-here")


# --- two operators -------------------------------------------------------------------------------


class Operator:
    """A process of ``operating.py``."""

    def __init__(self, folder: Path, name: str, uid: int, umask: str, *, member: bool = True) -> None:
        own = folder / name
        own.mkdir(mode=0o700)
        arguments = (str(folder), name, GROUP, str(GID if member else -1), str(uid), umask)
        (own / "keys").mkdir(mode=0o700)
        os.chown(own, uid, uid)
        os.chown(own / "keys", uid, uid)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.journal.operating", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended with {self.process.wait()}"
        found: dict[str, Any] = json.loads(line)
        return found

    def goes_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def __enter__(self) -> Operator:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def host() -> Iterator[Path]:
    """A folder that every user of this host can reach: pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="pop-cockpit-host-"))
    folder.chmod(0o755)
    shared = folder / "shared"
    shared.mkdir()
    os.chown(shared, -1, GID)
    shared.chmod(FOLDER_MODE)
    yield folder
    shutil.rmtree(folder)


@AS_ROOT
def test_two_operators_of_one_host_work_on_one_journal(host: Path) -> None:
    with ExitStack() as stack:
        ann = stack.enter_context(Operator(host, "ann", ANN, "077"))
        bob = stack.enter_context(Operator(host, "bob", BOB, "000"))
        both = (ann, bob)
        assert [one.says() for one in both] == [{"opened": True, "uid": uid} for uid in (ANN, BOB)]
        for one in both:
            one.goes_on()
        assert [one.says() for one in both] == [{"worked": True}] * 2
        for path in (host / "shared").iterdir():
            assert (mode(path), path.stat().st_gid) == (0o660, GID), path
        for one in both:
            one.goes_on()
        assert ann.says() == {"held": None}  # her own
        assert bob.says() == {"held": "ann", "works": True}
        for one in both:
            one.goes_on()
            found = one.says()
            assert found["sound"], found["why"]
            assert found["lines"] >= 2 * LINES
        assert [one.process.wait(10) for one in both] == [0, 0]
    journal = opened(host / "shared", host / "keys")
    assert {json.loads(line.body)["operator"] for line in journal.lines()} >= {"ann", "bob"}
    journal.close()


@AS_ROOT
def test_somebody_who_is_not_in_the_group_is_told(host: Path) -> None:
    with Operator(host, "eve", EVE, "022", member=False) as eve:
        assert eve.says()["refused"].startswith(
            f"You are not in the group {GROUP}, which shares the journal;"
        )
