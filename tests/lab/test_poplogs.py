"""The protocol logs of simulated servers: what they hold, their files, and the lab's own record of them."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.actions import BadRequestError, act
from cockpit.lab.clock import Clock
from cockpit.lab.organization import Organization
from cockpit.lab.poplogs.files import quota
from cockpit.lab.poplogs.load import Load, keep_up, loads_of
from cockpit.lab.poplogs.record import Written, read
from cockpit.lab.poplogs.trouble import HOSTILE
from cockpit.lab.scenarios import SCENARIOS
from cockpit.lab.simulation import RECORD, WARM_UP, Simulation
from tests.lab.harness import OPENS, call, later

FRONT, BACK = "POP3", "POP3BE"
ACCESS, MEMBER = "EX13-CAS01", "EX19-01"
Row = dict[str, str]


def logged(organization: Organization) -> None:
    """Everybody logs, and has done so since the services started."""
    for server in organization.servers.values():
        server.pop.protocol_log_enabled = True


def opened(
    folder: Path, scenario: str = "healthy", prepare: Callable[[Organization], None] = logged
) -> Simulation:
    """A lab with disks on a frozen clock in which waiting moves the clock."""
    clock = Clock(OPENS, elapsed=WARM_UP, monotonic=lambda: 0.0)
    clock.freeze()

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    def prepared(organization: Organization) -> None:
        SCENARIOS[scenario].prepare(organization)
        prepare(organization)

    sim = Simulation(8, 1, prepare=prepared, clock=clock, sleep=sleep, folder=folder)
    SCENARIOS[scenario].begin(sim)
    sim.engine.advance_to(WARM_UP)
    sim.touch()
    return sim


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Simulation]:
    sim = opened(tmp_path)
    yield sim
    sim.close()


def folder_of(sim: Simulation, server: str, where: str = "") -> Path:
    assert sim.disks is not None
    disk = sim.disks.of(server)
    place = disk.place(where or sim.organization.server(server).pop.log_file_location)
    assert place is not None
    return place


def names(sim: Simulation, server: str, writer: str) -> list[str]:
    own = re.compile(rf"{writer}\d+-\d+\.LOG")
    return sorted(p.name for p in folder_of(sim, server).iterdir() if own.fullmatch(p.name))


def rows(sim: Simulation, server: str, writer: str) -> list[Row]:
    found = []
    for name in names(sim, server, writer):
        lines = (folder_of(sim, server) / name).read_text("utf-8").splitlines()
        fields = lines[0].split(",")
        found += [dict(zip(fields, cells, strict=True)) for cells in csv.reader(lines[6:])]
    return found


def record(sim: Simulation, tmp_path: Path) -> list[Written]:
    return list(read(tmp_path / RECORD))


def restart(sim: Simulation, server: str, service: str = FRONT_END_SERVICE) -> None:
    found = sim.organization.server(server)
    assert sim.engine.restart_service(found, found.services[service.lower()], sim.touch(), "test")


def moment(row: Row) -> datetime:
    return datetime.fromisoformat(row["dateTime"])


# -- what a file looks like ---------------------------------------------------------------------------------


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


# -- probes -------------------------------------------------------------------------------------------------


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


# -- who writes ---------------------------------------------------------------------------------------------


def test_nothing_is_written_without_disks_or_logging(tmp_path: Path) -> None:
    sim = opened(tmp_path, prepare=lambda _: None)
    later(sim, 3600)
    assert record(sim, tmp_path) == []
    assert not list(tmp_path.rglob("*.LOG"))
    sim.close()


def test_the_setting_is_read_when_the_service_starts(tmp_path: Path) -> None:
    sim = opened(tmp_path, prepare=lambda _: None)
    server = sim.organization.server(MEMBER)
    server.pop.protocol_log_enabled = True
    later(sim, 600)
    assert record(sim, tmp_path) == []
    restart(sim, MEMBER)
    later(sim, 600)
    assert {w.writer for w in record(sim, tmp_path)} == {FRONT}
    restart(sim, MEMBER, BACK_END_SERVICE)
    later(sim, 600)
    assert {(w.server, w.writer) for w in record(sim, tmp_path)} == {(MEMBER, FRONT), (MEMBER, BACK)}
    server.pop.protocol_log_enabled = False
    count = len(record(sim, tmp_path))
    later(sim, 600)
    assert len(record(sim, tmp_path)) > count
    restart(sim, MEMBER)
    restart(sim, MEMBER, BACK_END_SERVICE)
    count = len(record(sim, tmp_path))
    later(sim, 600)
    assert len(record(sim, tmp_path)) == count
    sim.close()


def test_a_service_that_stops_leaves_sessions_open_and_begins_the_next_file(lab: Simulation) -> None:
    later(lab, 600)
    before = names(lab, ACCESS, FRONT)
    restart(lab, ACCESS)
    later(lab, 600)
    after = names(lab, ACCESS, FRONT)
    hour = lab.clock.now().strftime("%Y%m%d%H")
    assert set(after) - set(before) == {f"POP3{hour}-2.LOG"}
    first = (folder_of(lab, ACCESS) / f"POP3{hour}-2.LOG").read_text().splitlines()[6]
    assert first.split(",")[1:3] == ["0000000000000001", "0"]
    server = lab.organization.server(ACCESS)
    lab.lifecycle.kill(server, lab.touch())
    size = (folder_of(lab, ACCESS) / after[-1]).stat().st_size
    later(lab, 600)
    assert (folder_of(lab, ACCESS) / after[-1]).stat().st_size == size


# -- files --------------------------------------------------------------------------------------------------


def test_rollover_by_hour(lab: Simulation) -> None:
    later(lab, 2 * 3600)
    hours = [n[4:14] for n in names(lab, ACCESS, FRONT)]
    opens = OPENS.strftime("%Y%m%d")
    assert hours == [f"{opens}{h:02d}" for h in range(OPENS.hour, OPENS.hour + 4)][: len(hours)]
    assert len(hours) >= 3
    for name in names(lab, ACCESS, FRONT):
        lines = (folder_of(lab, ACCESS) / name).read_text().splitlines()[6:]
        assert {line[:13].replace("-", "").replace("T", "") for line in lines} == {name[4:14]}


def test_rollover_by_day_size_and_never(tmp_path: Path) -> None:
    def prepare(organization: Organization) -> None:
        for name in (ACCESS, MEMBER, "EX16-01"):
            organization.server(name).pop.protocol_log_enabled = True
        organization.server(ACCESS).pop.log_file_rollover = 2
        organization.server(MEMBER).pop.log_per_file_size_quota = "1MB"
        organization.server("EX16-01").pop.log_per_file_size_quota = "Unlimited"

    sim = opened(tmp_path, prepare=prepare)
    later(sim, 22 * 3600)
    days = [f"POP3{OPENS:%Y%m}{OPENS.day + n:02d}-1.LOG" for n in (0, 1)]
    assert names(sim, ACCESS, FRONT) == days
    sizes = [(folder_of(sim, MEMBER) / n).stat().st_size for n in names(sim, MEMBER, FRONT)]
    assert len(sizes) > 2
    assert all(size <= 2**20 for size in sizes)
    assert sorted(sizes)[1] > 2**20 - 1000
    endless = names(sim, "EX16-01", FRONT)
    assert len(endless) == 1
    restart(sim, "EX16-01")
    later(sim, 900)
    assert names(sim, "EX16-01", FRONT) == endless
    data = (folder_of(sim, "EX16-01") / endless[0]).read_bytes()
    assert data.count(b"#Software") == 2
    sim.close()


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("0 B (0 bytes)", 0),
        ("10 MB (10,485,760 bytes)", 10 * 2**20),
        ("10MB", 10 * 2**20),
        ("1.5 GB", 3 * 2**29),
        ("Unlimited", None),
        ("unlimited", None),
    ],
)
def test_quotas(words: str, size: int | None) -> None:
    assert quota(words) == size


def test_another_folder_and_a_full_disk(lab: Simulation, tmp_path: Path) -> None:
    server = lab.organization.server(ACCESS)
    server.pop.log_file_location = r"C:\Logs\POP"
    restart(lab, ACCESS)
    later(lab, 300)
    assert len(names(lab, ACCESS, FRONT)) == 1
    server.volumes[0].free = 1000
    size = (folder_of(lab, ACCESS) / names(lab, ACCESS, FRONT)[0]).stat().st_size
    later(lab, 300)
    assert (folder_of(lab, ACCESS) / names(lab, ACCESS, FRONT)[0]).stat().st_size == size
    assert [e for e in lab.ledger.since() if e.outcome == "protocol log not written"]
    assert {w.kind for w in record(lab, tmp_path) if w.folder == r"C:\Logs\POP"} == {"header", "line", "lost"}
    restart(lab, ACCESS)
    later(lab, 300)
    assert len(names(lab, ACCESS, FRONT)) == 1
    server.volumes[0].free = 10**9
    later(lab, 300)
    assert len(names(lab, ACCESS, FRONT)) == 2


def test_a_file_that_is_replaced_on_a_full_disk_is_let_go(lab: Simulation, tmp_path: Path) -> None:
    """Its descriptor may be another's by the time there is room again."""
    later(lab, 60)
    server = lab.organization.server(ACCESS)
    before = names(lab, ACCESS, FRONT)
    server.volumes[0].free = 1000
    act(lab, {"name": ACCESS, "action": "replace-log"})
    assert lab.disks is not None
    gone = folder_of(lab, ACCESS) / before[-1]
    assert not gone.exists()
    assert not lab.disks.of(ACCESS).is_held(gone)
    assert [e for e in lab.ledger.since() if e.outcome == "protocol log not written"]
    with (tmp_path / "others").open("w+b") as others:
        later(lab, 60)
        server.volumes[0].free = 10**9
        later(lab, 60)
        assert names(lab, ACCESS, FRONT) == before
        assert_recorded(lab, tmp_path)
        restart(lab, ACCESS)
        assert others.read() == b""
        assert os.fstat(others.fileno()).st_size == 0


