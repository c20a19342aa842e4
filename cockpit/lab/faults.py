"""What can be wrong with POP in the lab, and what each probe sees of it.

Field meanings follow exchange-facts §2.4; which fault shows which text is the lab's own choice
within them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.organization import STORE, Database, Organization, Server

SELF_TEST_LIMIT = 55.0
"""Seconds a self or proxy test waits (the later variant of §2.4); the retries are not simulated."""
LOGIN_TEST_LIMIT = 115.0
ON_DEMAND_LIMIT = 6.0
_PROXY = re.compile(r" Proxy=[^\]]*")
NOTHING_ACTIVE = "no active database copy on this server"
"""The lab's own words."""


class Kind(Enum):
    """Kinds of fault. Each is on one server, those with ``database`` on one database of it."""

    LOOPBACK_HUNG = "back end does not answer on 127.0.0.1"
    BACK_END_HUNG = "back end does not answer at all"
    FRONT_END_LOGIN_HUNG = "front end answers TLS and CAPA but never finishes a login"
    FRONT_END_LOSES_REPLY = "front end logs in at the back end and never tells the client"
    FRONT_END_TLS = "front end fails the TLS negotiation"
    STORE_SICK = "information store does not answer in time"
    DATABASE_SICK = "the active copy of one database does not answer in time"
    BAD_PASSWORD = "the monitoring mailbox has another password"  # noqa: S105
    SLOW_COMMANDS = "average command processing time above 60 s"


@dataclass(slots=True)
class Fault:
    """One fault. It ends at ``ended``, after ``restarts`` restarts of one of ``cured_by`` (services, lower
    case), or with a reboot; with no ``cured_by`` only with a reboot. ``automatic_restart_fails``: the
    responder's restart does not get the service to stop in time, so the hung process lives on; a person's
    restart waits for it. ``survives_reboot``: not even a reboot ends it. ``cured_by_failover``: it ends when
    no active database is left on the server.
    """

    kind: Kind
    server: str
    began: float
    database: str = ""
    ended: float | None = None
    cured_by: frozenset[str] = frozenset()
    restarts: int = 1
    automatic_restart_fails: bool = False
    survives_reboot: bool = False
    cured_by_failover: bool = False

    def active(self, t: float) -> bool:
        return self.began <= t and (self.ended is None or t < self.ended)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one probe run saw. ``seconds``: how long it took; ``reply``: the decisive server reply.

    ``mailbox_server``: what it read of that in a reply; ``proxied_to``: where it really was proxied to.
    """

    ok: bool
    seconds: float
    component: str = "POP3"
    reason: str = ""
    answered_by: str = ""
    mailbox_server: str = ""
    reply: str = ""
    timed_out: bool = False
    database: str = ""
    proxied_to: str = ""


@dataclass(slots=True)
class Faults:
    """All faults of a lab, looked up by server and kind."""

    all: list[Fault] = field(default_factory=list)
    _servers: dict[str, list[Fault]] = field(default_factory=dict)

    def add(self, fault: Fault) -> None:
        self.all.append(fault)
        self._servers.setdefault(fault.server, []).append(fault)

    def on(self, server: str) -> list[Fault]:
        return self._servers.get(server, [])

    def find(self, server: str, kind: Kind, t: float, database: str = "") -> Fault | None:
        for fault in self._servers.get(server, ()):
            if fault.kind is kind and fault.active(t) and (not fault.database or fault.database == database):
                return fault
        return None

    def restarted(self, server: str, service: str, t: float, *, automatic: bool) -> list[Fault]:
        """A service was restarted; the faults that this cured."""
        cured = []
        for fault in self.on(server):
            if not fault.active(t) or service.lower() not in fault.cured_by:
                continue
            if automatic and fault.automatic_restart_fails:
                continue
            fault.restarts -= 1
            if fault.restarts <= 0:
                fault.ended = t
                cured.append(fault)
        return cured

    def rebooted(self, server: str, t: float) -> list[Fault]:
        cured = [f for f in self.on(server) if f.active(t) and not f.survives_reboot]
        for fault in cured:
            fault.ended = t
        return cured

    def restart_fails(self, server: str, service: str, t: float) -> bool:
        return any(
            f.automatic_restart_fails and f.active(t) and service.lower() in f.cured_by
            for f in self.on(server)
        )


def cured_by(*services: str) -> frozenset[str]:
    return frozenset(s.lower() for s in services)


def _refused() -> Outcome:
    return Outcome(
        ok=False,
        seconds=0.05,
        component="Networking",
        reason="NetworkConnectionFailed - SocketError",
        answered_by="Unable to retrieve server name",
    )


def _timed_out(server: str, limit: float, mailbox_server: str = "", answered: bool = False) -> Outcome:
    return Outcome(
        ok=False,
        seconds=limit,
        component="Unknown",
        reason="Timedout",
        answered_by=server if answered else "Unable to retrieve server name",
        mailbox_server=mailbox_server,
        timed_out=True,
    )


def _reply(error: str, fqdn: str) -> str:
    return f'-ERR Logon failure: unknown user name or bad password. [Error="{error}" Proxy={fqdn}]'


def judge_self_test(server: Server, faults: Faults, t: float) -> Outcome:
    """PopSelfTestProbe: 127.0.0.1, port 1995, no login."""
    if not server.runs(BACK_END_SERVICE):
        return _refused()
    if faults.on(server.name) and (
        faults.find(server.name, Kind.LOOPBACK_HUNG, t) or faults.find(server.name, Kind.BACK_END_HUNG, t)
    ):
        return _timed_out(server.name, SELF_TEST_LIMIT)
    return Outcome(True, 0.02, answered_by=server.name)


def judge_proxy_test(server: Server, faults: Faults, t: float) -> Outcome:
    """PopProxyTestProbe: the front end's TLS port, TLS and CAPA."""
    if not server.runs(FRONT_END_SERVICE):
        return _refused()
    if faults.find(server.name, Kind.FRONT_END_TLS, t):
        return Outcome(
            ok=False,
            seconds=0.3,
            component="Networking",
            reason="NetworkConnectionFailed - NegotiateSSLError",
            answered_by="Unable to retrieve server name",
        )
    return Outcome(True, 0.03, answered_by=server.name)


