"""What is typed on the command line, read; and what of it is remembered."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cockpit.ui import command_history as history
from cockpit.ui.actions import ACTIONS, Registry
from cockpit.ui.command_history import History
from cockpit.ui.command_reading import Offer, Order, Refusal, choices, name_of, offer, read
from cockpit.ui.commands import COMMANDS, Sight
from cockpit.ui.keymap import SCREENS
from cockpit.ui.reasons import Why, read_only

SIGHT = Sight(
    servers=("EX01", "EX02", "EX16-01"),
    health_sets=("POP", "POP.Protocol"),
    monitors=("PopSelfTestMonitor", "PopDeepTestMonitor"),
    themes=("dark", "light"),
    actions=("probe", "refresh"),
)
BUSY = Why("No probe is being waited for here.")


def there(scope: str = "fleet", *, held_back: bool = False, sight: Sight = SIGHT) -> Offer:
    registry = Registry.build(held_back)
    why = {"fleet.stop-waiting": BUSY, **read_only(registry)}
    return offer([(a, why.get(a.id)) for a in registry.known(scope)], COMMANDS, sight)


def texts(typed: str, offered: Offer | None = None) -> list[str]:
    return [choice.text for choice in choices(typed, offered or there())]


def order(typed: str, offered: Offer | None = None) -> Order:
    found = read(typed, offered or there())
    assert isinstance(found, Order), found
    return found


def refusal(typed: str, offered: Offer | None = None) -> str:
    found = read(typed, offered or there())
    assert isinstance(found, Refusal), found
    return found.sentence


@pytest.mark.parametrize("scope", SCREENS)
def test_every_action_of_a_screen_is_offered_and_read_by_name_and_by_id(scope: str) -> None:
    offered = there(scope)
    names = [name_of(a) for a, _ in offered.actions]
    assert len(set(names)) == len(names), "no two actions of a screen have one name"
    shown = texts("", offered)
    taken = {c.name for c in COMMANDS}
    for action in (a for a in ACTIONS if a.scope in (scope, "app") and a.id != "app.command-line"):
        name = name_of(action)
        if name not in taken:
            assert name in shown
            assert order(name, offered).action == next(a for a, _ in offered.actions if a.id == action.id)
        found = order(action.id, offered).action
        assert found is not None
        assert found.id == action.id


def test_a_name_may_be_cut_short_where_only_one_begins_so() -> None:
    ordered = order("ref").action
    assert ordered is not None
    assert ordered.id == "fleet.refresh"
    assert refusal("re").startswith("re may be recover, refresh")
    assert refusal("").startswith("There is no command")
    assert refusal("zz") == "There is no command 'zz' here: tab shows those that there are."
    assert order("serv ex01") == Order(command=there().command("server"), argument="EX01")


def test_what_changes_something_is_written_out() -> None:
    assert refusal("abo", there("run")) == "abo changes something: write its whole name, abort."
    ordered = order("abort", there("run")).action
    assert ordered is not None
    assert ordered.id == "run.abort"


def test_read_only_holds_back_and_says_why() -> None:
    held = order("logging", there(held_back=True))
    assert held.why is not None
    assert held.why.said == "read-only: start with --write"
    (shown,) = [c for c in choices("logging", there(held_back=True)) if c.name == "logging"]
    assert shown.why == held.why
    assert order("stop-waiting").why == BUSY


def test_titles_aliases_and_capitals() -> None:
    for typed in ("q", "QUIT", "q!", "app.quit"):
        ordered = order(typed).action
        assert ordered is not None
        assert ordered.id == "app.quit"
    saved = order("save view").action
    assert saved is not None
    assert saved.id == "fleet.save"
    assert refusal("refresh now") == "refresh takes no more words."


def test_arguments_are_chosen_completed_and_refused() -> None:
    assert order("server ex16-01").argument == "EX16-01"
    assert order("server ex16").argument == "EX16-01"
    assert refusal("server ex0") == "ex0 may be EX01, EX02."
    assert refusal("server nowhere") == "server: there is no 'nowhere' to choose here."
    assert refusal("server") == "server wants more: server SERVER."
    assert order("set pop").argument == "POP", "the whole name goes before a longer one"
    assert order("filter  !dag 1 ").argument == "!dag 1"
    assert order("filter").action is not None, "without a text it is the action"
    assert order("env").command is not None
    assert refusal("env x") == "env takes no more words."
    assert texts("server EX0") == ["server EX01", "server EX02"]
    assert texts("server 16") == ["server EX16-01"]
    assert texts("filter x") == []
    assert texts("help re") == ["help refresh"]


def test_a_command_with_nothing_to_choose_says_why() -> None:
    empty = there(sight=Sight())
    ordered = order("server EX01", empty)
    assert ordered.why == Why("No server has been read yet.")
    (shown,) = [c for c in choices("server", empty) if c.text == "server "]
    assert shown.why == ordered.why


def test_what_begins_so_goes_before_what_has_it_inside_and_moving_about_is_last() -> None:
    found = texts("p")
    assert found.index("probe") < found.index("palette") < found.index("page-down") < found.index("help")
    assert texts("")[0] == COMMANDS[0].name
    assert texts("save v") == ["save"]


# --- what is remembered --------------------------------------------------------------------------


def test_up_and_down_go_through_it_and_come_back_to_what_was_typed() -> None:
    known = History(["a", "b", "c"])
    assert [known.older("dra"), known.older("c"), known.older("b"), known.older("a")] == ["c", "b", "a", None]
    assert [known.newer(), known.newer(), known.newer(), known.newer()] == ["b", "c", "dra", None]
    known.add("a")
    assert known.lines == ["b", "c", "a"]
    assert known.older("") == "a"


def test_it_is_kept_for_the_user_alone_bounded_and_each_line_once(tmp_path: Path) -> None:
    file = tmp_path / "state" / "commands"
    for number in range(history.MOST + 20):
        history.keep(file, f"server EX{number}")
    history.keep(file, "server EX100")
    lines = history.load(file)
    assert len(lines) == history.MOST
    assert lines[-1] == "server EX100"
    assert lines.count("server EX100") == 1
    assert lines[0] == "server EX20", "the oldest go"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [p.name for p in file.parent.iterdir()] == ["commands"], "nothing is left beside it"


def test_two_cockpits_add_to_one_file(tmp_path: Path) -> None:
    file = tmp_path / "commands"
    mine = History()
    history.keep(file, "refresh")
    history.keep(file, "pause")
    mine.add("env")
    mine.take(history.load(file))
    assert mine.lines == ["refresh", "pause", "env"]


@pytest.mark.parametrize(
    "line",
    [
        " filter something",
        "filter Password: hunter2",
        "filter \x1b]52;c;QQ==\x07",
        "filter a\x9b31mb",
        "filter \u202egnp.exe",
        "filter " + "x" * history.LONGEST,
        "",
    ],
    ids=["blank", "password", "osc", "c1", "bidi", "long", "empty"],
)
def test_what_is_not_worth_keeping_is_neither_written_nor_read(tmp_path: Path, line: str) -> None:
    file = tmp_path / "commands"
    history.keep(file, "refresh")
    history.keep(file, line)
    assert history.load(file) == ["refresh"]
    file.write_text(f"refresh\n{line}\npause\n")
    assert history.load(file) == ["refresh", "pause"]
    assert not history.worth_keeping(line)


def test_whatever_stands_in_the_files_place_is_harmless(tmp_path: Path) -> None:
    file = tmp_path / "commands"
    file.write_bytes(b"refresh\n\xff\xfe\x00\x1b[2J\r\n" + b"\x00" * 5000 + b"\npause\n")
    assert history.load(file) == ["refresh", "pause"]
    big = tmp_path / "big"
    big.write_bytes(b"y" * 5_000_000 + b"\nrefresh\n")
    assert history.load(big) == ["refresh"]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(file)
    for place in (pipe, link, tmp_path):
        with pytest.raises(OSError, match=r"no file|symbolic|directory"):
            history.load(place)
    assert history.load(tmp_path / "gone") == []
