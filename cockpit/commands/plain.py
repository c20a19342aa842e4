"""Rows and views as plain data: what ``--format json`` prints of a recovery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from cockpit.exchange.text import clean_block
from cockpit.journal.records import Finding

_LEFT_OUT = frozenset({"book"})
"""The frozen runbook of a run: long, and its digest is there."""


def iso(moment: datetime | float | None) -> str | None:
    """ISO 8601 in UTC, whole seconds; a number is seconds since the epoch."""
    if moment is None:
        return None
    at = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """What ``json.dumps`` takes: snake_case names of the dataclasses, times as :func:`iso`.

    A finding also says whether it ``blocks`` and is ``overridable``. Every text is cleaned: JSON
    leaves C1 and bidirectional controls as they are.
    """
    if is_dataclass(value) and not isinstance(value, type):
        names = (f.name for f in fields(value) if f.name not in _LEFT_OUT)
        made = {name: _field(name, getattr(value, name)) for name in names}
        if isinstance(value, Finding):
            made |= {"blocks": value.blocks, "overridable": value.overridable}
        return made
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return clean_block(value)
    if isinstance(value, Mapping):
        return {clean_block(str(name)): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _field(name: str, value: Any) -> Any:
    timed = name.endswith("_at") or name == "at"
    if timed and isinstance(value, int | float) and not isinstance(value, bool):
        return iso(value)
    return plain(value)


def document(value: Any) -> str:
    """One JSON document to read."""
    return json.dumps(plain(value), ensure_ascii=False, indent=2)


def one_line(value: Any) -> str:
    """One JSON object on one line."""
    return json.dumps(plain(value), ensure_ascii=False)
