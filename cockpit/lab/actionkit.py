"""What an action of the control endpoint gets, and how it reads its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cockpit.lab.organization import Dag, Database, Server, WindowsService
from cockpit.lab.simulation import Simulation


class BadRequestError(Exception):
    """A request that cannot be carried out; its text says why."""


@dataclass(frozen=True, slots=True)
class Context:
    """One action: on ``server``, at simulated ``t``, in the name of ``by``."""

    simulation: Simulation
    server: Server
    body: Mapping[str, Any]
    t: float
    by: str

    def change(self, what: str, detail: str = "") -> None:
        """Into the ledger."""
        self.simulation.ledger.change(self.t, self.server.name, what, detail, self.by)

    def text(self, name: str) -> str:
        return str(self.body.get(name, ""))

    def flag(self, name: str) -> bool:
        value = self.body.get(name)
        if not isinstance(value, bool):
            raise BadRequestError(f"{name} takes true or false")
        return value

    def service(self, name: str = "") -> WindowsService:
        wanted = name or self.text("service")
        found = self.server.service(wanted)
        if found is None:
            raise BadRequestError(f"{self.server.name} has no service {wanted!r}")
        return found

    def database(self) -> Database:
        found = self.simulation.organization.database(self.text("database"))
        if found is None:
            raise BadRequestError(f"there is no database {self.body.get('database')!r}")
        return found

    def dag(self) -> Dag:
        found = self.simulation.organization.dag(self.server.dag)
        if found is None:
            raise BadRequestError(f"{self.server.name} is in no DAG")
        return found

    def assign(self, target: object, fields: Mapping[str, tuple[type, ...]], *, what: str) -> None:
        """Set those of ``fields`` that the body has. Raises BadRequestError for a value of another type, and
        where the body has none of them."""
        given = {name: self.body[name] for name in fields if name in self.body}
        if not given:
            raise BadRequestError(f"give at least one of: {', '.join(fields)}")
        for name, value in given.items():
            kinds = fields[name]
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise BadRequestError(f"{name} takes {' or '.join(k.__name__ for k in kinds)}")
        for name, value in given.items():
            setattr(target, name, float(value) if float in fields[name] and value is not None else value)
        self.change(what, ", ".join(f"{name}={value}" for name, value in given.items()))


Action: TypeAlias = Callable[[Context], None]
