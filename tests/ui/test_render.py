"""Pure functions: lines from snapshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

from cockpit.exchange.model import Outcome
from cockpit.fleet.rollup import State
from cockpit.fleet.snapshot import (
    CollectorStatus,
    FleetSnapshot,
    ProbePhase,
    ProbeRun,
    Problem,
    Reach,
    ServerSnapshot,
    Unread,
    WinRMPart,
)
from cockpit.ui import panels, render
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.look import ASCII, UNICODE, Line, crop, plain, wants_ascii, width, wrap
from cockpit.ui.view import Filter, Leaf, Viewer, aged, view_server
from tests.ui import fleets
from tests.ui.fleets import NOW, demo_fleet, entry, server

BADGE = EnvironmentBadge("CORP", "CORP\\svc", True, "ex01")


def text(lines: list[Line]) -> str:
    return "\n".join(plain(line) for line in lines)


def leaf_of(snapshot: ServerSnapshot, monitor: str) -> Leaf:
    return next(x for x in view_server(snapshot).leaves if x.entry and x.entry.name == monitor)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600 * 3 + 300, "3h05"),
        (86400 * 2 + 3 * 3600, "2d03h"),
        (86400 * 41, "41d"),
        (-5, "0s"),
    ],
)
def test_age(seconds: float, said: str) -> None:
    assert render.age(NOW - timedelta(seconds=seconds), NOW) == said


def test_every_state_has_a_glyph_a_word_and_its_own_role() -> None:
    for glyphs in (UNICODE, ASCII):
        lines = [render.state(s, glyphs) for s in State]
        assert len({plain(line)[0] for line in lines}) == len(State)
        assert len({line[0][1] for line in lines}) == len(State)
        assert all(s.word in plain(line) for s, line in zip(State, lines, strict=True))
    assert all(plain(render.state(s, ASCII)).isascii() for s in State)


def test_ages_are_counted_on_the_servers_clock() -> None:
    """The server's clock is seven minutes behind; the row says what the server would say."""
    snapshot = server("EX01", alerts={"PopCTPMonitor": ("Unhealthy", 21)})
    row = render.monitor_row(leaf_of(snapshot, "PopCTPMonitor"), False, UNICODE)
    assert plain(row.cells[5]) == "21m"


def test_an_unreachable_servers_rows_are_not_healthy_but_keep_their_last_value() -> None:
    snapshot = server("EX01", reach=Reach.UNREACHABLE)
    row = render.monitor_row(leaf_of(snapshot, "PopCTPMonitor"), False, UNICODE)
    assert plain(row.cells[0]) == "× unreachable"
    assert plain(row.cells[4]) == "Healthy"
    assert plain(row.cells[5]) == "", "unreachable is not since then"
    assert plain(row.cells[8]) == "last known"


def test_why_the_table_is_empty() -> None:
    faults = Filter(faults_only=True)
    ill, well = server("EX01", alerts={"PopCTPMonitor": ("Unhealthy", 21)}), server("EX02")
    cases = (
        ((), Filter(), "Nothing to show yet."),
        ((), faults, "Nothing matches the filter."),
        ((well,), faults, "No faults."),
        ((well,), Filter("no-such-name"), "Nothing matches the filter."),
        ((well,), Filter("no-such-name", True), "Nothing matches the filter."),
        ((well, ill), faults, "Nothing matches the filter."),
        ((well, server("EX03", reach=Reach.UNKNOWN)), faults, "Nothing matches the filter."),
    )
    for servers, wanted, said in cases:
        known = FleetSnapshot(servers={each.name: each for each in servers})
        assert render.nothing(Viewer().fleet(known, NOW, wanted), wanted) == said, wanted


def test_no_rows_is_never_healthy_and_says_which_kind() -> None:
    fleet = {s.name: s for s in demo_fleet().servers.values()}
    not_monitored, unknown = view_server(fleet["EX06"]), view_server(fleet["EX07"])
    assert {x.state for x in not_monitored.leaves} == {State.NOT_MONITORED}
    assert {x.state for x in unknown.leaves} == {State.UNKNOWN}
    assert "POP is not monitored here" in text(panels.verdict(not_monitored, not_monitored.leaves[0]))
    assert "NOT MONITORED" in text(panels.verdict(not_monitored, not_monitored.leaves[0]))
    assert "health manager service on EX07" in text(panels.server(unknown, NOW, FleetSnapshot()))


