"""The ways to a server's logs: the session that is there already, or its share."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cockpit.config.environment import Credential, Environment
from cockpit.exchange.errors import CmdletFailedError
from cockpit.exchange.logfiles import LogFileGoneError, LogFiles
from cockpit.exchange.model import CmdletError
from cockpit.poplog.errors import FileGoneError
from cockpit.poplog.names import Writer
from cockpit.poplog.source import Hit
from cockpit.recovery import access
from cockpit.recovery.access import NoAccess, Sessions
from cockpit.recovery.log_source import OverWinRM
from tests.exchange.standin import gives, row
from tests.poplog.sources import Folder

HERE = Environment(name="here", entry_servers=("EX01",), credential=Credential("ann", None))
NAME = "POP32026010808-1.LOG"


def over(*objects: Any, errors: tuple[CmdletError, ...] = ()) -> OverWinRM:
    return OverWinRM(LogFiles(gives(*objects, errors=errors), "C:\\Logs"), "EX01")


def test_over_a_session() -> None:
    names = [row(Name=n, Length=5, Created=None, Modified=None) for n in (NAME, "W3SVC1-1.LOG")]
    assert [f.name for f in over(*names).files()] == [NAME]
    piece = over(row(Data=b"abc", Length=9, Now=None, Newer=[])).read(NAME, 4, 3)
    assert (piece.data, piece.offset, piece.length) == (b"abc", 4, 9)
    found = over(row(Offsets=[7], Data=b"a line", Next=20, Length=99)).find(NAME, "a", 0, 9, 9, any_case=True)
    assert (found.hits, found.next_offset, found.length) == ((Hit(7, b"a line"),), 20, 99)


def test_a_file_that_has_gone_is_told_from_a_refusal() -> None:
    gone = CmdletError("no such file", fully_qualified_id="FileNotFoundException")
    with pytest.raises(FileGoneError):
        over(errors=(gone,)).read(NAME, 0, 1)
    denied = CmdletError("access is denied", fully_qualified_id="UnauthorizedAccessException")
    with pytest.raises(CmdletFailedError) as refused:
        over(errors=(denied,)).read(NAME, 0, 1)
    assert not isinstance(refused.value, LogFileGoneError)


def test_over_the_share_where_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []
    closed: list[str] = []

    class Share(Folder):
        def close(self) -> None:
            closed.append(self.name)

    def share(_: Environment, __: object, server: str, fqdn: str, folder: str) -> Share:
        asked.append((server, fqdn, folder))
        return Share({NAME: b""}, server)

    monkeypatch.setattr(access, "on_share", share)
    ways = Sessions(msgspec.structs.replace(HERE, logs="smb"), None, lambda name: f"{name}.contoso.test")
    assert ways.logs("EX01", "C:\\Logs", lambda s: [f.name for f in s.files()]) == [NAME]
    with pytest.raises(KeyError):
        ways.logs("EX01", "C:\\Logs", lambda s: s.read(f"{Writer.POP3}2026-1.LOG", 0, 1))
    assert asked == [("EX01", "EX01.contoso.test", "C:\\Logs")] * 2
    assert closed == ["EX01", "EX01"]
    ways.close()


def test_where_nobody_is_asked() -> None:
    with pytest.raises(Exception, match="No server is asked here"):
        NoAccess().logs("EX01", "C:\\Logs", lambda s: s.files())
