"""Guards before a POP3 service is restarted, and before protocol logging is turned on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.model import AlertValue
from cockpit.exchange.recovery_model import free_space
from cockpit.journal.records import Finding, Grade
from cockpit.recovery.guards.guard import Guard, component_states, unread
from cockpit.recovery.readings import Case, Readings

POP_PROXY: Final = "PopProxy"
FREE_BYTES: Final = 2 * 1024**3
"""Our own number: a busy front end writes some hundred MB an hour."""


def tier_services(tier: str, present: tuple[str, ...]) -> tuple[str, ...]:
    """The services of ``front``, ``back`` or ``all`` tiers that a server has."""
    wanted = {
        "front": (catalogue.FRONT_END_SERVICE,),
        "back": (catalogue.BACK_END_SERVICE,),
    }.get(tier, (catalogue.FRONT_END_SERVICE, catalogue.BACK_END_SERVICE))
    return tuple(name for name in wanted if name in present)


def _right(readings: Readings, case: Case) -> Iterator[Finding]:
    services = {s.name.lower(): s for s in readings.services.value or ()}
    server = readings.server(case.server)
    present = catalogue.services(server.version, server.roles) if server is not None else ()
    wanted = tier_services(str(case.args.get("tier", "all")), present)
    if not wanted and present:
        yield RIGHT.passed(case.server, N_("has no service of that tier by its role: nothing to restart"))
    elif not wanted:
        yield RIGHT.refused(
            case.server, N_("has no such service (role)"), N_("Name the other tier."), Grade.HARD
        )
    for name in wanted:
        service = services.get(name.lower())
        if service is None:
            yield RIGHT.refused(
                name, N_("not installed, or not readable"), N_("Look at the server."), Grade.HARD
            )
        elif service.start_type == "Disabled":
            yield RIGHT.refused(
                name,
                N_("{status}, start type Disabled").format(status=service.status),
                f"Set-Service {name} -StartupType Automatic",
            )
        else:
            yield RIGHT.passed(
                name,
                N_("{status}, start type {start_type}").format(
                    status=service.status, start_type=service.start_type
                ),
            )


RIGHT: Final = Guard(
    id="service.right",
    grade=Grade.STOP,
    title=N_("The right service, and it can be started"),
    threshold=N_("MSExchangePop3 in front, MSExchangePOP3BE behind; start type not Disabled"),
    needs=("servers", "services"),
    judge=_right,
    source="exchange-facts §3; start-and-stop-the-pop3-services",
)


def _pop_proxy(readings: Readings, case: Case) -> Iterator[Finding]:
    if case.args.get("tier", "front") == "back":
        yield POP_PROXY_ACTIVE.passed(case.server, N_("does not concern the back end"))
        return
    rows = component_states(readings, case.server)
    if not rows:
        yield unread(POP_PROXY_ACTIVE, case.server, N_("Get-ServerComponentState gave no component"))
        return
    component = next((c for c in rows if c.component == POP_PROXY), None)
    if component is None:
        yield POP_PROXY_ACTIVE.passed(case.server, N_("has no such component"))
    elif component.state == "Active":
        yield POP_PROXY_ACTIVE.passed(POP_PROXY, component.state)
    else:
        # A vote is kept twice, in the registry and in Active Directory (exchange-facts §2.10).
        by = list(dict.fromkeys(v.requester for v in component.votes if v.state == "Inactive"))
        cures = [
            f"Set-ServerComponentState {case.server} -Component PopProxy -Requester {requester} -State Active"
            for requester in by
        ]
        yield POP_PROXY_ACTIVE.refused(
            POP_PROXY,
            _out_of_service(component.state, ", ".join(by) or N_("unknown")),
            "; ".join(cures) or N_("Look who took it out: ServerWideOffline overrules it."),
        )


def _out_of_service(state: str, requesters: str) -> str:
    if state == "Inactive":
        return N_("Inactive by {requesters}").format(requesters=requesters)
    if state == "Draining":
        return N_("Draining by {requesters}").format(requesters=requesters)
    return f"{state} by {requesters}"


POP_PROXY_ACTIVE: Final = Guard(
    id="popproxy.active",
    grade=Grade.STOP,
    title=N_("PopProxy is Active"),
    threshold=N_("Active: POP3 stops by design while it is Inactive, a restart does not help"),
    needs=("components",),
    judge=_pop_proxy,
    source="Set-ServerComponentState.md, note",
)


def _clients(readings: Readings, case: Case) -> Iterator[Finding]:
    if readings.connections.problem:
        yield unread(CLIENTS, case.server, readings.connections.problem)
        return
    if not readings.connections.known:
        yield CLIENTS.passed(case.server, N_("the counter is not there"))
        return
    count = int(sum(s.value for s in readings.connections.value or ()))
    if count:
        yield CLIENTS.refused(
            case.server,
            N_("{count} POP3 connections").format(count=count),
            N_("They are cut and have to come back."),
        )
    else:
        yield CLIENTS.passed(case.server, N_("{count} POP3 connections").format(count=count))


CLIENTS: Final = Guard(
    id="clients.noted",
    grade=Grade.WARN,
    title=N_("Clients that will be disconnected"),
    threshold=N_("none"),
    needs=(),
    judge=_clients,
    source="ours",
)


def _pool(readings: Readings, case: Case) -> Iterator[Finding]:
    others = readings.pool.value or {}
    if not others:
        yield POOL.refused(
            case.server,
            N_("no other server of its tier in its site"),
            N_("Say why it must be now: nobody takes its clients over."),
        )
        return
    well = [n for n, value in others.items() if value in (AlertValue.HEALTHY, AlertValue.DEGRADED)]
    words = ", ".join(f"{n} {value}" for n, value in others.items())
    if well:
        yield POOL.passed(case.server, words)
    else:
        yield POOL.refused(case.server, words, N_("Recover another one first, or say why it must be this."))


POOL: Final = Guard(
    id="pool.others",
    grade=Grade.STOP,
    title=N_("Other servers of the pool carry on"),
    threshold=N_(
        "at least one other server of its tier in its site is not Unhealthy; drain the load balancer"
    ),
    needs=("servers", "pool"),
    judge=_pool,
    source="recovery-engine finding 3; the site stands for the pool, which Exchange does not know",
)


def _prior(readings: Readings, case: Case) -> Iterator[Finding]:
    settings = readings.settings.value
    if settings is not None and settings.protocol_log_enabled is not None:
        on = N_("ProtocolLogEnabled $true: it stays on at the end")
        yield PRIOR.passed(case.server, on if settings.protocol_log_enabled else "ProtocolLogEnabled $false")


PRIOR: Final = Guard(
    id="logging.prior",
    grade=Grade.HARD,
    title=N_("The prior value of protocol logging is known"),
    threshold=N_("ProtocolLogEnabled was read"),
    needs=("settings",),
    judge=_prior,
    source="configure-protocol-logging; exchange-facts §8 advice 8",
)


def _space(readings: Readings, case: Case) -> Iterator[Finding]:
    settings = readings.settings.value
    where = settings.log_file_location if settings is not None else ""
    free = free_space(readings.volumes.value or (), where)
    need = f"{FREE_BYTES / 1024**3:.0f} GB"
    if free is None:
        yield SPACE.refused(
            where or case.server, N_("free space unknown"), N_("Look at the volume of that folder.")
        )
    elif free < FREE_BYTES:
        yield SPACE.refused(
            where,
            N_("{free:.1f} GB free, {need} wanted").format(free=free / 1024**3, need=need),
            N_("Make room first."),
        )
    else:
        yield SPACE.passed(where, N_("{free:.1f} GB free").format(free=free / 1024**3))


SPACE: Final = Guard(
    id="logging.space",
    grade=Grade.STOP,
    title=N_("Room for the log"),
    threshold=N_("2 GB free where LogFileLocation is (our own number)"),
    needs=("settings", "volumes"),
    judge=_space,
    source="recovery-engine §3.2",
)

GUARDS: Final = (RIGHT, POP_PROXY_ACTIVE, CLIENTS, POOL, PRIOR, SPACE)
