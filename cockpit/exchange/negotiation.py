"""The exchange of tokens on a connection: Kerberos, Negotiate and NTLM, with nothing silently left out.

pypsrp makes the exchange and seals messages. Checked here: that the server proved who it is, that both sides
can seal what crosses plain HTTP and do, and that a sign-in over TLS is bound to it. That no plain answer to
a sealed request is believed: ``opening``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, cast

import requests
import spnego
from pypsrp.exceptions import AuthenticationError
from pypsrp.negotiate import HTTPNegotiateAuth

from cockpit.config.language import N_
from cockpit.exchange.bounded import bounded
from cockpit.exchange.errors import (
    ExchangeError,
    KerberosError,
    SignInError,
    TimeLimitError,
    is_wire_error,
    untried,
)
from cockpit.exchange.kerberos import clocks, says_nothing
from cockpit.exchange.text import clean_line

if TYPE_CHECKING:
    from cockpit.exchange.signin import SignIn

_CFX_WRAP, _CFX_SEALED = b"\x05\x04", 0x02
"""A wrapped message of Kerberos and its flag "Sealed" (RFC 4121 §4.2.6.2)."""
_KDC_CURE: Final = N_("Look at the KDCs of the realm (port 88), or name better ones in /etc/krb5.conf.")
_BINDING_CURES: Final = {
    True: N_("if something on the way ends TLS, set channel_binding = false"),
    False: N_("if the server insists on Extended Protection, set channel_binding = true"),
}


class Negotiation(HTTPNegotiateAuth):
    """For the requests of one WSMan. ``left``: seconds that there are for what is under way.
    ``sealed``: over plain HTTP, so that messages are sealed."""

    def __init__(self, sign_in: SignIn, left: Callable[[], float], *, sealed: bool) -> None:
        target = sign_in.target
        super().__init__(
            auth_provider=target.auth,
            send_cbt=target.channel_binding,
            service=target.service,
            hostname_override=sign_in.spn_host,
            wrap_required=sealed,
        )
        self._sign_in = sign_in
        self._url = target.url
        self._left = left
        self._ahead: float | None = None

    def response_hook(self, response: requests.Response, **more: Any) -> requests.Response:
        """What requests calls with each answer. Raises ExchangeError, and what pypsrp and requests do."""
        if response.status_code == 401:
            self._note_clock(response)
            self._look_for_channel(response)
            response = self._signed_in(response, **more)
            self._check_context()
        elif response.status_code < 400 and self.wrap_required and self._context is None:
            cure = N_("Dial it with https://.")
            raise untried(
                N_("{url} asks for no sign-in, so nothing can be sealed").format(url=self._url), cure=cure
            )
        return response

    @property
    def _context(self) -> Any:
        """The latest security context; pypsrp keeps one by host, and there is one host."""
        return next(iter(self.contexts.values()), None)

    def _signed_in(self, response: requests.Response, **more: Any) -> requests.Response:
        """The answer to the last token. Raises for one that refuses."""
        offered = clean_line(response.headers.get("www-authenticate", ""))
        self.username = cast("Any", self._credentials())
        try:
            answer: requests.Response = super().response_hook(response, **more)  # type: ignore[no-untyped-call]
        except (ExchangeError, requests.RequestException):
            raise
        except (AuthenticationError, ValueError) as error:
            raise untried(
                N_("{url} does not offer {auth}").format(url=self._url, auth=self.auth_provider),
                N_("it offers {offered}").format(offered=offered or N_("nothing")),
                N_("Set auth to what it offers."),
            ) from error
        except Exception as error:
            if not is_wire_error(error):
                raise
            if says_nothing(error):
                raise self._refused() from error
            raise self._sign_in.explained(error, self._ahead) from error
        if answer.status_code == 401:
            raise self._refused()
        if answer.status_code >= 400 and self._used_ntlm() and not _is_sealed(answer.request):
            raise SignInError(
                N_("{url} answered HTTP {code} to a sign-in with NTLM").format(
                    url=self._url, code=answer.status_code
                ),
                cure=N_(
                    "Exchange takes Kerberos only unless an administrator changed it: set auth = kerberos."
                ),
            )
        return answer

    def _credentials(self) -> list[Any]:
        sign_in, ahead = self._sign_in, self._ahead
        sign_in.refusals.check()
        if self.auth_provider == "ntlm":
            return sign_in.credentials(ahead)
        return bounded(lambda: sign_in.credentials(ahead), self._left(), self._late_kdc, "kerberos")

    def _late_kdc(self) -> TimeLimitError:
        """MIT Kerberos waits 25 s for a KDC that takes connections and says nothing (measured, 1.20)."""
        return TimeLimitError(
            N_("The KDC for {spn} does not answer").format(spn=self._sign_in.spn),
            N_("no ticket came in time"),
            _KDC_CURE,
        )

    def _used_ntlm(self) -> bool:
        return self._context is not None and self._context.negotiated_protocol == "ntlm"

    def _refused(self) -> ExchangeError:
        """For 401 to our last token: the server says no more than that."""
        sign_in, spn = self._sign_in, self._sign_in.spn
        binding = _BINDING_CURES[self.send_cbt] if sign_in.target.tls else ""
        if self._used_ntlm():
            return SignInError(
                N_("{url} did not accept {user} with NTLM").format(url=self._url, user=sign_in.user),
                N_("user and password do not match, or the account may not sign in there"),
                _cure(
                    N_(
                        "Check credential.user and what credential.password refers to; Exchange's own "
                        "endpoint takes Kerberos only unless an administrator changed it"
                    ),
                    binding,
                ),
            )
        kind = SignInError if sign_in.secret is not None else KerberosError
        return kind(
            N_("{url} did not accept the Kerberos ticket for {spn}").format(url=self._url, spn=spn),
            N_("the server does not say why") + clocks(self._ahead),
            _cure(
                N_(
                    "Check that the SPN is this server's (setspn -Q {spn}), that clocks agree, and that "
                    "the account may sign in there"
                ).format(spn=spn),
                binding,
            ),
        )

    def _note_clock(self, response: requests.Response) -> None:
        try:
            told = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            return
        self._ahead = told - time.time()

    def _look_for_channel(self, response: requests.Response) -> None:
        """Raises SignInError where pypsrp would sign in unbound, with a warning that nobody sees."""
        if self._sign_in.target.tls and self.send_cbt and _end_point(response) is None:
            raise untried(
                N_("The sign-in at {url} cannot be bound to its TLS connection").format(url=self._url),
                N_("the server's certificate could not be read"),
                N_("Set channel_binding = false if the server does not insist on it."),
            )

    def _check_context(self) -> None:
        """Raises SignInError unless both sides have proved who they are, and can seal where they must."""
        context = self._context
        if not context.complete and (self.wrap_required or context.negotiated_protocol == "kerberos"):
            raise SignInError(
                N_("{url} did not prove who it is").format(url=self._url),
                N_("its half of the sign-in is missing"),
                N_("Find out what answers there: something on the way may pretend to be the server."),
            )
        if not self.wrap_required:
            return
        if not context.context_attr & spnego.ContextReq.confidentiality:
            cure = N_("Dial it with https://, or set auth = kerberos.")
            raise SignInError(N_("{url} agreed to no message encryption").format(url=self._url), cure=cure)
        for host in self.contexts:
            self.contexts[host] = _Sealing(context)


class _Sealing:
    """A security context that takes nothing for sealed that is only signed; else the one it stands for."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        """Raises ValueError for what is not sealed, and what the context raises."""
        if header[:2] == _CFX_WRAP and not header[2] & _CFX_SEALED:
            raise ValueError(N_("it is signed, not sealed"))
        plain: bytes = self._context.unwrap_winrm(header, data)
        return plain

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _end_point(response: requests.Response) -> bytes | None:
    """What a sign-in over the connection of ``response`` is bound to (RFC 5929 §4.1)."""
    found: bytes | None = HTTPNegotiateAuth._get_cbt_data(response)  # type: ignore[no-untyped-call]
    return found


def _is_sealed(request: requests.PreparedRequest) -> bool:
    return str(request.headers.get("Content-Type", "")).startswith("multipart/")


def _cure(check: str, binding: str) -> str:
    return f"{check}; {binding}." if binding else f"{check}."
