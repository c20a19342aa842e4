"""``pop-cockpit keys``: every action and its keys, as they are configured or as a preset has them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cockpit.commands import liking, tables
from cockpit.commands.recovery_options import example
from cockpit.config.language import N_, _
from cockpit.config.preferences import NOTHING_SAID, Preferences

if TYPE_CHECKING:
    from cockpit.ui.action import Action

NAME: Final = "keys"
CONFIGURED: Final = N_("keys")
"""The column's title where no preset is named."""


def add(commands: Any) -> None:
    """The command's options."""
    keys = commands.add_parser(
        NAME,
        help=_("every action and its keys, as they are configured or as a preset has them"),
        epilog=example("keys --preset vim --format markdown"),
    )
    keys.add_argument(
        "--preset",
        dest="presets",
        metavar="NAME",
        action="append",
        default=[],
        help=_("instead of the configured keys: default, vim or function-keys (repeatable: side by side)"),
    )
    keys.add_argument("--format", choices=("table", "json", "markdown"), default="table")


def run(options: argparse.Namespace, preferences: Preferences) -> int:
    """Print them; 0. Raises ConfigError for a keymap that is refused."""
    from cockpit.ui import keys_told

    sets = keymaps(tuple(options.presets), preferences)
    if not options.presets:
        liking.warn(preferences)
    match options.format:
        case "json":
            print(json.dumps(_plain(sets), indent=2))
        case "markdown":
            sys.stdout.write(keys_told.markdown(sets))
        case _:
            _show(sets)
    return 0


def keymaps(presets: tuple[str, ...], preferences: Preferences) -> dict[str, tuple[Action, ...]]:
    """The columns: each preset, or what is configured where none is named."""
    if not presets:
        return {CONFIGURED: _with(liking.keymap(preferences))}
    return {name: _with(liking.keymap(NOTHING_SAID, name)) for name in presets}


def _with(keys: Mapping[str, tuple[str, ...]]) -> tuple[Action, ...]:
    from cockpit.ui.actions import ACTIONS

    return tuple(replace(a, keys=keys.get(a.id, a.keys)) for a in ACTIONS)


def _plain(sets: Mapping[str, tuple[Action, ...]]) -> list[dict[str, Any]]:
    from cockpit.ui import keys_told

    found = []
    for each, held in keys_told.columns(sets):
        plain: dict[str, Any] = each._asdict()
        plain["keys"] = dict(zip(sets, held, strict=True)) if len(sets) > 1 else held[0]
        found.append(plain)
    return found


def _show(sets: Mapping[str, tuple[Action, ...]]) -> None:
    from cockpit.ui import keys_told

    rows = [
        (
            each.id,
            *(" ".join(own) for own in held),
            N_("asks first") if each.dangerous else "",
            each.said_title,
        )
        for each, held in keys_told.columns(sets)
    ]
    # A preset is called by its name; what is configured has a title.
    titles = [_(name) if name == CONFIGURED else name for name in sets]
    tables.show((_("action"), *titles, _("changes"), _("what")), rows)