def test_a_part_that_was_not_read_says_so_beside_the_others() -> None:
    snapshot = demo_fleet().servers["EX01"]
    problem = Problem("EX01 took its time", "30 s", "Look again.")

    def said(part: WinRMPart) -> str:
        winrm = replace(snapshot.winrm, unread=(Unread(part, problem),))
        return text(panels.server(view_server(replace(snapshot, winrm=winrm)), NOW, FleetSnapshot()))

    whole = text(panels.server(view_server(snapshot), NOW, FleetSnapshot()))
    assert "Cure" not in whole
    for part, label in zip(WinRMPart, ("Services", "Last boot", "Recovery"), strict=True):
        lines = said(part).split("\n")
        assert [line for line in lines if line.startswith(label) and "EX01 took its time: 30 s" in line]
        assert [line for line in lines if line.startswith("Cure") and "Look again." in line]
        # What runs now nobody knows; times of the past stay true.
        assert ("MSExchangePop3 Running" in said(part)) is (part is not WinRMPart.SERVICES)
        assert "41d" in said(part)
        assert "PopCTPRestart" in said(part)


def test_old_data_goes_stale_then_unreachable_without_the_collector() -> None:
    snapshot = server("EX01", last_success=NOW - timedelta(seconds=61))
    assert aged(snapshot, NOW, True).reach is Reach.STALE
    assert aged(snapshot, NOW + timedelta(hours=1), True).reach is Reach.STALE
    failing = replace(snapshot, problem=Problem("No answer"), last_success=NOW - timedelta(seconds=121))
    assert aged(failing, NOW, False).reach is Reach.UNREACHABLE
    gone = replace(snapshot, reach=Reach.UNREACHABLE)
    assert aged(gone, NOW, False).reach is Reach.UNREACHABLE, "the worse of the two counts"
    assert view_server(aged(snapshot, NOW, True)).state is State.STALE


def test_the_viewer_computes_only_what_changed() -> None:
    fleet, viewer = demo_fleet(), Viewer()
    first = viewer.fleet(fleet, NOW, Filter())
    other = server("EX02", dag="DAG01", alerts={"PopCTPMonitor": ("Unhealthy", 1)})
    second = viewer.fleet(replace(fleet, servers={**fleet.servers, "EX02": other}), NOW, Filter())
    assert first.servers["EX01"] is second.servers["EX01"]
    assert first.servers["EX02"] is not second.servers["EX02"]
    assert second.faulty == first.faulty + 1


def test_worst_state_rolls_up() -> None:
    view = Viewer().fleet(demo_fleet(), NOW, Filter())
    assert view.state is State.UNHEALTHY
    states = {g.title: g.state for g in view.groups}
    assert states == {
        "DAG01 (DAG)": State.UNHEALTHY,
        "DAG02 (DAG)": State.UNKNOWN,
        "DAG03 (DAG)": State.HEALTHY,
        "Torino (site)": State.UNHEALTHY,
    }


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("popctp", lambda x: x.entry is not None and x.entry.name == "PopCTPMonitor"),
        ("healthy", lambda x: x.state is State.HEALTHY or (x.entry and x.entry.alert_value == "Healthy")),
        ("unhealthy", lambda x: x.state is State.UNHEALTHY),
        ("!EX0", lambda x: not x.server.startswith("EX0")),
        ("EX0", lambda x: x.server.startswith("EX0")),
        ("!", lambda x: True),
    ],
)
def test_filter(wanted: str, kept: object) -> None:
    assert callable(kept)
    view = Viewer().fleet(demo_fleet(), NOW, Filter(wanted))
    everything = [x for v in view.servers.values() for x in v.leaves]
    shown = [x for g in view.groups for s in g.servers for x in s.leaves]
    assert {x.key for x in shown} == {x.key for x in everything if kept(x)}
    assert (view.shown, view.total) == (len(shown), len(everything))


def test_faults_only_keeps_every_faulty_server() -> None:
    view = Viewer().fleet(demo_fleet(), NOW, Filter(faults_only=True))
    shown = {s.name for g in view.groups for s in g.servers}
    assert shown == {n for n, s in view.servers.items() if s.state.is_fault}
    assert all(x.state.is_fault for g in view.groups for s in g.servers for x in s.leaves)


def test_hostile_text_is_shown_as_it_is() -> None:
    name = "[red]x[/] [bold [link=http://e]y $error"
    snapshot = server("EX01")
    row = entry("EX01", "PopCTPMonitor", "[blink]Unhealthy[/", target_resource=name)
    view = view_server(replace(snapshot, monitors=(replace(row, name=name),)))
    shown = render.monitor_row(view.leaves[0], True, UNICODE)
    assert plain(shown.cells[1]) == name
    assert plain(shown.cells[4]) == "[blink]Unhealthy[/"
    assert view.leaves[0].state is State.UNKNOWN


