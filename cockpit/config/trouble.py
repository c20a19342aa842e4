"""Something that is wrong in a file of settings."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Names of tables and keys from the root; a number is a place in an array, from 0."""


class Trouble(NamedTuple):
    """``path``: the key; it may be one that is missing. ``what`` and ``cure``: a sentence each, without
    their full stops."""

    path: KeyPath
    what: str
    cure: str
