"""What is kept of a screen: text, CSV and SVG, private, and harmless for whoever opens it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cockpit.exchange.text import inert_cell
from cockpit.ui.actions import ACTIONS
from cockpit.ui.saving import FLEET_COLUMNS, as_csv, fleet_rows, save_view
from cockpit.ui.view import Filter, Viewer
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, shown, until
from tests.ui.recoveries import asking
from tests.ui.test_recovery_snapshots import scripted

FORMULA = "=cmd|'/C calc'!A0"
MARKUP = '</text><script>alert(1)</script>"&[bold]'


@pytest.mark.parametrize(
    "cell", [FORMULA, "+1", "-1+cmd", "@SUM(A1)", "  =1", "\u3000=1", "\uff1d1", "\uff201", "=\n1"]
)
def test_a_cell_that_is_a_formula_is_only_a_text(cell: str) -> None:
    assert inert_cell(cell) == f"'{cell}"
    (row,) = csv.reader(io.StringIO(as_csv([[cell, "EX01"]])))
    assert row == [f"'{cell}", "EX01"]


@pytest.mark.parametrize("cell", ["EX01", "", "a=b", 'quo"te', "com,ma", "two\nlines", "'", "0"])
def test_any_other_comes_back_as_it_was(cell: str) -> None:
    assert inert_cell(cell) == cell
    (row,) = csv.reader(io.StringIO(as_csv([[cell, "EX01"]])))
    assert row == [cell, "EX01"]


def test_the_fleet_as_csv_has_what_the_filter_leaves() -> None:
    fleet = fleets.demo_fleet()
    every = fleet_rows(Viewer().fleet(fleet, fleets.NOW, Filter()))
    faults = fleet_rows(Viewer().fleet(fleet, fleets.NOW, Filter(faults_only=True)))
    assert every[0] == faults[0] == FLEET_COLUMNS
    assert {len(row) for row in every} == {len(FLEET_COLUMNS)}
    assert 1 < len(faults) < len(every)
    assert "Healthy" not in {row[5] for row in faults[1:]}
    sick = next(row for row in every if row[4] == "Unhealthy")
    assert sick[6].endswith("Z")


def test_what_is_silent_has_our_word_and_not_its_last_one() -> None:
    fleet = fleets.demo_fleet()
    later = fleets.NOW + timedelta(hours=2)
    rows = fleet_rows(Viewer().fleet(fleet, later, Filter()))
    assert "Healthy" in {row[4] for row in rows}
    assert "Healthy" not in {row[5] for row in rows}


def test_the_names_are_those_of_the_command() -> None:
    from cockpit.commands import report

    assert FLEET_COLUMNS == report.COLUMNS


def test_files_are_private_and_two_of_one_second_do_not_meet(tmp_path: Path) -> None:
    first = save_view(tmp_path / "v", "fleet", "text", [("a",), ("b",)], fleets.NOW)
    second = save_view(tmp_path / "v", "fleet", "other", [("a",)], fleets.NOW)
    assert [path.suffix for path in first] == [".txt", ".csv"]
    assert [path.suffix for path in second] == [".txt"]
    assert first[0].read_text() == "text"
    assert second[0].read_text() == "other"
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "v").iterdir()} == {0o600}
    assert (tmp_path / "v").stat().st_mode & 0o777 == 0o700


async def test_ctrl_s_keeps_text_and_rows_and_says_where(make_app: MakeApp, tmp_path: Path) -> None:
    hostile = fleets.server("EX66", alerts={"PopSelfTestMonitor": (FORMULA, 3)})
    app = make_app(save_dir=tmp_path / "views")
    said: list[str] = []
    async with app.run_test(size=SIZE) as pilot:
        app.notify = lambda message, **_: said.append(message)  # type: ignore[method-assign]
        await shown(pilot, app)
        fleets_feed = app.desk.feed
        assert isinstance(fleets_feed, fleets.FakeFeed)
        fleets_feed.change(hostile)
        await until(pilot, lambda: "EX66" in app.desk.snapshot.servers)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: said)
    text, rows = sorted((tmp_path / "views").iterdir(), key=lambda p: p.suffix, reverse=True)
    assert said == [f"View saved to {text}, {rows.name}"]
    assert FORMULA in text.read_text()
    read = list(csv.DictReader(rows.open(encoding="utf-8")))
    bad = [row for row in read if FORMULA in row["alert_value"]]
    assert [row["alert_value"] for row in bad] == [f"'{FORMULA}"]
    assert {row["server"] for row in read} == set(app.desk.snapshot.servers)


async def test_a_list_of_a_recovery_is_kept_as_csv_too(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(save_dir=tmp_path, recovery=made.factory(scripted(asking())))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("H")
        await until(pilot, lambda: app.recoveries.runs)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: list(tmp_path.glob("history-*.csv")))
    (path,) = tmp_path.glob("history-*.csv")
    read = list(csv.DictReader(path.open(encoding="utf-8")))
    assert len(read) == len(app.recoveries.runs or ())


async def test_a_picture_is_well_formed_says_what_was_shown_and_dials_nobody(
    make_app: MakeApp, tmp_path: Path
) -> None:
    sick = fleets.server("EX66")
    named = replace(sick.server, name=f"EX66{MARKUP}", site="X")
    app = make_app(fleets.demo_fleet(2), save_dir=tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed = app.desk.feed
        assert isinstance(feed, fleets.FakeFeed)
        feed.change(replace(sick, server=named))
        await until(pilot, lambda: any(MARKUP in name for name in app.desk.snapshot.servers))
        await pilot.pause()
        await pilot.press("S")
        await until(pilot, lambda: list(tmp_path.glob("*.svg")))
    (path,) = tmp_path.glob("fleet-screen-*.svg")
    svg = path.read_text()
    shown_text = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")
    assert "EX66</text><script>" in shown_text
    assert "<script" not in svg
    assert re.findall(r"url\(\"?(?!#)[^)]*\)|@import|href=\"(?!#)", svg) == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_screen_that_can_be_left_can_be_kept() -> None:
    scopes = {a.scope for a in ACTIONS if a.method == "back"}
    assert {a.scope for a in ACTIONS if a.method == "save"} >= scopes
    assert [a.scope for a in ACTIONS if a.id == "app.save-picture"] == ["app"]
