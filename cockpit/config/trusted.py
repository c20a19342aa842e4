"""Files that decide what we do or hold what nobody else may know: whose they are, who else may touch them."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import Final

from cockpit.config.language import N_

ROOT: Final = 0
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def why_not_trusted(path: Path, found: os.stat_result) -> str:
    """Why a configuration may not be followed: somebody else could have written it. Empty: it may.

    One sentence with its cure. ``found``: of the opened file, so that nobody can put another in its place.
    """
    if os.name != "posix":
        return ""
    if problem := _of_another(path, found):
        return problem
    if found.st_mode & _OTHERS_WRITE:
        return N_("others can write this file. Run: chmod go-w {path}").format(path=shlex.quote(str(path)))
    return ""


def why_not_private(path: Path, found: os.stat_result, what: str) -> str:
    """Why a secret may not be taken from this file: others can read it, or somebody else wrote it."""
    if os.name != "posix":
        return ""
    if found.st_mode & _OTHERS:
        return N_("others can read this {what}. Run: chmod 600 {path}").format(
            what=what, path=shlex.quote(str(path))
        )
    return _of_another(path, found)


def _of_another(path: Path, found: os.stat_result) -> str:
    """A file of another user is that user's to change, whatever its mode."""
    if found.st_uid in (os.geteuid(), ROOT):
        return ""
    return N_("it belongs to another user (uid {owner}). Make it your own: chown {me} {path}").format(
        owner=found.st_uid, me=os.geteuid(), path=shlex.quote(str(path))
    )


def opened_text(path: Path) -> tuple[str, os.stat_result]:
    """The text of ``path`` and what it was when it was opened. Raises OSError, UnicodeDecodeError."""
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        return file.read().decode("utf-8"), found