def _judge_mailbox(
    back_end: Server, database: Database, faults: Faults, t: float, *, answered_by: str
) -> Outcome | None:
    """What a login sees of the back end, its store and its database; None where all is well."""
    name = back_end.name

    def failed(component: str, reason: str, error: str, seconds: float = 1.5) -> Outcome:
        return Outcome(
            ok=False,
            seconds=seconds,
            component=component,
            reason=reason,
            answered_by=answered_by,
            mailbox_server=name,
            reply=_reply(error, back_end.fqdn),
            database=database.name,
        )

    if not back_end.runs(STORE) or not database.mounted:
        return failed("Store", "MailboxOfflineException", "MailboxOfflineException")
    if not faults.on(name):
        return None
    if faults.find(name, Kind.STORE_SICK, t):
        return failed("Store", "StorageTransientException", "StorageTransientException", 20.0)
    if faults.find(name, Kind.DATABASE_SICK, t, database.name):
        return failed("Store", "MapiExceptionTimeout", "MapiExceptionTimeout", 20.0)
    if faults.find(name, Kind.BAD_PASSWORD, t, database.name):
        secret = database.monitoring_password
        return failed("Auth", f"LoginDenied Bad password for Monitoring Account: {secret}", "LoginDenied")
    return None


def judge_deep_test(server: Server, database: Database | None, faults: Faults, t: float) -> Outcome:
    """PopDeepTestProbe: logs in to the back end of the same server.

    The sheet is silent on a server that holds copies but no active one, as after MoveNow. Here its
    run looks for the service, has nothing to log in to, and succeeds, which StateAttribute2 says.
    """
    if not server.runs(BACK_END_SERVICE):
        return _refused()
    if faults.find(server.name, Kind.BACK_END_HUNG, t):
        return _timed_out(server.name, LOGIN_TEST_LIMIT)
    if database is None:
        return Outcome(True, 0.02, reason=NOTHING_ACTIVE, answered_by=server.name)
    bad = _judge_mailbox(server, database, faults, t, answered_by=server.name)
    if bad is not None:
        return bad
    return Outcome(True, 0.12, answered_by=server.name, mailbox_server=server.name, database=database.name)


