"""What can go wrong on the wire (psrp-wire §4.3 and §4.5, and what worse servers and proxies do), and what
the operator sees of it: the table that the tests run and that ``docs/wire-failures.md`` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cockpit.exchange import errors as e
from cockpit.lab.wire.knobs import Effect

OPENING: Final = ("Create", "OpenReceive")
CALLS: Final = ("Command", "Send", "CommandReceive")
ENDING: Final = ("Signal", "Delete")
REQUESTS: Final = (*OPENING, *CALLS, *ENDING)
ANSWERS: Final = ("OpenReceive", "CommandReceive")
"""The requests whose answers carry PSRP messages."""

DRIP_SECONDS: Final = 0.05
LATE_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Sight:
    """What the operator sees of a call that met a failure: an error in these words; without ``kind`` nothing.

    ``what``: URL and SERVER stand for the endpoint and the server, CMDLET for the call. ``cure`` empty: the
    error's usual one. ``heals``: a read on an open session that meets it once is asked again, unseen.
    """

    kind: type[e.ExchangeError] | None = None
    what: str = ""
    cure: str = ""
    heals: bool = True

    @property
    def cured_by(self) -> str:
        return self.cure or (self.kind.cure_default if self.kind else "")


@dataclass(frozen=True)
class Failure:
    """``trouble``: the fields of the lab's Trouble. ``slow``: it takes time, which is what is limited.

    ``sight``: of a call, and of opening; ``at``: where a request has another one, ``sealed``: where a sealed
    connection has; ``again``: of a read that was asked again in vain. A Signal or Delete that fails is never
    seen: the call is over by then. ``only``: the sign-in it exists for. ``keeps``: where the server's own
    words make the cockpit leave a shell to its idle time.
    """

    name: str
    effect: Effect
    sight: Sight
    trouble: Mapping[str, Any] = field(default_factory=dict)
    at: Mapping[str, Sight] = field(default_factory=dict)
    sealed: Mapping[str, Sight] = field(default_factory=dict)
    again: Sight | None = None
    slow: bool = False
    only: str = ""
    requests: tuple[str, ...] = REQUESTS
    keeps: tuple[str, ...] = ()

    def seen(self, request: str, auth: str) -> Sight:
        if request in ENDING:
            return NOTHING
        of_request = self.at.get(request, self.sight)
        return self.sealed.get(request, of_request) if auth == "ntlm" else of_request

    def seen_once(self, request: str, auth: str) -> Sight:
        """Of a read that meets it once."""
        sight = self.seen(request, auth)
        if request not in CALLS:
            return sight
        return self.again or (NOTHING if sight.heals else sight)


NOTHING: Final = Sight()
_BROKEN: Final = Sight(e.UnreachableError, "The connection to URL broke")
_CLOSED: Final = dict.fromkeys(
    OPENING,
    Sight(
        e.UnreachableError,
        "The connection to URL broke",
        "Check that the server is up and speaks TLS on this port; with auth = certificate also that ours "
        "comes from a CA that the server trusts.",
    ),
)
"""Over TLS a closed connection may be all that is told of a client certificate that was refused."""
_BROKEN_PLAIN: Final = Sight(
    e.UnreachableError,
    "The connection to URL broke",
    "Check that the server is up; if the port speaks TLS, set tls = true (https:// in addresses).",
)
_PLAIN: Final = dict.fromkeys((*OPENING, *CALLS), _BROKEN_PLAIN)
"""Over plain HTTP a closed connection may be all that a port for TLS answers."""
_REFUSING: Final = Sight(e.UnreachableError, "URL refuses connections")
_SILENT: Final = Sight(e.TimeLimitError, "URL does not answer", heals=False)
_SLOW: Final = Sight(e.TimeLimitError, "URL answers too slowly", heals=False)
_REFUSED: Final = Sight(e.SignInError, "URL did not accept the sign-in", heals=False)
_SEAL_LOST: Final = Sight(e.ShellLostError, "URL answered HTTP 400")
_FOREIGN: Final = Sight(e.ProtocolError, "URL does not answer in HTTP")
_UNREADABLE: Final = Sight(e.ProtocolError, "URL sent what could not be read")
_ANOTHERS: Final = Sight(e.ProtocolError, "URL answered out of turn")
_TOO_LARGE: Final = Sight(
    e.ProtocolError,
    "URL sends more than an answer can hold",
    "Something between here and the server, or the server itself, is not what it should be.",
)
_COMPRESSED: Final = Sight(
    e.ProtocolError,
    "URL compresses its answers",
    "Switch off what compresses answers on the way (a proxy, IIS' dynamic compression): the cockpit asks for "
    "none.",
)
_OPEN_TEXT: Final = Sight(
    e.ProtocolError,
    "URL answered a sealed request with an open text",
    "Something on the way answers in the server's place: do not sign in until it is found.",
)
_DENIED: Final = Sight(
    e.NotGrantedError,
    "URL answered HTTP 403",
    "The account may not use this endpoint (RemotePowerShellEnabled, IIS).",
    heals=False,
)
_AFTER: Final = {"after": True}
_NEW_SIGN_IN: Final = dict.fromkeys((*OPENING, *CALLS), _SEAL_LOST)
"""pypsrp signs in anew and sends what it had sealed for the old sign-in; that cannot be unsealed."""


def _elsewhere(status: int) -> Sight:
    return Sight(
        e.EndpointNotFoundError,
        f"URL answered HTTP {status}: it redirects elsewhere",
        "Dial the address it redirects to: redirects are not followed.",
        heals=False,
    )


def _unavailable(status: int) -> Sight:
    return Sight(e.UnavailableError, f"URL answered HTTP {status}")


def _fault(code: int, meaning: str, kind: type[e.ExchangeError], heals: bool = True, **more: Any) -> Failure:
    sight = Sight(kind, f"URL refused (fault {code})", heals=heals)
    return Failure(f"fault {code} ({meaning})", Effect.FAULT, sight, {"code": code}, **more)


def _spoilt(how: str, sight: Sight = _UNREADABLE, requests: tuple[str, ...] = REQUESTS) -> Failure:
    return Failure(how, Effect.SPOIL, sight, {"how": how}, requests=requests)


def _status(name: str, status: int, page: str = "", sight: Sight | None = None) -> Failure:
    return Failure(name, Effect.STATUS, sight or _unavailable(status), {"status": status, "page": page})


_NOT_FOUND: Final = Sight(e.EndpointNotFoundError, "URL answered HTTP 404", heals=False)
_TOO_MANY: Final = (
    "Fail to create a runspace because you have exceeded the maximum number of connections allowed: 18 for "
    "the policy party : MaxConcurrency"
)

FAILURES: Final = (
    Failure("connection reset", Effect.RESET, _BROKEN, at=_CLOSED, sealed=_PLAIN),
    Failure(
        "connection reset, request carried out", Effect.RESET, _BROKEN, _AFTER, at=_CLOSED, sealed=_PLAIN
    ),
    Failure("connection dropped", Effect.DROP, _BROKEN, at=_CLOSED, sealed=_PLAIN),
    Failure(
        "connection dropped, request carried out", Effect.DROP, _BROKEN, _AFTER, at=_CLOSED, sealed=_PLAIN
    ),
    Failure("reset, then refused", Effect.REFUSE, _BROKEN, at=_CLOSED, sealed=_PLAIN, again=_REFUSING),
    Failure(
        "reset, then refused, request carried out",
        Effect.REFUSE,
        _BROKEN,
        _AFTER,
        at=_CLOSED,
        sealed=_PLAIN,
        again=_REFUSING,
    ),
    Failure(
        *("closed after the answer", Effect.LEAVE, NOTHING),
        sealed=dict.fromkeys(OPENING, _SEAL_LOST),
    ),
    Failure("late", Effect.DELAY, _SILENT, {"seconds": LATE_SECONDS}, slow=True),
    Failure(
        "late, request carried out", Effect.DELAY, _SILENT, {"seconds": LATE_SECONDS, **_AFTER}, slow=True
    ),
    Failure("hung", Effect.HANG, _SILENT, slow=True),
    Failure("hung, request carried out", Effect.HANG, _SILENT, _AFTER, slow=True),
    Failure("half-open", Effect.DEAF, _SILENT, slow=True),
    Failure("head drips", Effect.DRIP_HEAD, _SLOW, {"seconds": DRIP_SECONDS}, slow=True),
    Failure("body drips", Effect.DRIP_BODY, _SLOW, {"seconds": DRIP_SECONDS}, slow=True),
    Failure("401, sign-in forgotten", Effect.REJECT, _REFUSED, sealed=_NEW_SIGN_IN),
    Failure("401, request carried out", Effect.REJECT, _REFUSED, _AFTER, sealed=_NEW_SIGN_IN),
    _status("403", 403, sight=_DENIED),
    _status("404 of IIS", 404, "html", _NOT_FOUND),
    _status("404, well-formed page", 404, "xhtml", _NOT_FOUND),
    _status("500, empty", 500, "empty"),
    _status("500, well-formed page", 500, "xhtml"),
    _status("500, page with a DOCTYPE", 500, "xhtml with doctype"),
    _status("502 of a proxy", 502),
    _status("503", 503),
    Failure("503, request carried out", Effect.STATUS, _unavailable(503), {"status": 503, **_AFTER}),
    _status("429", 429),
    Failure(
        *("redirect 302", Effect.REDIRECT, _elsewhere(302)),
        {"status": 302, "location": "https://elsewhere.invalid/PowerShell"},
    ),
    Failure("redirect loop 302", Effect.REDIRECT, _elsewhere(302), {"status": 302}),
    Failure("redirect loop 307", Effect.REDIRECT, _elsewhere(307), {"status": 307}),
    _fault(
        *(2150858793, "nothing yet", e.TimeLimitError, False),
        at={"CommandReceive": Sight(e.TimeLimitError, "CMDLET on SERVER took longer than 2 s")},
        slow=True,
    ),
    _fault(2150858843, "no such shell or command", e.ShellLostError, keeps=("Delete",)),
    _fault(2150858811, "unknown configuration", e.EndpointNotFoundError, False),
    _fault(2150859173, "too many shells", e.ThrottledError),
    _fault(2150859174, "too many operations", e.ThrottledError),
    _fault(2150859204, "disconnected", e.ShellLostError),
    _fault(995, "aborted", e.ShellLostError),
    _fault(1223, "cancelled", e.ShellLostError),
    _fault(5, "access denied", e.NotGrantedError, False),
    Failure(
        *("fault 995, request carried out", Effect.FAULT),
        Sight(e.ShellLostError, "URL refused (fault 995)"),
        {"code": 995, **_AFTER},
    ),
    Failure(
        *("fault w:InternalError without a number", Effect.FAULT),
        Sight(e.FaultError, "URL refused (fault w:InternalError)"),
        {"code": 0},
    ),
    Failure(
        *("fault with the words of throttling", Effect.FAULT),
        Sight(e.ThrottledError, "URL refused (fault w:QuotaLimit)"),
        {"code": 0, "subcode": "w:QuotaLimit", "message": _TOO_MANY},
    ),
    Failure("not HTTP", Effect.NOT_HTTP, _FOREIGN),
    Failure("garbage", Effect.GARBAGE, _UNREADABLE),
    _spoilt("half an envelope"),
    _spoilt("other XML", _ANOTHERS),
    _spoilt("no Body"),
    _spoilt("not UTF-8"),
    Failure("answer to another request", Effect.WRONG_RELATES_TO, _ANOTHERS),
    _spoilt("no RelatesTo", _ANOTHERS),
    _spoilt("entity bomb"),
    _spoilt("entity bomb in UTF-16"),
    _spoilt("external entity"),
    _spoilt("external subset"),
    Failure("body cut", Effect.CUT, _BROKEN),
    Failure("chunked body cut", Effect.CUT_CHUNKED, _BROKEN),
    Failure("300 MB, announced", Effect.HUGE, _TOO_LARGE),
    Failure("chunks without end", Effect.ENDLESS, _TOO_LARGE),
    Failure("headers without end", Effect.ENDLESS_HEAD, _TOO_LARGE),
    Failure("gzip unasked", Effect.GZIP, _COMPRESSED),
    Failure("gzip bomb", Effect.GZIP_BOMB, _COMPRESSED),
    Failure(
        *("wrong seal", Effect.WRONG_SEAL, Sight(e.ProtocolError, "URL sent what could not be unsealed")),
        only="ntlm",
    ),
    Failure("seal left out", Effect.UNSEALED, _OPEN_TEXT, only="ntlm"),
    _spoilt("streams twice", NOTHING, ANSWERS),
    _spoilt("fragment twice", NOTHING, ANSWERS),
    _spoilt("fragments swapped", requests=ANSWERS),
    _spoilt("fragment lost", requests=ANSWERS),
    _spoilt("fragment cut", requests=ANSWERS),
    _spoilt("not base64", requests=ANSWERS),
    _spoilt("message garbage", requests=ANSWERS),
    _spoilt("message bomb", requests=ANSWERS),
    _spoilt("message external", requests=ANSWERS),
)
