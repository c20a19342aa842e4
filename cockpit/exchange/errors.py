"""One family of errors for everything that crosses the wire: what happened, why, what helps.

Every exception of pypsrp, requests, pyspnego and the XML parser that psrp-wire §4.5 lists is mapped
here; nothing of theirs leaves the room. All texts are cleaned.
"""

from __future__ import annotations

import binascii
import xml.etree.ElementTree as ET
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Final

import requests
from pypsrp.exceptions import (
    AuthenticationError,
    FragmentError,
    InvalidPipelineStateError,
    InvalidPSRPOperation,
    InvalidRunspacePoolStateError,
    SerializationError,
    WinRMError,
    WinRMTransportError,
    WSManFaultError,
)
from spnego.exceptions import SpnegoError
from urllib3 import exceptions as urllib3

from cockpit.config.language import N_
from cockpit.exchange import tls
from cockpit.exchange.clixml import ClixmlError
from cockpit.exchange.envelope import OutOfTurnError
from cockpit.exchange.model import CmdletError
from cockpit.exchange.text import clean_line


class ExchangeError(Exception):
    """Something between us and a server failed.

    ``what``: one sentence with the endpoint; ``cause``: the reason in the library's or server's
    words; ``cure``: what an operator can do. ``retry``: whether trying again may help by itself.
    ``elsewhere``: whether another entry server may do better, at no risk.
    ``session_lost``: the session it happened on must not be used again.
    """

    cure_default: str = ""
    retry = True
    elsewhere = True
    session_lost = True

    def __init__(self, what: str, cause: str = "", cure: str = "") -> None:
        self.what = clean_line(what)
        self.cause = clean_line(cause)
        self.cure = cure or self.cure_default
        super().__init__(": ".join(part for part in (self.what, self.cause) if part))


class UnreachableError(ExchangeError):
    """Refused, reset, no such host."""

    cure_default = N_("Check that the server is up, its name resolves, and the port is open from here.")


class TimeLimitError(ExchangeError):
    """No answer within the time limit."""

    cure_default = N_("The server is slow or hung: try again, or look at it by other means.")


class SignInError(ExchangeError):
    """The server did not accept who we say we are. ``tried``: a password may have been refused, which counts
    towards a lock-out."""

    tried = True

    cure_default = N_(
        "Check user name and password (Exchange wants the UPN), and that the endpoint offers this "
        "authentication method: Exchange's own accepts Kerberos only unless an administrator changed it."
    )
    retry = False
    elsewhere = False


def untried(what: str, cause: str = "", cure: str = "") -> SignInError:
    """It came to no sign-in with a password."""
    made = SignInError(what, cause, cure)
    made.tried = False
    return made


class KerberosError(ExchangeError):
    """No ticket could be had, or the server could not read it. No password was refused, so that trying
    again cannot lock an account out, and works by itself once there is a ticket."""

    cure_default = N_(
        "Check the ticket (klist), the realm's KDC, and that an SPN HTTP/<name dialled> exists."
    )


class CertificateError(ExchangeError):
    """The server's TLS certificate could not be verified, or the port does not speak TLS."""

    cure_default = N_("Name the issuing CA in ca_file, and dial the name that is on the certificate.")
    retry = False


class MissingLibraryError(ExchangeError):
    """An authentication method needs a package that is not installed."""

    cure_default = N_("Install the package it names, or choose another authentication method.")
    retry = False
    elsewhere = False


class EndpointNotFoundError(ExchangeError):
    """There is no such endpoint at this address."""

    cure_default = N_(
        "Check port and path: Exchange is at /PowerShell on 80 or 443, WinRM at /wsman on 5985 or 5986."
    )
    retry = False


class ShellLostError(ExchangeError):
    """The shell or pipeline is gone: expired, or the server was restarted or answered for another."""

    cure_default = N_("A new session is opened by itself.")


class ThrottledError(ExchangeError):
    """The server refuses more shells or operations of this user."""

    cure_default = N_(
        "Close other PowerShell sessions of this account; shells left behind end after their idle time "
        "(15 minutes). Lower `sessions` in the environment."
    )


class UnavailableError(ExchangeError):
    """The web server answered, but not with WSMan."""

    cure_default = N_("Look at IIS and its application pools on the server.")


class ProtocolError(ExchangeError):
    """The answer could not be understood."""

    cure_default = N_("Try again; if it stays, something between here and the server changes the traffic.")


class FaultError(ExchangeError):
    """Any other WSMan fault."""

    cure_default = N_("Read the server's words.")


class NotGrantedError(ExchangeError):
    """The cmdlet or parameter is not there for this account (RBAC), or not on this endpoint."""

    cure_default = N_(
        "The account needs a management role with this cmdlet: ask for View-Only Organization Management."
    )
    retry = False
    session_lost = False


class CmdletFailedError(ExchangeError):
    """A terminating error of the cmdlet itself."""

    cure_default = N_("Read the server's words.")
    retry = False
    session_lost = False

    def __init__(self, what: str, record: CmdletError, cure: str = "") -> None:
        super().__init__(what, record.message, cure)
        self.record = record


_TIMED_OUT = 2150858793
NO_SHELL: Final = 2150858843
"""There is no such shell, or no such command in it."""
_FAULTS: Final[dict[int, type[ExchangeError]]] = {
    _TIMED_OUT: TimeLimitError,
    NO_SHELL: ShellLostError,
    2150858811: EndpointNotFoundError,
    2150859173: ThrottledError,
    2150859174: ThrottledError,
    2150859204: ShellLostError,
    2150859230: ShellLostError,
    995: ShellLostError,
    1223: ShellLostError,
    5: NotGrantedError,
}
"""WSMan fault numbers (psrp-wire §4.3, §4.5); 5 is Windows' ERROR_ACCESS_DENIED."""

WIRE_ERRORS: Final = (
    ExchangeError,
    WinRMError,
    requests.RequestException,
    urllib3.HTTPError,
    SpnegoError,
    ImportError,
    ET.ParseError,
    ClixmlError,
    KeyError,
    RuntimeError,
    ValueError,
    OSError,
)
"""What the libraries under a session may raise (psrp-wire §4.5); Krb5Error is a RuntimeError or OSError
descendant only in some releases, so sessions catch it by module through :func:`is_wire_error`."""


def is_wire_error(error: BaseException) -> bool:
    """True for anything :func:`from_wire` knows how to explain."""
    return isinstance(error, WIRE_ERRORS) or _of_krb5(error)


def is_operation_timeout(error: BaseException) -> bool:
    """True for the fault that says "nothing yet, ask again"."""
    return isinstance(error, WSManFaultError) and fault_code(error) == _TIMED_OUT


def fault_code(error: WSManFaultError) -> int | None:
    """The fault's number; the server may send a name such as ``w:InternalError`` instead (#148)."""
    try:
        return int(error.code)
    except (TypeError, ValueError):
        return None


def from_wire(error: BaseException, where: str) -> ExchangeError:
    """The family's member for an exception raised while talking to ``where`` (a URL or name)."""
    if isinstance(error, ExchangeError):
        return error
    for kind, make in _ORDERED:
        if isinstance(error, kind):
            return make(error, where)
    if isinstance(error, OSError) and "certificate bundle" in str(error):
        # What requests raises for a ca_file that is not there.
        return CertificateError(
            N_("The CA file for {where} cannot be used").format(where=where),
            str(error),
            N_("Correct ca_file."),
        )
    if _of_krb5(error):
        return SignInError(
            N_("Kerberos sign-in at {where} failed").format(where=where), str(error), _KERBEROS_CURE
        )
    return ProtocolError(
        N_("Talking to {where} failed").format(where=where), f"{type(error).__name__}: {error}"
    )


_PLAIN_GONE_CURE = N_(
    "Check that the server is up; if the port speaks TLS, set tls = true (https:// in addresses)."
)
_REDIRECT_CURE = N_("Dial the address it redirects to: redirects are not followed.")
_KERBEROS_CURE = KerberosError.cure_default


def _of_krb5(error: BaseException) -> bool:
    return type(error).__module__.split(".")[0] in ("krb5", "gssapi")


def _fault(error: BaseException, where: str) -> ExchangeError:
    assert isinstance(error, WSManFaultError)  # noqa: S101 -- narrows for the type checker
    kind = _FAULTS.get(fault_code(error) or -1, FaultError)
    reason = error.reason or str(error)
    if kind is FaultError and "maximum number of connections" in reason:
        kind = ThrottledError
    if error.reason is None and error.code is None:
        # psrp-wire §4.5: well-formed HTML, or NTLM where Exchange wants Kerberos (issue #187).
        return EndpointNotFoundError(
            N_("{where} answered, but not as WSMan does").format(where=where), reason
        )
    made = kind(N_("{where} refused (fault {code})").format(where=where, code=error.code), reason)
    made.session_lost = True
    return made


def _http(error: BaseException, where: str) -> ExchangeError:
    assert isinstance(error, WinRMTransportError)  # noqa: S101
    code = error.code
    what = N_("{where} answered HTTP {code}").format(where=where, code=code)
    if code == 404:
        return EndpointNotFoundError(what)
    if 300 <= code < 400:
        return EndpointNotFoundError(
            N_("{where} answered HTTP {code}: it redirects elsewhere").format(where=where, code=code),
            cure=_REDIRECT_CURE,
        )
    if code == 403:
        denied = NotGrantedError(
            what, cure=N_("The account may not use this endpoint (RemotePowerShellEnabled, IIS).")
        )
        denied.session_lost = True
        return denied
    if code == 400:
        # psrp-wire §4.3: what the lab answers to a seal of another connection; http.sys's own is [U].
        return ShellLostError(what, N_("the sealed connection was lost"))
    return UnavailableError(what)


