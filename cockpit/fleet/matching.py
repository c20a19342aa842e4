"""What a filter finds: a :class:`~cockpit.fleet.filtering.Query` made into a test of rows. Pure functions.

What a term says of the server alone is asked once for all of its rows: a fleet has few servers and many rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias, TypeVar

from cockpit.exchange.model import MonitorHealthEntry
from cockpit.fleet.bookmarks import NO_BOOKMARKS, Bookmarks
from cockpit.fleet.filtering import Query, Term, Value, age, glob, roles_of, states_of
from cockpit.fleet.rollup import monitor_state
from cockpit.fleet.snapshot import ServerSnapshot
from cockpit.fleet.states import State
from cockpit.fleet.verdict import probe_identity
from cockpit.frozen import dataclass


class FleetRow(Protocol):
    """One row of the picture: a monitor, or the place where a health set should have had rows (``entry``
    None). ``state``: as it is shown. ``words``: what plain text looks into, in lower case. ``clock``: the
    server's own time, from which ages are counted."""

    @property
    def server(self) -> str: ...
    @property
    def health_set(self) -> str: ...
    @property
    def entry(self) -> MonitorHealthEntry | None: ...
    @property
    def state(self) -> State: ...
    @property
    def words(self) -> str: ...
    @property
    def clock(self) -> datetime | None: ...


ServerTest: TypeAlias = Callable[[ServerSnapshot], bool]
RowTest: TypeAlias = Callable[[FleetRow], bool]
TextTest: TypeAlias = Callable[[str], bool]
AnyRow = TypeVar("AnyRow", bound=FleetRow)


@dataclass(frozen=True, slots=True, eq=False)
class Matcher:
    """The tests of a query, those of servers apart from those of rows."""

    servers: tuple[ServerTest, ...] = ()
    rows: tuple[RowTest, ...] = ()

    def kept(self, server: ServerSnapshot, rows: Iterable[AnyRow]) -> list[AnyRow]:
        """Those of ``rows``, all of ``server``, for which every term holds."""
        if not all(test(server) for test in self.servers):
            return []
        return [row for row in rows if all(test(row) for test in self.rows)]

    def keeps(self, server: ServerSnapshot, row: FleetRow) -> bool:
        return bool(self.kept(server, (row,)))


def matcher(query: Query, bookmarks: Bookmarks = NO_BOOKMARKS) -> Matcher:
    """The test that ``query`` is; ``bookmarks``: what ``mark:`` looks into."""
    servers: list[ServerTest] = []
    rows: list[RowTest] = []
    for term in query.terms:
        if term.key in _OF_SERVERS:
            servers.append(_server_test(term))
        else:
            rows.append(_row_test(term, bookmarks))
    return Matcher(tuple(servers), tuple(rows))


# Names


def _fits(value: Value) -> TextTest:
    """Whether a name is ``value``, whole, capitals or not. An empty name is only found by ``""``."""
    wanted = value.text.lower()
    if value.wild:
        fits = glob(wanted).fullmatch
        return lambda name: bool(name) and fits(name.lower()) is not None
    return lambda name: name.lower() == wanted


def _any_fits(term: Term) -> TextTest:
    tests = [_fits(value) for value in term.values]
    return lambda name: any(test(name) for test in tests)


# Terms about a server

_OF_SERVERS = frozenset({"server", "dag", "site", "role", "version"})


def _server_test(term: Term) -> ServerTest:
    test = _affirmed_of_server(term)
    return (lambda server: not test(server)) if term.negated else test


def _affirmed_of_server(term: Term) -> ServerTest:
    if term.key == "role":
        roles = frozenset().union(*map(roles_of, term.values))
        return lambda server: not roles.isdisjoint(server.server.roles)
    fits = _any_fits(term)
    if term.key == "server":
        return lambda server: fits(server.name) or fits(server.server.fqdn)
    if term.key == "dag":
        return lambda server: fits(server.dag)
    if term.key == "site":
        return lambda server: fits(server.server.site)
    return lambda server: fits(server.server.version.value) or fits(server.server.build)


# Terms about a row


def _row_test(term: Term, bookmarks: Bookmarks) -> RowTest:
    test = _affirmed_of_row(term, bookmarks)
    return (lambda row: not test(row)) if term.negated else test


def _affirmed_of_row(term: Term, bookmarks: Bookmarks) -> RowTest:
    if not term.key:
        return _plain_test(term.values[0])
    if term.key == "state":
        states = frozenset().union(*map(states_of, term.values))
        return lambda row: row.state in states
    if term.key in ("since", "older"):
        return _age_test(term.key == "since", age(term.values[0].text) or timedelta())
    fits = _any_fits(term)
    if term.key == "mark":
        return lambda row: any(map(fits, bookmarks.keys_of(row.server, row.health_set)))
    if term.key == "set":
        return lambda row: fits(row.health_set)
    return _entry_test(term.key, fits)


def _entry_test(key: str, fits: TextTest) -> RowTest:
    """Names that only a monitor has."""
    if key == "monitor":
        return lambda row: row.entry is not None and fits(row.entry.name)
    if key == "target":
        return lambda row: row.entry is not None and fits(row.entry.target_resource)
    return lambda row: row.entry is not None and _probe_fits(row.entry, fits)


def _probe_fits(entry: MonitorHealthEntry, fits: TextTest) -> bool:
    r"""By the whole identity, ``POP\PopCTPProbe``, or by the probe's own name."""
    identity = probe_identity(entry)
    return identity is not None and (fits(identity) or fits(identity.rpartition("\\")[2]))


def standing_for(row: FleetRow) -> timedelta | None:
    """How long the row's state has stood, by the server's own clock. None where nobody knows: no monitor, no
    time told, or a state that is ours because the server is silent (the column Since is empty then too)."""
    entry = row.entry
    if entry is None or row.clock is None or entry.last_transition_time is None:
        return None
    if row.state is not monitor_state(entry):
        return None
    return max(row.clock - entry.last_transition_time, timedelta())


def _age_test(within: bool, limit: timedelta) -> RowTest:
    def test(row: FleetRow) -> bool:
        stood = standing_for(row)
        return stood is not None and (stood <= limit if within else stood > limit)

    return test


def _plain_test(value: Value) -> RowTest:
    """Text in the names of a row, or the start of its state or its AlertValue: the start, because "healthy"
    must not find "Unhealthy"."""
    wanted = value.text.lower()
    if value.wild:
        pattern = glob(wanted)
        return lambda row: pattern.search(row.words) is not None or any(map(pattern.match, _states(row)))
    return lambda row: wanted in row.words or any(word.startswith(wanted) for word in _states(row))


def _states(row: FleetRow) -> tuple[str, str]:
    return row.state.word.lower(), row.entry.alert_value.lower() if row.entry is not None else ""
