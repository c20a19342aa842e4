"""The help of the whole program: its commands by what an operator wants, three examples, the exit codes."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, Final

from cockpit.commands.parsing import Parser
from cockpit.config.language import N_, _

TOPICS: Final = {
    N_("look"): ("status", "pulse", "timeline", "logs", "probe", "replay"),
    N_("recover"): ("recover", "runs", "obligations", "service", "logging"),
    N_("prove"): ("journal",),
    N_("set up"): ("env", "doctor", "keys", "completion", "info"),
    N_("try it in a lab"): ("demo", "lab", "rehearse"),
}
"""Every command, under what it is wanted for."""
EXAMPLES: Final = (
    ("demo", N_("the cockpit on a simulated organization, to try everything")),
    ("status --server EX01", N_("how a server is now; the exit code says it to scripts")),
    (
        "recover PopSelfTestMonitor --server EX01 --plan",
        N_("what a recovery would do, every guard read, nothing sent"),
    ),
)
EXIT_CODES: Final = (
    ("0", N_("it was done, or all is well")),
    ("1, 2, 3", N_("not so; the command's own help says what each means")),
    ("64", N_("the command line or a file is wrong; one sentence says what, where and what helps")),
    ("70", N_("an error of this program; the file with its report is named")),
    ("130", N_("it was interrupted")),
)
_MARGIN: Final = "  "
_COLUMN: Final = 15
_LEAST: Final = 40


class Commands:
    """argparse's action for sub-commands, as far as it is used here. Remembers in few words what each is for,
    and gives each a description where it has none: what it is for, its exit codes too, as a sentence."""

    def __init__(self, action: Any) -> None:
        self._action = action
        self.brief: dict[str, str] = {}

    def add_parser(self, name: str, **more: Any) -> Any:
        words: str = more["help"]
        # Behind the sign are exit codes and the like, for the command's own help.
        self.brief[name] = words.partition(";")[0]
        more.setdefault("description", sentence(words))
        return self._action.add_parser(name, **more)


def sentence(words: str) -> str:
    """Words without a beginning and an end as one sentence."""
    return f"{words[:1].upper()}{words[1:]}."


class Top(Parser):
    """The parser of the whole command line."""

    commands: Commands | None = None

    def format_help(self) -> str:
        if self.commands is None:
            return super().format_help()
        parts = (
            self._head(),
            *_topics(self.commands.brief),
            self._options(),
            _examples(),
            _exit_codes(),
        )
        return "\n\n".join(part.rstrip() for part in parts) + "\n"

    def _head(self) -> str:
        formatter = self._get_formatter()
        formatter.add_usage(None, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        return formatter.format_help()

    def _options(self) -> str:
        formatter = self._get_formatter()
        formatter.start_section("options")
        formatter.add_arguments(a for a in self._actions if a.option_strings)
        formatter.end_section()
        return formatter.format_help()


def _topics(brief: dict[str, str]) -> Iterator[str]:
    for title, names in TOPICS.items():
        yield _listed(_(title), ((name, brief[name]) for name in names))


def _examples() -> str:
    rows: list[str] = []
    for command, words in EXAMPLES:
        rows += [f"{_MARGIN}pop-cockpit {command}", *_folded(_(words), _MARGIN * 3)]
    return "\n".join((_("examples") + ":", *rows))


def _exit_codes() -> str:
    return _listed(_("exit codes"), ((code, _(words)) for code, words in EXIT_CODES))


def _listed(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """``title`` over two columns."""
    lines = [f"{title}:"]
    for name, words in rows:
        first, *rest = _folded(words, " " * _COLUMN)
        lines += [f"{_MARGIN}{name}".ljust(_COLUMN) + first.lstrip(), *rest]
    return "\n".join(lines)


def _folded(words: str, margin: str) -> list[str]:
    width = max(shutil.get_terminal_size().columns - 2, _LEAST)
    return textwrap.wrap(
        words, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )
