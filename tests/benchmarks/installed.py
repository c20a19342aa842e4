"""Programs that the benchmarks compare with, each in an environment of its own.

Python ones are installed by pip, once, into a folder of the user's cache; whatever index pip is set up for is
asked. What cannot be had is said, and its figures are missing.
"""

from __future__ import annotations

import shutil
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import platformdirs

INSTALL_SECONDS: Final = 300.0
_MADE: Final = "installed"


class Wanted(NamedTuple):
    """A program. ``requirements``: for pip; empty for one of the system. ``program``: its file's name."""

    name: str
    program: str
    requirements: tuple[str, ...] = ()


POSTING: Final = Wanted("posting", "posting", ("posting==2.11.1", "tree-sitter<0.26"))
"""With tree-sitter 0.26 a fresh install of it ends in a segmentation fault (terminal-ui §5)."""
HARLEQUIN: Final = Wanted("harlequin", "harlequin", ("harlequin==2.17.0",))
TOOLONG: Final = Wanted("toolong", "tl", ("toolong==1.5.0",))
HTOP: Final = Wanted("htop", "htop")


class Found(NamedTuple):
    """``path``: of the program, None where it cannot be had; then ``why`` not."""

    path: str | None
    why: str = ""


def find(wanted: Wanted, say: Callable[[str], None]) -> Found:
    """The program, installed first where that was not done before."""
    if not wanted.requirements:
        path = shutil.which(wanted.program)
        return Found(path, "" if path else f"{wanted.name} is not installed on this machine")
    folder = _folder(wanted)
    if not (folder / _MADE).exists():
        say(f"installing {wanted.name}")
        if why := _install(wanted, folder):
            shutil.rmtree(folder, ignore_errors=True)
            return Found(None, f"{wanted.name} could not be installed: {why}")
    return Found(str(folder / "bin" / wanted.program))


def _folder(wanted: Wanted) -> Path:
    name = "-".join(wanted.requirements).replace("==", "-").replace("<", "-below-")
    return platformdirs.user_cache_path("pop-cockpit-benchmarks") / name


def _install(wanted: Wanted, folder: Path) -> str:
    """Why it could not be done; empty when it was."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(
            [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted.requirements],
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return type(error).__name__
    if done.returncode == 0 and (folder / "bin" / wanted.program).exists():
        (folder / _MADE).touch()
        return ""
    return f"pip ended with exit code {done.returncode}"
