"""Keys and mouse in the configuration, and ``pop-cockpit keys``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.commands import keys as command
from cockpit.commands import liking
from cockpit.config import environment as config
from cockpit.config.environment import ConfigError
from cockpit.config.preferences import NOTHING_SAID, Preferences
from cockpit.ui import keys_told
from cockpit.ui.actions import ACTIONS
from cockpit.ui.presets import PRESETS
from tests.support.processes import ROOT


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


def said(folder: Path, text: str) -> Preferences:
    path = folder / "environments.toml"
    path.write_text(text)
    path.chmod(0o600)
    return liking.liked([path])


def test_a_file_that_says_nothing_changes_nothing(tmp_path: Path) -> None:
    found = said(tmp_path, '[environments.x]\nentry_servers = ["a"]\n')
    assert found is NOTHING_SAID
    assert liking.keymap(found) == {}
    assert found.screen.mouse


def test_a_preset_and_keys_over_it(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        '[screen]\nmouse = false\n[keys]\npreset = "vim"\nfleet.probe = "f5"\n'
        '"fleet.save" = ["ctrl+e", "f6"]\nfleet.faster = ""\n',
    )
    assert not found.screen.mouse
    keymap = liking.keymap(found)
    assert keymap["fleet.probe"] == ("f5",)
    assert keymap["fleet.save"] == ("ctrl+e", "f6")
    assert keymap["fleet.faster"] == ()
    assert keymap["fleet.logging"] == ("L",)
    assert "fleet.trace" not in keymap, "what has the registry's own keys is not told"


def test_the_file_in_use_goes_before_the_users_own(tmp_path: Path) -> None:
    own, other, silent = (tmp_path / name for name in ("own.toml", "other.toml", "silent.toml"))
    own.write_text('[keys]\npreset = "vim"\n')
    other.write_text('[keys]\npreset = "function-keys"\n')
    silent.write_text("")
    assert liking.liked([other, own]).preset == "function-keys"
    assert liking.liked([silent, own]).preset == "vim"
    assert liking.liked([tmp_path / "gone.toml", own]).preset == "vim"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[keys]\npreset = "emacs"\n', "line 2: keys.preset: 'emacs' is no preset"),
        ('[keys]\npreset = ["vim"]\n', "line 2: keys.preset: is no text"),
        ("[screen]\nmouse = 3\n", "line 2: screen.mouse: is a number. Write true or false."),
        ("[screen]\nmice = true\n", "line 2: screen.mice: there is no such key. Keys here are"),
        ('keys = "vim"\n', "line 1: keys: is text. Write a table"),
        ("[keys]\n\nfleet.probe = 5\n", "line 3: keys.fleet.probe: is no key. Write a key such as"),
        ('[keys]\nfleet.probe = ["f5", 3]\n', "line 2: keys.fleet.probe: is no key"),
        ('[keys]\nfleet.probe.x = "f5"\n', "line 2: keys.fleet.probe: is no key"),
        (
            '[keys]\nfleet.probe = "f5"\n"fleet.probe" = "f6"\n',
            'line 3: keys."fleet.probe": is given twice',
        ),
        ('[keys]\nfleet.prob = "f5"\n', "no action 'fleet.prob'. Perhaps fleet.probe is meant."),
        ('[keys]\nfleet.probe = "hyper+x"\n', "line 2: keys.fleet.probe: 'hyper+x' is not a key."),
        ('[keys]\nfleet.probe = "f"\n', "'f' is already fleet.faults-only. Choose another key"),
        ('[keys]\nfleet.copy = "l"\n', "'l' is already fleet.logging, which changes something."),
        ('[keys]\nrun.abort = "ctrl+d"\n', "too easily pressed by accident for run.abort"),
        ('[keys]\nprobe.run = "p"\n', "'p' would open the question (fleet.probe) and answer it (probe.run)"),
        ('[keys]\nplan.start = "y"\n', "'y' is already plan.copy"),
        ('[keys]\nlogging.go = "enter"\n', "'enter' presses the button that has the focus"),
        ('[keys]\nreason.cancel = "n"\n', "'n' is written, where reason.cancel works."),
        ('[keys]\napp.quit = ""\n', "app.quit must keep a key. Give it one, or take the line out"),
        (
            '[keys]\npreset = "vim"\nfleet.trace = "l"\n',
            "line 3: keys.fleet.trace: 'l' is already fleet.expand",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_file_line_key_and_cure(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        liking.keymap(said(tmp_path, text))
    assert says in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "environments.toml"))


def test_a_dialog_answered_by_the_key_that_opened_it_is_refused_from_both_sides(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keys.fleet.recover: 'y' "):
        liking.keymap(said(tmp_path, '[keys]\nfleet.copy = "u"\nfleet.recover = "y"\n'))


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("ctrl+left", "arrives from PuTTY as left"),
        ("alt+p", "does not arrive from xterm"),
        ("ctrl+i", "is the same byte as tab"),
        ("ctrl+b", "is the prefix of tmux"),
        ("ctrl+f5", "is sent by few terminals"),
        ("shift+f5", "is not told from the key without shift"),
        ("f12", "is kept by many terminals"),
    ],
)
def test_keys_that_do_not_arrive_everywhere_are_taken_and_warned_of(
    tmp_path: Path, key: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = said(tmp_path, f'[keys]\nfleet.trace = "{key}"\n')
    assert liking.keymap(found)["fleet.trace"] == (key,)
    liking.warn(found)
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_sound(preset: str) -> None:
    keymap = liking.keymap(NOTHING_SAID, preset)
    held = {a.id: keymap.get(a.id, a.keys) for a in ACTIONS}
    assert not [name for name, keys in held.items() if not keys], "every action has a key"
    assert liking.warnings(NOTHING_SAID) == []
    from cockpit.ui.keymap import doubtful, normalised

    assert doubtful(held) == []
    assert all(normalised(key) for keys in held.values() for key in keys)


def test_presets_speak_of_actions_of_the_registry() -> None:
    known = {a.id for a in ACTIONS}
    for preset in PRESETS.values():
        assert {*preset.first, *preset.instead} - known == set()


def test_the_mouse_is_left_to_the_terminal_by_option_or_by_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cockpit.commands import screen

    taken: list[bool] = []

    def run(*_: object, mouse: bool, **__: object) -> int:
        taken.append(mouse)
        return 0

    monkeypatch.setattr(screen, "run", run)
    file = tmp_path / "e.toml"
    for text, options in (("", []), ("", ["--no-mouse"]), ("[screen]\nmouse = false\n", [])):
        file.write_text(f'{text}[environments.x]\nentry_servers = ["a"]\n')
        assert cli.main(["--env-file", str(file), *options]) == 0
    assert taken == [True, False, False]


def test_the_command_prints_what_is_configured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "e.toml"
    file.write_text('[keys]\nfleet.probe = "f5"\n')
    assert cli.main(["--env-file", str(file), "keys", "--format", "json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == {a.id for a in ACTIONS}
    assert rows["fleet.probe"]["keys"] == ["f5"]
    assert rows["run.abort"]["dangerous"] is True
    assert cli.main(["keys", "--preset", "default", "--preset", "vim", "--format", "json"]) == 0
    both = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert both["fleet.logging"]["keys"] == {"default": ["l"], "vim": ["L"]}
    assert cli.main(["keys"]) == 0
    assert "fleet.faults-only" in capsys.readouterr().out


def test_a_wrong_file_or_preset_is_64(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "e.toml"
    file.write_text('[keys]\nfleet.probe = "f"\n')
    assert cli.main(["--env-file", str(file), "keys"]) == 64
    assert "line 2" in capsys.readouterr().err
    assert cli.main(["keys", "--preset", "emacs"]) == 64
    assert "Choose from: default, vim, function-keys" in capsys.readouterr().err


def test_an_environment_file_may_hold_them_too(tmp_path: Path) -> None:
    file = tmp_path / "e.toml"
    file.write_text('[keys]\npreset = "vim"\n[environments.x]\nentry_servers = ["a"]\n')
    assert config.choose(file, None).name == "x"


def test_the_document_is_what_the_registry_says() -> None:
    """Made by: pop-cockpit keys --preset default --preset vim --preset function-keys --format markdown"""
    text = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    generated = keys_told.markdown(command.keymaps(tuple(PRESETS), NOTHING_SAID))
    assert text.endswith(generated), "make docs/keys.md anew: see this test's words"


def test_every_scope_has_a_name() -> None:
    assert {a.scope for a in ACTIONS} <= set(keys_told.PLACES)
