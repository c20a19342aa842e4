"""What the protocol logs of simulated servers hold: sessions of clients and of probes."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.exchange.catalogue import BACK_END_SERVICE
from cockpit.lab.actions import act
from cockpit.lab.simulation import Simulation
from tests.lab.harness import call, later
from tests.lab.poplogs import ACCESS, BACK, FRONT, MEMBER, Row, folder_of, moment, names, opened, rows


@pytest.mark.parametrize(
    ("server", "build", "puid"), [(ACCESS, "15.00.1497.048", ""), (MEMBER, "15.02.1544.011", ",puid")]
)
def test_a_file_begins_with_six_lines_and_is_crlf_without_a_mark(
    lab: Simulation, server: str, build: str, puid: str
) -> None:
    data = (folder_of(lab, server) / names(lab, server, FRONT)[0]).read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert data.endswith(b"\r\n")
    lines = data.decode("utf-8").split("\r\n")
    columns = (
        "dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context" + puid
    )
    assert lines[0] == columns
    assert lines[1:4] == ["#Software: Microsoft Exchange Server", f"#Version: {build}", "#Log-type: POP3 Log"]
    assert re.fullmatch(r"#Date: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", lines[4])
    assert lines[5] == f"#Fields: {columns}"


def test_sessions_are_whole_and_in_order(lab: Simulation) -> None:
    for server, writer in ((ACCESS, FRONT), (MEMBER, FRONT), (MEMBER, BACK)):
        found = rows(lab, server, writer)
        assert [r["dateTime"] for r in found] == sorted(r["dateTime"] for r in found)
        sessions: dict[str, list[Row]] = {}
        for row in found:
            sessions.setdefault(row["sessionId"], []).append(row)
        assert len(sessions) > 20
        for number, talk in sessions.items():
            assert re.fullmatch("[0-9A-F]{16}", number)
            assert [int(r["seqNumber"]) for r in talk] == list(range(len(talk)))
            assert talk[0]["command"] == "OpenSession"
            assert {r["command"] for r in talk[1:-1]}.isdisjoint({"OpenSession", "CloseSession"})
        ended = [talk for talk in sessions.values() if talk[-1]["command"] == "CloseSession"]
        assert len(ended) > len(sessions) - 10


def test_a_front_end_session_and_its_back_end_session(lab: Simulation) -> None:
    """The proxied one is found on the server that the front end names, from its address, by the same user."""
    proxied = [r for r in rows(lab, MEMBER, FRONT) if "ProxySuccess" in r["context"]]
    assert {r["command"] for r in proxied} == {"pass"}
    assert {r["parameters"] for r in proxied} == {"*****"}
    own = lab.organization.address(lab.organization.server(MEMBER))
    for row in proxied[:50]:
        target = re.fullmatch(
            r'R=ok;Msg="Proxy:([\w-]+)\.lab\.example:1995:SSL;ProxySuccess"', row["context"]
        )
        assert target is not None, row
        there = [
            r
            for r in rows(lab, target[1], BACK)
            if r["user"] == row["user"] and r["command"] == "auth" and r["cIp"].startswith(f"{own}:")
        ]
        assert [r for r in there if abs((moment(r) - moment(row)).total_seconds()) < 1.0]
        assert {r["sIp"].rpartition(":")[2] for r in there} == {"1995"}
    relays = [r for r in rows(lab, MEMBER, FRONT) if r["command"] == "proxy"]
    assert relays
    assert all(re.fullmatch(r"EX19-0\d\.lab\.example:1995:SSL", r["parameters"]) for r in relays)
    raw = (folder_of(lab, MEMBER) / names(lab, MEMBER, FRONT)[0]).read_text()
    assert re.search(
        r',pass,\*{5},"R=ok;Msg=""Proxy:EX19-0\d\.lab\.example:1995:SSL;ProxySuccess""",\r?\n', raw
    )


def test_users_are_named_after_the_login_only(lab: Simulation) -> None:
    found = rows(lab, MEMBER, FRONT)
    before = [r for r in found if r["command"] in ("OpenSession", "capa", "user")]
    after = [r for r in found if r["command"] in ("pass", "proxy") and "ERR" not in r["context"]]
    assert {r["command"] for r in before} == {"OpenSession", "capa", "user"}
    assert {r["command"] for r in after} == {"pass", "proxy"}
    assert {r["user"] for r in before} == {""}
    assert all(r["user"] for r in after)


def test_clients_fail_now_and_then(lab: Simulation) -> None:
    later(lab, 4 * 3600)
    contexts = Counter(
        r["context"] for s in (ACCESS, MEMBER, "EX16-01") for r in rows(lab, s, FRONT) if r["context"]
    )
    denied = 'R="-ERR Logon failure: unknown user name or bad password."'
    assert contexts[denied] > 0
    assert contexts[f"{denied};ErrMsg=UserConnectionLimitReached"] > 0
    assert contexts["ErrMsg=ConnectionTimeout"] > 0


async def probe(sim: Simulation, identity: str, server: str) -> tuple[dict[str, object], datetime, datetime]:
    started = sim.clock.now()
    found = await call(sim, "Invoke-MonitoringProbe", {"Identity": identity, "Server": server})
    (row,) = found.rows
    begin, end = (
        datetime.fromisoformat(str(row[n])[:26] + str(row[n])[27:]).astimezone(UTC)
        for n in ("ExecutionStartTime", "ExecutionEndTime")
    )
    assert begin >= started
    return row, begin, end


