"""``pop-cockpit info``: every path and version it uses. ``env list``: the environments."""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from pathlib import Path

from cockpit import __version__
from cockpit.config import environment as config
from cockpit.config.paths import paths

LIBRARIES = (
    "textual",
    "rich",
    "pypsrp",
    "pyspnego",
    "requests",
    "psrpcore",
    "h11",
    "msgspec",
    "platformdirs",
)


def run(env_file: Path, form: str) -> int:
    """Print paths and versions."""
    places = paths()
    found = {
        "pop-cockpit": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        **{name: metadata.version(name) for name in LIBRARIES},
        "environment file": f"{env_file}{'' if env_file.exists() else ' (not there)'}",
        "configuration": str(places.config),
        "state": str(places.state),
        "saved views": str(places.views),
        "crash files": str(places.crashes),
        "collector log": str(places.collector_log),
        "cache": str(places.cache),
    }
    if form == "json":
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:<17} {value}")
    return 0


def env_list(env_file: Path, form: str) -> int:
    """Print the environments of the file. Raises ConfigError."""
    default, found = config.load(env_file)
    if form == "json":
        listed = [
            {
                "name": name,
                "default": name == default,
                "entry_servers": list(env.entry_servers),
                "read_only": env.read_only,
                "user": env.credential.user,
                "auth": env.exchange.auth,
            }
            for name, env in found.items()
        ]
        print(json.dumps(listed, indent=2))
        return 0
    for name, env in found.items():
        mark = "*" if name == default else " "
        mode = "read-only" if env.read_only else "write"
        print(f"{mark} {name}  {mode}  {env.exchange.auth}  {', '.join(env.entry_servers)}")
    return 0