def judge_touch_point(
    organization: Organization, server: Server, database: Database, faults: Faults, t: float
) -> Outcome:
    """PopCTPProbe: logs in through the front end, which proxies to the database's active server.

    Whether every build's probe reads the mailbox server out of a reply is not in the sheet (§9): where
    ``Server.probes_name_mailbox_server`` is off no reply names it.
    """
    outcome = _touch(organization, server, database, faults, t)
    if not outcome.mailbox_server:
        return outcome
    name = outcome.mailbox_server if server.probes_name_mailbox_server else ""
    reply = outcome.reply if name else _PROXY.sub("", outcome.reply)
    return replace(outcome, mailbox_server=name, proxied_to=outcome.mailbox_server, reply=reply)


def _touch(
    organization: Organization, server: Server, database: Database, faults: Faults, t: float
) -> Outcome:
    """What the run met, whatever of it this build's probe reads.

    ``EndReadFailure`` and the component it is laid to are the sheet's (§2.4). That a front end which never
    finishes a login, or which loses the back end's answer, shows it, after 30 seconds and with no mailbox
    server in a reply, is the lab's own choice, as are the seconds of the others; the sheet is silent.
    """
    if not server.runs(FRONT_END_SERVICE):
        return _refused()
    if faults.find(server.name, Kind.FRONT_END_TLS, t):
        return judge_proxy_test(server, faults, t)
    if faults.find(server.name, Kind.FRONT_END_LOGIN_HUNG, t):
        return Outcome(False, 30.0, "PopImap", "EndReadFailure", server.name, database=database.name)
    back_end = organization.server(database.active)
    if not back_end.runs(BACK_END_SERVICE):
        reply = _reply("ProxyFailed", back_end.fqdn)
        return Outcome(
            False, 2.0, "Networking", "ProxyFailed", server.name, back_end.name, reply, database=database.name
        )
    if faults.find(back_end.name, Kind.BACK_END_HUNG, t):
        return _timed_out(server.name, LOGIN_TEST_LIMIT, back_end.name, answered=True)
    bad = _judge_mailbox(back_end, database, faults, t, answered_by=server.name)
    if bad is not None:
        return bad
    if faults.find(server.name, Kind.FRONT_END_LOSES_REPLY, t):
        return Outcome(
            *(False, 30.0, "PopImap", "EndReadFailure", server.name),
            database=database.name,
            proxied_to=back_end.name,
        )
    return Outcome(True, 0.18, answered_by=server.name, mailbox_server=back_end.name, database=database.name)


DEPENDENCY_MONITORS: dict[Kind, tuple[tuple[str, str], ...]] = {
    Kind.STORE_SICK: (("Store", "StoreServiceKilledMonitor"), ("Store", "StoreAdminRPCInterfaceMonitor")),
}
"""Monitors of other health sets that a fault turns Unhealthy: (health set, monitor)."""


def dependency_faults(faults: Iterable[Fault], health_set: str, monitor: str) -> Fault | None:
    """The fault behind that monitor on a server, if there is one, active or past (the latest)."""
    found = None
    for fault in faults:
        if (health_set, monitor) in DEPENDENCY_MONITORS.get(fault.kind, ()):
            found = fault
    return found
