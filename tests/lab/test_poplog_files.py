"""The files of simulated servers' protocol logs: who writes, when they roll over, the lab's own record."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from cockpit.exchange.catalogue import BACK_END_SERVICE
from cockpit.lab.actions import BadRequestError, act
from cockpit.lab.organization import Organization
from cockpit.lab.poplogs.files import quota
from cockpit.lab.poplogs.trouble import HOSTILE
from cockpit.lab.simulation import Simulation
from tests.lab.harness import OPENS, later
from tests.lab.poplogs import (
    ACCESS,
    BACK,
    FRONT,
    MEMBER,
    assert_recorded,
    folder_of,
    logged,
    moment,
    names,
    opened,
    record,
    restart,
    rows,
)


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