def test_clocks_that_are_off(tmp_path: Path) -> None:
    def prepare(organization: Organization) -> None:
        logged(organization)
        organization.server(ACCESS).clock_error = 420.0
        organization.server("EX13-MBX01").clock_error = -180.0

    sim = opened(tmp_path, prepare=prepare)
    now = sim.clock.now()
    ahead = moment(rows(sim, ACCESS, FRONT)[-1])
    behind = moment(rows(sim, "EX13-MBX01", BACK)[-1])
    assert 300 < (ahead - now).total_seconds() < 421
    assert -330 < (behind - now).total_seconds() < -179
    assert (
        sim.utc(sim.organization.server(ACCESS)) - now
        == sim.local(sim.organization.server(ACCESS), sim.clock.seconds()) - sim.clock.now()
    )
    sim.close()


# -- the record ---------------------------------------------------------------------------------------------


def assert_recorded(sim: Simulation, tmp_path: Path) -> None:
    """Every file is exactly what the record says of it."""
    files: dict[tuple[str, str, str], bytes] = {}
    for written in record(sim, tmp_path):
        key = written.server, written.folder, written.file
        if written.kind in ("truncated", "replaced"):
            files[key] = b""
        elif written.kind != "lost":
            assert written.offset == len(files.get(key, b""))
            files[key] = files.get(key, b"") + written.data
    assert files
    for (server, folder, name), data in files.items():
        assert (folder_of(sim, server, folder) / name).read_bytes() == data


