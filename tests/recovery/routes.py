"""Ways through the runbooks, short ones, that together pass every step of every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.journal.records import Answer, Choice, Finding, Question, RunState
from cockpit.lab.faults import Fault, Kind, cured_by
from cockpit.lab.organization import Organization, Override, Server
from cockpit.lab.scenarios import Scenario
from cockpit.lab.simulation import WARM_UP, Simulation
from cockpit.recovery.runbooks.logging import OFF, ON, TIERS
from tests.recovery.crashing import Route
from tests.recovery.loopback import LOGGING
from tests.recovery.robot import Robot, first

LONG_AGO: Final = WARM_UP - 1680.0
"""Long enough for every monitor to be Unhealthy when the lab opens."""
MEMBER: Final = "EX19-01"
OTHER: Final = "EX19-02"
CAS: Final = "EX13-CAS01"
BEHIND: Final = "EX13-MBX01"
FAILED: Final = {"evidence": {"of": "the probe", "outcome": "failed", "words": "ResultType Failed"}}
UNHEALTHY: Final = {"evidence": {"of": "the monitor", "outcome": "unhealthy", "words": "is Unhealthy."}}
DEEP: Final = ("PopDeepTest", "PopDeepTestMonitor")
CTP: Final = ("PopCTP", "PopCTPMonitor")
PROXY: Final = ("PopProxyTest", "PopProxyTestMonitor")
AVERAGE: Final = ("AverageCommandProcessingTime", "AverageCommandProcessingTimeGt60sMonitor")

AWAY: Final = ("away-block", "away-move", "away-moved", "away-reboot", "away-settled", "away-services")
BACK: Final = ("back-unblock", "back-policy", "fail-back")
LEFT: Final = ("back-unblock-left", "back-policy-left")


# --- what is broken ------------------------------------------------------------------------------------


def _quiet(organization: Organization) -> None:
    """Databases stay where they are put."""
    for dag in organization.dags.values():
        dag.preference_moves = None
        dag.primary_active_manager = dag.servers[-1]


_RESPONDERS: Final = (
    *("PopProxyTestRestartService", "PopProxyTestRestartServiceLate", "PopProxyTestCafeOffline"),
    *("PopCTPRestartService", "PopCTPRestartServiceLate"),
)


def _restless_service(server: str, organization: Organization) -> None:
    """The front end's service does not come back after a boot, and no responder meddles with it."""
    _quiet(organization)
    found = organization.server(server)
    found.services[FRONT_END_SERVICE.lower()].fails_at_boot = True
    found.overrides += [
        Override(
            *("Responder", "POP", responder, "Enabled", "0"),
            created_by="lab.example/Users/oncall",
            created_at=0.0,
            expires_at=1e9,
        )
        for responder in _RESPONDERS
    ]


def _nowhere_to_go(simulation: Simulation) -> None:
    """A second operator, after the guards have looked: no copy on the other member may be activated."""
    _fault(Kind.BACK_END_HUNG, MEMBER, (), True, simulation)
    begin = simulation.lifecycle.move_now

    def move_now(server: Server, t: float, by: str) -> None:
        for database in simulation.organization.copies_on(OTHER):
            copy = database.copy_on(OTHER)
            assert copy is not None
            copy.activation_suspended = True
        begin(server, t, by)

    setattr(simulation.lifecycle, "move_now", move_now)  # noqa: B010 -- a method, put in its place


def _fault(kind: Kind, server: str, services: tuple[str, ...], stays: bool, simulation: Simulation) -> None:
    simulation.faults.add(
        Fault(
            *(kind, server, LONG_AGO),
            cured_by=cured_by(*services),
            automatic_restart_fails=True,
            survives_reboot=stays,
        )
    )


def _blind(kind: Kind, server: str, simulation: Simulation) -> None:
    """A fault that stays, and no probe can be run by hand."""
    _fault(kind, server, (), True, simulation)
    simulation.knobs[server].unrunnable_probes = ["*"]


def _scenario(
    begin: Callable[[Simulation], None], prepare: Callable[[Organization], None] = _quiet
) -> Scenario:
    return Scenario("route", "a route's", "see its code", "-", "-", begin=begin, prepare=prepare)


def _broken(kind: Kind, server: str, *services: str, stays: bool = False) -> Callable[[Simulation], None]:
    return partial(_fault, kind, server, services, stays)


# --- ways that several runbooks have ---------------------------------------------------------------------


def _member(
    book: tuple[str, str], name: str, scenario: Scenario, passes: tuple[str, ...], ends: RunState, **more: Any
) -> Route:
    """On a DAG member of 2019."""
    return Route(
        f"{book[0]}: {name}",
        book[0],
        scenario,
        "dag:DAG01",
        MEMBER,
        book[1],
        passes,
        ends,
        servers=2,
        entry=(OTHER, MEMBER),
        **more,
    )


