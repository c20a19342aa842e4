"""Actions on databases, their copies and the DAG they are in. Fields: see ``actions.py``."""

from __future__ import annotations

from typing import Final

from cockpit.exchange.model import COPY_STATUSES
from cockpit.lab.actionkit import Action, BadRequestError, Context
from cockpit.lab.organization import Copy, Database

_STATUSES: Final = {name.lower(): number for number, name in COPY_STATUSES.items()}
_COPY_FIELDS: Final = {
    "copy_queue": (int,),
    "replay_queue": (int,),
    "activation_suspended": (bool,),
    "suspend_comment": (str,),
    "action_initiator": (str,),
    "error_message": (str,),
    "replay_lag": (float, int),
}


def _copy(c: Context) -> tuple[Database, Copy]:
    database = c.database()
    copy = database.copy_on(c.server.name)
    if copy is None:
        raise BadRequestError(f"{database.name} has no copy on {c.server.name}")
    return database, copy


def _move(c: Context) -> None:
    database = c.database()
    if not c.simulation.lifecycle.move(database, c.server.name, c.t, c.by):
        raise BadRequestError(f"{database.name!r} cannot become active on {c.server.name}")


def _activate(c: Context) -> None:
    database, _ = _copy(c)
    if not c.server.up or database.move is not None or database.active == c.server.name:
        raise BadRequestError(f"{database.name!r} cannot be moved to {c.server.name} now")
    c.simulation.lifecycle.begin_move(database, c.server.name, c.t, c.by, c.text("comment"))


def _set_copy(c: Context) -> None:
    _, copy = _copy(c)
    name = c.body.get("status")
    if name is not None:
        number = _STATUSES.get(str(name).lower())
        if number is None:
            raise BadRequestError(f"status takes one of {', '.join(COPY_STATUSES.values())}")
        copy.status = number
        copy.since = c.t
        c.change("copy", f"{c.text('database')} status={COPY_STATUSES[number]}")
    if name is None or any(field in c.body for field in _COPY_FIELDS):
        c.assign(copy, _COPY_FIELDS, what="copy")


def _seed(c: Context) -> None:
    database, copy = _copy(c)
    source = c.text("source")
    found = c.simulation.organization.find(source) if source else None
    if source and (found is None or database.copy_on(found.name) is None or found is c.server):
        raise BadRequestError(f"{database.name} cannot be seeded from {source!r}")
    copy.seeding_from = found.name if found is not None else ""
    copy.since = c.t
    c.change("seed", f"{database.name} from {copy.seeding_from}" if found else f"{database.name} ended")


def _remove_copy(c: Context) -> None:
    database, copy = _copy(c)
    if database.active == c.server.name:
        raise BadRequestError(f"the copy of {database.name} on {c.server.name} is active")
    database.copies.remove(copy)
    c.change("copy removed", database.name)


def _set_database(c: Context) -> None:
    database = c.database()
    c.assign(database, {"backup_in_progress": (bool,), "mounted": (bool,)}, what="database")


def _set_witness(c: Context) -> None:
    c.simulation.lifecycle.set_witness(c.dag(), c.flag("up"), c.t, c.by)


def _set_preference_moves(c: Context) -> None:
    seconds = c.body.get("seconds")
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not (number and seconds > 0):
        raise BadRequestError("seconds takes a number above 0, or null")
    c.dag().preference_moves = None if seconds is None else float(seconds)
    c.change("preference moves", f"{c.server.dag} {seconds}")


def _active_manager(c: Context) -> None:
    c.simulation.lifecycle.move_active_manager(c.dag(), c.server.name, c.t, c.by)


DATABASE_ACTIONS: Final[dict[str, Action]] = {
    "move-database": _move,
    "activate-database": _activate,
    "set-copy": _set_copy,
    "seed-copy": _seed,
    "remove-copy": _remove_copy,
    "set-database": _set_database,
    "set-witness": _set_witness,
    "set-preference-moves": _set_preference_moves,
    "pause-node": lambda c: c.simulation.lifecycle.pause_node(c.server, True, c.t, c.by),
    "resume-node": lambda c: c.simulation.lifecycle.pause_node(c.server, False, c.t, c.by),
    "move-active-manager": _active_manager,
}
