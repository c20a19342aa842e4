"""The rack lends sessions: who comes first, when it grows, and what it does when there is no shell left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import pytest

from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ShellLostError, ThrottledError, UnreachableError
from cockpit.exchange.patience import PATIENCE
from cockpit.fleet import share
from cockpit.fleet.entry import EntryFailure, EntrySession
from cockpit.fleet.rack import GROWTH_SECONDS, IDLE_SECONDS, TIDY_SECONDS, Rack, RackClosedError, Urgency
from tests.support.waiting import eventually

_T = TypeVar("_T")
SECONDS = 5.0


@dataclass
class Server:
    """Grants ``quota`` shells. ``others``: those that somebody else holds. ``down``: it answers nobody."""

    quota: int = 18
    others: int = 0
    down: bool = False
    open_now: list[Entry] = field(default_factory=list)
    asked: int = 0

    def grant(self, entry: Entry) -> None:
        self.asked += 1
        if self.down:
            raise UnreachableError("nobody there")
        if len(self.open_now) + self.others >= self.quota:
            raise ThrottledError("no shell left")
        self.open_now.append(entry)


class Entry(EntrySession):
    """An entry session without a wire."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.tidied = 0
        self.left = 0
        self.closed = False
        self.is_cut = False

    @property
    def is_open(self) -> bool:
        return self in self._server.open_now

    def open_here(self) -> None:
        self._server.grant(self)

    def open(self) -> None:
        try:
            self.open_here()
        except (ThrottledError, UnreachableError) as error:
            raise EntryFailure(error) from error

    def follow(self, other: EntrySession) -> None:
        assert isinstance(other, Entry)

    def use(self, job: Callable[[ExchangeCmdlets], _T]) -> _T:
        if not self.is_open:
            self.open()
        return job(cast("ExchangeCmdlets", self))

    @property
    def untidy(self) -> bool:
        return self.left > 0

    def clean_up(self) -> None:
        self.tidied += 1
        self.left = 0

    def close(self) -> None:
        self.closed = True
        if self.is_open:
            self._server.open_now.remove(self)

    def cut(self) -> None:
        self.is_cut = True

    def lose(self) -> None:
        """The server has forgotten the shell."""
        self.close()


@dataclass
class Time:
    """A clock that a test moves. Whoever naps in the rack looks at it again within a second."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A rack and jobs that end when they are told to."""

    def __init__(self, server: Server, limit: int = 6) -> None:
        self.server = server
        self.clock = Time()
        self.rack = Rack(limit, lambda _: Entry(server), clock=self.clock, roll=lambda: 0.0)
        self.rack.start()
        self.order: list[str] = []

    def work(self, name: str, urgency: Urgency = Urgency.POLL) -> Job:
        job = Job(self, name, urgency)
        job.start()
        return job

    @property
    def held(self) -> int:
        return len(self.server.open_now)


class Job(threading.Thread):
    """Holds a session from ``began`` until ``end``."""

    def __init__(self, bench: Bench, name: str, urgency: Urgency) -> None:
        super().__init__(name=name, daemon=True)
        self._bench, self._urgency = bench, urgency
        self.began, self._may_end = threading.Event(), threading.Event()
        self.error: Exception | None = None
        self.entry: Any = None

    def run(self) -> None:
        try:
            self._bench.rack.use(self._urgency, self._hold)
        except (EntryFailure, RackClosedError) as error:
            self.error = error

    def _hold(self, cmdlets: ExchangeCmdlets) -> None:
        self.entry = cmdlets
        self._bench.order.append(self.name)
        self.began.set()
        assert self._may_end.wait(30)

    def end(self) -> None:
        self._may_end.set()
        self.join(SECONDS)
        assert not self.is_alive()


@contextmanager
def bench(server: Server, limit: int = 6) -> Iterator[Bench]:
    made = Bench(server, limit)
    try:
        yield made
    finally:
        made.rack.close()
        made.rack.empty()
        assert not [entry for entry in server.open_now if entry.is_open], "a shell stayed"


def begun(job: Job) -> Job:
    assert job.began.wait(SECONDS), f"{job.name} got no session"
    return job


def test_one_session_serves_who_comes_one_after_the_other() -> None:
    with bench(Server()) as b:
        for name in ("a", "b", "c"):
            begun(b.work(name)).end()
        assert b.server.asked == 1
        assert b.held == 1


def test_a_further_one_is_opened_once_a_read_has_waited() -> None:
    with bench(Server()) as b:
        first = begun(b.work("first"))
        second = b.work("second")
        assert not second.began.wait(0.1)
        b.clock.now += GROWTH_SECONDS + 0.01
        begun(second)
        assert b.held == 2
        first.end()
        second.end()


