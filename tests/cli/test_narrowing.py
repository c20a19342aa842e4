"""``status`` of a part of the fleet: the same filter and groups as on the screen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cockpit import cli
from cockpit.commands import report, status
from cockpit.commands.narrowing import ALL, Narrowed, Narrowing, from_options, narrowed
from cockpit.commands.narrowing_options import GROUPINGS
from cockpit.commands.status_shown import Asked
from cockpit.commands.status_watch import Printed
from cockpit.config.environment import ConfigError, Environment
from cockpit.fleet.bookmarks import Place, bookmarks_file, toggle_bookmark
from cockpit.fleet.filtering import parse
from cockpit.fleet.grouping import GroupBy
from cockpit.fleet.rollup import exit_code, server_state
from cockpit.fleet.snapshot import ServerSnapshot
from cockpit.fleet.states import State
from tests.ui.fleets import NOW, demo_fleet, server

FLEET = demo_fleet()
EVERY: frozenset[str] = frozenset()


def part(text: str = "", by: GroupBy | None = None, only: frozenset[str] = EVERY) -> Narrowed:
    return narrowed(report.chosen(FLEET, only), Narrowing(parse(text), by))


def rows(text: str) -> list[tuple[str, ...]]:
    return part(text).rows(report.rows(FLEET, EVERY))


def test_nothing_asked_for_changes_nothing() -> None:
    whole = narrowed(report.chosen(FLEET, EVERY), ALL)
    document = report.as_dict(FLEET, EVERY, "corp", 2)
    assert whole.rows(report.rows(FLEET, EVERY)) == report.rows(FLEET, EVERY)
    assert whole.document(document) == document
    assert whole.exit_code == exit_code(server_state(s) for s in FLEET.servers.values())
    assert whole.groups is None


def test_rows_and_document_tell_of_the_same() -> None:
    for text in (
        "server:ex0* !state:healthy",
        "popctp",
        "set:POP.Proxy state:degraded",
        "state:not-monitored",
    ):
        found = rows(text)
        assert found
        document = part(text).document(report.as_dict(FLEET, EVERY, "corp", 2))
        told = [
            (server["name"], health_set["name"], monitor["name"] if monitor else "")
            for server in document["servers"]
            for health_set in server["health_sets"]
            for monitor in (health_set["monitors"] or [None])
        ]
        assert told == [row[:3] for row in found]
    assert {r[2] for r in rows("popctp")} == {"PopCTPMonitor"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("server:ex02", 0),
        ("server:ex01", 2),
        ("server:ex01 set:POP.Proxy", 1),
        ("server:ex01 set:POP.Protocol", 0),
        ("server:ex04", 3),
        ("server:ex06", 3),
        ("server:no-such-server", 3),
        ("state:unhealthy server:ex02", 3),
    ],
)
def test_the_exit_code_is_of_what_is_shown_and_nothing_is_not_healthy(text: str, code: int) -> None:
    assert part(text).exit_code == code


def test_groups_hold_every_row_once_with_their_worst_state() -> None:
    for by in GroupBy:
        found = part("server:ex*", by)
        pieces = found.grouped(found.rows(report.rows(FLEET, EVERY)))
        assert sorted(r for _, members in pieces for r in members) == sorted(rows("server:ex*"))
    groups = part("", GroupBy.DAG).groups
    assert groups is not None
    assert [g.heading for g in groups[:2]] == [
        "DAG01 (DAG): Unhealthy, 3 faulty of 4",
        "DAG02 (DAG): Unknown, 3 faulty of 5",
    ]
    document = part("", GroupBy.STATE).document(report.as_dict(FLEET, EVERY, "corp", 2))
    assert document["groups"][0] == {
        "title": "Unhealthy (state)",
        "state": "Unhealthy",
        "faulty": 2,
        "servers": ["EX01", "MBX2013-01"],
    }
    assert document["servers"] == report.as_dict(FLEET, EVERY, "corp", 2)["servers"]


def test_a_group_of_what_is_left_has_the_state_of_what_is_left() -> None:
    groups = part("server:ex01 set:POP.Protocol", GroupBy.DAG).groups
    assert groups is not None
    assert [(g.state, g.faulty, g.servers) for g in groups] == [(State.HEALTHY, 0, ("EX01",))]


def test_the_options_are_the_groupings() -> None:
    assert tuple(GroupBy) == GROUPINGS
    options = cli.parser().parse_args(["status", "--filter", "marked", "--group-by", "site"])
    assert (options.filter, options.group_by) == ("marked", "site")


def test_a_filter_that_means_nothing_is_a_usage_error() -> None:
    with pytest.raises(ConfigError, match='--filter "sever:": there is no such key; is server: meant'):
        from_options("sever:ex01", None, "corp")


def shown(capsys: pytest.CaptureFixture[str], form: str, text: str = "", by: GroupBy | None = None) -> str:
    asked = Asked(
        Environment(name="corp", entry_servers=("ex01",)), None, form, False, Narrowing(parse(text), by)
    )
    asked.narrate_all(FLEET)
    asked.print(FLEET, asked.code(FLEET))
    return capsys.readouterr().out


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    table = shown(capsys, "table", "server:ex01 set:POP.Proxy", GroupBy.SITE)
    assert table.startswith("Milano (site): Degraded, 1 faulty of 1\nserver")
    assert table.count("EX01") == 1
    head, *body = shown(capsys, "csv", "popctp", GroupBy.VERSION).splitlines()
    assert head == ",".join((*report.COLUMNS, "group"))
    assert {line.rpartition(",")[2] for line in body} == {
        "2013 (version)", "2016 (version)", "2019 (version)"
    }  # fmt: skip
    document = json.loads(shown(capsys, "json", "server:ex02"))
    assert [s["name"] for s in document["servers"]] == ["EX02"]
    assert document["exit_code"] == 0
    assert "groups" not in document


def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked(
        Environment(name="corp", entry_servers=("ex01",)), None, "table", False, Narrowing(parse("zz"))
    )
    asked.narrate_all(FLEET)
    assert "Nothing matches the filter" in capsys.readouterr().err
    assert asked.code(FLEET) == 3


def test_a_watch_prints_again_only_for_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked(
        Environment(name="corp", entry_servers=("ex01",)), None, "csv", False, Narrowing(parse("ex02"))
    )
    printed = Printed(asked)

    def news(**changed: ServerSnapshot) -> str:
        fleet = replace(FLEET, servers={**FLEET.servers, **changed})
        printed.show(fleet, NOW, asked.code(fleet), beat=False)
        return capsys.readouterr().out

    assert "EX02" in news()
    assert news() == ""
    other = server("EX10", dag="DAG03", site="Bari", alerts={"PopCTPMonitor": ("Unhealthy", 1)})
    assert news(EX10=other) == ""
    own = server("EX02", dag="DAG01", alerts={"PopCTPMonitor": ("Unhealthy", 1)})
    assert "Unhealthy" in news(EX10=other, EX02=own)


@pytest.mark.parametrize("more", [{"form": "jsonl"}, {"textfile": Path("f.prom")}, {"notify": True}])
def test_what_tells_of_every_server_is_not_narrowed_in_silence(more: dict[str, Any]) -> None:
    environment = Environment(name="corp", entry_servers=("ex01",))
    options = {"form": "table", "wanted": "ex01", **more}
    form = options.pop("form")
    with pytest.raises(ConfigError, match="tell of every server"):
        status.run(environment, None, True, form, 1.0, False, **options)


def test_bookmarks_of_the_environment_are_what_marked_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    from cockpit.config.paths import paths

    file = bookmarks_file(paths().bookmarks, "corp")
    toggle_bookmark(file, "a", Place("EX02", "POP"))
    wanted = from_options("marked", None, "corp")
    found = narrowed(report.chosen(FLEET, EVERY), wanted).rows(report.rows(FLEET, EVERY))
    assert {(r[0], r[1]) for r in found} == {("EX02", "POP")}
    assert from_options("marked", None, "other").bookmarks.places == {}
    file.write_text("{")
    with pytest.raises(ConfigError, match="move the file away"):
        from_options("marked", None, "corp")
    assert from_options("ex01", None, "corp").query.terms, "nobody reads it who does not need it"
