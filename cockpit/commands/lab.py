"""``pop-cockpit lab serve | scenarios | ledger``."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from cockpit.commands.saying import SaidError
from cockpit.config import environment as config
from cockpit.config.environment import (
    Address,
    Credential,
    EndpointSettings,
    Environment,
    JournalSettings,
    LabSettings,
    PasswordReference,
    Polling,
    RecoverySettings,
    WinRMSettings,
)
from cockpit.config.language import _
from cockpit.config.paths import paths, private_dir, write_private
from cockpit.config.spoken import spoken

if TYPE_CHECKING:
    from cockpit.lab.rehearsal import Blueprint
    from cockpit.lab.serve import LabAddresses, ServerAddress
    from cockpit.lab.wire.acceptors import Hardening


REHEARSAL: Final = "rehearsal-"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What ``lab serve`` was asked for. ``ready_file``: where the environment file goes. ``rehearsal``: the
    blueprint of the organization, in place of one of so many servers."""

    scenario: str
    servers: int | None
    speed: float
    seed: int
    port: int
    auth: str
    keytab: Path | None
    hardening: str
    kerberos_only: bool
    ready_file: Path | None
    die_with_stdin: bool
    one_budget: bool
    rehearsal: Path | None = None


def serve(options: ServeOptions) -> int:
    """Serve until told to stop. Prints the environment file's path on stdout when ready."""
    from cockpit.lab.scenarios import SCENARIOS
    from cockpit.lab.serve import LabOptions
    from cockpit.lab.serve import serve as serve_lab

    _check_keytab(options)
    if options.scenario not in SCENARIOS:
        words = _("--scenario {scenario}: choose from {scenarios}.")
        raise SaidError(words.format(scenario=options.scenario, scenarios=", ".join(SCENARIOS)))

    blueprint = _blueprint(options.rehearsal)
    name = f"lab-{options.scenario}" if blueprint is None else rehearsal_name(blueprint.source)
    with _folder(options.ready_file) as state, _in_words():

        def on_ready(addresses: LabAddresses) -> None:
            target = options.ready_file or state / "environment.toml"
            _write_environment(target, state, name, addresses, options.speed)
            print(target, flush=True)
            print(
                _(
                    "lab {organization}: {count} servers, scenario {scenario}, seed {seed}, speed "
                    "{speed:g}. Connect with: pop-cockpit --env-file {target}"
                ).format(
                    organization=addresses.organization,
                    count=len(addresses.servers),
                    scenario=options.scenario,
                    seed=options.seed,
                    speed=options.speed,
                    target=target,
                ),
                file=sys.stderr,
                flush=True,
            )

        asyncio.run(
            serve_lab(
                LabOptions(
                    scenario=options.scenario,
                    servers=options.servers,
                    speed=options.speed,
                    seed=options.seed,
                    port=options.port,
                    auth=options.auth,
                    keytab=options.keytab,
                    hardening=cast("Hardening", options.hardening),
                    kerberos_only=options.kerberos_only,
                    state_dir=state,
                    die_with_stdin=options.die_with_stdin,
                    one_budget=options.one_budget,
                    rehearsal=blueprint,
                ),
                on_ready,
            )
        )
    return 0


def _blueprint(path: Path | None) -> Blueprint | None:
    """Raises ConfigError."""
    from cockpit.lab.rehearsal import RehearsalError, read

    try:
        return None if path is None else read(path)
    except RehearsalError as error:
        raise config.ConfigError(f"--rehearsal {error}") from error


@contextmanager
def _in_words() -> Iterator[None]:
    from cockpit.lab.rehearsal import RehearsalError

    try:
        yield
    except RehearsalError as error:
        raise config.ConfigError(f"{error}.") from error


def rehearsal_name(source: str) -> str:
    """What the environment of a rehearsal is called: never as the one that was recorded."""
    return f"{REHEARSAL}{re.sub(r'[^A-Za-z0-9_.-]+', '-', source)}"


def _check_keytab(options: ServeOptions) -> None:
    """Raises ConfigError."""
    if not options.auth.startswith(("kerberos", "negotiate")):
        return
    if options.keytab is None:
        if options.auth.startswith("kerberos"):
            words = _("--auth {auth}: give --keytab (or KRB5_KTNAME), with HTTP/NAME of every server.")
            raise SaidError(words.format(auth=options.auth))
        return
    if not options.keytab.is_file():
        words = _("--keytab {file}: there is no such file. Make it with ktadd.")
        raise SaidError(words.format(file=options.keytab))
    if find_spec("gssapi") is None:
        raise SaidError(_("--keytab: Kerberos wants more: pip install 'pop-cockpit[kerberos]'."))


@contextmanager
def _folder(ready_file: Path | None) -> Iterator[Path]:
    """Where the lab's CA and throw-away password live: beside the environment file that names them and
    as long as it, or in a folder of its own that ends with the lab."""
    if ready_file is not None:
        yield private_dir(ready_file.with_name(f"{ready_file.name}.d").absolute())
        return
    with tempfile.TemporaryDirectory(prefix="lab-", dir=private_dir(paths().state)) as folder:
        yield Path(folder)


def _write_environment(target: Path, state: Path, name: str, addresses: LabAddresses, speed: float) -> None:
    """The environment of a lab: an ordinary one, with waits as much shorter as the lab's clock is faster."""
    token = state / "token"
    write_private(token, addresses.control_token)
    config.save(
        target,
        Environment(
            name=name,
            # The names may be those of real servers: every screen has a strip that says what this is.
            colour="cyan" if name.startswith(REHEARSAL) else None,
            entry_servers=_entry_servers(addresses.servers),
            read_only=False,
            credential=credential_of(addresses, state),
            exchange=EndpointSettings(**dialled(addresses)),
            winrm=WinRMSettings(**dialled(addresses)),
            addresses={
                s.name: Address(exchange=s.exchange_url, winrm=s.winrm_url) for s in addresses.servers
            },
            polling=Polling(interval=10.0, winrm_interval=60.0),
            recovery=_recovery(speed),
            # Of its own: what was done to a lab that has ended is no obligation of anybody's.
            journal=JournalSettings(url=f"sqlite:///{state / 'journal.sqlite'}"),
            lab=LabSettings(control=addresses.control_url, token_file=str(token)),
        ),
    )


