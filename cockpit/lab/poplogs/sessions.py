"""What POP3 sessions leave in the logs: a client's talk with the front end, and that one's with the back end.

From the sheet (§4.2 to §4.4): commands, ``*****``, ``R``, the ``Msg`` of a proxied login, ``proxy`` with
``host:port:SSL`` as parameter, the back end's login as ``auth PLAIN`` (shaped from an IMAP fixture [C]).
The lab's own choice, for the sheet is silent: a row's time is its command's end; after the login the front
end only relays, which is one ``proxy`` row at the session's end; the user of a login that was proxied and
then refused is named, for the front end had found the mailbox; a login that the back end denied names none
there; the words behind a ``Msg=Proxy:…`` that did not succeed; every ``ErrMsg`` but
``UserConnectionLimitReached`` (§4.5), and what else stands in its row; which commands a client or a probe
gives, in which order, when within the session, and with how many bytes; that a session which says nothing
leaves ``OpenSession`` and ``CloseSession``, and one whose login gets no answer no ``pass`` row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from cockpit.lab.faults import Outcome
from cockpit.lab.poplogs.rows import quoted

_DENIED: Final = "-ERR Logon failure: unknown user name or bad password."
_LIMIT: Final = "UserConnectionLimitReached"


class End(Enum):
    """How a login, or a session without one, came out: the lab's own list, the sheet is silent on it."""

    GOOD = auto()
    NO_TLS = auto()
    """The connection was taken and its negotiation failed."""
    NO_PASSWORD_ANSWER = auto()
    """The front end never came back from the login, and never proxied."""
    LOST_ANSWER = auto()
    """Proxied, logged in there, and the client got no answer."""
    DENIED = auto()
    """The front end itself refused name or password."""
    CONNECTION_LIMIT = auto()
    PROXY_FAILED = auto()
    """Nothing listens on the back end."""
    PROXY_SILENT = auto()
    """The back end takes the connection and says nothing."""
    REFUSED = auto()
    """The back end, its store or its database refused."""
    IDLE = auto()
    """Logged in, then quiet until AuthenticatedConnectionTimeout."""
    SILENT = auto()
    """Connected, and quiet until PreAuthenticatedConnectionTimeout."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in, where to, how it ends. ``target``: the back end's FQDN; ``seconds``: the whole session;
    ``messages``: fetched and deleted; ``error``, ``reply``: the back end's."""

    mailbox: str
    domain: str
    target: str
    end: End
    seconds: float
    messages: int = 0
    error: str = ""
    reply: str = ""
    pause: float = 0.0
    """Seconds that every command takes longer: a front end whose commands are slow."""

    @property
    def account(self) -> str:
        return f"{self.mailbox}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Step:
    """A row to be: ``after`` seconds from the session's begin."""

    after: float
    user: str
    duration: int
    request: int
    response: int
    command: str
    parameters: str = ""
    context: str = ""


def end_of(outcome: Outcome) -> End:
    """How the session of a probe run that reached the service ended."""
    if outcome.ok:
        return End.GOOD
    if outcome.reason.endswith("NegotiateSSLError"):
        return End.NO_TLS
    if outcome.reason == "EndReadFailure":
        return End.LOST_ANSWER if outcome.proxied_to else End.NO_PASSWORD_ANSWER
    if outcome.reason == "ProxyFailed":
        return End.PROXY_FAILED
    return End.PROXY_SILENT if outcome.timed_out else End.REFUSED


def _opened(after: float = 0.002) -> Step:
    return Step(after, "", 0, 0, 49, "OpenSession")


def capabilities(seconds: float) -> list[Step]:
    """CAPA without a login, as the proxy test says it (§2.4). That the self test does too, and that both end
    with QUIT, is the lab's own choice; the sheet is silent."""
    last = max(seconds - 0.002, 0.006)
    return [
        _opened(),
        Step(0.004, "", 1, 6, 94, "capa", "", "R=ok"),
        Step(last - 0.001, "", 0, 6, 5, "quit", "", "R=ok"),
        Step(last, "", 0, 0, 0, "CloseSession"),
    ]


def unsecured(seconds: float) -> list[Step]:
    """TLS was not negotiated: nothing was said. Both rows are the lab's own choice; the sheet is silent."""
    last = max(seconds - 0.002, 0.004)
    return [
        Step(0.002, "", 0, 0, 0, "OpenSession"),
        Step(last, "", 0, 0, 0, "CloseSession", "", "ErrMsg=NegotiateSSLError"),
    ]


def front(login: Login) -> list[Step]:
    """The front end's rows."""
    if login.end is End.NO_TLS:
        return unsecured(login.seconds)
    last = max(login.seconds - 0.002, 0.02)
    if login.end is End.SILENT:
        return [_opened(), Step(last, "", 0, 0, 0, "CloseSession", "", "ErrMsg=ConnectionTimeout")]
    name = login.account
    steps = [
        _opened(),
        Step(0.004, "", 1, 6, 94, "capa", "", "R=ok"),
        Step(0.008, "", 1, len(name) + 7, 5, "user", name, "R=ok"),
    ]
    steps += _password(login, last)
    return [*steps, Step(last, steps[-1].user, 0, 0, 0, "CloseSession")]


