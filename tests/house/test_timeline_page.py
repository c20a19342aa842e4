"""docs/timeline.md, against what is there: kinds, keys of the configuration, commands, fields, codes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec

from cockpit import cli
from cockpit.commands.timeline import CSV_COLUMNS, as_dict
from cockpit.config.environment import JournalSettings
from cockpit.fleet.sightings import Kind
from cockpit.journal.timeline_reading import MOST
from cockpit.journal.timeline_records import Deed, Past
from cockpit.ui import timelines
from cockpit.ui.actions import Registry
from cockpit.ui.pulse import CODES

PAGE = (Path(__file__).parents[2] / "docs" / "timeline.md").read_text(encoding="utf-8")


def table(head: str) -> list[list[str]]:
    """The rows of the table that begins with ``head``."""
    below = PAGE[PAGE.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in below]


def test_every_kind_is_told_once() -> None:
    told = [name for row in table("Kind") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(told) == sorted([*map(str, Kind), *map(str, Deed)])


def test_the_keys_have_the_defaults_that_are_told() -> None:
    fields = {field.name: field for field in msgspec.structs.fields(JournalSettings)}
    rows = {row[0].strip("`"): row for row in table("Key")}
    assert set(rows) == {name for name in fields if name.startswith("timeline_")}
    for name, (_, default, means) in rows.items():
        assert float(default.strip("`")) == fields[name].default
        numbers = [float(number) for number in re.findall(r"\d+", means)]
        for allowed in numbers:
            msgspec.convert({name: int(allowed)}, JournalSettings)
        for refused in (numbers[0] - 1, numbers[-1] + 1):
            try:
                msgspec.convert({name: int(refused)}, JournalSettings)
            except msgspec.ValidationError:
                continue
            raise AssertionError(name, refused)


def test_its_commands_are_understood() -> None:
    lines = re.findall(r"^(?:.*`)?(pop-cockpit [^`\n]+)", PAGE, flags=re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        cli.parser().parse_args(shlex.split(line)[1:])


def test_the_fields_are_those_that_are_told() -> None:
    told = PAGE[PAGE.index("JSON has") : PAGE.index("## The pulse page")]
    names = re.findall(r"`(\w+)`", told)
    document = as_dict("prod", Past(0, 0, (), (), ()))
    assert names == [*document, *CSV_COLUMNS]


def test_codes_keys_and_numbers() -> None:
    assert {row[0].strip("`"): row[1] for row in table("Code")} == {c: s.word for s, c in CODES.items()}
    registry = Registry()
    assert (registry.key_of("app.timeline"), registry.key_of("app.pulse")) == ("T", "W")
    assert registry.key_of("timeline.all") == "a"
    assert timelines.SCREEN_DAYS == 7
    assert f"at most {MOST} entries" in PAGE