def dialled(addresses: LabAddresses, connect_seconds: float = 5.0) -> dict[str, Any]:
    """How a lab's endpoints of both kinds are dialled: fields of EndpointSettings.

    Every server is on loopback, so the SPN is not for the name dialled.
    """
    auth, _, over = addresses.auth.partition("-")
    return {
        "auth": auth,
        "tls": over == "tls" or auth == "certificate",
        "ca_file": addresses.ca_file or None,
        "spn_host": "{fqdn}" if auth in ("kerberos", "negotiate") else "",
        "certificate": addresses.certificate or None,
        "certificate_key": addresses.certificate_key or None,
        "connect_seconds": connect_seconds,
    }


def credential_of(addresses: LabAddresses, folder: Path) -> Credential:
    """Its user, with the password in a private file of ``folder``; nothing where tickets are wanted."""
    if not addresses.password:
        return Credential(user=addresses.user)
    write_private(folder / "password", addresses.password)
    return Credential(user=addresses.user, password=PasswordReference(file=str(folder / "password")))


def _recovery(speed: float) -> RecoverySettings:
    usual = RecoverySettings()
    faster = max(speed, 1.0)
    return RecoverySettings(
        wait=usual.wait / faster,
        verify_gap=usual.verify_gap / faster,
        poll=max(usual.poll / faster, 0.5),
        linger=600.0,
    )


def _entry_servers(servers: tuple[ServerAddress, ...]) -> tuple[str, ...]:
    """Up to three servers of the whole row to dial: when one is taken down the others are still there."""
    return tuple(dict.fromkeys(servers[n].name for n in (-1, len(servers) // 2, 0)))


def scenarios(form: str) -> int:
    """Print what each scenario breaks and what cures it."""
    from cockpit.lab.scenarios import SCENARIOS, Group

    if form == "json":
        listed = [
            {"name": s.name, "group": s.group.value, "title": s.title, "servers": s.servers}
            | {"breaks": s.breaks, "sees": s.sees, "cure": s.cure}
            for s in SCENARIOS.values()
        ]
        print(json.dumps(listed, indent=2, ensure_ascii=False))
        return 0
    for group in Group:
        print(f"-- {group.value}")
        for scenario in SCENARIOS.values():
            if scenario.group is group:
                print(f"{scenario.name}: {scenario.title} ({scenario.servers} servers)")
                print(f"    breaks: {scenario.breaks}")
                print(f"    sees:   {scenario.sees}")
                print(f"    cure:   {scenario.cure}")
    return 0


def ledger(environment: Environment, since: int, form: str) -> int:
    """Print the lab's own record of what it executed and what changed. Raises ConfigError."""
    from cockpit.lab import control_client

    url, token = control(environment)
    try:
        found = control_client.ledger(url, token, since)
    except OSError as error:
        return _no_answer(url, error)
    if form == "json":
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    for entry in found:
        print(json.dumps(entry, ensure_ascii=False))
    return 0


def _no_answer(url: str, error: OSError) -> int:
    from cockpit.lab.control_client import RefusedError

    if isinstance(error, RefusedError):
        print(_("The lab refuses: {error}.").format(error=spoken(str(error))), file=sys.stderr)
        return 2
    print(
        _("The lab at {url} does not answer: {error}. Is it still running?").format(url=url, error=error),
        file=sys.stderr,
    )
    return 3


def knob(environment: Environment, server: str, values: list[str]) -> int:
    """Turn knobs of one server, or of all (``*``); prints those of each as JSON. Raises ConfigError."""
    from cockpit.lab import control_client

    url, token = control(environment)
    try:
        print(json.dumps(control_client.set_knobs(url, token, server, **_pairs(values)), indent=2))
    except OSError as error:
        return _no_answer(url, error)
    return 0


def act(environment: Environment, server: str, action: str, values: list[str]) -> int:
    """Do something to a server; prints what was done as JSON. Raises ConfigError."""
    from cockpit.lab import control_client

    url, token = control(environment)
    try:
        print(json.dumps(control_client.act(url, token, server, action, **_pairs(values)), indent=2))
    except OSError as error:
        return _no_answer(url, error)
    return 0


def _pairs(values: list[str]) -> dict[str, Any]:
    """``name=value``; a value that is no JSON is text. Raises ConfigError for one without a sign."""
    found: dict[str, Any] = {}
    for value in values:
        name, sign, given = value.partition("=")
        if not sign or not name.isidentifier():
            raise SaidError(_("{value}: give NAME=VALUE.").format(value=value))
        try:
            found[name] = json.loads(given)
        except ValueError:
            found[name] = given
    return found


def control(environment: Environment) -> tuple[str, str]:
    """The lab's control address and token. Raises ConfigError when the environment is no lab's."""
    if environment.lab is None:
        raise SaidError(
            _(
                "Environment {environment!r} is not a lab's: it has no [lab] table. Give --env-file of a lab."
            ).format(environment=environment.name)
        )
    try:
        token = Path(environment.lab.token_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SaidError(
            _("{file}: {reason}. The lab has ended; start another.").format(
                file=environment.lab.token_file, reason=error.strerror
            )
        ) from None
    return environment.lab.control, token
