"""The sources that servers or paths stand for. What the wire needs is imported when a server is named."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cockpit.config.language import N_
from cockpit.poplog.errors import LogError
from cockpit.poplog.smb import SignIn, SmbFolder, Unc, unc_of
from cockpit.poplog.source import LogSource

if TYPE_CHECKING:
    from cockpit.config.environment import Environment
    from cockpit.config.secrets import Secret
    from cockpit.poplog.places import Places

_PROTOCOLS: Final = {"kerberos": "kerberos", "ntlm": "ntlm"}
"""How to sign in at a share, by the way that the WinRM endpoint takes."""


def on_servers(environment: Environment, secret: Secret | None, servers: Iterable[str]) -> list[LogSource]:
    """The POP3 log folder of each server, over the way the environment names. Nothing is dialled yet."""
    from cockpit.poplog.places import Places

    wanted = tuple(dict.fromkeys(servers))
    places = Places(environment, secret, wanted)
    make = _share if environment.logs == "smb" else _remote
    return [make(environment, secret, server, places) for server in wanted]


def _remote(environment: Environment, secret: Secret | None, server: str, places: Places) -> LogSource:
    from cockpit.poplog.remote import RemoteFolder

    place, forget = partial(places.of, server), partial(places.forget, server)
    return RemoteFolder(environment, secret, server, place, forget, places.winrm)


def _share(environment: Environment, secret: Secret | None, server: str, places: Places) -> LogSource:
    def unc() -> Unc:
        place = places.of(server)
        return unc_of(place.fqdn or place.server, place.folder)

    return SmbFolder(server, unc, _sign_in(environment, secret))


def on_share(
    environment: Environment, secret: Secret | None, server: str, fqdn: str, folder: str
) -> LogSource:
    """``folder`` of one server over its share, where it is known already. Nothing is dialled yet."""
    return SmbFolder(server, lambda: unc_of(fqdn or server, folder), _sign_in(environment, secret))


def _sign_in(environment: Environment, secret: Secret | None) -> SignIn:
    protocol = _PROTOCOLS.get(environment.winrm.auth, "negotiate")
    password = None if secret is None else secret.value
    return SignIn(environment.credential.user, password, protocol, environment.winrm.connect_seconds)


def on_path(path: Path, label: str = "") -> tuple[LogSource, str]:
    """The folder at ``path``; for a file its folder and its name. ``label``: what to call it, else by its
    own name. Raises LogError."""
    from cockpit.poplog.local import LocalFolder

    try:
        if path.is_dir():
            return LocalFolder(path, label=label), ""
        path.stat()
    except OSError as error:
        raise LogError(N_("{path} cannot be read").format(path=path), error.strerror or str(error)) from error
    return LocalFolder(path.parent, label=label), path.name
