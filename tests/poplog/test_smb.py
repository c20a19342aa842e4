"""Logs over a share: a real Samba on loopback, and what is decided before anything is dialled."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.poplog.beginning import FromEnd
from cockpit.poplog.errors import FileGoneError, LogError, RefusedError
from cockpit.poplog.follow import Follower
from cockpit.poplog.local import LocalFolder
from cockpit.poplog.names import Writer
from cockpit.poplog.smb import SignIn, SmbFolder, Unc, parse_unc, unc_of
from cockpit.poplog.source import Hit
from tests.poplog.disk import EVERYTHING, HEADER, line, named
from tests.poplog.test_follow import drained, numbers
from tests.support.samba import PASSWORD, USER, Samba, samba

FOLDER = r"Program Files\Exchange Server\V15\Logging\Pop3"
A, B, C = named(0), named(1), named(2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    with samba(tmp_path_factory.mktemp("smb")) as served:
        yield served


@pytest.fixture
def logs(server: Samba, request: pytest.FixtureRequest) -> Path:
    """A folder of this test's own on the share."""
    made = server.served / FOLDER.replace("\\", "/") / str(request.node.name)
    made.mkdir(parents=True)
    return made


def source(server: Samba, logs: Path, **changed: str) -> SmbFolder:
    unc = Unc("127.0.0.1", changed.get("share", "c$"), f"{FOLDER}\\{changed.get('folder', logs.name)}")
    sign_in = SignIn(USER, changed.get("password", PASSWORD), "ntlm", 5.0)
    return SmbFolder("EX01", lambda: unc, sign_in, port=server.port)


def test_files_are_listed_and_read_at_any_place(server: Samba, logs: Path) -> None:
    (logs / A).write_bytes(HEADER + line(1))
    (logs / "POP3BE20260108-1.LOG").write_bytes(HEADER)
    (logs / "notes.LOG").write_bytes(b"x")
    (logs / "POP320260109-1.LOG").mkdir()
    share = source(server, logs)
    found = {f.name: f for f in share.files()}
    assert set(found) == {"POP3BE20260108-1.LOG", A}
    assert found[A].length == len(HEADER + line(1))
    modified = found[A].modified
    assert modified is not None
    assert abs((datetime.now(UTC) - modified).total_seconds()) < 60
    whole = share.read(A, 0, 10**6)
    assert (whole.data, whole.length) == (HEADER + line(1), len(HEADER + line(1)))
    assert share.read(A, len(HEADER), 5).data == line(1)[:5]
    beyond = share.read(A, 10**6, 5)
    assert (beyond.data, beyond.length) == (b"", len(HEADER + line(1)))
    share.close()


def test_an_empty_folder_has_no_files(server: Samba, logs: Path) -> None:
    share = source(server, logs)
    assert share.files() == ()
    share.close()


def test_the_servers_clock_comes_with_every_read(server: Samba, logs: Path) -> None:
    (logs / A).write_bytes(HEADER)
    share = source(server, logs)
    for _ in range(2):
        now = share.read(A, 0, 1).now
        assert now is not None
        assert abs((datetime.now(UTC) - now).total_seconds()) < 5
    share.close()


def test_a_big_file_is_read_whole(server: Samba, logs: Path) -> None:
    data = os.urandom(3_000_000)
    (logs / A).write_bytes(data)
    share = source(server, logs)
    assert share.read(A, 0, len(data) + 5).data == data
    share.close()


def test_a_file_that_is_written_renamed_and_deleted_meanwhile_is_followed(server: Samba, logs: Path) -> None:
    share = source(server, logs)
    path = logs / A
    path.write_bytes(HEADER + line(0))
    one = Follower(share, "EX01", Writer.POP3, EVERYTHING)
    with path.open("ab", buffering=0) as writer:
        assert numbers(one) == [0]
        for n in range(1, 20):
            writer.write(line(n))
            assert numbers(one) == [n]
        (logs / B).write_bytes(HEADER + line(30))
        writer.write(line(20))
        assert numbers(one) == [20, 30]
    path.unlink()
    (logs / C).write_bytes(HEADER + line(31))
    assert numbers(one) == [31]
    assert numbers(Follower(share, "EX01", Writer.POP3, FromEnd(1))) == [31]
    share.close()


@pytest.mark.parametrize(
    ("text", "any_case", "wanted"), [("stat", False, 50), ("STAT", True, 50), ("STAT", False, 0)]
)
def test_a_search_streams_in_stretches_and_finds_every_line_once(
    server: Samba, logs: Path, text: str, any_case: bool, wanted: int
) -> None:
    body = b"".join(line(n) + b"x" * 60_000 + b"\r\n" for n in range(50))
    (logs / A).write_bytes(HEADER + body)
    share = source(server, logs)
    hits: list[Hit] = []
    answers = 0
    following: int | None = 0
    while following is not None:
        found = share.find(A, text, following, 500_000, 7, any_case=any_case)
        assert len(found.hits) <= 7
        hits += found.hits
        following, answers = found.next_offset, answers + 1
    assert [h.line + b"\n" for h in hits] == [line(n) for n in range(wanted)]
    assert all((HEADER + body)[h.offset :].startswith(h.line) for h in hits)
    assert answers >= 3
    share.close()