def _connection(error: BaseException, where: str) -> ExchangeError:
    text = str(error)
    if tls.speaks_tls(error):
        return UnreachableError(
            N_("{where} speaks TLS").format(where=where),
            cure=N_("Set tls = true (http:// to https:// in addresses), or correct the port."),
        )
    if isinstance(error, urllib3.NameResolutionError) or "NameResolutionError" in text:
        return UnreachableError(
            N_("The name of {where} does not resolve").format(where=where),
            cure=N_("Check the name and the DNS of this host."),
        )
    if _cut_off(error):
        cure = tls.GONE_CURE if where.startswith("https:") else _PLAIN_GONE_CURE
        return UnreachableError(
            N_("The connection to {where} broke").format(where=where), _words(_innermost(error)), cure
        )
    if "refused" in text:
        return UnreachableError(
            N_("{where} refuses connections").format(where=where), N_("nothing listens there")
        )
    return _cut_short(error, where)


def _cut_off(error: BaseException) -> bool:
    """Whether the other side closed instead of answering, as one does that expects TLS."""
    return any(mark in repr(error) for mark in ("RemoteDisconnected", "ConnectionResetError"))


def _tls(error: BaseException, where: str) -> ExchangeError:
    reason = tls.reason(error)
    if reason is None:
        return CertificateError(N_("TLS with {where} failed").format(where=where), _words(_innermost(error)))
    kind = untried if reason.ours else UnreachableError if reason.gone else CertificateError
    return kind(N_("TLS with {where} failed").format(where=where), reason.cause, reason.cure)


def _cut_short(error: BaseException, where: str) -> ExchangeError:
    inner = _innermost(error)
    if isinstance(inner, HTTPException) and not isinstance(inner, RemoteDisconnected | IncompleteRead):
        return ProtocolError(N_("{where} does not answer in HTTP").format(where=where), _words(inner))
    return UnreachableError(N_("The connection to {where} broke").format(where=where), _words(inner))


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _innermost(error: BaseException) -> BaseException:
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


_ORDERED: Final = (
    # Subclasses first: SSLError is a ConnectionError, WSManFaultError and the others are WinRMErrors.
    (
        AuthenticationError,
        lambda e, where: SignInError(N_("{where} did not accept the sign-in").format(where=where), str(e)),
    ),
    (WSManFaultError, _fault),
    (WinRMTransportError, _http),
    (requests.exceptions.SSLError, _tls),
    (
        requests.exceptions.Timeout,
        lambda e, where: TimeLimitError(N_("{where} does not answer").format(where=where), type(e).__name__),
    ),
    (requests.exceptions.ConnectionError, _connection),
    (
        requests.exceptions.TooManyRedirects,
        lambda e, where: EndpointNotFoundError(
            N_("{where} redirects elsewhere").format(where=where),
            str(e),
            N_("Dial the address it redirects to: redirects are not followed."),
        ),
    ),
    (urllib3.SSLError, _tls),
    (urllib3.NewConnectionError, _connection),
    (
        urllib3.TimeoutError,
        lambda e, where: TimeLimitError(N_("{where} does not answer").format(where=where), type(e).__name__),
    ),
    (urllib3.HTTPError, _cut_short),
    (requests.exceptions.ChunkedEncodingError, _cut_short),
    (
        requests.RequestException,
        lambda e, where: UnreachableError(N_("The request to {where} failed").format(where=where), str(e)),
    ),
    (
        SpnegoError,
        lambda e, where: SignInError(
            N_("Sign-in at {where} failed").format(where=where), str(e), _KERBEROS_CURE
        ),
    ),
    (
        ImportError,
        lambda e, where: MissingLibraryError(N_("Cannot sign in at {where}").format(where=where), str(e)),
    ),
    (
        (InvalidPipelineStateError, InvalidRunspacePoolStateError, InvalidPSRPOperation),
        lambda e, where: ShellLostError(
            N_("The session with {where} is in the wrong state").format(where=where), str(e)
        ),
    ),
    (
        OutOfTurnError,
        lambda e, where: ProtocolError(N_("{where} answered out of turn").format(where=where), str(e)),
    ),
    (
        (FragmentError, SerializationError, ClixmlError, ET.ParseError, binascii.Error, KeyError),
        lambda e, where: ProtocolError(
            N_("{where} sent what could not be read").format(where=where), f"{type(e).__name__}: {e}"
        ),
    ),
    (
        WinRMError,
        lambda e, where: ProtocolError(N_("{where} answered out of turn").format(where=where), str(e)),
    ),
)
