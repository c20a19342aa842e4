"""Servers that go and come back, and databases that move, in simulated time."""

from __future__ import annotations

from functools import partial

from cockpit.lab.health import HealthEngine
from cockpit.lab.organization import AUTOMATIC, Database, Server, stop

FAILOVER_AFTER = 30.0
"""Seconds until the DAG mounts another copy of a lost server's database. The lab's own number."""
MOVE_EACH = 20.0
"""Seconds between two moves of MoveNow; the sheet only says that moves take minutes [C]."""
REBOOT_SECONDS = 240.0


class Lifecycle:
    """Acts on whole servers and on database copies; every change goes into the ledger."""

    def __init__(self, engine: HealthEngine) -> None:
        self.engine = engine
        self.organization = engine.organization
        self.ledger = engine.ledger

    def kill(self, server: Server, t: float, by: str = "control") -> None:
        """The machine is gone: nothing answers, its processes end, its databases fail over."""
        if not server.up:
            return
        server.up = False
        for service in server.services.values():
            stop(service)
        self.ledger.change(t, server.name, "server down", by=by)
        for database in self.organization.active_on(server.name):
            database.mounted = False
            self.engine.at(t + FAILOVER_AFTER, partial(self._fail_over, server, database))
        self._move_active_manager(server, t)

    def start(self, server: Server, t: float, by: str = "control") -> None:
        """The machine boots: services set to Automatic start, the health manager makes its items anew."""
        if server.up:
            return
        server.up = True
        server.booted_at = t
        self.ledger.change(t, server.name, "server up", by=by)
        for fault in self.engine.faults.rebooted(server.name, t):
            self.ledger.change(t, server.name, "cured", f"{fault.kind.name} {fault.database}".strip())
        for service in server.services.values():
            if service.start_type == AUTOMATIC:
                self.engine.start_service(server, service, t, "boot")
        for database in self.organization.databases.values():
            if database.active == server.name and not database.mounted:
                database.mounted = True
                self.ledger.change(t, server.name, "database mounted", database.name)

    def reboot(self, server: Server, t: float, by: str = "control") -> None:
        self.kill(server, t, by)
        self.engine.at(t + REBOOT_SECONDS, lambda due: self.start(server, due, by))

    def _fail_over(self, server: Server, database: Database, t: float) -> None:
        if database.active != server.name or server.up:
            return
        targets = self.organization.move_targets(database, leaving=server.name)
        if targets:
            self._activate(database, targets[0].server, t, "active manager")

    def _move_active_manager(self, server: Server, t: float) -> None:
        dag = self.organization.dags.get(server.dag.lower())
        if dag is None or dag.primary_active_manager != server.name:
            return
        others = [n for n in dag.servers if n != server.name and self.organization.server(n).up]
        if others:
            dag.primary_active_manager = others[0]
            self.ledger.change(t, others[0], "primary active manager", dag.name)

    def move(self, database: Database, target: str, t: float, by: str = "control") -> bool:
        """Make the copy on ``target`` the active one; False where there is no such healthy copy."""
        found = self.organization.find(target)
        if found is None or not found.up or database.copy_on(found.name) is None:
            return False
        self._activate(database, found.name, t, by)
        return True

    def _activate(self, database: Database, target: str, t: float, by: str) -> None:
        source = database.active
        for name in (source, target):
            copy = database.copy_on(name)
            if copy is not None:
                copy.since = t
        database.active = target
        database.mounted = True
        self.ledger.change(t, target, "database moved", f"{database.name}: {source} -> {target}", by)

    def move_now(self, server: Server, t: float, by: str) -> None:
        """DatabaseCopyActivationDisabledAndMoveNow $true: one database after the other, where it can go."""
        for number, database in enumerate(self.organization.active_on(server.name), start=1):
            self.engine.at(t + number * MOVE_EACH, partial(self._move_off, server, database, by))

    def _move_off(self, server: Server, database: Database, by: str, t: float) -> None:
        if not server.move_now or database.active != server.name:
            return
        targets = self.organization.move_targets(database, leaving=server.name)
        if targets:
            self._activate(database, targets[0].server, t, by)
        else:
            self.ledger.change(t, server.name, "database stays", f"{database.name}: no copy may take it", by)
