"""Reading log files by script: what is sent, and what answers become."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cockpit.exchange.errors import CmdletFailedError, ProtocolError
from cockpit.exchange.logfiles import LogFileGoneError, LogFiles, ScriptsRefusedError, script_text
from cockpit.exchange.model import CmdletError
from cockpit.exchange.pipeline import create_pipeline
from tests.exchange.standin import StandIn, result, row

FOLDER = r"C:\Program Files\Microsoft\Exchange Server\V15\Logging\Pop3"
NAME = "POP32026010810-1.LOG"
SCRIPTS = ("list-log.ps1", "read-log.ps1", "find-log.ps1")


def test_a_script_goes_out_as_a_script_with_its_parameters_bound() -> None:
    caller = StandIn([result(row(Data=b"x", Length=1, Now=None, Newer=[]))])
    LogFiles(caller, FOLDER + "'; Restart-Computer '").read(NAME, 2**40, 9)
    sent = create_pipeline(caller.calls[0], "2.3").decode()
    assert '<B N="IsScript">true</B>' in sent
    assert sent.count("Restart-Computer") == 1
    assert sent.index("Restart-Computer") > sent.index(
        '<S N="N">-Folder</S>' if "-Folder<" in sent else "Folder"
    )
    assert ">1099511627776<" in sent
    assert str(caller.calls[0]).startswith("read-log.ps1 -Folder 'C:\\Program Files")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_changes_nothing(name: str) -> None:
    text = script_text(name)
    changing = (
        "Set-",
        "Remove-",
        "New-Item",
        "Out-File",
        "Add-Content",
        "Delete(",
        "Write(",
        "Move",
        "Copy-",
    )
    assert not [word for word in changing if word in text]
    assert text.isascii()


@pytest.mark.parametrize(
    "name", ["..\\x.LOG", "a/b-1.LOG", "POP3-1.LOG ", "", "C:\\POP3-1.LOG", "POP3-1.LOG\n"]
)
def test_no_other_text_gets_into_a_path(name: str) -> None:
    caller = StandIn([result()])
    with pytest.raises(ValueError, match="not the name"):
        LogFiles(caller, FOLDER).read(name, 0, 1)
    assert not caller.calls


def test_a_piece_of_a_file() -> None:
    now = datetime(2026, 1, 8, 10, tzinfo=UTC)
    caller = StandIn(
        [result(row(Data=b"abc", Length=3_000_000_000, Now=now, Newer=["POP32026010811-1.LOG"]))]
    )
    piece = LogFiles(caller, FOLDER).read(NAME, 5, 3)
    assert piece.data == b"abc"
    assert piece.length == 3_000_000_000
    assert piece.now == now
    assert piece.newer == ("POP32026010811-1.LOG",)


def test_hits_with_their_offsets() -> None:
    caller = StandIn([result(row(Offsets=[7, 90], Data=b"one\r\ntwo", Next=100, Length=1000))])
    found = LogFiles(caller, FOLDER).find(NAME, "ö", 0, 100, 2, any_case=True)
    assert found.lines == ((7, b"one\r"), (90, b"two"))
    assert found.next_offset == 100
    assert caller.calls[0].parameters["Text"] == "ö".encode().decode("latin-1")


def test_no_hits() -> None:
    found = LogFiles(StandIn([result(row(Offsets=[], Data=b"", Next=None, Length=9))]), FOLDER).find(
        NAME, "x", 0, 9, 2, any_case=False
    )
    assert found.lines == ()
    assert found.next_offset is None


def test_hits_that_do_not_fit_are_no_answer() -> None:
    with pytest.raises(ProtocolError, match="2 offsets for 1 lines"):
        LogFiles(StandIn([result(row(Offsets=[1, 2], Data=b"x", Next=None, Length=9))]), FOLDER).find(
            NAME, "x", 0, 9, 2, any_case=False
        )


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize(
    ("identity", "reason", "expected"),
    [
        ("FileNotFoundException", "MethodInvocationException", LogFileGoneError),
        (
            "PathNotFound,Microsoft.PowerShell.Commands.GetChildItemCommand",
            "ItemNotFoundException",
            LogFileGoneError,
        ),
        ("MethodInvocationNotSupportedInConstrainedLanguage", "RuntimeException", ScriptsRefusedError),
        ("UnauthorizedAccessException", "MethodInvocationException", CmdletFailedError),
    ],
)
def test_errors_say_what_is_wrong(identity: str, reason: str, expected: type[Exception], fails: bool) -> None:
    error = CmdletError("no", reason=reason, fully_qualified_id=identity)
    caller = StandIn([CmdletFailedError("read-log.ps1", error) if fails else result(errors=(error,))])
    with pytest.raises(expected) as caught:
        LogFiles(caller, FOLDER).read(NAME, 0, 1)
    assert type(caught.value) is expected


def test_a_missing_folder_is_told_without_powershells_preamble() -> None:
    own = "Cannot find path 'C:\\Logs' because it does not exist."
    preamble = (
        'The running command stopped because the preference variable "ErrorActionPreference" or common '
        "parameter is set to Stop: "
    )
    error = CmdletError(preamble + own, fully_qualified_id="PathNotFound,X")
    with pytest.raises(LogFileGoneError) as caught:
        LogFiles(StandIn([CmdletFailedError("list-logs.ps1", error)]), FOLDER).read(NAME, 0, 1)
    assert caught.value.cause == own
