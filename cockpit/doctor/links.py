"""One round's way to endpoints: how they are looked at, and the sessions that are closed at its end."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Final

from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.config.targets import Target
from cockpit.doctor import judging, network
from cockpit.doctor.endpoint import Gate
from cockpit.doctor.findings import FAILED, Finding
from cockpit.doctor.limits import Time
from cockpit.doctor.readings import Answer, Network, Opening
from cockpit.exchange.session import Session

OPEN_SECONDS: Final = 30.0


class Links:
    """``left``: of the round's time. ``ticket``: the finding on this host's ticket. Any thread may ask."""

    def __init__(self, environment: Environment, secret: Secret | None, left: Time, ticket: Finding) -> None:
        self.environment = environment
        self.secret = secret
        self.left = left
        self._ticket = ticket
        self._gate = Gate(environment, secret)
        self._closing = ExitStack()

    def close(self) -> None:
        """Delete the shells."""
        self._closing.close()

    def endpoint(
        self, subject: str, target: Target, configuration: str
    ) -> tuple[tuple[Finding, ...], Session | None]:
        """The findings on an endpoint, and its session where one could be opened."""
        ticket = self._ticket if judging.uses_kerberos(target) else None
        below = network.look(target, self.left.most(target.connect_seconds), self._key_password(target))
        opening: Opening | None = None
        session: Session | None = None
        if _is_there(below) and not self.left.over and (ticket is None or ticket.state not in FAILED):
            made = self._gate.session(target, configuration, self.left.most(OPEN_SECONDS))
            opening = self._gate.open(made, subject)
            if opening.done:
                session = made
            self._closing.callback(made.close)
        seen = judging.Seen(subject, target, configuration, below, opening, ticket, datetime.now(UTC))
        return judging.endpoint(seen), session

    def _key_password(self, target: Target) -> str | None:
        return self.secret.value if target.auth == "certificate" and self.secret is not None else None


def _is_there(below: Network) -> bool:
    """Something answers HTTP at this path."""
    return isinstance(below.answer, Answer) and judging.is_there(below.answer)
