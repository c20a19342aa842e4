"""``pop-cockpit info``: every path and version it uses. ``env list``: the environments."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
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
from cockpit.config.spoken import spoken

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
    *("", N_("environment"), N_("mode"), N_("entry servers"), N_("servers")),
    *(N_("sign-in"), N_("password from"), "TLS"),
)
_STYLES: Final = {"write": "bold red", "verified": "green"}


def run(env_file: Path, form: str) -> int:
    """Print paths and versions."""
    says = _said if form == "json" else _
    places = paths()
    found = {
        "pop-cockpit": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        **{name: metadata.version(name) for name in LIBRARIES},
        N_("environment file"): str(env_file)
        if env_file.exists()
        else N_("{file} (not there)").format(file=env_file),
        N_("configuration"): str(places.config),
        N_("state"): str(places.state),
        N_("saved views"): str(places.views),
        N_("typed commands"): str(places.commands),
        N_("crash files"): str(places.crashes),
        N_("collector log"): str(places.collector_log),
        N_("hook log"): str(places.hook_log),
        N_("cache"): str(places.cache),
        **_watched(env_file, says),
    }
    if form == "json":
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{spoken(name):<17} {spoken(value)}")
    return 0


def _said(sentence: str) -> str:
    """In English: it is data."""
    return sentence


def _watched(env_file: Path, says: Callable[[str], str]) -> dict[str, str]:
    """Which servers each environment is about; why that cannot be told."""
    if not env_file.exists():
        return {}
    try:
        found = config.load(env_file)[1]
    except ConfigError as error:
        return {N_("environments"): str(error)}
    return {
        N_("servers of {name}").format(name=name): servers(environment, says)
        for name, environment in found.items()
    }


def env_list(env_file: Path, form: str) -> int:
    """Print the environments of the file, and no secret of theirs. Raises ConfigError."""
    default, found = config.load(env_file)
    if form == "json":
        print(json.dumps([_plain(name == default, env) for name, env in found.items()], indent=2))
        return 0
    tables.show(
        [_(column) if column else "" for column in _COLUMNS],
        [_row(name == default, env) for name, env in found.items()],
        _STYLES,
    )
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
    auths = dict.fromkeys((plain["auth"], plain["winrm_auth"] or N_("no WinRM")))
    return (
        "*" if default else "",
        environment.name,
        N_("read-only") if environment.read_only else N_("write"),
        ", ".join(environment.entry_servers),
        servers(environment, _),
        ", ".join(map(spoken, auths)),
        plain["credential"],
        plain["warning"] or N_("verified"),
    )


def servers(environment: Environment, says: Callable[[str], str]) -> str:
    """Which servers it is about, in words; ``says``: what gives a sentence in the language that is wanted."""
    named = ", ".join(environment.include) or says(N_("all"))
    excluded = ", ".join(environment.exclude)
    words = says(N_("{named} but {excluded}"))
    return words.format(named=named, excluded=excluded) if excluded else named


def credential_kind(environment: Environment) -> str:
    """Where its password comes from; never the password."""
    held = environment.credential
    if held.password is None and environment.exchange.auth == "certificate":
        return N_("none, a certificate")
    if held.password is None:
        return N_("ticket cache {ccache}").format(ccache=held.ccache) if held.ccache else N_("ticket cache")
    (way,) = ways(held.password)
    return way
