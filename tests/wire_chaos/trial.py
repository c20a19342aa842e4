"""One failure at one request, with real cmdlets of the product over real sockets: what comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import psutil

from cockpit.config.targets import Target, exchange_target, winrm_target
from cockpit.exchange import catalogue
from cockpit.exchange.changes import SetComponentState, send
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.recovery_model import ServiceProcess, ServiceState
from cockpit.exchange.server_changes import RestartService
from cockpit.exchange.session import EXCHANGE, WINRM, Patience, RawResult, Session
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.lab.wire.endpoint import Endpoint
from tests.product.conftest import Running
from tests.support.waiting import eventually
from tests.wire_chaos.failures import OPENING, Failure

QUICK: Final = Patience(open=2.0, close=1.0, grace=1.0)
QUICK_CALL: Final = 2.0
"""Limits for failures that take time: all but them is over at once."""
AMPLE: Final = Patience()
AMPLE_CALL: Final = 20.0
SLACK: Final = 4.0
"""Seconds for a machine busy with other things; what hangs would hang for thirty, or for ever."""
_LONG: Final = 500_000
"""Characters of a parameter that do not fit one envelope: what follows goes by Send."""


@dataclass(frozen=True)
class Seen:
    """What the operator sees: an ExchangeError's name and words; ``kind`` "" for success."""

    kind: str
    what: str = ""
    cause: str = ""
    cure: str = ""


@dataclass(frozen=True)
class Outcome:
    """``changing``: a call that must not be repeated, struck as long as the cause lasts; ``reading``: one
    that may be, struck once; ``after``: the same read after each, on the same session, the cause gone.

    ``sent``: how often the changing one was carried out, by the lab's ledger. ``left``: what stayed behind.
    """

    cmdlets: tuple[str, str]
    changing: Seen
    reading: Seen
    after: tuple[Seen, Seen]
    sent: int
    seconds: tuple[float, float]
    limit: float
    left: tuple[str, ...]


@dataclass(frozen=True)
class _Half:
    seen: Seen
    seconds: float
    sent: int
    after: Seen
    left: tuple[str, ...]


_PROBE: Final = ("Invoke-MonitoringProbe", "Get-ServerHealth")
_SET: Final = ("Set-ServerComponentState", "Get-ServerHealth")


class _Limited:
    """A caller that gives each call another time limit."""

    def __init__(self, session: Session, seconds: float) -> None:
        self._session = session
        self._seconds = seconds
        self.target: Target = session.target

    def run(self, call: Call, *, repeatable: bool = True) -> RawResult:
        return self._session.run(replace(call, time_limit=self._seconds), repeatable=repeatable)


Act = Callable[[_Limited], object]


@dataclass(frozen=True)
class Acts:
    """Calls of one endpoint: a change and a read, with the names of their cmdlets."""

    kind: str
    cmdlets: tuple[str, str]
    change: Act
    read: Act


def _probe(server: str, suffix: str = "") -> Act:
    identity = f"POP\\PopCTPProbe{suffix}"
    return lambda caller: ExchangeCmdlets(caller).invoke_monitoring_probe(identity, server)


def _health(server: str, health_set: str = "POP") -> Act:
    return lambda caller: ExchangeCmdlets(caller).get_server_health(server, health_set)


def acts_of(server: str, service: str, turn: int, request: str) -> Acts:
    """The calls of turn ``turn``; where Send is struck, those with a parameter too long for one envelope."""
    if request == "Send":
        long = "x" * _LONG
        return Acts("exchange", _PROBE, _probe(server, f"\\{long}"), _health(server, long))
    if turn % 3 == 0:
        change = SetComponentState(server, "PopProxy", "Maintenance", "Active")
        return Acts("exchange", _SET, lambda c: send(c, change), _health(server))
    if turn % 3 == 1:
        return Acts("exchange", _PROBE, _probe(server), _health(server))
    restart = RestartService(server, service, ServiceProcess(service, ServiceState.RUNNING, "Auto", 4))
    return Acts(
        "winrm",
        ("Restart-Service", "Get-Service"),
        lambda c: send(c, restart),
        lambda c: WinRMCmdlets(c).get_service(catalogue.SERVICES),
    )


