"""Ordinary POP clients: who they are, when they come, what they do. The same lab, the same people.

All of it is the lab's own choice, for the sheet is silent on how people use POP: names, addresses, how often
they come, how long they stay, what they fetch, and how many fail on their own account. From the sheet are the
two time-outs alone.
"""

from __future__ import annotations

import random
from typing import Final

from cockpit.lab.faults import Faults, Kind, Outcome, judge_touch_point
from cockpit.lab.organization import Database, Organization, Server
from cockpit.lab.poplogs.sessions import End, Login, end_of

_FIRST: Final = ("anna", "bruno", "carla", "dario", "elisa", "fabio", "giulia", "hans", "irene", "jonas")
_LAST: Final = ("rossi", "weber", "bianchi", "novak", "conti", "moreau", "greco", "lind", "ferri", "okafor")
USERS: Final = 25
"""Mailboxes with POP in each database."""
EVERY: Final = 600.0
"""Simulated seconds between two sessions of one client."""
_IDLE: Final = 1800.0
_SILENT: Final = 60.0
"""AuthenticatedConnectionTimeout and PreAuthenticatedConnectionTimeout by default (§2.6)."""


def mailbox_of(database: Database, number: int) -> str:
    """One of a database's POP users."""
    place = database.guid.int + number * 37
    return f"{_FIRST[place % 10]}.{_LAST[place // 10 % 10]}{number + 1:02d}"


class Crowd:
    """The clients of one front end."""

    def __init__(self, organization: Organization, faults: Faults, server: Server) -> None:
        self._organization = organization
        self._faults = faults
        self.server = server
        self._rng = random.Random(f"{organization.seed} clients {server.name}")  # noqa: S311 - nothing secret

    def gap(self) -> float:
        """Simulated seconds until the next one comes."""
        clients = self.server.client_connections
        return self._rng.expovariate(clients / EVERY) if clients > 0 else 60.0

    def caller(self) -> str:
        """Address and port of a client."""
        rng = self._rng
        return f"192.168.{rng.randint(10, 40)}.{rng.randint(2, 254)}:{rng.randint(49152, 65535)}"

    def login(self, t: float) -> tuple[Login, Database] | None:
        """What the next one does; None where the front end has no databases behind it."""
        databases = self._organization.front_end_targets(self.server)
        if not databases:
            return None
        rng = self._rng
        database = rng.choice(databases)
        mailbox = mailbox_of(database, rng.randrange(USERS))
        outcome = judge_touch_point(self._organization, self.server, database, self._faults, t)
        if outcome.reason.startswith("LoginDenied"):  # only monitoring mailboxes have lost their password
            outcome = Outcome(True, 0.0)
        slow = self._faults.find(self.server.name, Kind.SLOW_COMMANDS, t) is not None
        return self._talk(mailbox, database, outcome, pause=rng.uniform(61, 90) if slow else 0.0), database

    def _talk(self, mailbox: str, database: Database, outcome: Outcome, *, pause: float) -> Login:
        rng = self._rng
        target = self._organization.server(database.active).fqdn
        end = end_of(outcome)
        seconds = outcome.seconds
        messages = 0
        if end is End.GOOD:
            messages = rng.choice((0, 0, 0, 1, 1, 2, 5))
            seconds = rng.uniform(0.4, 4.0) + messages * 0.3 + pause * (5 + 2 * messages)
            luck = rng.random()
            if luck < 0.02:
                end, seconds = End.DENIED, 1.2
            elif luck < 0.03:
                end, seconds = End.CONNECTION_LIMIT, 0.5
            elif luck < 0.04:
                end, seconds = End.IDLE, _IDLE
            elif luck < 0.05:
                end, seconds = End.SILENT, _SILENT
        return Login(
            *(mailbox, self._organization.domain, target, end, seconds, messages),
            error=outcome.reason.partition(" ")[0],
            reply=outcome.reply,
            pause=pause,
        )
