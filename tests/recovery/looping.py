"""The worker's side of a loopback lab: the product's own access, on sessions without sockets."""

from __future__ import annotations

from typing import Final

from cockpit.config.environment import Environment
from cockpit.config.targets import Target
from cockpit.exchange.errors import ShellLostError, UnreachableError
from cockpit.exchange.pipeline import FAILED, Call, Defragmenter, PipelineOutput, create_pipeline
from cockpit.exchange.session import RawResult, Session, _failure
from cockpit.recovery.access import Sessions
from tests.recovery.loopback import USER, Asked, Elapse, Line, dial

_PROTOCOL: Final = "2.3"


class LoopSession(Session):
    """A session whose calls go over a line to a lab."""

    def __init__(self, target: Target, configuration: str, line: Line) -> None:
        super().__init__(target, configuration, USER, None)
        self._line = line
        self._opened = False

    @property
    def is_open(self) -> bool:
        return self._opened

    def open(self) -> None:
        self._opened = True

    def close(self) -> None:
        self._opened = False

    def run(self, call: Call, *, repeatable: bool = True) -> RawResult:
        self._opened = True
        self._line.send(Asked(self._configuration, self.target.server, create_pipeline(call, _PROTOCOL)))
        answer = self._line.recv()
        if isinstance(answer, str):
            self._opened = False
            if answer == "down":
                raise UnreachableError(f"{self.target.url} does not answer")
            raise ShellLostError(f"{self.target.url} went away")
        output = PipelineOutput()
        output.take(Defragmenter().feed(b"".join(answer)))
        if output.state == FAILED and output.failure is not None:
            raise _failure(call, output.failure)
        return RawResult(tuple(output.objects), tuple(output.warnings), tuple(output.errors), 0.0)


class Loopback(Sessions):
    """Order of entry servers, fences and all are the product's own."""

    def __init__(self, environment: Environment, address: str) -> None:
        super().__init__(environment, None)
        self._line = dial(address)

    def _session(self, target: Target, configuration: str) -> Session:
        return LoopSession(target, configuration, self._line)

    def elapse(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        self._line.send(Elapse(seconds))
        self._line.recv()

    def close(self) -> None:
        super().close()
        self._line.close()
