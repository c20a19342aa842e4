"""Endpoints, judged: plain functions from readings to findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cockpit.config.language import N_
from cockpit.config.targets import Target
from cockpit.doctor.endpoint import link_of
from cockpit.doctor.findings import (
    FAILED,
    Finding,
    Judged,
    State,
    broken,
    finding,
    needs,
    ok,
    unknown,
    unused,
    warning,
)
from cockpit.doctor.readings import Answer, Certificate, Network, Opening, Trouble
from cockpit.doctor.table import CHECKS
from cockpit.exchange.errors import ExchangeError, NotGrantedError
from cockpit.exchange.kerberos import CLOCK_LIMIT
from cockpit.exchange.session import EXCHANGE, WINRM
from cockpit.exchange.signin import SEALING

ENDPOINT: Final = ("name", "port", "tls", "path", "clock", "spn", "sign-in", "shell")
"""The links of an endpoint, from below."""
_BY_OPENING: Final = ("spn", "sign-in", "shell")
"""Links that only opening a shell tells of."""
_RIGHTS: Final = {
    EXCHANGE: N_("The account wants RemotePowerShellEnabled and a management role."),
    WINRM: N_("The account must be a local administrator of that server."),
}
"""Exchange-facts §5.1 and §3."""
SKEW_WARNING: Final = 60.0
EXPIRES_SOON: Final = timedelta(days=21)
_NOT_FOUND, _REDIRECTS = 404, range(300, 400)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was read of one endpoint. ``configuration``: EXCHANGE or WINRM. ``opening`` None: it was not
    come to. ``ticket``: the finding on this host's ticket, where one is used. ``now``: here."""

    subject: str
    target: Target
    configuration: str
    network: Network
    opening: Opening | None
    ticket: Finding | None
    now: datetime


def endpoint(seen: Seen) -> tuple[Finding, ...]:
    """A finding for each link. Where one is broken, those above it are not checked."""
    failed_at = None if seen.opening is None or seen.opening.error is None else link_of(seen.opening.error)
    found: dict[str, Finding] = {}
    for check in ENDPOINT:
        found[check] = finding(check, seen.subject, _judged(check, seen, found, failed_at))
    return tuple(found.values())


def _judged(check: str, seen: Seen, found: Mapping[str, Finding], failed_at: str | None) -> Judged:
    if check == "spn" and not uses_kerberos(seen.target):
        return unused(N_("{auth} needs none").format(auth=seen.target.auth))
    blocked = _blocked(check, seen, found)
    if blocked:
        return needs(blocked)
    if check == failed_at and seen.opening is not None and seen.opening.error is not None:
        return _refused(seen, seen.opening.error)
    if failed_at in found and check in _BY_OPENING:
        return needs(str(failed_at))
    return _JUDGES[check](seen)


def _blocked(check: str, seen: Seen, found: Mapping[str, Finding]) -> str:
    for link in CHECKS[check].needs:
        known = seen.ticket if link == "ticket" else found.get(link)
        if known is not None and known.state in FAILED:
            return link if link != "ticket" else N_("ticket of this host")
    return ""


def _refused(seen: Seen, error: ExchangeError) -> Judged:
    """An error of opening a shell; that an account has no right there has a cure of its own."""
    no_right = isinstance(error, NotGrantedError) and error.cure == NotGrantedError.cure_default
    return broken(str(error), _RIGHTS[seen.configuration] if no_right else error.cure)


def _name(seen: Seen) -> Judged:
    addresses = seen.network.addresses
    if isinstance(addresses, Trouble):
        return broken(addresses.cause, addresses.cure)
    return ok(N_("{host} is {addresses}").format(host=seen.target.host, addresses=", ".join(addresses)))


def _port(seen: Seen) -> Judged:
    port = seen.network.port
    if isinstance(port, Trouble):
        return broken(port.cause, port.cure)
    return ok(N_("{port} takes connections").format(port=seen.target.port))


def _tls(seen: Seen) -> Judged:
    if not seen.target.tls:
        return _plain(seen)
    found = seen.network.certificate
    if isinstance(found, Trouble):
        return broken(found.cause, found.cure)
    if found is None:
        return unknown(N_("the handshake was not come to"))
    return _certificate(seen, found)


