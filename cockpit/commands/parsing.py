"""argparse as this program uses it: in the operator's language, exit code 64, one line for what is wrong."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn

from cockpit.config.language import _
from cockpit.config.spoken import spoken

USAGE: Final = 64


class Helping(argparse.HelpFormatter):
    """argparse's own headings and words, said in the operator's language."""

    def start_section(self, heading: str | None) -> None:
        super().start_section(None if heading is None else spoken(heading))

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, _("usage: ") if prefix is None else prefix)


class AsItIs(Helping, argparse.RawDescriptionHelpFormatter):
    """The same, for a description with lines of its own: those that are set in, to be copied."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = (
            line if line.startswith(" ") else textwrap.fill(line, width, break_on_hyphens=False)
            for line in text.split("\n")
        )
        return super()._fill_text("\n".join(lines), width, indent)


class Parser(argparse.ArgumentParser):
    def __init__(self, *, add_help: bool = True, **more: Any) -> None:
        super().__init__(**{"formatter_class": Helping, **more, "add_help": False})
        if add_help:
            self.add_argument("-h", "--help", action="help", help=_("show this help message and exit"))

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """What may be repeated at the end may also stand behind an option: argparse takes it as complete with
        the first positional argument before one."""
        found, left = super().parse_known_args(args, namespace)
        repeated = next((a for a in self._get_positional_actions() if a.nargs == "*"), None)
        end = left.index("--") if "--" in left else len(left)
        if repeated is None or any(text.startswith("-") for text in left[:end]):
            return found, left
        kind = repeated.type if callable(repeated.type) else str
        more = [kind(text) for text in (*left[:end], *left[end + 1 :])]
        setattr(found, repeated.dest, [*getattr(found, repeated.dest), *more])
        return found, []

    def error(self, message: str) -> NoReturn:
        words = _("{prog}: {message}. See {prog} --help.\n")
        self.exit(USAGE, words.format(prog=self.prog, message=spoken(message)))
