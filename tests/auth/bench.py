"""Endpoints of both kinds that want every way to sign in, and the product's sessions with them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from cockpit.config.secrets import Secret
from cockpit.config.targets import Target
from cockpit.exchange.session import EXCHANGE, WINRM, Session
from cockpit.lab.cmdlet import Cmdlet, CmdletTable
from cockpit.lab.doors import DoorOptions, Doors
from cockpit.lab.wire.certificate import Authority
from cockpit.lab.wire.endpoint import CallRecord, Endpoint, LanguageMode
from tests.exchange.conftest import get_server_health, start_slow
from tests.support.kdc import DOMAIN, PASSWORD, USER, Kdc, variables

_T = TypeVar("_T")

SHORT = "EX01"
SERVER = f"{SHORT}.{DOMAIN}"
BALANCED = f"mail.{DOMAIN}"
SERVICES = (SERVER.lower(), SHORT.lower(), BALANCED, f"ex02.{DOMAIN}")
KINDS = {EXCHANGE: "/PowerShell", WINRM: "/wsman"}


@dataclass(frozen=True)
class Mode:
    """One way to sign in. ``lab``: the lab's word for it; ``client``: the product's.
    ``by``: where Kerberos has its tickets, ``cache`` or ``password``; empty for no Kerberos."""

    name: str
    lab: str
    client: str
    by: str = ""

    @property
    def sealed(self) -> bool:
        return not self.lab.endswith("-tls") and self.lab != "certificate"


MODES = {
    m.name: m
    for m in (
        Mode("basic-tls", "basic-tls", "basic"),
        Mode("ntlm", "ntlm", "ntlm"),
        Mode("ntlm-tls", "ntlm-tls", "ntlm"),
        Mode("negotiate-ntlm", "negotiate", "negotiate"),
        Mode("negotiate-ntlm-tls", "negotiate-tls", "negotiate"),
        Mode("negotiate-kerberos", "negotiate", "negotiate", "cache"),
        Mode("negotiate-kerberos-tls", "negotiate-tls", "negotiate", "cache"),
        Mode("negotiate-kerberos-password", "negotiate", "negotiate", "password"),
        Mode("kerberos", "kerberos", "kerberos", "cache"),
        Mode("kerberos-tls", "kerberos-tls", "kerberos", "cache"),
        Mode("kerberos-password", "kerberos", "kerberos", "password"),
        Mode("kerberos-password-tls", "kerberos-tls", "kerberos", "password"),
        Mode("certificate", "certificate", "certificate"),
    )
}


@dataclass
class Bench:
    """``endpoint``: what is signed in at. ``cache``: the operator's tickets, where they are wanted."""

    loop: asyncio.AbstractEventLoop
    endpoint: Endpoint
    target: Target
    user: str
    password: str
    configuration: str
    cache: Path | None
    kdc: Kdc | None
    authority: Authority | None
    calls: list[CallRecord]
    sessions: list[Session] = field(default_factory=list)

    def do(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def session(self, *, user: str | None = None, password: str | None = None, **target: Any) -> Session:
        """One with the bench's endpoint, other in what is given."""
        secret = self.password if password is None else password
        made = Session(
            msgspec.structs.replace(self.target, **target),
            self.configuration,
            self.user if user is None else user,
            Secret(secret) if secret else None,
        )
        self.sessions.append(made)
        return made

    def shells(self) -> list[str]:
        return [s.id for s in self.endpoint.shells()]

    def lose_connections(self) -> None:
        self.do(self.endpoint._http.hang_up(abort=True))


@contextmanager
def bench(
    mode: Mode, folder: Path, kdc: Kdc | None, configuration: str = EXCHANGE, **options: Any
) -> Iterator[Bench]:
    """One for as long as the block lasts. ``options``: of DoorOptions."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    doors_options = DoorOptions(mode.lab, keytab=kdc.keytab if kdc and mode.by else None)
    doors = Doors(replace(doors_options, **options), DOMAIN, folder)
    calls: list[CallRecord] = []
    endpoint = Endpoint(
        server=SHORT,
        configuration=configuration,
        path=KINDS[configuration],
        table=CmdletTable(
            [
                Cmdlet("Get-ServerHealth", get_server_health, frozenset({"Identity", "HealthSet"})),
                Cmdlet("Start-Slow", start_slow, frozenset()),
            ]
        ),
        authenticator=doors.authenticator(frozenset({SERVER, SHORT}), exchange=configuration == EXCHANGE),
        language=LanguageMode.RESTRICTED,
        tls=doors.tls,
        on_call=calls.append,
    )
    port = asyncio.run_coroutine_threadsafe(endpoint.start(), loop).result(10)
    cache = kdc.kinit(folder / "tickets") if kdc and mode.by == "cache" else None
    made = Bench(
        loop,
        endpoint,
        _target(mode, doors, port, configuration),
        USER if mode.by == "password" else doors.user,
        PASSWORD if mode.by == "password" else doors.password,
        configuration,
        cache,
        kdc,
        doors.authority,
        calls,
    )
    try:
        with variables({"KRB5CCNAME": str(cache)} if cache else {}):
            yield made
    finally:
        for session in made.sessions:
            session.close()
        made.do(endpoint.stop(abort=True))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def _target(mode: Mode, doors: Doors, port: int, configuration: str) -> Target:
    return Target(
        server=SHORT,
        host="127.0.0.1",
        port=port,
        path=KINDS[configuration].strip("/"),
        tls=doors.tls is not None,
        auth=mode.client,  # type: ignore[arg-type]
        ca_file=doors.ca_file or None,
        service="HTTP",
        connect_seconds=5.0,
        spn_host=SERVER.lower() if mode.by else "",
        certificate=doors.certificate or None,
        certificate_key=doors.certificate_key or None,
    )
