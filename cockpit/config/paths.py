"""Where things live, by the platform's own rules. Everything private is created for the user alone."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from cockpit.frozen import dataclass

APP = "pop-cockpit"


@dataclass(frozen=True, slots=True)
class Paths:
    """Folders of this program. ``config``: environments; ``state``: logs, saved views, crash files;
    ``cache``: what may be deleted."""

    config: Path
    state: Path
    cache: Path

    @property
    def environments(self) -> Path:
        return self.config / "environments.toml"

    @property
    def themes(self) -> Path:
        """The operator's own colours of the screen."""
        return self.config / "themes"

    @property
    def chosen_theme(self) -> Path:
        return self.state / "theme.toml"

    @property
    def crashes(self) -> Path:
        return self.state / "crashes"

    @property
    def views(self) -> Path:
        return self.state / "views"

    @property
    def recordings(self) -> Path:
        return self.state / "recordings"

    @property
    def bookmarks(self) -> Path:
        """A file of bookmarks for each environment."""
        return self.state / "bookmarks"

    @property
    def commands(self) -> Path:
        """What was typed on the screens' command line."""
        return self.state / "commands"

    @property
    def journal(self) -> Path:
        """The SQLite journal's folder: database, key, checkpoints."""
        return self.state / "journal"

    @property
    def runs(self) -> Path:
        """Logs of the runs' processes."""
        return self.state / "runs"

    @property
    def bundles(self) -> Path:
        return self.state / "bundles"

    @property
    def collector_log(self) -> Path:
        return self.state / "collector.log"

    @property
    def hook_log(self) -> Path:
        """What the operator's hooks said."""
        return self.state / "hook.log"

    @property
    def reader_log(self) -> Path:
        """Of the process that reads servers' logs for the Logs screen."""
        return self.state / "log-reader.log"


def paths() -> Paths:
    """The folders for this user. Nothing is created."""
    dirs = platformdirs.PlatformDirs(APP, appauthor=False)
    return Paths(
        config=dirs.user_config_path,
        state=dirs.user_state_path,
        cache=dirs.user_cache_path,
    )


def private_dir(path: Path) -> Path:
    """``path``, created if missing, readable by the user alone; so is every folder above it that is missing:
    whoever may write into one of those could put another in its place, and a umask may be 0."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True, mode=0o700)
    path.mkdir(exist_ok=True, mode=0o700)  # FileExistsError where it is a file
    return path


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` so that nobody else can read it, at no moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
