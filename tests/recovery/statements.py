"""Journals opened by the hundred: what SQLAlchemy has compiled for one, all others of its kind use too.

Compiled statements live with an engine, and a third of a short-lived worker's work is to compile them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from unittest import mock

import sqlalchemy as sa

from cockpit.journal import database
from cockpit.journal.records import Actor
from cockpit.journal.store import Journal, open_journal

_FIRST: Final[dict[str, sa.Engine]] = {}
_make = database._engine


def _sharing(url: sa.URL) -> sa.Engine:
    engine = _make(url)
    first = _FIRST.setdefault(engine.dialect.name, engine)
    # The cache is asked by dialect object and statement.
    engine.dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    return engine


def open_shared(url: str, actor: Actor, folder: Path) -> Journal:
    """As ``open_journal``, with keys and checkpoints in ``folder``."""
    with mock.patch.object(database, "_engine", _sharing):
        return open_journal(url, actor, keys=folder / "keys", checkpoints=folder / "checkpoints.jsonl")
