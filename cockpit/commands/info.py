"""``pop-cockpit info``: every path and version it uses. ``env list``: the environments."""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from cockpit import __version__
from cockpit.commands import tables
from cockpit.config import environment as config
from cockpit.config.dangers import unverified
from cockpit.config.environment import ConfigError, Environment
from cockpit.config.language import N_, _
from cockpit.config.paths import paths
from cockpit.config.rules import ways

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


_COLUMNS: Final = (
    *("", "environment", "mode", N_("entry servers"), "servers"),
    *("sign-in", N_("password from"), "TLS"),
)
_STYLES: Final = {"write": "bold red", "verified": "green"}


def run(env_file: Path, form: str) -> int:
    """Print paths and versions."""
    places = paths()
    found = {
        "pop-cockpit": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        **{name: metadata.version(name) for name in LIBRARIES},
        "environment file": f"{env_file}{'' if env_file.exists() else _(' (not there)')}",
        "configuration": str(places.config),
        "state": str(places.state),
        "saved views": str(places.views),
        "typed commands": str(places.commands),
        "crash files": str(places.crashes),
        "collector log": str(places.collector_log),
        "hook log": str(places.hook_log),
        "cache": str(places.cache),
        **_watched(env_file),
    }
    if form == "json":
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:<17} {value}")
    return 0


def _watched(env_file: Path) -> dict[str, str]:
    """Which servers each environment is about; why that cannot be told."""
    if not env_file.exists():
        return {}
    try:
        found = config.load(env_file)[1]
    except ConfigError as error:
        return {"environments": str(error)}
    return {
        _("servers of {name}").format(name=name): servers(environment) for name, environment in found.items()
    }


def env_list(env_file: Path, form: str) -> int:
    """Print the environments of the file, and no secret of theirs. Raises ConfigError."""
    default, found = config.load(env_file)
    if form == "json":
        print(json.dumps([_plain(name == default, env) for name, env in found.items()], indent=2))
        return 0
    tables.show(_COLUMNS, [_row(name == default, env) for name, env in found.items()], _STYLES)
    return 0


def _plain(default: bool, environment: Environment) -> dict[str, Any]:
    return {
        "name": environment.name,
        "default": default,
        "entry_servers": list(environment.entry_servers),
        "include": list(environment.include),
        "exclude": list(environment.exclude),
        "read_only": environment.read_only,
        "user": environment.credential.user,
        "auth": environment.exchange.auth,
        "winrm_auth": environment.winrm.auth if environment.winrm.enabled else None,
        "credential": credential_kind(environment),
        "warning": unverified(environment),
        "colour": environment.colour,
    }


def _row(default: bool, environment: Environment) -> tuple[str, ...]:
    plain = _plain(default, environment)
    auths = dict.fromkeys((plain["auth"], plain["winrm_auth"] or _("no WinRM")))
    return (
        "*" if default else "",
        environment.name,
        "read-only" if environment.read_only else "write",
        ", ".join(environment.entry_servers),
        servers(environment),
        ", ".join(auths),
        plain["credential"],
        plain["warning"] or "verified",
    )


def servers(environment: Environment) -> str:
    """Which servers it is about, in words."""
    named = ", ".join(environment.include) or "all"
    return f"{named} but {', '.join(environment.exclude)}" if environment.exclude else named


def credential_kind(environment: Environment) -> str:
    """Where its password comes from; never the password."""
    held = environment.credential
    if held.password is None and environment.exchange.auth == "certificate":
        return _("none, a certificate")
    if held.password is None:
        return _("ticket cache {ccache}").format(ccache=held.ccache) if held.ccache else _("ticket cache")
    (way,) = ways(held.password)
    return way
