"""What the workers that read the feed and the journal post to the app. A worker touches no widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from cockpit.frozen import dataclass

if TYPE_CHECKING:
    from cockpit.fleet.snapshot import FleetDiff
    from cockpit.poplog.trace import Trace
    from cockpit.recovery.client import Recovery, RefusedError
    from cockpit.recovery.logging_view import LoggingState
    from cockpit.recovery.view import Plan, RunLine, RunView, Standing


class DiffArrived(Message):
    """The collector told of a change; ``first`` when the change is from an empty picture."""

    def __init__(self, diff: FleetDiff, first: bool) -> None:
        self.diff = diff
        self.first = first
        super().__init__()


class FeedEnded(Message):
    """No more diffs will come; ``reason`` is one line."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


class HookFailed(Message):
    """The operator's hook did not do its work; ``sentence`` says why."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__()


class FilterTyped(Message):
    """The filter's text changed; ``done``: enter was pressed."""

    def __init__(self, text: str, done: bool) -> None:
        self.text = text
        self.done = done
        super().__init__()


class KeyChosen(Message):
    """A prompt for one key has its answer. ``kind``: which prompt; ``key``: the character, empty: none."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key
        super().__init__()


class FeedStarted(Message):
    """The collector runs and takes commands."""


class FeedWanted(Message):
    """The operator wants the collector started again."""


class StandingArrived(Message):
    """What is open, as the journal has it now; ``swept``: a sweep has just looked at every server."""

    def __init__(self, standing: Standing, swept: bool = False) -> None:
        self.standing = standing
        self.swept = swept
        super().__init__()


class RunArrived(Message):
    """The run that is looked at has changed."""

    def __init__(self, view: RunView) -> None:
        self.view = view
        super().__init__()


class RunsArrived(Message):
    """The list of runs, newest first."""

    def __init__(self, runs: tuple[RunLine, ...]) -> None:
        self.runs = runs
        super().__init__()


class PlanArrived(Message):
    """A plan was made: everything read, nothing sent."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__()


class LoggingArrived(Message):
    """How protocol logging stands on a server, read now."""

    def __init__(self, state: LoggingState) -> None:
        self.state = state
        super().__init__()


class TraceArrived(Message):
    """A probe's result was traced; reading only. ``asked``: which trace it was, by the screen's own name."""

    def __init__(self, trace: Trace, asked: str) -> None:
        self.trace = trace
        self.asked = asked
        super().__init__()


class RunStarted(Message):
    """A run goes in a process of its own."""

    def __init__(self, run: str) -> None:
        self.run = run
        super().__init__()


class Done(Message):
    """What was asked of the journal is written; ``words``: one sentence for the status line."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__()


class RecoveryFailed(Message):
    """Something was refused. ``kind``: of the job; ``run``: which run it was about, else empty."""

    def __init__(self, error: RefusedError, kind: str, run: str = "") -> None:
        self.error = error
        self.kind = kind
        self.run = run
        super().__init__()


@dataclass(frozen=True, slots=True)
class Job:
    """Something to ask of the recoveries. ``call`` runs in a thread and gives the message to post.

    ``kind``: one job of a kind at a time. ``reads``: a newer one takes the older one's place; else a
    second is refused while the first is under way. ``changes``: never carried out in read-only mode.
    ``what``: in words, for a refusal.
    """

    kind: str
    what: str
    call: Callable[[Recovery], Message]
    run: str = ""
    reads: bool = False
    changes: bool = False


class JobWanted(Message):
    """A screen wants something of the recoveries."""

    def __init__(self, job: Job) -> None:
        self.job = job
        super().__init__()


class RunWanted(Message):
    """The operator wants to look at a run."""

    def __init__(self, run: str) -> None:
        self.run = run
        super().__init__()
