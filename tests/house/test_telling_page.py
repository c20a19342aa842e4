"""docs/telling.md, against what is there: keys and their defaults, lines, metrics, variables."""

from __future__ import annotations

import json
import re
import tomllib

import msgspec
import pytest

from cockpit.commands import status_lines, status_metrics
from cockpit.commands.status_lines import Entry
from cockpit.config.notify import NotifySettings
from cockpit.fleet.states import State
from cockpit.fleet.subjects import Subject
from cockpit.fleet.telling import Change, Kind, Telling
from cockpit.fleet.told import Told, document, variables
from tests.fleet.builders import NOW
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "telling.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", PAGE, re.DOTALL | re.MULTILINE)
    return [body for _, body in found]


def first_column(title: str) -> list[str]:
    """The names in the first column of the table whose title row begins so, written out."""
    _, _, rest = PAGE.partition(f"\n| {title} |")
    rows = rest.split("\n\n", 1)[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_every_key_stands_there_with_its_default() -> None:
    assert first_column("Key") == list(NotifySettings.__struct_fields__)
    shown: dict[str, object] = {}
    table = PAGE.partition("\n| Key |")[2].partition("\n\n")[0]
    for keys, values in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (`[^|]+`) \| ", table, re.MULTILINE):
        parsed = (tomllib.loads(f"x = {value}")["x"] for value in values.strip("`").split("`, `"))
        shown.update(zip(re.findall(r"\w+", keys), parsed, strict=True))
    assert msgspec.convert(shown, NotifySettings) == NotifySettings()


def test_the_states_are_in_their_order() -> None:
    assert f"Worst first: {', '.join(state.word for state in State)}" in PAGE


def test_the_configuration_is_one() -> None:
    (text,) = blocks("toml")
    raw = tomllib.loads(text)
    assert msgspec.convert(raw["notify"], NotifySettings).hook[0] == "/usr/local/bin/page-me"
    assert msgspec.convert(raw["environments"]["lab"]["notify"], NotifySettings).hook == ()


def told() -> Told:
    subject = Subject("EX01")
    change = Change(subject, State.HEALTHY, State.UNHEALTHY)
    return Told(Telling(Kind.CHANGE, (change,)), "prod", NOW, {subject: "PopCTPMonitor"})


def test_what_a_hook_reads() -> None:
    shown, _ = (json.loads(text) for text in blocks("json"))
    assert shown == document(told())


def test_the_variables_of_a_hook() -> None:
    (line,) = re.findall(r"^- in variables: (.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE)
    names = {name.removeprefix("POP_COCKPIT") for name in re.findall(r"`([A-Z_]+)`", line)}
    assert {f"POP_COCKPIT{name}" for name in names} == set(variables(document(told())))


def test_a_line_of_a_change() -> None:
    _, shown = (json.loads(text) for text in blocks("json"))
    subject = Subject("EX01", "POP", "PopCTPMonitor", "POP")
    after = Entry("Unhealthy", "Unhealthy", "2026-03-01T02:58:11Z", "...")
    (change,) = status_lines.changes({subject: Entry("Healthy")}, {subject: after})
    head = {
        "schema": status_lines.SCHEMA,
        "event": "change",
        "at": "2026-03-01T03:00:00Z",
        "environment": "prod",
    }
    assert shown == head | change


def test_every_metric_stands_there() -> None:
    listed = set()
    for name in first_column("Metric"):
        listed.add(name.removeprefix("pop_cockpit_") if name.startswith("pop_") else f"health_set{name}")
    assert listed | {"monitor_state"} == set(status_metrics._HELP)


@pytest.mark.parametrize("rule", re.findall(r"expr: (.*)", PAGE))
def test_a_rule_speaks_of_metrics_that_are_there(rule: str) -> None:
    used = set(re.findall(r"pop_cockpit_(\w+)", rule))
    assert used
    assert used <= set(status_metrics._HELP)
