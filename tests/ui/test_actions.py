"""The registry, the keymap, the life cycle: everything that needs no screen."""

from __future__ import annotations

import base64
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.ui import keymap, life
from cockpit.ui.actions import ACTIONS, Action, Registry
from cockpit.ui.clipboard import ENCODED_LIMIT, clipboard, osc52, save_text
from cockpit.ui.reasons import read_only
from cockpit.ui.screens.decide import DecideDialog
from cockpit.ui.screens.fleet import FleetScreen
from cockpit.ui.screens.help import HelpScreen, help_lines
from cockpit.ui.screens.history import HistoryScreen
from cockpit.ui.screens.logging import LoggingDialog
from cockpit.ui.screens.logs import LogsScreen
from cockpit.ui.screens.obligations import ObligationsScreen
from cockpit.ui.screens.plan import PlanScreen
from cockpit.ui.screens.probe import ProbeDialog
from cockpit.ui.screens.pulse import PulseScreen
from cockpit.ui.screens.reason import ReasonDialog
from cockpit.ui.screens.recover import RecoverDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.screens.theme import ThemeScreen
from cockpit.ui.screens.timeline import TimelineScreen
from cockpit.ui.screens.trace import TraceScreen
from cockpit.ui.widgets.commandline import CommandLine
from cockpit.ui.widgets.filterbox import FilterPane

DANGER = Action("fleet.explode", ("z",), "explode", "fleet", "Act", "Changes something.", dangerous=True)


def test_every_action_has_a_method() -> None:
    from cockpit.ui.app import CockpitApp

    owners = {
        "app": CockpitApp,
        "fleet": FleetScreen,
        "filter": FilterPane,
        "probe": ProbeDialog,
        "help": HelpScreen,
        "theme": ThemeScreen,
        "run": RunScreen,
        "plan": PlanScreen,
        "history": HistoryScreen,
        "obligations": ObligationsScreen,
        "recover": RecoverDialog,
        "decide": DecideDialog,
        "reason": ReasonDialog,
        "logging": LoggingDialog,
        "trace": TraceScreen,
        "logs": LogsScreen,
        "command": CommandLine,
        "timeline": TimelineScreen,
        "pulse": PulseScreen,
    }
    for action in ACTIONS:
        assert hasattr(owners[action.scope], f"action_{action.method}"), action.id


def test_ids_and_keys_are_unique() -> None:
    assert len({a.id for a in ACTIONS}) == len(ACTIONS)
    _, problems = keymap.check({})
    assert problems == []


def test_what_sends_or_ends_something_is_dangerous() -> None:
    table = {a.id: a for a in ACTIONS}
    ends = ("run.decide", "run.end-wait", "run.resume", "run.abort", "obligations.close")
    for each in (*ends, "plan.start", "recover.start"):
        assert table[each].dangerous
    for each in (
        "fleet.recover",
        "fleet.trace",
        "recover.plan",
        "obligations.sweep",
        "run.export",
        "app.history",
    ):
        assert not table[each].dangerous


def test_a_screens_way_back_takes_the_key_that_quits() -> None:
    shown = {a.id: a for a in Registry(ACTIONS, False).on_screen("run")}
    assert shown["run.back"].keys == ("q", "escape")
    assert shown["app.quit"].keys == ("ctrl+q",)
    assert not shown["app.quit"].shown
    assert [a.id for a in Registry().on_screen("fleet") if a.id == "app.quit"] == ["app.quit"]


def test_read_only_does_not_bind_what_is_dangerous() -> None:
    actions = (*ACTIONS, DANGER)
    reading, write = Registry(actions, True), Registry(actions, False)
    assert DANGER not in reading.live("fleet")
    assert DANGER in write.live("fleet")
    assert not reading.allows("fleet.explode")
    assert write.allows("fleet.explode")
    assert "z" not in {b.key for b in reading.bindings("fleet")}


