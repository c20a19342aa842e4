"""What stays as it is on a screen in every language, and what the test data says there; the rest is missed.

Identifiers are of Exchange, Windows, PowerShell, POP3 and of ourselves (keys, commands, themes). What
servers, journals and operators say in the test data is found in its files: a text of several words that is
no sentence of the program.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from cockpit.ui.actions import ACTIONS
from cockpit.ui.command_reading import name_of
from cockpit.ui.commands import COMMANDS
from cockpit.ui.look import STRIPS
from cockpit.ui.theme import load
from tests.language import catalogue

SHAPES: Final = {
    "a row of a log as it is in its file": r"[\d:.]+Z,\S.*",
    "what fills a row of the logs": r"A{20,}",
    "what a log's row answers with": r"\bMsg=\S+",
    "a mail address, also where a column cuts it": r"\b\w+@corp(?:\.\w*)*",
    "a name written as one word with capitals inside: PopCTPMonitor, MoveNow, HealthMailbox3f2a":
        r"\b(?=\w*[a-z])\w*[a-z0-9][A-Z]\w*",
    "a cmdlet, and a parameter of one": r"\b[A-Z][a-z]+-[A-Z]\w+|(?<=-)[A-Z]\w+",
    "a value of PowerShell": r"\$(?:true|false|null)\b|\b(?:True|False)\b",
    "a health set, a probe's identity": r"\bPOP[\w.\\]*",
    "a server, a DAG, the environment and an account in it":
        r"\b(?:EX|DB|DAG)\d*\b|\b(?:MBX|CAS)(?:2013-\d\d)?\b|\bdag:|\bCORP(?:\\[\w-]+)?|\(jump01\)",
    "a host and what stands on it": r"\b(?:https?://)?[\w.-]+\.corp\.example\b|https://ex01:5986/wsman",
    "a file and a folder": r"\b[\w-]+\.LOG\b|C:\\Logs\\Pop3",
    "a guard of the recoveries": r"\b(?:copies|recovery|components|databases|reboot)\.\w+",
    "a key with ctrl": r"\bctrl\+\w\b",
    "what probes depend on, as Microsoft's page calls it":
        "Active Directory|Mailbox Server Authentication|Information Store|High Availability",
    "milliseconds": r"\bms\b",
    "one letter: a key, an end of the logs": r"(?<!\S)\S(?!\S)",
}  # fmt: skip
NAMES: Final = {
    "what Exchange says of a monitor": "Healthy Unhealthy Degraded Unknown Repairing Disabled",
    "results of probes and of recovery actions": "Succeeded Failed",
    "health sets beside those of POP": "AD Store Clustering Network Security Authentication",
    "what Windows says of a service, Exchange of a component": "Running Stopping Starting Active",
    "roles and sites of servers": "Mailbox Milano Torino Bari Roma",
    "keys": "esc tab enter backspace pgdn pgup home",
    "products and protocols": "Exchange Windows Microsoft WinRM SSL TLS ERR",
    "how a folder's files begin anew": "Hourly",
    "how much a guard weighs": "hard stop warn",
    "outcomes of steps, words of the journal": "failed unhealthy restarted over moved unblocked applied",
    "a run's id": "4f2a",
}
OF_CASES: Final[Mapping[str, str]] = {
    "command-line": " ".join([*(name_of(a) for a in ACTIONS), *(c.shape for c in COMMANDS)]),
    "theme": " ".join([*(t.name for t in load().loaded), *(role.partition("-")[2] for role in STRIPS),
                       "state-unhealthy cursor-background"]),
    "fleet-filter": "ex",
    "timeline": "front-end service",
    "toasts": "Of severity information warning error",
    "logs": r"UTC user pass quit retr ok \x1b[31mred\x1b]0;owned \x1b[31mred \x [b]bold[/b]",
    "logs-wrapped": "ple orp.example:1995",
    "logs-nothing": "nowhere",
    "run-by-hand": "Run this by hand on",
    "decide-by-hand": "Run this by hand on",
}  # fmt: skip
"""By the beginning of a case's name: what it is about, what is typed in it, what its logs have; and a prompt
as an older version of ours wrote it into its journal."""
FILES: Final = (
    *("recoveries.py", "fleets.py", "timelines.py", "log_fakes.py", "looks_cases.py", "conftest.py"),
    *("test_trace.py", "test_logs_snapshots.py", "test_logging_screen.py"),
)
"""The test data."""

_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_RUN: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_EDGES: Final = " .,:;?!'\"()[]{}<>/|#*=-+~\\"


def left_over(case: str, rows: Iterable[str]) -> dict[str, str]:
    """What is neither in another language nor known, each with a row it stands in."""
    names = " ".join(text for name, text in OF_CASES.items() if case.startswith(name)).split()
    return {part: row.strip("\0 ") for row in rows for part in _left(row, names)}


def _left(row: str, names: Iterable[str]) -> Iterator[str]:
    for found in _RUN.finditer(row):
        cut = row[found.end() :][:1] == "…"
        bare = _known(names).sub("\0", found.group())
        for part in (piece.strip(_EDGES) for piece in bare.split("\0")):
            if _WORD.search(part) and not _is_said(part, cut):
                yield part


def _known(names: Iterable[str]) -> re.Pattern[str]:
    return _pattern(tuple(names))


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    every = sorted([*" ".join(NAMES.values()).split(), *names], key=len, reverse=True)
    words = "|".join(re.escape(name) for name in every)
    return re.compile("|".join([*SHAPES.values(), rf"(?<![\w-])(?:{words})(?![\w-])"]))


def _is_said(part: str, cut: bool) -> bool:
    """Whether the test data says it, or so much of it as there was room for in the line."""
    end = "" if cut else r"(?!\w)"
    return re.search(rf"(?<!\w){re.escape(part)}{end}", _said()) is not None


@cache
def _said() -> str:
    ours = {text for message in catalogue.extracted() for text in catalogue.texts(message.id)}
    folder = Path(__file__).parent
    return "\n".join(text for name in FILES for text in _texts(folder / name) if text not in ours)


def _texts(path: Path) -> Iterator[str]:
    """Texts of several words in a module, its docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and text not in docs and (" " in text.strip() or "," in text):
            yield text