def _cas(
    book: tuple[str, str], name: str, scenario: Scenario, passes: tuple[str, ...], ends: RunState, **more: Any
) -> Route:
    """On a Client Access server of 2013."""
    return Route(
        f"{book[0]}: {name}",
        book[0],
        scenario,
        f"server:{CAS}",
        CAS,
        book[1],
        passes,
        ends,
        servers=8,
        entry=("EX13-CAS02", BEHIND),
        **more,
    )


def _failover(
    book: tuple[str, str],
    kind: Kind,
    look: tuple[str, ...],
    facts: Mapping[str, Any] = FAILED,
) -> Route:
    """Away, restart of the computer, a service that does not come back, and back."""
    return _member(
        book,
        "failover",
        _scenario(
            _broken(kind, MEMBER),
            partial(_restless_service, MEMBER),
        ),
        ("role", *AWAY, *look, *BACK),
        RunState.RECOVERED,
        start="role",
        facts=facts,
    )


def _left_behind(book: tuple[str, str]) -> Route:
    return _member(
        book,
        "left behind",
        _scenario(_nowhere_to_go),
        ("away-block", "away-move", "away-moved", *LEFT, "escalate"),
        RunState.ESCALATED,
        start="away-block",
        facts=FAILED,
    )


def _waits(book: tuple[str, str], start: str, passes: tuple[str, ...], **more: Any) -> Route:
    """On a server whose fault stays: what is waited for does not come."""
    kind = {DEEP: Kind.BACK_END_HUNG, PROXY: Kind.FRONT_END_TLS}.get(book, Kind.FRONT_END_LOGIN_HUNG)
    place, server = (_member, MEMBER) if book == DEEP else (_cas, CAS)
    return place(
        book,
        f"from {start}",
        _scenario(partial(_blind, kind, server)),
        (*passes, "escalate"),
        RunState.ESCALATED,
        start=start,
        **more,
    )


def _cas_reboot(
    book: tuple[str, str], kind: Kind, look: tuple[str, ...], facts: Mapping[str, Any] = FAILED
) -> Route:
    return _cas(
        book,
        "restart of a Client Access server",
        _scenario(_broken(kind, CAS), partial(_restless_service, CAS)),
        ("role", "reboot", "cas-settled", "cas-services", *look),
        RunState.RECOVERED,
        start="role",
        facts=facts,
    )


def _service(book: str, name: str, start: str, ends: RunState) -> Route:
    return _member(
        (book, ""), name, _scenario(_broken(Kind.BACK_END_HUNG, MEMBER)), (start,), ends, start=start
    )


def _logs(server: str, organization: Organization) -> None:
    _quiet(organization)
    organization.server(server).pop.protocol_log_enabled = True


def _unbroken(_: Simulation) -> None:
    return


def _never_mind(question: Question, in_the_way: Sequence[Finding]) -> Answer:
    """Whether lines arrive or cannot be read, it goes on to the same end."""
    return first(Choice.SKIP)(question, in_the_way)


def _logging(choice: str) -> Iterator[Route]:
    """Protocol logging on and off again, by itself."""
    tiers, on, off = TIERS[choice], (ON[choice].name, ""), (OFF[choice].name, "")
    unbroken, logging = _scenario(_unbroken), _scenario(_unbroken, partial(_logs, MEMBER))
    yield _member(
        on,
        "on and off",
        unbroken,
        (
            *("logging-on", *(f"restart-{t}" for t in tiers), "seen", "held", "off-logging-off"),
            *(f"off-{t}-restart-quiet" for t in tiers),
        ),
        RunState.RECOVERED,
    )
    yield _member(
        on,
        "no restart",
        unbroken,
        ("failed-logging-off", *(f"failed-{t}-restart-quiet" for t in tiers), "escalate"),
        RunState.ESCALATED,
        auto=False,
        robot=lambda: Robot(steps={f"restart-{tiers[0]}": first(Choice.SKIP)}),
    )
    yield _member(
        on,
        "on before",
        logging,
        ("seen-already",),
        RunState.RECOVERED,
        robot=lambda: Robot(steps={"seen-already": _never_mind}),
    )
    yield _member(
        on,
        "on before, restarted",
        logging,
        (*(f"late-restart-{t}" for t in tiers), "late-seen"),
        RunState.RECOVERED,
        start=f"late-restart-{tiers[0]}",
        robot=lambda: Robot(steps={"late-seen": _never_mind}),
    )
    yield _member(
        off,
        "off",
        logging,
        ("clear", *(f"restart-{t}" for t in tiers)),
        RunState.RECOVERED,
        means=(LOGGING, False),
    )
    yield _service(off[0], "escalate", "escalate", RunState.ESCALATED)