def test_a_person_gets_a_further_one_at_once() -> None:
    with bench(Server()) as b:
        first = begun(b.work("first"))
        probe = begun(b.work("probe", Urgency.PERSON))
        assert b.held == 2
        first.end()
        probe.end()


def test_never_more_than_the_limit() -> None:
    with bench(Server(), limit=2) as b:
        first, second = begun(b.work("first")), begun(b.work("second", Urgency.PERSON))
        third = b.work("third", Urgency.PERSON)
        b.clock.now += 10.0
        assert not third.began.wait(1.5)
        first.end()
        begun(third).end()
        second.end()


def test_who_is_more_urgent_comes_first() -> None:
    with bench(Server(), limit=1) as b:
        first = begun(b.work("first"))
        waiting = []
        for name, urgency in (
            ("suspect", Urgency.SUSPECT),
            ("poll", Urgency.POLL),
            ("probe", Urgency.PERSON),
        ):
            before = len(b.rack._waiting)
            waiting.append(b.work(name, urgency))
            eventually(lambda before=before: len(b.rack._waiting) > before, SECONDS, name)  # type: ignore[misc]
        first.end()
        for job in reversed(waiting):
            begun(job).end()
        assert b.order == ["first", "probe", "poll", "suspect"]


def test_refused_a_further_one_it_goes_on_with_what_it_has() -> None:
    with bench(Server(quota=18, others=17)) as b:
        first = begun(b.work("first"))
        second = b.work("second", Urgency.PERSON)
        eventually(lambda: b.server.asked == 2, SECONDS, "a refusal")
        assert b.rack.shortage is None, "there is one"
        first.end()
        begun(second).end()
        assert b.server.asked == 2


def test_with_none_it_says_so_asks_again_and_gets_one() -> None:
    with bench(Server(quota=18, others=18)) as b:
        first = b.work("first")
        eventually(lambda: b.rack.shortage is not None, SECONDS, "a shortage")
        asked = b.server.asked
        b.clock.now += share.RETRY + 0.1
        eventually(lambda: b.server.asked > asked, SECONDS, "another try")
        b.server.others = 17
        b.clock.now += share.RETRY + 0.1
        begun(first)
        assert b.rack.shortage is None
        first.end()


def test_after_its_patience_it_gives_up() -> None:
    with bench(Server(quota=18, others=18)) as b:
        first = b.work("first")
        eventually(lambda: b.server.asked == 1, SECONDS, "a refusal")
        b.clock.now += PATIENCE + 1.0
        first.join(SECONDS)
        assert isinstance(first.error, EntryFailure)
        assert isinstance(first.error.error, ThrottledError)


def test_room_is_asked_for_and_an_old_one_replaced() -> None:
    with bench(Server()) as b:
        job = begun(b.work("first"))
        old = job.entry
        job.end()
        b.clock.now += IDLE_SECONDS - 1.0
        begun(b.work("keeps it in use")).end()
        b.clock.now += share.ASK - IDLE_SECONDS + 1.5
        eventually(lambda: b.server.open_now and b.server.open_now[0] is not old, SECONDS, "a new one")
        eventually(lambda: b.held == 1, SECONDS, "the old one gone")


def test_without_room_the_last_one_is_given_back_for_a_breath() -> None:
    with bench(Server()) as b:
        begun(b.work("first")).end()
        b.server.others = 17
        b.clock.now += share.ASK - 1.0
        begun(b.work("keeps it in use")).end()
        b.clock.now += 1.5
        eventually(lambda: b.held == 0, SECONDS, "a shell for others")
        late = b.work("late")
        assert not late.began.wait(1.5), "a breath is a breath"
        b.clock.now += share.BREATH
        begun(late).end()


def test_one_in_use_is_given_back_after_its_job() -> None:
    with bench(Server(quota=18, others=17)) as b:
        long = begun(b.work("long"))
        b.clock.now += share.ASK + 0.5
        eventually(lambda: b.server.asked == 2, SECONDS, "a question for room")
        assert b.held == 1, "what is under way is not cut off"
        long.end()
        eventually(lambda: b.held == 0, SECONDS, "a shell for others")


def test_what_nobody_uses_is_closed() -> None:
    with bench(Server()) as b:
        begun(b.work("first")).end()
        b.clock.now += IDLE_SECONDS + 0.5
        eventually(lambda: b.held == 0, SECONDS, "an end of the idle one")


def test_a_lost_session_whose_place_is_taken_waits_its_turn() -> None:
    with bench(Server(quota=18, others=16)) as b:
        job = begun(b.work("first"))
        entry = job.entry
        job.end()
        entry.lose()
        b.server.others = 18
        again = b.work("again")
        eventually(lambda: b.rack.shortage is not None, SECONDS, "a shortage")
        b.server.others = 17
        b.clock.now += share.RETRY + 0.1
        begun(again).end()


