"""A load on a simulated server's protocol log, tended by hand."""

from __future__ import annotations

from pathlib import Path

from cockpit.lab.poplogs.load import Load, keep_up, loads_of
from cockpit.lab.simulation import Simulation
from tests.lab.harness import later
from tests.lab.poplogs import BACK, FRONT, MEMBER, Row, assert_recorded, record, rows


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