def test_the_record_is_what_was_written(lab: Simulation, tmp_path: Path) -> None:
    later(lab, 3600)
    restart(lab, MEMBER)
    later(lab, 600)
    assert_recorded(lab, tmp_path)
    numbers = [w.seq for w in record(lab, tmp_path)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_trouble_is_recorded_too(lab: Simulation, tmp_path: Path) -> None:
    def do(action: str, **more: object) -> None:
        act(lab, {"name": ACCESS, "action": action, **more})
        later(lab, 120)

    first = names(lab, ACCESS, FRONT)
    do("roll-log")
    assert len(names(lab, ACCESS, FRONT)) == len(first) + 1
    do("truncate-log")
    do("replace-log")
    do("write-hostile", kinds=["nul", "long"])
    do("write-hostile")
    do("write-half", goes_on=True)
    do("write-half", goes_on=False)
    do("truncate-log")
    assert_recorded(lab, tmp_path)
    kinds = Counter(w.kind for w in record(lab, tmp_path))
    assert (kinds["truncated"], kinds["replaced"], kinds["cut"]) == (2, 1, 1)
    hostile = [w.data for w in record(lab, tmp_path) if b"HOSTILE" in w.data or w.data == b"\r\n"]
    # Two kinds came twice; ``short`` and ``binary`` bear no mark.
    assert len(hostile) == len(HOSTILE) + 2 - 2
    assert max(map(len, hostile)) > 1_000_000
    assert any(b"\x1b" in d for d in hostile)
    assert any(b"\x00" in d for d in hostile)
    assert any(b"\xff\xfe" in d for d in hostile)
    for bad in (
        {"action": "roll-log", "writer": "POP3BE"},
        {"action": "roll-log", "writer": "IMAP4"},
        {"action": "write-hostile", "kinds": ["nope"]},
    ):
        with pytest.raises(BadRequestError):
            act(lab, {"name": ACCESS, **bad})


def test_a_load_is_as_many_whole_sessions_as_asked_for(lab: Simulation, tmp_path: Path) -> None:
    assert lab.logs is not None
    later(lab, 1)
    before = len(record(lab, tmp_path))
    load = Load(lab.logs, lab.engine, lab.organization.server(MEMBER), FRONT)
    now = 1000.0
    total = 0
    for _ in range(81):
        total += load.due(now, 100.0, lab.clock.seconds)
        now += 0.0625
    assert total == 500
    written = record(lab, tmp_path)[before:]
    mine = [w for w in written if (w.server, w.writer, w.kind) == (MEMBER, FRONT, "line")]
    assert len(mine) == 500
    talks: dict[str, list[Row]] = {}
    for row in rows(lab, MEMBER, FRONT)[-500:]:
        talks.setdefault(row["sessionId"], []).append(row)
    for talk in talks.values():
        assert [int(r["seqNumber"]) for r in talk] == list(range(len(talk)))
    load.rest()
    assert load.due(now + 60, 100.0, lab.clock.seconds) == 0
    assert load.due(now + 61, 100.0, lab.clock.seconds) == 100
    assert_recorded(lab, tmp_path)


def test_a_load_that_is_turned_off_makes_up_for_nothing_while_another_goes_on(lab: Simulation) -> None:
    loads = [load for load in loads_of(lab) if load.server.name == MEMBER]
    knobs = lab.knobs[MEMBER]

    def written(now: float) -> tuple[int, int]:
        before = [len(rows(lab, MEMBER, writer)) for writer in (FRONT, BACK)]
        assert keep_up(lab, loads, now) == bool(knobs.front_log_rate or knobs.back_log_rate)
        front, back = (len(rows(lab, MEMBER, w)) - n for w, n in zip((FRONT, BACK), before, strict=True))
        return front, back

    knobs.front_log_rate, knobs.back_log_rate = 100.0, 200.0
    assert written(1000.0) == (0, 0)
    assert written(1000.5) == (50, 100)
    knobs.front_log_rate = 0.0
    assert written(1001.0) == (0, 100)
    knobs.front_log_rate = 100.0
    assert written(1001.5) == (0, 100)
    assert written(1002.0) == (50, 100)
    knobs.front_log_rate = knobs.back_log_rate = 0.0
    assert written(1002.5) == (0, 0)


def test_a_load_comes_after_what_was_due_before_it(lab: Simulation) -> None:
    """Nobody touched the lab for ten minutes: its clients' sessions of that time come first."""
    loads = [load for load in loads_of(lab) if (load.server.name, load.writer) == (MEMBER, FRONT)]
    lab.knobs[MEMBER].front_log_rate = 100.0
    assert keep_up(lab, loads, 1000.0)
    before = len(rows(lab, MEMBER, FRONT))
    lab.clock.advance(600)
    assert keep_up(lab, loads, 1000.5)
    assert len(rows(lab, MEMBER, FRONT)) > before + 100
    later(lab, 600)
    times = [r["dateTime"] for r in rows(lab, MEMBER, FRONT)]
    assert times == sorted(times)


def test_a_load_writes_nothing_for_a_process_that_has_just_ended(lab: Simulation) -> None:
    server = lab.organization.server(MEMBER)
    loads = [load for load in loads_of(lab) if (load.server.name, load.writer) == (MEMBER, FRONT)]
    lab.knobs[MEMBER].front_log_rate = 100.0
    assert keep_up(lab, loads, 1000.0)
    lab.engine.at(lab.clock.seconds() + 1.0, lambda t: lab.lifecycle.kill(server, t))
    lab.clock.advance(1.0)
    before = rows(lab, MEMBER, FRONT)
    assert keep_up(lab, loads, 1000.5)
    assert lab.logs is not None
    assert lab.logs.process(server, FRONT) is None
    assert rows(lab, MEMBER, FRONT) == before


def test_what_the_lab_made_is_gone_when_it_ends(tmp_path: Path) -> None:
    sim = opened(tmp_path / "new")
    assert list((tmp_path / "new" / "disks").iterdir())
    sim.close()
    assert not (tmp_path / "new" / "disks").exists()
    kept = tmp_path / "kept" / "disks" / MEMBER / "C" / "x"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    sim = opened(tmp_path / "kept")
    sim.close()
    assert kept.read_text() == "mine"