def test_a_server_that_is_down_is_told_and_changes_no_share() -> None:
    with bench(Server(down=True)) as b:
        job = b.work("first")
        job.join(SECONDS)
        assert isinstance(job.error, EntryFailure)
        assert isinstance(job.error.error, UnreachableError)
        b.server.down = False
        begun(b.work("again")).end()


def test_a_question_for_room_that_a_server_does_not_answer_costs_no_session() -> None:
    with bench(Server()) as b:
        long = begun(b.work("long"))
        b.server.down = True
        b.clock.now += share.ASK + 0.5
        eventually(lambda: b.server.asked == 2, SECONDS, "a question for room")
        long.end()
        begun(b.work("next")).end()
        assert b.server.asked == 2


def test_at_the_end_nobody_waits_on() -> None:
    server = Server(quota=18, others=18)
    with bench(server) as b:
        waiting = [b.work(f"w{n}") for n in range(3)]
        eventually(lambda: len(b.rack._waiting) == 3, SECONDS, "three that wait")
        b.rack.close()
        for job in waiting:
            job.join(SECONDS)
            assert isinstance(job.error, RackClosedError)


def test_what_comes_back_after_the_end_is_closed() -> None:
    server = Server()
    with bench(server) as b:
        job = begun(b.work("long"))
        b.rack.close()
        b.rack.empty()
        assert b.held == 1
        job.end()
        assert b.held == 0


def test_one_that_was_being_opened_at_the_end_is_closed_and_given_to_nobody() -> None:
    server = Server()
    granting, go_on = threading.Event(), threading.Event()
    grant = server.grant

    def granted(entry: Entry) -> None:
        granting.set()
        assert go_on.wait(SECONDS)
        grant(entry)

    server.grant = granted  # type: ignore[method-assign]
    with bench(server) as b:
        job = b.work("late")
        assert granting.wait(SECONDS)
        b.rack.close()
        go_on.set()
        job.join(SECONDS)
        assert not job.is_alive()
        assert not job.began.is_set()
        assert b.held == 0


def test_what_is_in_use_at_the_end_can_be_cut() -> None:
    with bench(Server()) as b:
        job = begun(b.work("long"))
        idle = begun(b.work("idle", Urgency.PERSON))
        idle.end()
        (cut,) = b.rack.cuts()
        cut()
        assert job.entry.is_cut
        assert not idle.entry.is_cut
        job.end()


def test_an_error_of_the_job_itself_is_the_jobs() -> None:
    with bench(Server()) as b:

        def fail(_: ExchangeCmdlets) -> None:
            raise ShellLostError("x")

        with pytest.raises(ShellLostError):
            b.rack.use(Urgency.POLL, fail)
        begun(b.work("next")).end()
        assert b.server.asked == 1


def test_sessions_that_lie_by_delete_what_they_left_and_are_closed_in_the_end() -> None:
    """A shell that could not be deleted counts on until it is."""
    with bench(Server()) as b:
        job = begun(b.work("first"))
        entry = job.entry
        job.end()
        b.clock.now += IDLE_SECONDS + 0.5
        eventually(lambda: b.held == 0, SECONDS, "an end of the idle one")
        tidied = entry.tidied
        b.clock.now += TIDY_SECONDS + 0.5
        eventually(lambda: entry.tidied > tidied, SECONDS, "another try")
        entry.closed = False
    assert entry.closed


def test_one_that_is_open_deletes_what_it_left_elsewhere_while_nobody_uses_it() -> None:
    with bench(Server()) as b:
        long = begun(b.work("long", Urgency.PERSON))
        other = begun(b.work("other", Urgency.PERSON))
        busy, idle = long.entry, other.entry
        busy.left = idle.left = 1
        other.end()
        b.clock.now += TIDY_SECONDS + 0.5
        eventually(lambda: not idle.untidy, SECONDS, "a deletion by the idle one")
        assert busy.untidy, "a session is for one thread at a time"
        long.end()
        b.clock.now += TIDY_SECONDS + 0.5
        eventually(lambda: not busy.untidy, SECONDS, "a deletion by the other, now idle")
        assert b.held == 2
        assert not idle.closed


def test_tidying_up_is_no_use() -> None:
    """Else one that cannot be tidied would never be closed for idleness."""
    with bench(Server()) as b:
        job = begun(b.work("first"))
        entry = job.entry
        job.end()
        for tries in range(1, int(IDLE_SECONDS // TIDY_SECONDS)):
            entry.left = 1
            b.clock.now += TIDY_SECONDS
            eventually(lambda tries=tries: entry.tidied == tries, SECONDS, "a try")  # type: ignore[misc]
        assert b.held == 1
        b.clock.now += TIDY_SECONDS
        eventually(lambda: b.held == 0, SECONDS, "an end of the idle one")
