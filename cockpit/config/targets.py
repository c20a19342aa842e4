"""Where a server's endpoints are: names, ports, paths and how to sign in there, complete."""

from __future__ import annotations

import msgspec

from cockpit.config.environment import Address, Auth, EndpointSettings, Environment, url_parts


class Target(msgspec.Struct, frozen=True):
    """One endpoint to dial, complete. What the fields mean: EndpointSettings.

    ``ca_file`` None: the system's CAs. ``spn_host`` empty: the SPN is for ``host``.
    """

    server: str
    host: str
    port: int
    path: str
    tls: bool
    auth: Auth
    ca_file: str | None
    service: str
    connect_seconds: float
    verify: bool = True
    pin: str | None = None
    spn_host: str = ""
    channel_binding: bool = True
    certificate: str | None = None
    certificate_key: str | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}/{self.path}"


def exchange_target(environment: Environment, server: str, fqdn: str = "") -> Target:
    """Where the Exchange endpoint of ``server`` is: an explicit address, else /PowerShell on 443 or 80."""
    settings = environment.exchange
    port = settings.port or (443 if settings.tls else 80)
    url = _address(environment, server).exchange
    return _target(_Names(server, server, fqdn), settings, url, port, "PowerShell")


def winrm_target(environment: Environment, server: str, fqdn: str = "") -> Target:
    """Where the WinRM endpoint of ``server`` is: an explicit address, else /wsman on 5986 or 5985."""
    settings = environment.winrm
    port = settings.port or (5986 if settings.tls else 5985)
    url = _address(environment, server).winrm
    return _target(_Names(server, fqdn or server, fqdn), settings, url, port, "wsman")


class _Names(msgspec.Struct, frozen=True):
    """What a server is called: ``server`` as asked for, ``dialled`` where nothing else is said, its ``fqdn``
    where it is known."""

    server: str
    dialled: str
    fqdn: str

    def filled(self, template: str) -> str:
        return template.format(name=self.server.split(".")[0], fqdn=self.fqdn or self.server)


def _address(environment: Environment, server: str) -> Address:
    wanted = server.lower()
    short = wanted.split(".")[0]
    for name, address in environment.addresses.items():
        if name.lower() in (wanted, short):
            return address
    return Address()


def _target(names: _Names, settings: EndpointSettings, url: str | None, port: int, path: str) -> Target:
    host, tls = names.filled(settings.host) or names.dialled, settings.tls
    if url is not None:
        parts = url_parts(url)
        host, tls = parts.hostname or host, parts.scheme == "https"
        port, path = parts.port or port, parts.path.lstrip("/") or path
    elif settings.path:
        path = settings.path.lstrip("/")
    return Target(
        server=names.server,
        host=host,
        port=port,
        path=path,
        tls=tls,
        auth=settings.auth,
        ca_file=settings.ca_file,
        service=settings.service,
        connect_seconds=settings.connect_seconds,
        verify=settings.verify,
        pin=settings.pin,
        spn_host=names.filled(settings.spn_host),
        channel_binding=settings.channel_binding,
        certificate=settings.certificate,
        certificate_key=settings.certificate_key,
    )
