"""Reads on the WinRM endpoint: what is asked, and what is made of every answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.clixml import PSObject
from cockpit.exchange.errors import CmdletFailedError, ProtocolError
from cockpit.exchange.events import MOST_EVENTS, time_bound
from cockpit.exchange.model import CmdletError
from cockpit.exchange.recovery_model import Channel, ClusterNode, Process, ServiceProcess, Volume, free_space
from cockpit.exchange.winrm import POP_CONNECTIONS, WinRMCmdlets
from tests.exchange.standin import StandIn, gives, raises, result, row

THEN = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
GONE = CmdletError(
    "Cannot find a process with the name", fully_qualified_id="NoProcessFoundForGivenName,Microsoft.X"
)
DENIED = CmdletError("Access is denied", fully_qualified_id="CouldNotOpen,Microsoft.X")
NO_COUNTER = CmdletError("not valid", fully_qualified_id="CounterApiError,Microsoft.X")


def test_a_service_and_the_birth_of_its_process() -> None:
    caller = StandIn(
        [
            result(
                row(Name="MSExchangeHM", State="Running", ProcessId=3),
                row(Name="msexchangepop3", State="Running", StartMode="Auto", ProcessId=12),
            ),
            result(row(ProcessId=11, CreationDate=THEN), row(ProcessId=12, CreationDate=THEN)),
        ]
    )
    found = WinRMCmdlets(caller).service_process("MSExchangePOP3")
    assert found == ServiceProcess("msexchangepop3", "Running", "Auto", 12, THEN)
    assert [dict(c.parameters) for c in caller.calls] == [
        {
            "ClassName": "Win32_Service",
            "Property": ("Name", "State", "StartMode", "ProcessId"),
            "Filter": "Name='MSExchangePop3'",
        },
        {
            "ClassName": "Win32_Process",
            "Property": ("ProcessId", "Name", "CreationDate"),
            "Filter": "ProcessId=12",
        },
    ]


def test_a_process_that_ended_between_the_two_reads_has_no_birth() -> None:
    caller = StandIn([result(row(Name="MSExchangePop3", State="Stop Pending", ProcessId=12)), result()])
    found = WinRMCmdlets(caller).service_process("MSExchangePop3")
    assert found == ServiceProcess("MSExchangePop3", "StopPending", "", 12, None)


def test_a_stopped_service_has_no_process_to_look_for() -> None:
    caller = gives(row(Name="MSExchangePop3", State="Stopped", StartMode="Manual", ProcessId=0))
    found = WinRMCmdlets(caller).service_process("MSExchangePop3")
    assert found == ServiceProcess("MSExchangePop3", "Stopped", "Manual", 0)
    assert len(caller.calls) == 1


def test_only_the_catalogues_services_get_into_a_filter() -> None:
    caller = gives()
    with pytest.raises(ValueError, match="not a service of the catalogue"):
        WinRMCmdlets(caller).service_process("x' OR Name LIKE '%")
    assert caller.calls == []


def test_no_such_service_and_a_refusal_are_told_apart() -> None:
    assert WinRMCmdlets(gives()).service_process("MSExchangePop3") is None
    with pytest.raises(CmdletFailedError, match="Access is denied"):
        WinRMCmdlets(gives(errors=[DENIED])).service_process("MSExchangePop3")


VOLUMES = (
    Volume("C:\\", 100, 10),
    Volume("C:\\Program Files\\", 100, 20),
    Volume("\\\\?\\Volume{0-1}\\", 100, 30),
    Volume("D:\\", 100, None),
    Volume("", 100, 40),
)


@pytest.mark.parametrize(
    ("path", "free"),
    [
        ("C:\\Logs", 10),
        ("c:/program files/Exchange/Logging", 20),
        ("C:\\Program Files", 20),
        ("C:\\Program Files2\\x", 10),
        ("C:", 10),
        ("D:\\x", None),
        ("E:\\x", None),
        ("\\\\server\\share", None),
        ("%ExchangeInstallPath%Logging\\Pop3", None),
        ("", None),
    ],
)
def test_free_space_where_a_path_lies(path: str, free: int | None) -> None:
    assert free_space(VOLUMES, path) == free


@given(st.permutations(VOLUMES), st.sampled_from(["C:\\a", "C:\\Program Files\\a", "D:\\a", "Z:\\a"]))
def test_the_order_of_volumes_does_not_matter(volumes: list[Volume], path: str) -> None:
    assert free_space(tuple(volumes), path) == free_space(VOLUMES, path)


def test_volumes_in_bytes() -> None:
    caller = gives(row(Name="C:\\", Capacity="1000", FreeSpace=10), row(Name="D:\\", Capacity=None))
    answer = WinRMCmdlets(caller).volumes()
    assert answer.rows == (Volume("C:\\", 1000, 10), Volume("D:\\", None, None))
    assert caller.calls[0].parameters["ClassName"] == "Win32_Volume"


def test_a_process_that_does_not_run_is_no_error() -> None:
    caller = gives(row(ProcessName="ExSetup", Id=7, StartTime=THEN), errors=[GONE, DENIED])
    answer = WinRMCmdlets(caller).processes()
    assert answer.rows == (Process("ExSetup", 7, THEN),)
    assert answer.errors == (DENIED,)
    assert caller.calls[0].parameters == {"Name": ("ExSetup", "ExSetupUI", "Setup")}


@pytest.mark.parametrize("state", ["Paused", 2, PSObject(text="Paused", value=2), PSObject(value=2)])
def test_cluster_nodes(state: object) -> None:
    answer = WinRMCmdlets(gives(row(Name="EX01", State=state))).cluster_nodes()
    assert answer.rows == (ClusterNode("EX01", "Paused"),)


PATH = "\\\\ex01\\msexchangepop3\\connections current"


@pytest.mark.parametrize(
    "answer",
    [
        row(CounterSamples=[row(Path=PATH, CookedValue=42.0)]),
        row(CounterSamples=PSObject(value=[row(Path=PATH, CookedValue=42)])),
        row(CounterSamples=row(Path=PATH, CookedValue="42")),
        row(CounterSamples=["a class name"], Readings=f"{PATH} :\r\n42\r\n\r\n"),
        row(Readings=f"{PATH} :\n42\n"),
    ],
)
def test_open_connections(answer: object) -> None:
    caller = gives(answer)
    found = WinRMCmdlets(caller).pop_connections()
    assert found is not None
    assert [(s.path, s.value) for s in found.rows] == [(PATH, 42.0)]
    assert caller.calls[0].parameters == {"Counter": POP_CONNECTIONS}


def test_a_counter_that_is_not_there_is_none() -> None:
    assert WinRMCmdlets(gives(errors=[NO_COUNTER])).pop_connections() is None
    assert WinRMCmdlets(raises(CmdletFailedError("failed", NO_COUNTER))).pop_connections() is None


def test_a_counter_that_is_refused_is_not_none() -> None:
    with pytest.raises(CmdletFailedError):
        WinRMCmdlets(raises(CmdletFailedError("failed", DENIED))).pop_connections()
    found = WinRMCmdlets(gives(errors=[DENIED])).pop_connections()
    assert found is not None
    assert found.errors == (DENIED,)


ACTION = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>500</EventID>"
    "<TimeCreated SystemTime='2026-03-01T03:00:05.1234567Z'/></System><UserData><EventXML xmlns='myNs'>"
    "<Id>RestartService</Id><ResourceName>MSExchangePop3</ResourceName>"
    "<StartTime>2026-03-01T03:00:00.0000000Z</StartTime><Result>Succeeded</Result>"
    "</EventXML></UserData></Event>"
)
PROBE = (
    "<Event><System><EventID>2</EventID><TimeCreated SystemTime='0001-01-01T00:00:00Z'/></System><EventData>"
    "<Data Name='ResultName'>PopCTPProbe/DB01</Data><Data Name='Password'>hunter2</Data>"
    "<Data Name='ExecutionContext'>User: a\nPassword: hunter2\nTarget: b</Data></EventData></Event>"
)


def test_recovery_actions_since_a_moment() -> None:
    caller = gives(ACTION)
    there = THEN.astimezone(timezone(timedelta(hours=2)))
    (action,) = WinRMCmdlets(caller).recovery_actions_since(there).rows
    assert (action.id, action.resource_name, action.start_time) == ("RestartService", "MSExchangePop3", THEN)
    assert caller.calls[0].cmdlet == "wevtutil"
    assert caller.calls[0].arguments == (
        "qe",
        "Microsoft-Exchange-ManagedAvailability/RecoveryActionResults",
        "/q:*[System[TimeCreated[@SystemTime>='2026-03-01T03:00:00.000Z']]]",
        "/c:200",
        "/rd:true",
        "/f:xml",
    )


def test_events_keep_their_fields_and_lose_their_passwords() -> None:
    caller = gives(PROBE, ACTION)
    first, second = WinRMCmdlets(caller).events(Channel.PROBE_RESULT, THEN, newest=5).rows
    assert first.channel == "Microsoft-Exchange-ActiveMonitoring/ProbeResult"
    assert (first.id, first.time) == (2, None)
    assert first.fields["ResultName"] == "PopCTPProbe/DB01"
    assert "hunter2" not in repr(first)
    assert "Target: b" in first.fields["ExecutionContext"]
    assert second.time == datetime(2026, 3, 1, 3, 0, 5, 123456, tzinfo=UTC)
    assert second.fields["Id"] == "RestartService"
    assert "EventID" not in second.fields
    assert "/c:5" in caller.calls[0].arguments


def test_events_but_those_with_a_value_are_asked_for_without_a_blank() -> None:
    caller = gives()
    WinRMCmdlets(caller).events(Channel.PROBE_RESULT, THEN, but=("ResultType", "3"))
    assert caller.calls[0].arguments[2] == (
        "/q:*[System[TimeCreated[@SystemTime>='2026-03-01T03:00:00.000Z']]][UserData[EventXML[ResultType!='3']]]"
    )


@pytest.mark.parametrize("but", [("ResultType", "3'] or *['"), ("a b", "3"), ("", "3")])
def test_only_plain_words_get_into_a_query(but: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="plain words"):
        WinRMCmdlets(gives()).events(Channel.PROBE_RESULT, THEN, but=but)


def test_the_oldest_event_that_a_channel_holds() -> None:
    caller = gives(ACTION)
    (event,) = WinRMCmdlets(caller).oldest_event(Channel.PROBE_RESULT).rows
    assert event.time == datetime(2026, 3, 1, 3, 0, 5, 123456, tzinfo=UTC)
    assert caller.calls[0].arguments == ("qe", Channel.PROBE_RESULT.value, "/c:1", "/f:xml")


@pytest.mark.parametrize("newest", [0, -1, MOST_EVENTS + 1])
def test_a_read_of_events_is_bounded(newest: int) -> None:
    with pytest.raises(ValueError, match="newest"):
        WinRMCmdlets(gives()).events(Channel.MONITORING, THEN, newest)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        WinRMCmdlets(gives()).recovery_actions_since(datetime(2026, 3, 1))


@given(st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=st.timezones()))
def test_a_time_bound_is_utc_and_needs_no_quoting(moment: datetime) -> None:
    query = time_bound(moment)
    assert not set(query) & set(' "`$;&|\t\n')
    stamp = query.removeprefix("*[System[TimeCreated[@SystemTime>='").removesuffix("']]]")
    parsed = datetime.fromisoformat(stamp)
    assert timedelta() <= moment - parsed < timedelta(milliseconds=1)


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-05:00", "soon", "", "0001-01-01T00:00:00+05:00"])
def test_an_event_of_no_time_that_can_be(time: str) -> None:
    xml = ACTION.replace("2026-03-01T03:00:05.1234567Z", time)
    (event,) = WinRMCmdlets(gives(xml)).events(Channel.MONITORING, THEN).rows
    assert event.time is None


def test_what_is_not_xml_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        WinRMCmdlets(gives("<Event>")).events(Channel.MONITORING, THEN)


def test_a_channel_that_cannot_be_read_is_a_failure() -> None:
    with pytest.raises(CmdletFailedError, match="Access is denied"):
        WinRMCmdlets(gives(errors=[DENIED])).recovery_actions()
