"""``[notify]``: for all environments, otherwise for one; what is wrong in it, with line, key and cure."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from cockpit.config import environment as config
from cockpit.config.environment import ConfigError, Window
from cockpit.config.notify import NotifySettings, StateName
from cockpit.config.windows import one_is_on
from cockpit.fleet.states import State

BASE = '[environments.prod]\nentry_servers = ["ex01"]\n'
SHARED = '[notify]\nbell = true\nosc = "auto"\nhook = ["page", "--pop"]\n'


def load(folder: Path, text: str) -> dict[str, config.Environment]:
    path = folder / "environments.toml"
    path.write_text(text)
    return config.load(path)[1]


def test_nothing_is_told_unless_it_is_asked_for(tmp_path: Path) -> None:
    found = load(tmp_path, BASE)["prod"].notify
    assert found == NotifySettings()
    assert not found.tells


def test_the_files_table_holds_for_all_and_each_key_can_be_set_otherwise(tmp_path: Path) -> None:
    one = (
        '[environments.test]\nentry_servers = ["ex99"]\n[environments.test.notify]\nbell = false\nhook = []\n'
    )
    found = load(tmp_path, SHARED + BASE + one)
    assert found["prod"].notify == NotifySettings(bell=True, osc="auto", hook=("page", "--pop"))
    assert found["test"].notify == NotifySettings(bell=False, osc="auto", hook=())
    assert found["test"].notify.tells


def test_what_was_merged_is_written_with_the_environment(tmp_path: Path) -> None:
    environment = load(tmp_path, SHARED + BASE)["prod"]
    config.save(tmp_path / "one.toml", environment)
    assert config.choose(tmp_path / "one.toml", None) == environment
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(environment), type=config.Environment) == environment


WRONG: list[tuple[str, int, str, str]] = [
    ("[notify]\nring = true\n", 2, "notify.ring", "there is no such key. Keys here are bell, osc,"),
    ('[notify]\nosc = "99"\n', 2, "notify.osc", 'cannot be used. Write one of "777", "9", "auto", "none"'),
    ("[notify]\nosc = 9\n", 2, "notify.osc", "is a number. Write one of"),
    (
        '[notify]\nwhen = ["worse", "Healthy>Sick"]\n',
        2,
        "notify.when[1]",
        'cannot be used. Write one of "worse",',
    ),
    ('[notify]\nminimum = "healthy"\n', 2, "notify.minimum", "cannot be used. Write one of"),
    ("[notify]\ntotal = 0\n", 2, "notify.total", "cannot be used. Write a whole number of at least 1 and at"),
    ("[notify]\nwindow = 0.5\n", 2, "notify.window", "cannot be used. Write a number of at least 1 and at"),
    ("[notify]\nhook = 'page --pop'\n", 2, "notify.hook", "is text. Write a list, [ ... ], each text"),
    ("[notify]\nhook = ['']\n" + BASE, 2, "notify.hook[0]", "names no program. Write hook = ["),
    ("[notify]\nhook = ['bin/page']\n" + BASE, 2, "notify.hook[0]", "is a path that does not say from where"),
    ('[notify]\nhook = ["page",\n"a\\u0000b"]\n' + BASE, 3, "notify.hook[1]", "has a zero byte"),
    (
        BASE + "[environments.prod.notify]\nhook_seconds = 3600\n",
        *(
            4,
            "environments.prod.notify.hook_seconds",
            "cannot be used. Write a number more than 0 and at most",
        ),
    ),
    (
        SHARED + BASE + '[environments.prod.notify]\nhook_variables = ["A-B"]\n',
        *(
            8,
            "environments.prod.notify.hook_variables[0]",
            "cannot be used. Write the name of an environment",
        ),
    ),
    (
        '[notify]\nhook_variables = ["DISPLAY", "PW"]\n' + BASE + 'credential.password.env = "PW"\n',
        *(2, "notify.hook_variables[1]", "PW holds a password, and a hook gets none. Take it out."),
    ),
    (
        BASE + '[environments.prod.notify]\nhook_variables = ["POP_COCKPIT_SERVER"]\n',
        *(4, "environments.prod.notify.hook_variables[0]", "what begins with POP_COCKPIT_ is set by the"),
    ),
]


@pytest.mark.parametrize(
    ("text", "line", "key", "says"), WRONG, ids=[f"{key}-{n}" for n, (_, _, key, _) in enumerate(WRONG)]
)
def test_what_is_wrong_is_told_with_line_key_and_cure(
    tmp_path: Path, text: str, line: int, key: str, says: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text)
    assert f"environments.toml, line {line}: {key}: {says}" in str(refused.value)


@pytest.mark.parametrize(
    "words", ["worse", "better", "recovered", "any", "Healthy>not granted", "*>stale", "*>*"]
)
def test_every_kind_of_change_can_be_named(tmp_path: Path, words: str) -> None:
    assert load(tmp_path, f'[notify]\nwhen = ["{words}"]\n{BASE}')["prod"].notify.when == (words,)


def test_the_states_are_those_of_the_screens() -> None:
    assert get_args(StateName) == tuple(state.word for state in State)


def test_no_window_is_never_on() -> None:
    saturday = datetime(2026, 11, 28, 23, 0)
    assert not one_is_on((), saturday)
    assert one_is_on((Window(days=("mon",)), Window(days=("sat",), start="22:00", end="05:00")), saturday)