class Trial:
    """Runs failures against one server of a lab, one after the other."""

    def __init__(self, running: Running, server: str) -> None:
        self._running = running
        self._server = server
        has = running.lab.simulation.organization.servers[server.lower()].has_front_end
        self._service = catalogue.FRONT_END_SERVICE if has else catalogue.BACK_END_SERVICE

    def run(self, failure: Failure, request: str, turn: int) -> Outcome:
        acts = acts_of(self._server, self._service, turn, request)
        patience, call = (QUICK, QUICK_CALL) if failure.slow else (AMPLE, AMPLE_CALL)
        change = self._half(failure, request, acts, acts.change, None)
        read = self._half(failure, request, acts, acts.read, 1)
        return Outcome(
            acts.cmdlets,
            change.seen,
            read.seen,
            (change.after, read.after),
            change.sent,
            (change.seconds, read.seconds),
            limit_of(request, patience, call),
            (*change.left, *read.left),
        )

    def _half(self, failure: Failure, request: str, acts: Acts, act: Act, count: int | None) -> _Half:
        """``act`` on a session of its own, struck ``count`` times (None: always) at ``request``."""
        endpoint = self._running.lab.endpoints[self._server][acts.kind]
        patience, call = (QUICK, QUICK_CALL) if failure.slow else (AMPLE, AMPLE_CALL)
        session = self._session(acts.kind)
        target = session.target
        before = self._things(endpoint, session)
        since = self._running.on_loop(lambda: self._running.lab.simulation.ledger.last)
        if request not in OPENING:
            session.open()
        session._patience = patience  # what is not struck has all the time that a busy machine takes
        self._running.on_loop(
            lambda: endpoint.knobs.add(failure.effect, action=request, count=count, **failure.trouble)
        )
        started = time.monotonic()
        seen = self._seen(lambda: act(_Limited(session, call)), target)
        if request == "Delete":
            started = time.monotonic()
            session.close()
        seconds = time.monotonic() - started
        self._clear(endpoint)
        session._patience = AMPLE
        after = self._seen(lambda: acts.read(_Limited(session, AMPLE_CALL)), target)
        session.close()
        left = self._left(endpoint, session, before)
        return _Half(seen, seconds, self._carried_out(acts.cmdlets[0], since), after, left)

    def _carried_out(self, cmdlet: str, since: int) -> int:
        entries = self._running.on_loop(lambda: self._running.lab.simulation.ledger.since(since))
        return sum(e.server == self._server and e.cmdlet == cmdlet for e in entries)

    def _session(self, kind: str) -> Session:
        make, configuration = (exchange_target, EXCHANGE) if kind == "exchange" else (winrm_target, WINRM)
        environment = self._running.environment
        target = make(environment, self._server)
        return Session(
            target, configuration, environment.credential.user, self._running.secret, patience=AMPLE
        )

    def _clear(self, endpoint: Endpoint) -> None:
        refused = endpoint.knobs.refuse
        self._running.on_loop(endpoint.knobs.clear)
        if refused:
            self._running.do(endpoint.accept())

    def _things(self, endpoint: Endpoint, session: Session) -> set[str]:
        """The shells at the server and the sockets to it."""
        sockets = {
            f"socket {c.fd}"
            for c in psutil.Process().net_connections("tcp")
            if tuple(c.raddr)[1:] == (session.target.port,)
        }
        return sockets | {f"shell {s.id}" for s in self._running.on_loop(endpoint.shells)}

    def _left(self, endpoint: Endpoint, session: Session, before: set[str]) -> tuple[str, ...]:
        """What is there that was not there before."""
        new: set[str] = set()

        def none() -> bool:
            nonlocal new
            new = self._things(endpoint, session) - before
            return not new

        try:
            eventually(none, 3.0, "nothing left")
        except AssertionError:
            return tuple(sorted(new))
        return ()

    def _seen(self, act: Callable[[], object], target: Target) -> Seen:
        try:
            act()
        except ExchangeError as error:
            what, cure = self._general(error.what, target), self._general(error.cure, target)
            return Seen(type(error).__name__, what, error.cause, cure)
        return Seen("")

    def _general(self, text: str, target: Target) -> str:
        return text.replace(target.url, "URL").replace(self._server, "SERVER")


def limit_of(request: str, patience: Patience, call: float) -> float:
    """How long it may take, as Patience states it."""
    if request == "Delete":
        return patience.close
    if request in OPENING:
        return patience.open + patience.grace + 2 * patience.close
    return call + patience.grace + patience.close