def test_help_lists_all_there_is_and_what_read_only_holds_back() -> None:
    for held_back in (True, False):
        registry = Registry((*ACTIONS, DANGER), held_back)
        why = read_only(registry)
        assert ("fleet.explode" in why) is held_back
        said = "\n".join("".join(t for t, _ in line) for line in help_lines(registry, "fleet", why))
        for action in (a for a in registry.actions if a.scope in ("fleet", "app") and a.help):
            assert f"{action.title}: {action.help}" in said
        dangerous = [a for a in registry.actions if a.dangerous and a.scope == "fleet"]
        assert said.count("read-only: start with --write") == (len(dangerous) if held_back else 0)


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ({"fleet.nonsense": "x"}, "no action 'fleet.nonsense'"),
        ({"fleet.probe": "ctrl+"}, "'ctrl+' is not a key"),
        ({"fleet.probe": "hyper+p"}, "is not a key"),
        ({"fleet.probe": "ab"}, "'ab' is not a key"),
        ({"fleet.probe": "f"}, "'f' is already fleet.faults-only"),
        ({"fleet.probe": "q"}, "'q' is already app.quit"),
        ({"fleet.probe": "u", "fleet.save": "u"}, "'u' is already"),
        ({"app.quit": ""}, "must keep a key"),
        ({"app.help": "a"}, "'a' is already run.abort"),
        ({"run.abort": "?"}, "'?' is already app.help"),
        ({"run.abort": "ctrl+d"}, "too easily pressed"),
        ({"fleet.explode": "ctrl+k"}, "too easily pressed"),
    ],
)
def test_keymap_refuses(user: dict[str, str], sentence: str) -> None:
    keys, problems = keymap.check(user, (*ACTIONS, DANGER))
    assert len(problems) == 1
    assert sentence in problems[0].sentence
    assert problems[0].action_id not in keys


def test_keymap_takes_what_is_right() -> None:
    keys, problems = keymap.check(
        {"fleet.probe": "f5, ctrl+e", "fleet.help": "", "app.help": ["?"], "fleet.copy": []}
    )
    assert [p.action_id for p in problems] == ["fleet.help"]
    assert keys == {"fleet.probe": ("f5", "ctrl+e"), "app.help": ("?",), "fleet.copy": ()}
    swapped, none = keymap.check({"fleet.probe": "f", "fleet.faults-only": "p"})
    assert none == []
    registry = Registry.build(True, swapped)
    assert {b.key: b.action for b in registry.bindings("fleet")}["f"] == "probe"


def test_terminals_that_are_refused() -> None:
    assert life.refuse_reason(True, True, "xterm") is None
    assert "ssh -t" in (life.refuse_reason(False, True, "xterm") or "")
    assert "ssh -t" in (life.refuse_reason(True, False, "xterm") or "")
    assert "dumb" in (life.refuse_reason(True, True, "dumb") or "")
    assert "TERM is not set" in (life.refuse_reason(True, True, "") or "")


def test_crash_file_has_no_secret_and_no_locals(tmp_path: Path) -> None:
    secret = "hunter2"
    try:
        raise RuntimeError(f"login failed, Password: {secret}")
    except RuntimeError as error:
        line = life.crash_line(error, tmp_path / "new")
    (path,) = (tmp_path / "new").iterdir()
    assert str(path) in line
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert "RuntimeError" in text
    assert "hunter2" not in text


def test_crash_that_cannot_be_written_still_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert "no report" in life.crash_line(ValueError("x"), blocked / "below")


def test_osc52() -> None:
    bare = osc52("héllo", tmux=False)
    assert bare is not None
    assert base64.b64decode(bare.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == "héllo"
    assert "\x1bPtmux;\x1b\x1b]52" in (osc52("x", tmux=True) or "")
    assert osc52("x" * ENCODED_LIMIT, tmux=False) is None
    assert clipboard("x", {}) == osc52("x", tmux=False)
    assert clipboard("x", {"TMUX": "1"}) == clipboard("x", {"TMUX": "1", "STY": "1"}) == osc52("x", tmux=True)
    pieces = (clipboard("x" * 3000, {"STY": "1"}) or "").split("\x1b\\")
    assert all(piece.startswith("\x1bP") and len(piece) < 768 for piece in pieces[:-1])
    assert "".join(piece[2:] for piece in pieces) == osc52("x" * 3000, tmux=False)


def test_saved_text_never_overwrites(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    first, second = (save_text(tmp_path / "d", "copy", text, now) for text in ("a", "b"))
    assert (first.read_text(), second.read_text()) == ("a", "b")
    assert first != second


def test_the_screen_imports_nothing_heavy() -> None:
    script = "import sys, cockpit.ui.app; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert not loaded & {"pypsrp", "requests", "sqlalchemy", "hypothesis", "psrpcore", "cryptography"}
    lab = subprocess.run(
        [sys.executable, "-c", "import sys, cockpit.ui.app; print('cockpit.lab' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert lab.stdout.strip() == "False"