def test_probe_pane_tells_everything_of_a_result() -> None:
    view = view_server(demo_fleet().servers["EX01"])
    leaf = leaf_of(view.snapshot, "PopCTPMonitor")
    said = text(panels.probe(view, leaf, [], NOW, "p", "c"))
    for part in (
        r"POP\PopCTPProbe",
        "finished",
        "Failed",
        "refused",
        "Store",
        "Backend unavailable",
        "30112 ms",
        "Answered by    EX01",
        "Mailbox server MBX2013-01",
        "[redacted]",
        "Other runs",
        r"POP.Proxy\PopProxyTestProbe",
    ):
        assert part in said


def test_probe_pane_of_every_phase() -> None:
    identity = r"POP\PopCTPProbe"
    base = server("EX01", alerts={"PopCTPMonitor": ("Unhealthy", 21)})

    def said(*runs: ProbeRun, asked: list[panels.Asked] | None = None) -> str:
        view = view_server(replace(base, probe_runs=runs))
        return text(panels.probe(view, leaf_of(base, "PopCTPMonitor"), asked or [], NOW, "p", "c"))

    assert "Not re-run by hand yet" in said()
    assert "asked for" in said(asked=[panels.Asked("1", identity, "EX01", NOW)])
    running = fleets.probe_run("EX01", identity, ProbePhase.RUNNING, at=1.5)
    assert "running 1:30 of at most 5:00; c stops waiting" in said(running)
    assert "cannot be recalled" in said(replace(running, waiting=False))
    silent = replace(
        fleets.probe_run("EX01", identity, ProbePhase.FINISHED), result=None, warnings=("Not found.",)
    )
    assert "gave no result" in said(silent)
    assert "Not found." in said(silent)
    failed = fleets.probe_run("EX01", identity, ProbePhase.FAILED, problem=Problem("Denied", "RBAC", "Ask."))
    assert "Denied: RBAC" in said(failed)
    assert "Ask." in said(failed)


def test_dependencies_tell_read_from_unread_from_unreported() -> None:
    unread = view_server(server("EX01"))
    leaf = leaf_of(unread.snapshot, "PopCTPMonitor")
    assert text(panels.dependencies(unread, leaf, NOW, UNICODE)).count("not read yet") == 7
    read = view_server(fleets.watched(server("EX01"), sick="Store"))
    said = text(panels.dependencies(read, leaf, NOW, UNICODE))
    assert "Store           ✗ Unhealthy" in said
    assert "not reported by this server" in said


def test_context_bar_says_mode_reach_faults_and_age() -> None:
    fleet = demo_fleet()
    view = Viewer().fleet(fleet, NOW, Filter())
    said = plain(render.context(BADGE, fleet, view, NOW, UNICODE, 200))
    for part in (
        "CORP",
        "READ-ONLY",
        "23/24 up",
        "8 faulty",
        "up to 1m old",
        "every 30s",
        "CORP\\svc",
    ):
        assert part in said
    assert "servers" not in said
    part_of = replace(fleet, status=replace(fleet.status, left_out=26))
    assert "24 of 50 servers" in plain(render.context(BADGE, part_of, view, NOW, UNICODE, 200))
    narrow = render.context(BADGE, fleet, view, NOW, UNICODE, 60)
    assert width(narrow) <= 60
    assert "READ-ONLY" in plain(narrow)
    paused = replace(fleet, status=CollectorStatus(paused=True))
    assert "PAUSED" in plain(render.context(BADGE, paused, view, NOW, UNICODE, 200))
    nobody = Viewer().fleet(FleetSnapshot(), NOW, Filter())
    assert "up" not in plain(render.context(BADGE, FleetSnapshot(), nobody, NOW, UNICODE, 200))


def test_command_is_quoted_for_powershell() -> None:
    assert (
        panels.probe_command(r"POP\Pop'X", "EX01")
        == r"Invoke-MonitoringProbe -Identity 'POP\Pop''X' -Server 'EX01'"
    )


def test_wrap_and_crop_stay_inside() -> None:
    line: Line = (("Label          ", "text-label"), ("wörter und 漢字漢字漢字 " * 9 + "x" * 90, ""))
    for cells in (20, 33, 80):
        parts = wrap(line, cells, 15)
        assert all(width(part) <= cells for part in parts)
        joined = "".join(plain(part).strip() for part in parts).replace(" ", "")
        assert joined == plain(line).replace(" ", "")
        assert cell_len(plain(crop(line, cells, "…"))) <= cells


def test_ascii_terminals() -> None:
    assert wants_ascii({"TERM": "linux"}, "utf-8")
    assert wants_ascii({"TERM": "xterm"}, "iso-8859-1")
    assert not wants_ascii({"TERM": "xterm"}, "UTF-8")


def test_outcome_empty_is_named() -> None:
    row = render.monitor_row(view_server(fleets.empty("E", Outcome.EMPTY)).leaves[0], True, UNICODE)
    assert "no rows for POP" in plain(row.cells[1])
