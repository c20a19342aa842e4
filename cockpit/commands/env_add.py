"""``pop-cockpit env add``: asks for an environment, tries it, and writes it down once that is wanted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from cockpit.commands import env_asking, env_test
from cockpit.commands.env_asking import Asker
from cockpit.commands.env_reference import reference
from cockpit.commands.keyboard import Keyboard, LeftError
from cockpit.commands.narrator import Narrator
from cockpit.commands.saying import SaidError
from cockpit.config import adding, secrets
from cockpit.config.environment import (
    Credential,
    EndpointSettings,
    Environment,
    WinRMSettings,
)
from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.config.targets import Target, exchange_target, winrm_target
from cockpit.doctor.chain import chain, presented

S = TypeVar("S", bound=EndpointSettings)
SAVED, BROKEN, NOT_SAVED = 0, 2, 3
LEFT: Final = 130


def run(options: argparse.Namespace, file: Path) -> int:
    """0 written, 2 it does not hold and was not written, 3 not wanted, 130 nobody answered any more.

    Raises ConfigError, also where something is missing and there is no terminal to ask on.
    """
    if not options.yes and not sys.stdin.isatty():
        raise SaidError(_("env add asks, and there is no terminal. Run it on one, or give all and --yes."))
    narrator = Narrator()
    asker = None if options.yes else Asker(Keyboard(narrator.prompt, _always), narrator)
    try:
        return _run(options, file, asker, narrator)
    except LeftError:
        narrator.say(_("Nothing was written."))
        return LEFT


def _run(options: argparse.Namespace, file: Path, asker: Asker | None, narrator: Narrator) -> int:
    if asker is not None:
        env_asking.fill(options, asker, lambda name: adding.why_not(file, name))
    made = environment_of(options)
    adding.refuse_unsound(made)
    if why := adding.why_not(file, made.name):
        raise SaidError(f"{file}: {spoken(why)}.")
    if asker is not None:
        chosen = _with_trust(made, asker, narrator)
        if chosen is None:
            narrator.say(_("Nothing was written."))
            return NOT_SAVED
        made = chosen
        adding.refuse_unsound(made)
    if not options.no_test:
        secrets.take_ticket_cache(made)
        code = env_test.narrated(chain(made, secrets.password(made)), narrator)
        if code not in env_test.HOLDS and not (
            asker and asker.yes(_("Not all of it holds. Write it down all the same"))
        ):
            narrator.say(_("Nothing was written."))
            return BROKEN
    narrator.say(_("This goes into {file}:").format(file=file))
    for line in adding.as_toml(made).splitlines():
        narrator.say(line, indent=2)
    if asker is not None and not asker.yes(_("Write it")):
        narrator.say(_("Nothing was written."))
        return NOT_SAVED
    adding.add(file, made, default=options.default)
    narrator.say(_("Written. Try: pop-cockpit --env {made} status").format(made=made.name))
    return SAVED


def _always() -> bool:
    return True


def environment_of(options: argparse.Namespace) -> Environment:
    """The environment that the options describe. Raises ConfigError for what is missing or is no value."""
    for key in ("name", "entry_server", "auth"):
        if not getattr(options, key):
            flag = "NAME" if key == "name" else f"--{key.replace('_', '-')}"
            raise SaidError(
                _("env add: {flag} is missing. Give it, or run it on a terminal, where it asks.").format(
                    flag=flag
                )
            )
    return Environment(
        name=options.name,
        entry_servers=tuple(options.entry_server),
        read_only=not options.allow_write,
        colour=options.colour,
        credential=Credential(
            user=options.user or "", password=reference(options), ccache=options.ccache or None
        ),
        exchange=EndpointSettings(
            auth=options.auth,
            port=options.port,
            verify=not options.no_verify,
            ca_file=_path(options.ca_file),
            pin=options.pin,
            certificate=_path(options.certificate),
            certificate_key=_path(options.certificate_key),
        ),
        winrm=WinRMSettings(
            enabled=not options.no_winrm,
            auth=options.winrm_auth or options.auth,
            port=options.winrm_port,
            verify=not options.no_verify,
            ca_file=_path(options.ca_file),
            pin=options.winrm_pin,
            certificate=_path(options.certificate),
            certificate_key=_path(options.certificate_key),
        ),
    )


def _path(given: str | None) -> str | None:
    return str(Path(given).expanduser().absolute()) if given else None


def _with_trust(environment: Environment, asker: Asker, narrator: Narrator) -> Environment | None:
    """With what the operator says about certificates that would be refused; None: nothing is to be done."""
    first = environment.entry_servers[0]
    exchange = _settled(environment.exchange, exchange_target(environment, first), asker, narrator)
    if exchange is None:
        return None
    made = msgspec.structs.replace(environment, exchange=exchange)
    if not made.winrm.enabled:
        return made
    if exchange.ca_file and not made.winrm.ca_file:
        with_ca = msgspec.structs.replace(made.winrm, ca_file=exchange.ca_file)
        made = msgspec.structs.replace(made, winrm=with_ca)
    winrm = _settled(made.winrm, winrm_target(made, first), asker, narrator)
    return None if winrm is None else msgspec.structs.replace(made, winrm=winrm)


def _settled(settings: S, target: Target, asker: Asker, narrator: Narrator) -> S | None:
    """The settings of one endpoint, its certificate settled; as they were where it cannot be looked at: the
    test says why. None: nothing is to be done."""
    if not target.tls or not target.verify or target.pin is not None:
        return settings
    found = presented(target)
    if found is None:
        return settings
    shown, trouble = found
    env_asking.tell(shown, narrator, f"{target.host}:{target.port}")
    if trouble is None:
        return settings
    chosen, file = env_asking.trusted(trouble, asker, narrator)
    match chosen:
        case "ca":
            return msgspec.structs.replace(settings, ca_file=file)
        case "pin":
            return msgspec.structs.replace(settings, pin=f"sha256:{shown.sha256}", ca_file=None)
        case "off":
            return msgspec.structs.replace(settings, verify=False, ca_file=None)
    return None
