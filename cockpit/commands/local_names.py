"""Names that a shell completes, from local files alone: no server is asked, and no password is read.

What cannot be read has no names: whoever presses tab is told of nothing. The journal is looked at only where
it is a file here, without SQLAlchemy, which takes longer to load than a person waits for a tab; the names of
its tables are those of ``journal.schema``.
"""

from __future__ import annotations

import argparse
import sqlite3
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from cockpit.config.paths import paths

RUNS: Final = 100
ENTRIES: Final = 20_000
"""So many of the newest entries of the timeline are looked through for servers."""
_WAIT_SECONDS: Final = 0.2
_SQLITE: Final = "sqlite:///"
_RECOVERED: Final = "SELECT DISTINCT server FROM run WHERE environment = ?"
_WATCHED: Final = """
    SELECT DISTINCT server FROM (SELECT server FROM timeline WHERE environment = ? ORDER BY at DESC LIMIT ?)
"""
_NEWEST_RUNS: Final = "SELECT id FROM run WHERE environment = ? ORDER BY line DESC LIMIT ?"
_OPEN: Final = """
    SELECT obligation.id FROM obligation JOIN run ON run.id = obligation.run
    WHERE run.environment = ? AND obligation.closed_at IS NULL
"""
Asked = argparse.Namespace
"""What of the command line is known by now."""


def environments(asked: Asked) -> Iterable[str]:
    return _fit(_environments(asked))


def servers(asked: Asked) -> Iterable[str]:
    """Of the environment that is chosen: those its file names, and those that were ever watched or recovered
    from here."""
    name, environment = _chosen(asked)
    named = (
        *environment.get("entry_servers", ()),
        *environment.get("include", ()),
        *environment.get("addresses", {}),
    )
    whole = (text for text in named if isinstance(text, str) and not set(text) & set("*?["))
    yield from _fit(text.partition(".")[0] for text in whole)
    yield from _fit(_in_journal(environment, _RECOVERED, name))
    yield from _fit(_in_journal(environment, _WATCHED, name, ENTRIES))


def runs(asked: Asked) -> Iterable[str]:
    """The newest."""
    name, environment = _chosen(asked)
    return _fit(_in_journal(environment, _NEWEST_RUNS, name, RUNS))


def obligations(asked: Asked) -> Iterable[str]:
    """Those that are open."""
    name, environment = _chosen(asked)
    return _fit(_in_journal(environment, _OPEN, name))


def monitors(_asked: Asked) -> Iterable[str]:
    from cockpit.exchange import catalogue

    return catalogue.MONITORS


def probes(_asked: Asked) -> Iterable[str]:
    from cockpit.exchange import catalogue

    return (f"{probe.health_set}\\{probe.name}" for probe in catalogue.PROBES.values())


def scenarios(_asked: Asked) -> Iterable[str]:
    from cockpit.lab.scenarios import SCENARIOS

    return SCENARIOS


def lab_actions(_asked: Asked) -> Iterable[str]:
    from cockpit.lab.actions import ACTIONS

    return ACTIONS


def presets(_asked: Asked) -> Iterable[str]:
    from cockpit.ui.presets import PRESETS

    return PRESETS


def choices(_asked: Asked) -> Iterable[str]:
    """What a question of a run may offer."""
    from cockpit.journal.words import Choice

    return (choice.value.replace(" ", "-") for choice in Choice)


def themes(_asked: Asked) -> Iterable[str]:
    """Those of the program and the operator's own."""
    from cockpit.ui.theme import packaged

    folders = (packaged(), paths().themes)
    return _fit(file.stem for folder in folders for file in folder.glob("*.toml"))


# --- files ---------------------------------------------------------------------------------------


def _file(asked: Asked) -> Mapping[str, Any]:
    chosen: Path | None = getattr(asked, "env_file", None)
    try:
        return tomllib.loads((chosen or paths().environments).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def _environments(asked: Asked) -> Mapping[str, Any]:
    found = _file(asked).get("environments", {})
    return found if isinstance(found, dict) else {}


def _chosen(asked: Asked) -> tuple[str, Mapping[str, Any]]:
    """The environment of ``--env``, the file's default, or its only one; empty where there is none."""
    every = _environments(asked)
    only = next(iter(every)) if len(every) == 1 else ""
    name = str(getattr(asked, "env", None) or _file(asked).get("default") or only)
    found = every.get(name, {})
    return name, found if isinstance(found, dict) else {}


def _in_journal(environment: Mapping[str, Any], query: str, *values: str | int) -> Iterator[str]:
    """The first column of ``query``, as text."""
    settings = environment.get("journal", {})
    url = settings.get("url") if isinstance(settings, dict) else None
    if url is not None and not str(url).startswith(_SQLITE):
        return
    file = paths().journal / "journal.sqlite" if url is None else Path(str(url).removeprefix(_SQLITE))
    try:
        address = f"file:{quote(str(file))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_SECONDS)) as connection:
            yield from (str(row[0]) for row in connection.execute(query, values))
    except sqlite3.Error:
        return


def _fit(names: Iterable[str]) -> Iterator[str]:
    """What a terminal may be shown."""
    return (name for name in names if name and name.isprintable())