ROUTES: Final = {
    r.name: r
    for r in (
        _member(
            DEEP,
            "restart",
            _scenario(_broken(Kind.BACK_END_HUNG, MEMBER, BACK_END_SERVICE)),
            ("verify", "verify-probe", "restart", "probe"),
            RunState.RECOVERED,
        ),
        _failover(DEEP, Kind.BACK_END_HUNG, ("probe-again",)),
        _left_behind(DEEP),
        _waits(DEEP, "watch-wait", ("watch-wait", "watch-look")),
        _waits(DEEP, "after-wait", ("after-wait", "after-look")),
        _cas(
            CTP,
            "component",
            _scenario(_broken(Kind.FRONT_END_TLS, CAS, FRONT_END_SERVICE)),
            ("verify", "verify-probe", "component", "component-active", "restart", "probe"),
            RunState.RECOVERED,
        ),
        _cas(
            CTP,
            "logging",
            _scenario(_broken(Kind.FRONT_END_LOGIN_HUNG, CAS, FRONT_END_SERVICE)),
            ("logging-on", "restart-logged", "probe-logged", "good-logging-off", "good-restart-quiet"),
            RunState.RECOVERED,
            start="logging-on",
        ),
        _waits(
            CTP,
            "watch-wait",
            ("watch-wait", "watch-look", "logging-on", "restart-logged", "probe-logged", "find",
             "bad-logging-off", "bad-restart-quiet"),
        ),
        _cas(
            CTP,
            "behind",
            _scenario(_broken(Kind.BACK_END_HUNG, BEHIND, BACK_END_SERVICE)),
            ("find", "behind", "probe-behind"),
            RunState.RECOVERED,
            start="find",
            facts={"probe": {"mailbox_server": BEHIND, "user": ""}},
        ),
        _cas(
            CTP,
            "last look",
            _scenario(_broken(Kind.FRONT_END_LOGIN_HUNG, CAS)),
            ("last-look", "role", "reboot", "cas-settled", "probe-rebooted"),
            RunState.RECOVERED,
            start="last-look",
        ),
        _waits(CTP, "behind-wait", ("behind-wait", "behind-look")),
        _waits(CTP, "rebooted-wait", ("rebooted-wait", "rebooted-look")),
        _waits(CTP, "after-wait", ("after-wait", "after-look")),
        _cas_reboot(CTP, Kind.FRONT_END_LOGIN_HUNG, ("probe-rebooted",)),
        _failover(CTP, Kind.FRONT_END_LOGIN_HUNG, ("probe-again",)),
        _left_behind(CTP),
        _cas(
            PROXY,
            "component",
            _scenario(_broken(Kind.FRONT_END_TLS, CAS, FRONT_END_SERVICE)),
            ("verify", "verify-probe", "component", "component-active", "restart", "probe"),
            RunState.RECOVERED,
        ),
        _waits(PROXY, "watch-wait", ("watch-wait", "watch-look")),
        _waits(PROXY, "rebooted-wait", ("rebooted-wait", "rebooted-look")),
        _waits(PROXY, "after-wait", ("after-wait", "after-look")),
        _cas_reboot(PROXY, Kind.FRONT_END_TLS, ("probe-rebooted",)),
        _failover(PROXY, Kind.FRONT_END_TLS, ("probe-again",)),
        _left_behind(PROXY),
        _member(
            AVERAGE,
            "restart",
            _scenario(_broken(Kind.SLOW_COMMANDS, MEMBER, FRONT_END_SERVICE)),
            ("verify", "restart-front", "restart-back", "wait", "look"),
            RunState.RECOVERED,
        ),
        _cas_reboot(AVERAGE, Kind.SLOW_COMMANDS, ("wait-rebooted", "look-rebooted"), UNHEALTHY),
        _failover(AVERAGE, Kind.SLOW_COMMANDS, ("wait-again", "look-again"), UNHEALTHY),
        _left_behind(AVERAGE),
        _service("ServiceRestart", "restart", "restart", RunState.RECOVERED),
        _service("ServiceRestart", "escalate", "escalate", RunState.ESCALATED),
        _service("BackEndServiceRestart", "restart", "restart", RunState.RECOVERED),
        _service("BackEndServiceRestart", "escalate", "escalate", RunState.ESCALATED),
        *(route for choice in TIERS for route in _logging(choice)),
    )
}  # fmt: skip


def kills(name: str) -> tuple[str, ...]:
    """The steps of a route that no earlier route of its runbook passes: workers are killed in those."""
    route, known = ROUTES[name], set[str]()
    for other in ROUTES.values():
        if other.name == name:
            break
        if other.runbook == route.runbook:
            known.update(other.passes)
    return tuple(step for step in route.passes if step not in known)
