"""Servers that go and come back, databases that move, quorum that is lost: all in simulated time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cockpit.lab.dag import has_quorum, move_targets, seeds_others
from cockpit.lab.health import HealthEngine
from cockpit.lab.organization import (
    AUTOMATIC,
    CLUSTER,
    Dag,
    Database,
    Move,
    Server,
    WindowsService,
    stop,
)

FAILOVER_AFTER = 30.0
"""Seconds until the DAG mounts another copy of a lost server's database. The lab's own number."""
MOVE_EACH = 20.0
"""Seconds a move takes, and between two moves of MoveNow; the sheet only says that moves take minutes [C]."""
DISMOUNTING_FOR = 8.0
REBOOT_SECONDS = 240.0
SHUTDOWN_SECONDS = 10.0
"""From Restart-Computer's answer until nothing answers any more: the lab's own number."""
FIRST_PREFERENCE_MOVE = 1800.0
"""When databases are first moved back, on the simulation's clock; then every PreferenceMoveFrequency. With
an hour of it that is in the middle of the warm-up and half an hour after a lab opens."""
ACTIVE_MANAGER = "active manager"


class Lifecycle:
    """Acts on whole servers and on database copies; every change goes into the ledger."""

    def __init__(self, engine: HealthEngine) -> None:
        self.engine = engine
        self.organization = engine.organization
        self.ledger = engine.ledger
        self.on_power: Callable[[], None] = _nobody
        """Called when a server went down or came up."""
        engine.witnesses.add(self)
        for dag in self.organization.dags.values():
            engine.at(FIRST_PREFERENCE_MOVE, partial(self._preference_moves, dag))

    # -- servers ------------------------------------------------------------------------------------------

    def kill(self, server: Server, t: float, by: str = "control") -> None:
        """The machine is gone: nothing answers, its processes end, its databases fail over."""
        if not server.up:
            return
        server.up = False
        server.processes = []
        ended = [s for s in server.services.values() if s.process_id]
        for service in server.services.values():
            stop(service)
        self.ledger.change(t, server.name, "server down", by=by)
        for database in self.organization.databases.values():
            if database.active == server.name and (database.mounted or database.move is not None):
                database.mounted = False
                database.move = None
                self.engine.at(t + FAILOVER_AFTER, partial(self._fail_over, server, database))
        self._leave_active_manager(server, t)
        self.check_quorum(server.dag, t)
        for service in ended:
            self.engine.witnesses.service_changed(server, service, t)
        self.on_power()

    def start(self, server: Server, t: float, by: str = "control") -> None:
        """The machine boots: services set to Automatic start, the health manager makes its items anew."""
        if server.up:
            return
        server.up = True
        server.booted_at = t
        self.ledger.change(t, server.name, "server up", by=by)
        for fault in self.engine.faults.rebooted(server.name, t):
            self.ledger.change(t, server.name, "cured", f"{fault.kind.name} {fault.database}".strip(), by)
        for service in server.services.values():
            if service.start_type == AUTOMATIC and not service.fails_at_boot:
                self.engine.start_service(server, service, t, "boot")
        for database in self.organization.copies_on(server.name):
            copy = database.copy_on(server.name)
            if copy is not None and database.active != server.name:
                copy.booted = t
        self.check_quorum(server.dag, t)
        self._mount_own(server, t)
        self.on_power()

    def reboot(self, server: Server, t: float, by: str = "control") -> None:
        """Down now, up again after the server's own ``reboot_seconds``, or never."""
        self.kill(server, t, by)
        if server.stays_down:
            return
        seconds = REBOOT_SECONDS if server.reboot_seconds is None else server.reboot_seconds
        self.engine.at(t + seconds, lambda due: self.start(server, due, by))

    def restart_computer(self, server: Server, t: float, by: str) -> None:
        """What Restart-Computer begins; the answer is out before the machine is gone."""
        self.ledger.change(t, server.name, "shutdown begun", by=by)
        booted = server.booted_at

        def down(due: float) -> None:
            if server.up and server.booted_at == booted:
                self.reboot(server, due, by)

        self.engine.at(t + SHUTDOWN_SECONDS, down)

    def _mount_own(self, server: Server, t: float) -> None:
        dag = self.organization.dag(server.dag)
        if dag is not None and not has_quorum(self.organization, dag):
            return
        for database in self.organization.databases.values():
            if database.active == server.name and not database.mounted and database.move is None:
                self._mount(database, t)

    def _mount(self, database: Database, t: float) -> None:
        database.mounted = True
        database.lost_quorum = False
        self.ledger.change(t, database.active, "database mounted", database.name, ACTIVE_MANAGER)

    def _fail_over(self, server: Server, database: Database, t: float) -> None:
        if database.active != server.name or server.up or database.mounted:
            return
        targets = move_targets(self.organization, database, t)
        if targets:
            self._activate(database, targets[0].server, t, ACTIVE_MANAGER)

    # -- the group ----------------------------------------------------------------------------------------

    def service_changed(self, server: Server, service: WindowsService, t: float) -> None:
        if service.name == CLUSTER:
            self.check_quorum(server.dag, t)

    def probe_ran(self, *_: object) -> None:
        return

    def check_quorum(self, name: str, t: float) -> None:
        """Without quorum all databases of the DAG dismount; with it back they mount (recovery-engine §3)."""
        dag = self.organization.dag(name)
        if dag is None:
            return
        has = has_quorum(self.organization, dag)
        if has == dag.had_quorum:
            return
        dag.had_quorum = has
        words = "quorum regained" if has else "quorum lost"
        self.ledger.change(t, dag.primary_active_manager, words, dag.name, "cluster")
        for database in self.organization.databases.values():
            if database.dag != dag.name:
                continue
            if not has and (database.mounted or database.move is not None):
                database.mounted = False
                database.move = None
                database.lost_quorum = True
                self.ledger.change(t, database.active, "database dismounted", database.name, "cluster")
            elif has and not database.mounted and database.move is None:
                self._recover(database, t)

    def _recover(self, database: Database, t: float) -> None:
        server = self.organization.server(database.active)
        if server.up:
            self._mount(database, t)
        else:
            self._fail_over(server, database, t)

    def set_witness(self, dag: Dag, up: bool, t: float, by: str) -> None:
        dag.witness_up = up
        self.ledger.change(t, dag.witness_server, "witness", "up" if up else "down", by)
        self.check_quorum(dag.name, t)

    def pause_node(self, server: Server, paused: bool, t: float, by: str) -> None:
        """Suspend-ClusterNode and Resume-ClusterNode."""
        server.node_paused = paused
        self.ledger.change(t, server.name, "cluster node", "Paused" if paused else "Up", by)

    def _leave_active_manager(self, server: Server, t: float) -> None:
        dag = self.organization.dag(server.dag)
        if dag is None or dag.primary_active_manager != server.name:
            return
        others = [n for n in dag.servers if n != server.name and self.organization.server(n).up]
        if others:
            self.move_active_manager(dag, others[0], t, "cluster")

    def move_active_manager(self, dag: Dag, target: str, t: float, by: str) -> None:
        dag.primary_active_manager = target
        self.ledger.change(t, target, "primary active manager", dag.name, by)

    # -- databases ----------------------------------------------------------------------------------------

    def move(self, database: Database, target: str, t: float, by: str = "control") -> bool:
        """Make the copy on ``target`` the active one now; False where there is no such copy or server."""
        found = self.organization.find(target)
        if found is None or not found.up or database.copy_on(found.name) is None:
            return False
        self._activate(database, found.name, t, by)
        return True

    def begin_move(self, database: Database, target: str, t: float, by: str, comment: str = "") -> Move:
        """Dismount here, mount there, ``MOVE_EACH`` seconds in all; whoever began it need not wait."""
        move = Move(database.active, target, t, t + DISMOUNTING_FOR, t + MOVE_EACH, by, comment)
        database.move = move
        database.mounted = False
        words = f"{database.name}: {move.source} -> {target}" + (f" ({comment})" if comment else "")
        self.ledger.change(t, move.source, "database move begun", words, by)
        self.engine.at(move.mounting, partial(self._change_over, database, move))
        self.engine.at(move.ends, partial(self._end_move, database, move))
        return move

    def _change_over(self, database: Database, move: Move, t: float) -> None:
        if database.move is not move:
            return
        if not self.organization.server(move.target).up:
            database.move = None
            self.ledger.change(t, move.source, "database move failed", database.name, move.by)
            self._recover(database, t)
            return
        self._cancel_seeds(database, t)
        self._switch(database, move.target, t)

    def _end_move(self, database: Database, move: Move, t: float) -> None:
        if database.move is not move:
            return
        database.move = None
        self._mounted_at(database, move.source, t, move.by)

    def _activate(self, database: Database, target: str, t: float, by: str) -> None:
        source = database.active
        database.move = None
        self._cancel_seeds(database, t)
        self._switch(database, target, t)
        self._mounted_at(database, source, t, by)

    def _switch(self, database: Database, target: str, t: float) -> None:
        source = database.active
        for name in (source, target):
            copy = database.copy_on(name)
            if copy is not None:
                copy.since = t
                copy.booted = None
        database.active = target

    def _mounted_at(self, database: Database, source: str, t: float, by: str) -> None:
        database.mounted = True
        database.lost_quorum = False
        database.moved_at = t
        words = f"{database.name}: {source} -> {database.active}"
        self.ledger.change(t, database.active, "database moved", words, by)
        if not self.organization.active_on(source):
            self.engine.failed_over(self.organization.server(source), t, by)

    def _cancel_seeds(self, database: Database, t: float) -> None:
        """A move cancels the seed whose source the active copy is (recovery-engine §3.2)."""
        if not seeds_others(database, database.active):
            return
        for copy in database.copies:
            if copy.seeding_from == database.active:
                copy.seeding_from = ""
                copy.status = 16
                copy.since = t
                copy.error_message = "The seeding operation was cancelled: its source was moved."
                self.ledger.change(t, copy.server, "seed cancelled", database.name, ACTIVE_MANAGER)

    def move_now(self, server: Server, t: float, by: str) -> None:
        """DatabaseCopyActivationDisabledAndMoveNow $true: one database after the other, where it can go."""
        for number, database in enumerate(self.organization.active_on(server.name)):
            self.engine.at(t + number * MOVE_EACH, partial(self._move_off, server, database, by))

    def _move_off(self, server: Server, database: Database, by: str, t: float) -> None:
        if not server.move_now or database.active != server.name or not database.mounted:
            return
        targets = move_targets(self.organization, database, t)
        if targets:
            self.begin_move(database, targets[0].server, t, by, "MoveNow")
        else:
            self.ledger.change(t, server.name, "database stays", f"{database.name}: no copy may take it", by)

    def _preference_moves(self, dag: Dag, t: float) -> None:
        """PreferenceMoveFrequency (2016 CU2+): databases go back to their most preferred fit copy."""
        self.engine.at(t + (dag.preference_moves or 3600.0), partial(self._preference_moves, dag))
        if dag.preference_moves is None:
            return
        for database in self.organization.databases.values():
            if database.dag != dag.name or not database.mounted or database.move is not None:
                continue
            present = database.copy_on(database.active)
            better = [
                c
                for c in move_targets(self.organization, database, t)
                if present is not None and c.preference < present.preference
            ]
            if better:
                best = min(better, key=lambda c: c.preference)
                self.begin_move(database, best.server, t, "PreferenceMoveFrequency")


def _nobody() -> None:
    return