def _password(login: Login, last: float) -> list[Step]:
    """The ``pass`` row, and the ``proxy`` row of a session that went on."""
    works = login.end in (End.GOOD, End.IDLE)
    by = min(0.14 + login.pause, last - 0.004) if works else last - 0.003
    proxy = f"Proxy:{login.target}:1995:SSL"

    def answered(user: str, context: str, response: int, at: float = by) -> Step:
        return Step(at, user, max(1, round((at - 0.008) * 1000)), 15, response, "pass", "*****", context)

    match login.end:
        case End.NO_PASSWORD_ANSWER:
            return []
        case End.DENIED:
            return [answered("", f"R={quoted(_DENIED)}", len(_DENIED) + 2, min(by, 0.9))]
        case End.CONNECTION_LIMIT:
            return [answered("", f"R={quoted(_DENIED)};ErrMsg={_LIMIT}", len(_DENIED) + 2, min(by, 0.3))]
        case End.PROXY_FAILED:
            context = (
                f"R={quoted(login.reply or _DENIED)};Msg={quoted(f'{proxy};ProxyFailed')};ErrMsg=ProxyFailed"
            )
            return [answered(login.mailbox, context, len(login.reply) + 2)]
        case End.PROXY_SILENT:
            return [answered(login.mailbox, f"Msg={quoted(proxy)};ErrMsg=ProxyTimeout", 0)]
        case End.REFUSED:
            context = f"R={quoted(login.reply or _DENIED)};Msg={quoted(proxy)};ErrMsg={login.error}"
            return [answered(login.mailbox, context, len(login.reply) + 2)]
    context = f"R=ok;Msg={quoted(f'{proxy};ProxySuccess')}"
    if login.end is End.LOST_ANSWER:
        return [answered(login.mailbox, context, 0, min(by, 0.2))]
    step = answered(login.mailbox, context, 32)
    size = sum(s.request for s in back(login)), sum(s.response for s in back(login))
    relayed = max(1, round((last - step.after) * 1000))
    relay = Step(last - 0.001, login.mailbox, relayed, *size, "proxy", f"{login.target}:1995:SSL", "R=ok")
    return [step, relay]


def back(login: Login) -> list[Step]:
    """The back end's rows of a session that a front end brought; none where it never got there."""
    if login.end not in (End.GOOD, End.IDLE, End.LOST_ANSWER, End.REFUSED):
        return []
    last = max(login.seconds - 0.006, 0.016)
    steps = [Step(0.012, "", 0, 0, 49, "OpenSession")]
    if login.end is End.REFUSED:
        at = max(0.014, last - 0.004)
        user = "" if login.error == "LoginDenied" else login.mailbox
        context = f"R={quoted(login.reply or _DENIED)};ErrMsg={login.error}"
        steps.append(Step(at, user, round((at - 0.012) * 1000), 44, 120, "auth", "PLAIN", context))
    else:
        steps.append(Step(min(0.13, last - 0.002), login.mailbox, 90, 44, 32, "auth", "PLAIN", "R=ok"))
    if login.end is End.GOOD:
        steps += _mail(login, steps[-1].after, last)
    context = "ErrMsg=ConnectionTimeout" if login.end is End.IDLE else ""
    return [*steps, Step(last, steps[-1].user, 0, 0, 0, "CloseSession", "", context)]


def direct(login: Login) -> list[Step]:
    """The back end's rows of a client that comes straight to it, as the deep test does (§2.4). USER and PASS
    instead of the front end's ``auth PLAIN`` are the lab's own choice; the sheet is silent."""
    last = max(login.seconds - 0.002, 0.02)
    name = login.account
    steps = [_opened(), Step(0.006, "", 1, len(name) + 7, 5, "user", name, "R=ok")]
    if login.end is End.GOOD:
        at = min(0.08, last - 0.006)
        steps.append(Step(at, login.mailbox, 60, 15, 32, "pass", "*****", "R=ok"))
        steps += _mail(login, at, last)
    else:
        user = "" if login.error == "LoginDenied" else login.mailbox
        at = last - 0.002
        context = f"R={quoted(login.reply or _DENIED)};ErrMsg={login.error}"
        steps.append(Step(at, user, round((at - 0.006) * 1000), 15, 120, "pass", "*****", context))
    return [*steps, Step(last, steps[-1].user, 0, 0, 0, "CloseSession")]


def _mail(login: Login, begin: float, end: float) -> list[Step]:
    """``stat``, what is there to fetch and to delete, ``quit``: evenly over the session."""
    total = login.messages * 4211
    told: list[tuple[str, str, int, int, str]] = [
        ("stat", "", 6, 14, f"R=ok;Rows={login.messages};TotalSize={total}"),
    ]
    if login.messages:
        told.append(("list", "", 6, 12 * login.messages, f"R=ok;Rows={login.messages}"))
    for number in range(1, login.messages + 1):
        told.append(("retr", str(number), 8, 4211, "R=ok"))
        told.append(("dele", str(number), 8, 5, "R=ok"))
    done = f"R=ok;ItemsDeleted={login.messages}" if login.messages else "R=ok"
    told.append(("quit", "", 6, 5, done))
    each = (end - begin) / (len(told) + 1)
    took = max(1, round(min(each, 0.05 + login.pause) * 1000))
    return [
        Step(begin + each * (n + 1), login.mailbox, took, request, response, command, parameters, context)
        for n, (command, parameters, request, response, context) in enumerate(told)
    ]
