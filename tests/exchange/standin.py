"""A caller that answers from a script and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cockpit.config.targets import Target
from cockpit.exchange.clixml import PSObject
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.model import CmdletError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.session import RawResult

TARGET = Target("EX01", "127.0.0.1", 1, "PowerShell", False, "basic", None, "HTTP", 1.0)


def row(**properties: object) -> PSObject:
    return PSObject(properties=dict(properties))


@dataclass
class StandIn:
    """Gives the answers in turn, the last one for ever; an ExchangeError among them is raised."""

    answers: Sequence[RawResult | ExchangeError]
    target: Target = TARGET
    calls: list[Call] = field(default_factory=list)
    repeatable: list[bool] = field(default_factory=list)

    def run(self, call: Call, *, repeatable: bool = True) -> RawResult:
        answer = self.answers[min(len(self.calls), len(self.answers) - 1)]
        self.calls.append(call)
        self.repeatable.append(repeatable)
        if isinstance(answer, ExchangeError):
            raise answer
        return answer


def result(*objects: object, warnings: Sequence[str] = (), errors: Sequence[CmdletError] = ()) -> RawResult:
    return RawResult(tuple(objects), tuple(warnings), tuple(errors), 0.1)


def gives(*objects: object, warnings: Sequence[str] = (), errors: Sequence[CmdletError] = ()) -> StandIn:
    """A caller that always gives this."""
    return StandIn([result(*objects, warnings=warnings, errors=errors)])


def raises(error: ExchangeError) -> StandIn:
    return StandIn([error])
