"""Strings that a server, or whoever logs in to it, has chosen: none reaches the terminal raw.

The lab puts a payload into every string it sends; each begins with a mark, so it can be found again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.lab.hostile import MARK, PAYLOADS
from tests.support.at_length import at_length
from tests.support.processes import COCKPIT, Answer, Home, LabProcess, lab
from tests.support.terminal import Terminal, terminal

PROBE = "POP.Protocol\\PopDeepTestProbe"
SHORT = {name for name in PAYLOADS if name != "long"}
FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What a terminal obeys, or what makes a line read as another; the line feed alone is ours."""

TEXTUALS_OWN = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # styles, cursor, modes
    r"|\x1b\](?:0|2|11|22);[^\x07\x1b]*(?:\x07|\x1b\\)"  # what is in them is looked at apart
    r"|\x1b[78=>cM]|\x1b[()][0AB]|\x1b_G[^\x1b]*\x1b\\"
)
LONGEST = 20_000
"""Of a value: one with several lines may have so many characters, one of a single line a tenth of it."""


@pytest.fixture(scope="module", params=["append", at_length("all")])
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    """``append``: names that rows are found by stay sound, so everything can be walked through."""
    with lab(tmp_path_factory.mktemp("lab"), "deep-database", "--speed", "60") as served:
        served.knobs(hostile=request.param)
        yield served


def _mode(served: LabProcess) -> str:
    """Which of the two labs this is, from how it names its servers."""
    return "all" if served.knob("hostile") == "all" else "append"


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_status(hostile: LabProcess, form: str) -> None:
    answer = hostile.run("status", "--format", form)
    assert answer.code in (2, 3)
    assert answer.out.strip()
    _is_harmless(answer)
    if form == "json":
        report = json.loads(answer.out)
        assert len(report["servers"]) == 8
        assert MARK in answer.out
    if form == "json" and _mode(hostile) == "append":
        assert PAYLOADS["markup"] in answer.out, "markup is a text like any other"


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("identity", [PROBE, "POP\\NoSuchProbe"])
def test_probe(hostile: LabProcess, form: str, identity: str) -> None:
    answer = hostile.run("probe", identity, "--server", "EX19-01", "--format", form)
    assert answer.code == (2 if identity == PROBE else 3)
    _is_harmless(answer)
    if form == "json" and identity == PROBE:
        found = json.loads(answer.out)
        values = [*found.values(), *found["StateAttributes"].values()]
        for name in SHORT - {"control"}:
            assert any(f"{MARK}-{name}" in str(value) for value in values), name
        if _mode(hostile) == "append":
            assert any("more characters]" in str(value) for value in values)
        assert "\\x1b[31;1mred" in str(values).replace("\\\\", "\\")
    elif identity != PROBE:
        assert MARK in answer.err, "the warning is hostile too"


def _is_harmless(answer: Answer) -> None:
    for text in (answer.out, answer.err):
        assert FORBIDDEN.findall(text) == []
        assert "A" * (LONGEST + 1) not in text


def test_screen(hostile: LabProcess, tmp_path: Path) -> None:
    """A walk through tree, monitors, a probe and what it depends on, judged by the bytes written."""
    home = Home(tmp_path)
    command = [*COCKPIT, "--env-file", str(hostile.env_file)]
    with terminal(command, home.environ(), 200, 50) as term:
        if _mode(hostile) == "append":
            _walk(term)
        else:
            _look_at_names(term)
        term.press("q")
        assert term.exit_code() == 0
        raw = term.said()
    home.nothing_left()
    _has_no_payload(raw)


def _walk(term: Terminal) -> None:
    term.wait("8/8 up", 15.0)
    term.press("2")
    seen: set[str] = set()
    for step in range(60):
        term.press(*(("g", "R") if step % 12 == 11 else ("down",)))  # other rows, then other payloads in them
        seen |= set(re.findall(rf"{MARK}-(\w+)", term.settle()))
        if seen >= SHORT:
            break
    assert seen >= SHORT
    term.press("f")
    term.wait(lambda text: "faults only" in text and "Verdict · PopDeepTestMonitor" in text)
    term.press("p")
    term.wait("Run (y)")
    term.press("y")
    assert MARK in term.wait("ResultType")
    term.press("?")
    term.wait("close")
    term.press("q")
    term.wait("ResultType")


def _look_at_names(term: Terminal) -> None:
    """Servers with such names cannot be asked for anything; their names, sites and DAGs are shown."""
    text = term.wait(lambda text: f"EX19-01{MARK}-longAAA" in text and "more characters]" not in text)
    assert "…" in text
    term.press("E")
    for name, shown in {"esc": r"\x1b[31;1mred\x1b[2J\x1b[H", "osc52": r"\x1b]52;c;aG9zdGlsZQ==\x07"}.items():
        term.wait(f"{MARK}-{name}{shown}")
    term.press("2", "down", "down", "3", "down", "4", "down")
    term.wait("Problem")


def _has_no_payload(raw: bytes) -> None:
    text = raw.decode("utf-8")
    assert MARK in text
    assert re.findall(r"\x1b\]52", text) == []
    titles = re.findall(r"\x1b\][0-9]*;[^\x07\x1b]*", text)
    assert [t for t in titles if MARK in t or "owned" in t] == []
    for name in ("esc", "osc52", "title", "c1", "control"):
        assert re.findall(rf"{MARK}-{name}[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]", text) == [], name
    assert re.findall(rf"{MARK}-esc\x1b\[31;1mred", text) == []
    ours = TEXTUALS_OWN.sub("", text).replace("\r\n", "\n")
    assert FORBIDDEN.findall(ours.replace("\r", "")) == []
    assert "A" * 2_001 not in ours
