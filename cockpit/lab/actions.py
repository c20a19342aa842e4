"""What the control endpoint can do to a server, and to what is on it: breaking, curing, a second operator.

A body is ``{"name": SERVER, "action": ACTION, …}``. With ``"after": N`` it is done N simulated seconds later;
with ``"by": USER`` the ledger names that user. More fields by action:

* ``kill``, ``start``, ``reboot``, ``cure``, ``pause-node``, ``resume-node``, ``move-active-manager`` (to this
  server), ``stop-health-manager``, ``start-health-manager``: none
* ``stop-service``, ``start-service``, ``restart-service`` (at once), ``managed-availability`` (a responder
  restarts it now, and says so in RecoveryActionResults): ``service``
* ``set-service``: ``service`` and any of ``start_type`` (Automatic, Manual, Disabled), ``stop_seconds``,
  ``failed_starts``, ``fails_at_boot``
* ``set-component``: ``component``, ``state``, ``requester`` (Maintenance)
* ``set-move-now``: ``value``; ``set-policy``: ``policy``; ``set-logging``: ``enabled``
* ``set-server``: any of ``maximum_active_databases``, ``maximum_preferred_active_databases``,
  ``reboot_seconds``, ``stays_down``, ``client_connections``, ``clock_error`` (seconds ahead),
  ``probes_name_mailbox_server``
* ``set-volume``: ``free`` in bytes, ``mount`` (``C:\\``)
* of the protocol log of ``writer`` (POP3, the default, or POP3BE), which must be being written:
  ``roll-log`` (the next line begins another file), ``truncate-log``, ``replace-log`` (by another file of that
  name), ``write-hostile`` (any of ``kinds``, see ``poplogs/trouble.py``; all where there are none),
  ``write-half`` (a line without its end; with ``goes_on`` true the rest comes with the next line, else never)
* ``start-process``, ``end-process``: ``process``, such as ExSetup
* ``move-database`` (active here at once), ``activate-database`` (as Move-ActiveMailboxDatabase does it, in
  time; ``comment``): ``database``
* ``set-copy``, the copy here: ``database`` and any of ``status`` (Healthy, Suspended, FailedAndSuspended, …),
  ``copy_queue``, ``replay_queue``, ``activation_suspended``, ``suspend_comment``, ``action_initiator``,
  ``error_message``, ``replay_lag`` (seconds)
* ``seed-copy``, the copy here: ``database``, ``source`` (a server; "" ends it); ``remove-copy``: ``database``
* ``set-database``: ``database`` and any of ``backup_in_progress``, ``mounted``
* ``set-witness``, of the server's DAG: ``up``; ``set-preference-moves``: ``seconds`` (null: off)
* ``break``: ``kind`` (of ``faults.Kind``) and any of ``database``, ``cured_by``, ``restarts``,
  ``automatic_restart_fails``, ``survives_reboot``, ``cured_by_failover``
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cockpit.lab.actionkit import BadRequestError, Context
from cockpit.lab.databaseactions import DATABASE_ACTIONS
from cockpit.lab.logactions import LOG_ACTIONS
from cockpit.lab.serveractions import SERVER_ACTIONS
from cockpit.lab.simulation import Simulation

__all__ = ["ACTIONS", "BY", "BadRequestError", "act", "perform"]

BY: Final = "control"
_ALL: Final = {**SERVER_ACTIONS, **DATABASE_ACTIONS, **LOG_ACTIONS}
ACTIONS: Final = tuple(_ALL)


def act(simulation: Simulation, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Do it now, or after ``after`` simulated seconds. Raises BadRequestError where it cannot be done; what
    fails later only goes into the ledger."""
    t = simulation.touch()
    context = _context(simulation, body, t)
    name = _name(body)
    after = body.get("after", 0)
    if isinstance(after, bool) or not isinstance(after, int | float) or after < 0:
        raise BadRequestError("after takes a number of simulated seconds, 0 or more")
    if after > 0:
        simulation.engine.at(t + after, lambda due: _later(simulation, body, due))
    else:
        _ALL[name](context)
    at = simulation.clock.at(t + after)
    return {"server": context.server.name, "action": name, "simulated": at.isoformat()}


def perform(simulation: Simulation, body: Mapping[str, Any], t: float) -> None:
    """Do it at ``t``, which is now: for scenarios, through ``simulation.engine.at``."""
    _ALL[_name(body)](_context(simulation, body, t))


def _later(simulation: Simulation, body: Mapping[str, Any], t: float) -> None:
    try:
        perform(simulation, body, t)
    except BadRequestError as error:
        by = str(body.get("by", BY))
        simulation.ledger.change(t, str(body["name"]), "action failed", f"{body['action']}: {error}", by)


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("action")
    if name not in _ALL:
        raise BadRequestError(f"there is no action {name!r}; there are: {', '.join(ACTIONS)}")
    return str(name)


def _context(simulation: Simulation, body: Mapping[str, Any], t: float) -> Context:
    server = simulation.organization.find(str(body.get("name", "")))
    if server is None:
        raise BadRequestError(f"there is no server {body.get('name')!r}")
    return Context(simulation, server, body, t, str(body.get("by", BY)))