def _plain(seen: Seen) -> Judged:
    if seen.target.auth not in SEALING:
        return broken(
            N_("plain HTTP, over which {auth} does not seal what it sends").format(auth=seen.target.auth),
            N_("Dial https:// (tls = true), or sign in with kerberos."),
        )
    return unused(N_("plain HTTP; {auth} seals every message").format(auth=seen.target.auth))


def _certificate(seen: Seen, found: Certificate) -> Judged:
    until = found.ends.astimezone(UTC).strftime("%Y-%m-%d")
    if not seen.target.verify:
        return warning(
            N_("verification is switched off: any certificate is taken, this one of {subject}").format(
                subject=found.subject
            ),
            N_("Set verify = true and name the issuing CA in ca_file, or pin the certificate."),
        )
    if found.ends - seen.now < EXPIRES_SOON:
        words = (
            N_("its certificate has expired: {until}")
            if found.ends <= seen.now
            else N_("its certificate expires soon: {until}")
        )
        return warning(words.format(until=until), N_("Renew it on the server in time."))
    words = (
        N_("the certificate is the pinned one, until {until}")
        if seen.target.pin
        else N_("the certificate holds, until {until}")
    )
    return ok(words.format(until=until))


def _path(seen: Seen) -> Judged:
    answer = seen.network.answer
    if isinstance(answer, Trouble):
        return broken(answer.cause, answer.cure)
    if answer is None:
        return unknown(N_("HTTP was not come to"))
    where = "/" + seen.target.path
    if answer.status == _NOT_FOUND:
        return broken(N_("there is nothing at {where} (HTTP 404)").format(where=where))
    if answer.status in _REDIRECTS:
        words = (
            N_("{path} redirects to {location} (HTTP {status})")
            if answer.location
            else N_("{path} redirects (HTTP {status})")
        )
        return broken(
            words.format(path=where, location=answer.location, status=answer.status),
            N_("Dial the address it redirects to: redirects are not followed."),
        )
    return ok(N_("{path} answers").format(path=where))


def _clock(seen: Seen) -> Judged:
    answer = seen.network.answer
    if not isinstance(answer, Answer):
        return needs(N_("an HTTP answer"))
    if answer.ahead is None:
        return unknown(N_("its HTTP answer has no Date"), N_("Compare the clocks by hand."))
    apart = abs(answer.ahead)
    words = (
        N_("{apart} ahead of this host's clock")
        if answer.ahead > 0
        else N_("{apart} behind this host's clock")
    ).format(apart=_seconds(apart))
    if apart > CLOCK_LIMIT:
        return broken(words)
    return warning(words) if apart > SKEW_WARNING else ok(N_("within a minute of this host's clock"))


def _seconds(count: float) -> str:
    minutes, seconds = divmod(round(count), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _spn(seen: Seen) -> Judged:
    waiting = _not_opened(seen)
    spn = f"{seen.target.service}/{seen.target.spn_host or seen.target.host}"
    return waiting or ok(N_("{spn} is known").format(spn=spn))


def _sign_in(seen: Seen) -> Judged:
    return _not_opened(seen) or ok(N_("taken, by {auth}").format(auth=seen.target.auth))


def _shell(seen: Seen) -> Judged:
    return _not_opened(seen) or ok(N_("opened; how many are left cannot be read"))


def _not_opened(seen: Seen) -> Judged | None:
    if seen.opening is None:
        return unknown(
            N_("no time was left to open a shell"), N_("Give a longer --timeout, or fewer servers.")
        )
    if seen.opening.held:
        return Judged(State.NOT_CHECKED, seen.opening.held)
    return None


def is_there(answer: Answer) -> bool:
    """Not what a web server says of a path that it does not have."""
    return answer.status != _NOT_FOUND and answer.status not in _REDIRECTS


def uses_kerberos(target: Target) -> bool:
    """For certain: negotiate may, and falls back by itself."""
    return target.auth == "kerberos"


_JUDGES: Final[Mapping[str, Callable[[Seen], Judged]]] = {
    "name": _name,
    "port": _port,
    "tls": _tls,
    "path": _path,
    "clock": _clock,
    "spn": _spn,
    "sign-in": _sign_in,
    "shell": _shell,
}