def between(found: list[Row], begin: datetime, end: datetime) -> list[Row]:
    """By the log's milliseconds."""
    first = begin.replace(microsecond=begin.microsecond // 1000 * 1000)
    return [r for r in found if first <= moment(r) <= end]


async def test_a_touch_point_probe_leaves_its_session_here_and_there(lab: Simulation) -> None:
    row, begin, end = await probe(lab, "POP\\PopCTPProbe", ACCESS)
    target = str(row["StateAttribute4"])
    mine = [r for r in between(rows(lab, ACCESS, FRONT), begin, end) if r["user"].startswith("HealthMailbox")]
    assert [r["command"] for r in mine] == ["pass", "proxy", "CloseSession"]
    assert f"Proxy:{target}.lab.example:1995:SSL;ProxySuccess" in mine[0]["context"]
    there = [r for r in between(rows(lab, target, BACK), begin, end) if r["user"] == mine[0]["user"]]
    assert [r["command"] for r in there] == ["auth", "stat", "quit", "CloseSession"]
    front_end = lab.organization.address(lab.organization.server(ACCESS))
    assert {r["cIp"].partition(":")[0] for r in there} == {front_end}
    assert row["StateAttribute22"] == front_end


async def test_the_other_probes(lab: Simulation) -> None:
    _, begin, end = await probe(lab, "POP.Protocol\\PopDeepTestProbe", MEMBER)
    deep = [r for r in between(rows(lab, MEMBER, BACK), begin, end) if r["command"] == "pass"]
    assert [r["user"][:13] for r in deep] == ["HealthMailbox"]
    assert not [r for r in between(rows(lab, MEMBER, FRONT), begin, end) if r["user"] == deep[0]["user"]]
    for identity, writer, port in (
        ("POP.Protocol\\PopSelfTestProbe", BACK, "1995"),
        ("POP.Proxy\\PopProxyTestProbe", FRONT, "995"),
    ):
        row, begin, end = await probe(lab, identity, MEMBER)
        mine = [
            r
            for r in between(rows(lab, MEMBER, writer), begin, end)
            if r["cIp"].startswith("127.0.0.1:") and r["sIp"] == f"127.0.0.1:{port}"
        ]
        assert [r["command"] for r in mine] == ["OpenSession", "capa", "quit", "CloseSession"]
        assert {r["user"] for r in mine} == {""}
        assert row["StateAttribute22"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("scenario", "server", "expected"),
    [
        (
            "ctp-backend",
            ACCESS,
            r'R="-ERR .*";Msg="Proxy:EX13-MBX01\.lab\.example:1995:SSL";ErrMsg=StorageT.*',
        ),
        ("ctp-frontend", ACCESS, None),
        ("proxy-broken", "EX13-CAS02", r'R=ok;Msg="Proxy:.*;ProxySuccess"'),
    ],
)
async def test_a_failing_touch_point(
    tmp_path: Path, scenario: str, server: str, expected: str | None
) -> None:
    sim = opened(tmp_path, scenario)
    _, begin, end = await probe(sim, "POP\\PopCTPProbe", server)
    talk = between(rows(sim, server, FRONT), begin, end)
    mine = [r for r in talk if r["command"] == "pass" and r["user"].startswith("HealthMailbox")]
    if expected is None:
        assert not mine
        assert [r for r in talk if r["command"] == "user" and r["parameters"].startswith("HealthMailbox")]
    else:
        assert [re.fullmatch(expected, r["context"]) is not None for r in mine] == [True]
    sim.close()


def test_a_back_end_that_is_down_or_hung(tmp_path: Path) -> None:
    """Down: ProxyFailed. Hung: the front end names the server, whose own log knows nothing."""
    sim = opened(tmp_path)
    organization = sim.organization
    for dag in organization.dags.values():
        dag.preference_moves = None
    t = sim.touch()
    # Disabled, for a responder would start it again.
    act(
        sim,
        {
            "name": "EX13-MBX01",
            "action": "set-service",
            "service": BACK_END_SERVICE,
            "start_type": "Disabled",
        },
    )
    act(sim, {"name": "EX13-MBX01", "action": "stop-service", "service": BACK_END_SERVICE})
    act(sim, {"name": "EX13-MBX02", "action": "break", "kind": "BACK_END_HUNG"})
    later(sim, 900)
    since = sim.clock.at(t)
    told = [r for r in rows(sim, ACCESS, FRONT) if moment(r) > since and r["command"] == "pass"]
    assert [r for r in told if 'Proxy:EX13-MBX01.lab.example:1995:SSL;ProxyFailed"' in r["context"]]
    assert [
        r for r in told if r["context"] == 'Msg="Proxy:EX13-MBX02.lab.example:1995:SSL";ErrMsg=ProxyTimeout'
    ]
    for server in ("EX13-MBX01", "EX13-MBX02"):
        assert not [r for r in rows(sim, server, BACK) if moment(r) > since and r["command"] == "auth"]
    sim.close()
