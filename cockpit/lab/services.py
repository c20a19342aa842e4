"""Stops and starts of Windows services by a person: they take time, may hang, and go on when nobody waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Final

from cockpit.lab.health import HealthEngine
from cockpit.lab.organization import (
    RUNNING,
    START_PENDING,
    STOP_LIMIT,
    STOP_PENDING,
    STOPPED,
    Server,
    WindowsService,
    stop,
)

CONTROL_SECONDS: Final = 6.0
"""Simulated seconds a stop or a start takes: the lab's own number."""


class End(Enum):
    """How an order to a service ended."""

    DONE = "done"
    NOT_STOPPED = "cannot be stopped"
    NOT_STARTED = "cannot be started"


@dataclass(slots=True)
class Order:
    """One stop, start or restart. ``due``: when its end is known; ``end``: then, how it ended."""

    server: Server
    service: WindowsService
    by: str
    starts: bool
    due: float
    booted: float
    end: End = field(default=End.DONE)

    @property
    def alive(self) -> bool:
        """The machine has not gone down since."""
        return self.server.up and self.server.booted_at == self.booted


def restart(engine: HealthEngine, server: Server, service: WindowsService, t: float, by: str) -> Order:
    """A person's restart waits until the old process is gone, so it also ends hung ones."""
    order = Order(server, service, by, True, t + 2 * CONTROL_SECONDS, server.booted_at)
    return _stop(engine, order, t)


def stop_only(engine: HealthEngine, server: Server, service: WindowsService, t: float, by: str) -> Order:
    return _stop(engine, Order(server, service, by, False, t + CONTROL_SECONDS, server.booted_at), t)


def start_only(engine: HealthEngine, server: Server, service: WindowsService, t: float, by: str) -> Order:
    order = Order(server, service, by, True, t + CONTROL_SECONDS, server.booted_at)
    if service.state == RUNNING:
        order.due = t
    elif service.state == STOP_PENDING:
        order.due, order.end = t, End.NOT_STARTED
    else:
        _starting(engine, order, t)
    return order


def _stop(engine: HealthEngine, order: Order, t: float) -> Order:
    service = order.service
    if service.state == STOP_PENDING:
        order.due, order.end = t, End.NOT_STOPPED
    elif service.state == STOPPED:
        order.due = t
        if order.starts:
            _starting(engine, order, t)
    else:
        engine.ledger.change(t, order.server.name, "service stopping", service.name, order.by)
        gone = t + CONTROL_SECONDS + service.stop_seconds
        if service.will_not_stop:
            order.due, order.end, order.starts = t + STOP_LIMIT, End.NOT_STOPPED, False
        else:
            order.due += service.stop_seconds
        service.state = STOP_PENDING
        engine.at(gone, partial(_stopped, engine, order))
    return order


def _stopped(engine: HealthEngine, order: Order, t: float) -> None:
    if not order.alive or order.service.state != STOP_PENDING:
        return
    order.service.stop_seconds = 0.0
    engine.stop_service(order.server, order.service, t, order.by)
    if order.starts:
        _starting(engine, order, t)


def _starting(engine: HealthEngine, order: Order, t: float) -> None:
    order.service.state = START_PENDING
    order.due = t + CONTROL_SECONDS
    engine.at(order.due, partial(_started, engine, order))


def _started(engine: HealthEngine, order: Order, t: float) -> None:
    if not order.alive or order.service.state not in (START_PENDING, RUNNING):
        return
    if not engine.start_service(order.server, order.service, t, order.by):
        order.end = End.NOT_STARTED
        stop(order.service)
        engine.ledger.change(t, order.server.name, "service did not start", order.service.name, order.by)
