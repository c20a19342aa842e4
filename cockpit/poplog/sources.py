"""The sources that servers or paths stand for. What the wire needs is imported when a server is named."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.poplog.errors import LogError
from cockpit.poplog.source import LogSource

if TYPE_CHECKING:
    from cockpit.config.environment import Environment, Secret


def on_servers(environment: Environment, secret: Secret | None, servers: Iterable[str]) -> list[LogSource]:
    """The POP3 log folder of each server. Nothing is dialled yet."""
    from cockpit.poplog.places import Places
    from cockpit.poplog.remote import RemoteFolder

    wanted = tuple(dict.fromkeys(servers))
    places = Places(environment, secret, wanted)
    return [
        RemoteFolder(environment, secret, server, partial(places.of, server), partial(places.forget, server))
        for server in wanted
    ]


def on_path(path: Path) -> tuple[LogSource, str]:
    """The folder at ``path``; for a file its folder and its name. Raises LogError."""
    from cockpit.poplog.local import LocalFolder

    try:
        if path.is_dir():
            return LocalFolder(path), ""
        path.stat()
    except OSError as error:
        raise LogError(f"{path} cannot be read", error.strerror or str(error)) from error
    return LocalFolder(path.parent), path.name
