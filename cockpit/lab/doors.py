"""How a lab's endpoints let people in: the way to sign in, its TLS, and what a client needs to know of it."""

from __future__ import annotations

import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cockpit.lab.wire.acceptors import ChannelBinding, Hardening
from cockpit.lab.wire.auth import (
    Authenticator,
    Basic,
    ClientCertificate,
    Keys,
    Negotiate,
    install_ntlm_users,
)
from cockpit.lab.wire.certificate import Authority

AUTHS: Final = (
    *("basic-tls", "ntlm", "ntlm-tls", "negotiate", "negotiate-tls", "kerberos", "kerberos-tls"),
    "certificate",
)
HARDENINGS: Final[tuple[Hardening, ...]] = ("none", "relaxed", "strict")
BALANCED: Final = "mail"
"""The host of the name, in the organization's domain, that a load balancer in front of all servers would
have: every server knows the key of ``HTTP/mail.DOMAIN``, as with an ASA account (exchange-facts §5.1)."""


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """``keytab``: the servers' keys, ``HTTP/NAME`` for each by its short name, its FQDN and the load
    balancer's; wanted for Kerberos. ``hardening``: how strictly sign-ins over TLS are bound to it.
    ``kerberos_only``: the Exchange endpoint takes no NTLM, as the real one (exchange-facts §5.1)."""

    auth: str = "basic-tls"
    keytab: Path | None = None
    hardening: Hardening = "relaxed"
    kerberos_only: bool = False

    def check(self) -> None:
        """Raises ValueError for what cannot be."""
        if self.auth not in AUTHS:
            raise ValueError(f"auth is one of {', '.join(AUTHS)}, not {self.auth!r}")
        if self.auth.startswith("kerberos") and self.keytab is None:
            raise ValueError(f"auth {self.auth!r} wants a keytab with the servers' keys")


class Doors:
    """Of one lab. ``user`` and ``password`` are empty where Kerberos tickets are wanted; ``certificate`` and
    ``certificate_key`` are PEM files of the user's own, where that is how one signs in."""

    def __init__(self, options: DoorOptions, domain: str, folder: Path) -> None:
        options.check()
        self._options = options
        self._domain = domain
        self._protocol, _, over = options.auth.partition("-")
        self.tls: ssl.SSLContext | None = None
        self.authority: Authority | None = None
        self.ca_file = self.certificate = self.certificate_key = ""
        self._binding: ChannelBinding | None = None
        if over == "tls" or self._protocol == "certificate":
            self._open_tls(folder)
        self.user, self.password = self._account()
        if self._protocol in ("ntlm", "negotiate") and self.user:
            install_ntlm_users(folder / "ntlm-users", {self.user: self.password})

    def authenticator(self, names: frozenset[str], *, exchange: bool) -> Authenticator:
        """For an endpoint of the server of these names."""
        if self._protocol == "basic":
            return Basic({self.user: self.password})
        if self._protocol == "certificate":
            return ClientCertificate([self.user])
        keytab = self._options.keytab
        return Negotiate(
            self._protocol,
            # Exchange's front end has the provider Negotiate alone (§5.1); WinRM offers Kerberos too ([M]).
            schemes=("Negotiate",) if exchange else ("Negotiate", "Kerberos"),
            require_encryption=self.tls is None,
            keys=Keys(keytab, names | {f"{BALANCED}.{self._domain}"}) if keytab else None,
            binding=self._binding,
            ntlm_page=exchange and self._options.kerberos_only,
        )

    def _open_tls(self, folder: Path) -> None:
        self.authority = authority = Authority(folder / "ca.pem")
        people = self._protocol == "certificate"
        self.tls = authority.server_context(people=people)
        self.ca_file = str(authority.ca_path)
        self._binding = ChannelBinding(authority.end_point, self._options.hardening)
        if people:
            both = authority.person(self._upn, folder)
            self.certificate, self.certificate_key = map(str, both)

    @property
    def _upn(self) -> str:
        return f"operator@{self._domain}"

    def _account(self) -> tuple[str, str]:
        password = secrets.token_urlsafe(18)
        match self._protocol:
            case "certificate":
                return self._upn, ""
            case "basic":
                return self._upn, password
            case "ntlm" | "negotiate" if self._options.keytab is None:
                return "LAB\\operator", password
        return "", ""
