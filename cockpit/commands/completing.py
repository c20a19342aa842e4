"""What a shell is told when it asks what could stand at the cursor."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from argcomplete.completers import FilesCompleter, SuppressCompleter
from argcomplete.finders import CompletionFinder

from cockpit.commands import local_names

Names = Callable[[argparse.Namespace], Iterable[str]]


class _Finder(CompletionFinder):
    """Options are told where nothing else can stand, or where a dash was typed."""

    def collect_completions(
        self,
        active_parsers: list[argparse.ArgumentParser],
        parsed_args: argparse.Namespace,
        cword_prefix: str,
    ) -> list[str]:
        found: list[str] = super().collect_completions(active_parsers, parsed_args, cword_prefix)
        if found or cword_prefix:
            return found
        self.always_complete_options = "long"
        return list(super().collect_completions(active_parsers, parsed_args, cword_prefix))


def answer(parser: argparse.ArgumentParser) -> None:
    """Give the shell what could stand there, and end."""
    for action, names in _known(parser):
        action.completer = _completer(names)  # type: ignore[attr-defined]
    for _of, action in _actions(parser):
        if action.type is Path and not hasattr(action, "completer"):
            action.completer = FilesCompleter()  # type: ignore[attr-defined]
    _Finder()(parser, always_complete_options=False, default_completer=SuppressCompleter())


def _completer(names: Names) -> Callable[..., list[str]]:
    def completer(parsed_args: argparse.Namespace, **_more: object) -> list[str]:
        return sorted(set(names(parsed_args)))

    return completer


def _known(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.Action, Names]]:
    """The arguments whose values have names of their own here."""
    for of, action in _actions(parser):
        names = _BY_DEST.get(action.dest) or _OF_COMMAND.get((of.prog, action.dest))
        # A number of servers has no names.
        if names is not None and action.choices is None and action.nargs != 0 and action.type is not int:
            yield action, names


def _actions(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[argparse.ArgumentParser, argparse.Action]]:
    """All of the parser and of those below it."""
    for action in parser._actions:
        yield parser, action
        for inner in action.choices.values() if isinstance(action.choices, dict) else ():
            yield from _actions(inner)


_BY_DEST: Final[Mapping[str, Names]] = {
    "env": local_names.environments,
    "server": local_names.servers,
    "servers": local_names.servers,
    "monitor": local_names.monitors,
    "identity": local_names.probes,
    "probe": local_names.probes,
    "scenario": local_names.scenarios,
    "theme": local_names.themes,
    "run": local_names.runs,
    "accept": local_names.obligations,
    "choice": local_names.choices,
    "presets": local_names.presets,
    "action": local_names.lab_actions,
}
"""What an argument of this name takes."""
_OF_COMMAND: Final[Mapping[tuple[str, str], Names]] = {
    ("pop-cockpit env test", "name"): local_names.environments,
}
