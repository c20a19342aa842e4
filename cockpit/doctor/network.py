"""An endpoint from below: name, port, TLS, HTTP. One connection, one GET without a sign-in, nothing else."""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import certifi
from cryptography import x509

from cockpit.config.language import N_
from cockpit.config.targets import Target
from cockpit.doctor.limits import within
from cockpit.doctor.readings import Answer, Certificate, Network, Trouble
from cockpit.exchange import tls
from cockpit.exchange.text import clean_line

_BODY: Final = 65_536


def look(target: Target, seconds: float, key_password: str | None = None) -> Network:
    """Go up step by step until one fails. ``seconds``: for each step. Never raises.

    ``key_password``: of our own certificate's key, where one is shown.
    """
    found = _addresses(target, seconds)
    if isinstance(found, Trouble):
        return Network(found)
    try:
        plain = socket.create_connection((target.host, target.port), timeout=seconds)
    except OSError as error:
        return Network(found, Trouble(_port_words(target, error)))
    with plain:
        peer = str(plain.getpeername()[0])
        if not target.tls:
            return Network(found, peer, answer=_answer(target, plain, seconds))
        secured = _secured(target, plain, key_password)
        if isinstance(secured, Trouble):
            return Network(found, peer, secured)
        with secured:
            certificate = _certificate(target, secured)
            if isinstance(certificate, Trouble):
                return Network(found, peer, certificate)
            return _over_tls(target, secured, Network(found, peer, certificate), seconds)


def _over_tls(target: Target, secured: ssl.SSLSocket, below: Network, seconds: float) -> Network:
    """With the answer; that our own certificate is refused comes only now, with TLS 1.3."""
    try:
        return replace(below, answer=_answer(target, secured, seconds))
    except ssl.SSLError as error:
        return replace(below, certificate=_tls_words(error))


def _addresses(target: Target, seconds: float) -> tuple[str, ...] | Trouble:
    def resolve() -> tuple[str, ...]:
        every = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in every))

    try:
        return within(seconds, resolve)
    except TimeoutError as error:
        return Trouble(N_("{host} was not resolved: {error}").format(host=target.host, error=error))
    except UnicodeError:
        return Trouble(
            N_("{host} is no name that could be resolved").format(host=target.host), N_("Correct the name.")
        )
    except OSError as error:
        return Trouble(
            N_("{host} does not resolve: {strerror}").format(
                host=target.host, strerror=clean_line(error.strerror or str(error))
            )
        )


def _port_words(target: Target, error: OSError) -> str:
    where = f"{target.host}:{target.port}"
    if isinstance(error, ConnectionRefusedError):
        return N_("{where} refuses connections: nothing listens there").format(where=where)
    if isinstance(error, TimeoutError):
        return N_("{where} does not answer: a firewall may drop it").format(where=where)
    return N_("{where} cannot be reached: {strerror}").format(
        where=where, strerror=clean_line(error.strerror or str(error))
    )


def _secured(target: Target, plain: socket.socket, key_password: str | None) -> ssl.SSLSocket | Trouble:
    try:
        context = _context(target, key_password)
    except (OSError, ValueError) as error:
        name = target.ca_file or target.certificate or N_("the CAs of this host")
        return Trouble(
            N_("{name} cannot be used: {error}").format(name=clean_line(name), error=clean_line(str(error))),
            N_("Correct ca_file or certificate."),
        )
    try:
        return context.wrap_socket(plain, server_hostname=target.host)
    except OSError as error:
        return _tls_words(error)


def _context(target: Target, key_password: str | None) -> ssl.SSLContext:
    """As a session trusts and shows itself."""
    against = tls.verification(target)
    trusted = certifi.where() if against is True else against
    if not trusted:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif Path(trusted).is_dir():
        context = ssl.create_default_context(capath=trusted)
    else:
        context = ssl.create_default_context(cafile=trusted)
    if target.certificate:
        # An empty password where there is none: OpenSSL would ask on the terminal.
        context.load_cert_chain(target.certificate, target.certificate_key, key_password or "")
    return context


def _tls_words(error: OSError) -> Trouble:
    known = tls.reason(error)
    if known is not None:
        return Trouble(clean_line(known.cause), known.cure)
    if isinstance(error, TimeoutError):
        return Trouble(N_("it takes the connection, and says nothing to a TLS greeting"))
    return Trouble(N_("the TLS handshake failed: {error}").format(error=clean_line(str(error))))


def _certificate(target: Target, secured: ssl.SSLSocket) -> Certificate | Trouble:
    der = secured.getpeercert(binary_form=True) or b""
    print_ = hashlib.sha256(der).hexdigest()
    if target.pin and target.pin.removeprefix("sha256:").replace(":", "").lower() != print_:
        return Trouble(
            N_("its certificate is not the pinned one: it is sha256:{print}").format(print=print_),
            N_("Find out on the server why; if it was renewed, put the new SHA-256 into pin."),
        )
    try:
        read = x509.load_der_x509_certificate(der)
        return Certificate(
            clean_line(read.subject.rfc4514_string()),
            read.not_valid_after_utc,
            print_,
            verified=target.verify or target.pin is not None,
            issuer=clean_line(read.issuer.rfc4514_string()),
            names=_names(read),
        )
    except ValueError as error:
        return Trouble(N_("its certificate cannot be read: {error}").format(error=clean_line(str(error))))


def _names(read: x509.Certificate) -> tuple[str, ...]:
    try:
        other = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    found = (*other.get_values_for_type(x509.DNSName), *other.get_values_for_type(x509.IPAddress))
    return tuple(clean_line(str(name)) for name in found)


def _answer(target: Target, connected: socket.socket, seconds: float) -> Answer | Trouble:
    """Within ``seconds``, however the answer comes: a socket's own limit is for each of its bytes. Raises
    SSLError."""
    over = threading.Event()

    def end() -> None:
        over.set()
        with suppress(OSError):  # it has gone by itself
            # Not SSLSocket's own, which takes the TLS away under whoever reads.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        found = _asked(target, connected)
    except ssl.SSLError:
        if not over.is_set():
            raise
    finally:
        timer.cancel()
    return Trouble("it takes the connection, and does not answer HTTP") if over.is_set() else found


def _asked(target: Target, connected: socket.socket) -> Answer | Trouble:
    """Raises SSLError."""
    http_ = http.client.HTTPConnection(target.host, target.port)
    http_.sock = connected
    before = time.time()
    try:
        http_.request("GET", "/" + target.path, headers={"Connection": "close", "User-Agent": "pop-cockpit"})
        answer = http_.getresponse()
        now = (before + time.time()) / 2
        answer.read(_BODY)
    except TimeoutError:
        return Trouble(N_("it takes the connection, and does not answer HTTP"))
    except ssl.SSLError:
        raise
    except (OSError, http.client.HTTPException) as error:
        return Trouble(N_("what answers is not HTTP: {name}").format(name=clean_line(type(error).__name__)))
    return Answer(
        answer.status,
        _ahead(answer.getheader("Date"), now),
        tuple(clean_line(h.split(" ")[0]) for h in answer.headers.get_all("WWW-Authenticate") or ()),
        clean_line(answer.getheader("Location") or ""),
    )


def _ahead(date: str | None, now: float) -> float | None:
    """A Date has whole seconds: half a second is added, so that it is not behind on average."""
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp() + 0.5 - now
    except (ValueError, OverflowError):
        return None