@pytest.mark.parametrize(("text", "any_case"), [("Müll", False), ("müLL", True), ("MüLL", True)], ids="abc")
def test_a_search_finds_what_the_same_file_here_is_found_by(
    server: Samba, logs: Path, text: str, any_case: bool
) -> None:
    rows = [line(n).replace(b"R=ok", b"R=" + name) for n, name in enumerate(
        ("Müller".encode(), "Müller".encode("cp1252"), b"Muller", "MÜLLER".encode())
    )]  # fmt: skip
    (logs / A).write_bytes(HEADER + b"".join(rows))
    share = source(server, logs)
    over = share.find(A, text, 0, 10**6, 99, any_case=any_case)
    here = LocalFolder(logs).find(A, text, 0, 10**6, 99, any_case=any_case)
    assert over.hits == here.hits
    assert [hit.line for hit in over.hits] == [row.rstrip(b"\n") for row in rows[:2]]
    share.close()


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_search_that_has_enough_goes_on_with_the_next_hit(server: Samba, logs: Path, most: int) -> None:
    (logs / A).write_bytes(HEADER + b"".join(line(n) for n in range(3)))
    share = source(server, logs)
    found = share.find(A, ",stat,", 0, 10**6, most, any_case=False)
    assert len(found.hits) == most
    assert found.next_offset == (None if most == 3 else len(HEADER) + most * len(line(0)))
    share.close()


def test_what_is_not_there_is_gone_and_the_connection_stays(server: Samba, logs: Path) -> None:
    share = source(server, logs)
    with pytest.raises(FileGoneError, match=A):
        share.read(A, 0, 1)
    (logs / A).write_bytes(b"1")
    assert share.read(A, 0, 1).data == b"1"
    with pytest.raises(FileGoneError):
        source(server, logs, folder="nowhere").files()
    share.close()


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"password": "wrong"}, "user name"), ({"share": "d$"}, "no such share")],
)
def test_who_may_not_is_refused_with_a_cure(
    server: Samba, logs: Path, changed: dict[str, str], words: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        source(server, logs, **changed).files()
    assert not refused.value.retry
    assert words in refused.value.cure
    assert "wrong" not in f"{refused.value} {refused.value.cure}"


def test_no_other_file_can_be_asked_for(server: Samba, logs: Path) -> None:
    share = source(server, logs)
    for name in ("..\\secret.txt", "secret.txt", f"sub\\{A}"):
        with pytest.raises(RefusedError):
            share.read(name, 0, 1)
    share.close()


def test_a_server_that_is_gone_is_told_and_dialled_anew_when_it_is_back(tmp_path: Path) -> None:
    with samba(tmp_path / "one") as server:
        logs = server.served / FOLDER.replace("\\", "/") / "x"
        logs.mkdir(parents=True)
        (logs / A).write_bytes(HEADER + line(1))
        share = source(server, logs)
        one = Follower(share, "EX01", Writer.POP3, EVERYTHING)
        assert numbers(one) == [1]
    with pytest.raises(LogError) as lost:
        one.step()
    assert lost.value.retry
    with samba(tmp_path / "one") as server:
        share._port = server.port
        (logs / A).write_bytes(HEADER + line(1) + line(2))
        entries, notices = drained(one)
        assert ([e.row.sequence for e in entries], notices) == ([2], [])
        share.close()


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cockpit.poplog.smb_share", None)
    with pytest.raises(RefusedError) as refused:
        SmbFolder("EX01", lambda: Unc("EX01", "c$", "x"), SignIn()).files()
    assert "pop-cockpit[smb]" in refused.value.cure


@pytest.mark.parametrize(
    ("folder", "unc"),
    [
        (f"C:\\{FOLDER}", rf"\\h\c$\{FOLDER}"),
        ("D:\\Logs\\", r"\\h\d$\Logs"),
        ("E:\\", r"\\h\e$"),
        (r"\\H.corp.example\logs\EX01", r"\\H.corp.example\logs\EX01"),
    ],
)  # fmt: skip
def test_where_a_folder_is_for_others(folder: str, unc: str) -> None:
    made = unc_of("h", folder)
    assert str(made) == unc
    assert parse_unc(unc) == made


@pytest.mark.parametrize("folder", ["%ExchangeInstallPath%Logging\\Pop3", "Logging", "/var/log", ""])
def test_a_folder_that_nobody_else_can_find_is_refused(folder: str) -> None:
    with pytest.raises(RefusedError):
        unc_of("h", folder)


def test_a_setting_of_a_server_does_not_send_us_to_another_host() -> None:
    """It would get what is needed to guess our password, or to pass our sign-in on."""
    with pytest.raises(RefusedError, match="on another host") as refused:
        unc_of("ex01.corp.example", r"\\198.51.100.7\logs")
    assert "logs tail FOLDER" in refused.value.cure


def test_a_password_is_not_shown() -> None:
    assert "canary" not in repr(SignIn("u", "canary"))
