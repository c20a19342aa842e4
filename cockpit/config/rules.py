"""What the keys of an environment must be to each other, where each by itself is fine. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cockpit.config.language import N_
from cockpit.config.listing import both
from cockpit.config.trouble import KeyPath, Trouble

if TYPE_CHECKING:
    from cockpit.config.environment import EndpointSettings, Environment, PasswordReference

WAYS: Final = ("file", "env", "keyring", "command", "prompt")
"""Where a password may come from; exactly one."""
_TICKETS: Final = ("kerberos", "negotiate")


def troubles(environment: Environment, at: KeyPath) -> Iterator[Trouble]:
    """Everything in ``environment``, which stands at ``at`` of its file, that contradicts itself."""
    yield from _references(environment, at)
    yield from _sign_in(environment, at)
    for kind, settings in (("exchange", environment.exchange), ("winrm", environment.winrm)):
        yield from _endpoint(settings, (*at, kind))
    yield from _addresses(environment, at)
    yield from _journal(environment, at)


def ways(reference: PasswordReference) -> tuple[str, ...]:
    """The ways that are given in ``reference``."""
    return tuple(way for way in WAYS if getattr(reference, way))


def secret_variables(environment: Environment) -> frozenset[str]:
    """Names of the variables that hold its passwords."""
    references = (environment.credential.password, environment.journal.password)
    return frozenset(each.env for each in references if each is not None and each.env is not None)


def _references(environment: Environment, at: KeyPath) -> Iterator[Trouble]:
    held = (
        ("credential", environment.credential.password),
        ("journal", environment.journal.password),
    )
    for table, reference in held:
        given = ways(reference) if reference is not None else ("",)
        if not given:
            cure = N_("Give one of {ways}").format(ways=", ".join(WAYS))
            yield Trouble((*at, table, "password"), N_("does not say where the password comes from"), cure)
        elif len(given) > 1:
            what = N_("says {given}, and a password comes from one place").format(given=both(given))
            yield Trouble(
                (*at, table, "password", given[1]),
                what,
                N_("Keep one of {given}").format(given=", ".join(given)),
            )


def _sign_in(environment: Environment, at: KeyPath) -> Iterator[Trouble]:
    who, here = environment.credential, (*at, "credential")
    auths = {environment.exchange.auth, environment.winrm.auth}
    if who.ccache and not auths & set(_TICKETS):
        cure = N_('Set auth = "kerberos" for exchange or winrm, or take ccache out')
        yield Trouble((*here, "ccache"), N_("a ticket cache is for kerberos and negotiate only"), cure)
    if who.ccache and who.password is not None:
        cure = N_("Keep the ticket cache or the password")
        yield Trouble((*here, "ccache"), N_("with a password the ticket cache would not be used"), cure)
    if who.password is not None and who.password.keyring and not who.user:
        cure = N_("Give the user whose password the keyring holds")
        yield Trouble((*here, "user"), N_("is missing, and the keyring is asked by it"), cure)


def _endpoint(settings: EndpointSettings, at: KeyPath) -> Iterator[Trouble]:
    if settings.auth in ("basic", "certificate") and not settings.tls:
        what = N_('"{auth}" without TLS would show the sign-in to everybody on the way').format(
            auth=settings.auth
        )
        yield Trouble((*at, "auth"), what, N_("Take tls = false out, or choose kerberos, negotiate or ntlm"))
    for key in ("certificate", "certificate_key"):
        if settings.auth == "certificate" and not getattr(settings, key):
            cure = N_("Give certificate and certificate_key, the PEM files to sign in with")
            yield Trouble((*at, key), N_('is missing, and auth is "certificate"'), cure)
    for key in ("pin", "ca_file"):
        if not settings.verify and getattr(settings, key):
            what = N_("contradicts {key}: a certificate is verified against it, or not at all").format(
                key=key
            )
            yield Trouble((*at, "verify"), what, N_("Take verify = false out, or {key}").format(key=key))


def _addresses(environment: Environment, at: KeyPath) -> Iterator[Trouble]:
    for name, address in environment.addresses.items():
        for kind, url, settings in (
            ("exchange", address.exchange, environment.exchange),
            ("winrm", address.winrm, environment.winrm),
        ):
            path = (*at, "addresses", name, kind)
            if url is not None and not is_address(url):
                yield Trouble(
                    path,
                    N_("{url!r} is no address").format(url=url),
                    N_("Write it as https://server:port/path"),
                )
            elif url is not None and url.startswith("http:") and settings.auth in ("basic", "certificate"):
                what = N_('is without TLS, and auth is "{auth}"').format(auth=settings.auth)
                yield Trouble(path, what, N_("Write it as https://server:port/path"))


def is_address(url: str) -> bool:
    """Whether ``url`` names a scheme of ours, a host, and no impossible port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _journal(environment: Environment, at: KeyPath) -> Iterator[Trouble]:
    journal, here = environment.journal, (*at, "journal")
    on_disk = journal.url is not None and journal.url.startswith("sqlite:")
    if journal.group is not None and not on_disk:
        cure = N_('Give url = "sqlite:////folder/journal.sqlite", in a folder that the group shares')
        yield Trouble((*here, "group"), N_("a group shares a SQLite journal in a folder of its own"), cure)
    if journal.password is not None and (journal.url is None or on_disk):
        yield Trouble((*here, "password"), N_("a SQLite journal has no password"), N_("Take it out"))
