"""What is told of changes: which, how many at most, and that nothing is lost or told late."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.config.notify import NotifySettings
from cockpit.fleet.states import State
from cockpit.fleet.subjects import Subject
from cockpit.fleet.telling import Change, Kind, Memory, Rules, Telling, decide
from cockpit.fleet.throttle import Bucket

EX01, EX02, EX03 = Subject("EX01"), Subject("EX02"), Subject("EX03")
SUBJECTS = (EX01, EX02, EX03, Subject("EX01", "POP", "PopCTPMonitor"), Subject())
WELL, SICK, GONE, STALE, UNKNOWN = (
    State.HEALTHY,
    State.UNHEALTHY,
    State.UNREACHABLE,
    State.STALE,
    State.UNKNOWN,
)
GENEROUS = Rules(per_server=1000, total=1000, flapping=1000)


@dataclass
class Story:
    """Decides again and again, and keeps what was told with its time."""

    rules: Rules = GENEROUS
    memory: Memory = field(default_factory=Memory)
    states: dict[Subject, State] = field(default_factory=lambda: {EX01: WELL, EX02: WELL})
    told: list[tuple[float, Telling]] = field(default_factory=list)

    def at(
        self, now: float, changes: Mapping[Subject, State] | None = None, *, quiet: bool = False
    ) -> tuple[Telling, ...]:
        self.states.update(changes or {})
        self.memory, found = decide(self.memory, dict(self.states), now, self.rules, quiet=quiet)
        self.told += ((now, telling) for telling in found)
        return found


def changes(found: Iterable[Telling]) -> list[tuple[str, State, State]]:
    return [(c.subject.server, c.before, c.after) for t in found for c in t.changes]


# Which changes


def test_the_first_picture_is_no_change_and_neither_is_a_server_that_comes() -> None:
    story = Story(states={EX01: SICK})
    assert story.at(0) == ()
    assert story.at(1, {EX02: GONE}) == ()
    assert changes(story.at(2, {EX02: WELL})) == [("EX02", GONE, WELL)]


def test_a_server_that_went_and_comes_again_is_no_change() -> None:
    story = Story()
    story.at(0)
    del story.states[EX02]
    story.at(1)
    assert story.at(2, {EX02: SICK}) == ()


@pytest.mark.parametrize(
    ("when", "minimum", "before", "after", "told"),
    [
        ("worse", "Degraded", WELL, SICK, True),
        ("worse", "Degraded", WELL, State.DEGRADED, True),
        ("worse", "Degraded", WELL, STALE, False),
        ("worse", "stale", WELL, STALE, True),
        ("worse", "Degraded", STALE, GONE, True),
        ("worse", "Degraded", SICK, WELL, False),
        ("worse", "Healthy", WELL, State.DISABLED, True),
        ("better", "Degraded", SICK, State.DEGRADED, True),
        ("better", "Degraded", SICK, State.DISABLED, True),
        ("recovered", "Degraded", SICK, WELL, True),
        ("recovered", "Degraded", SICK, State.DEGRADED, False),
        ("recovered", "Degraded", SICK, State.DISABLED, False),
        ("recovered", "Healthy", State.DISABLED, WELL, False),
        ("any", "Unhealthy", WELL, GONE, False),
        ("any", "Unhealthy", GONE, SICK, True),
        ("Healthy>Unhealthy", "Healthy", WELL, SICK, True),
        ("Healthy>Unhealthy", "Healthy", SICK, WELL, False),
        ("*>not granted", "Healthy", WELL, State.NOT_GRANTED, True),
        ("not granted>*", "Healthy", State.NOT_GRANTED, WELL, True),
        ("not granted>*", "Healthy", SICK, WELL, False),
    ],
)
def test_which_changes_are_told(when: str, minimum: str, before: State, after: State, told: bool) -> None:
    rules = Rules.of(NotifySettings(when=(when,), minimum=minimum))  # type: ignore[arg-type]
    story = Story(rules, states={EX01: before})
    story.at(0)
    assert changes(story.at(1, {EX01: after})) == ([("EX01", before, after)] if told else [])


def test_a_recovery_is_told_whatever_was_passed_over_on_the_way() -> None:
    story = Story()
    story.at(0)
    assert changes(story.at(1, {EX01: SICK})) == [("EX01", WELL, SICK)]
    assert story.at(2, {EX01: UNKNOWN}) == ()
    assert story.at(3, {EX01: STALE}) == ()
    assert changes(story.at(4, {EX01: WELL})) == [("EX01", SICK, WELL)]


def test_a_change_that_was_never_told_and_has_gone_is_not_told() -> None:
    story = Story()
    story.at(0)
    story.at(1, {EX01: STALE})
    assert story.at(2, {EX01: WELL}) == ()


def test_the_worst_is_told_first() -> None:
    story = Story(states={EX01: WELL, EX02: SICK, EX03: WELL})
    story.at(0)
    found = story.at(1, {EX01: State.DEGRADED, EX02: WELL, EX03: SICK})
    assert [c[0] for c in changes(found)] == ["EX03", "EX01", "EX02"]


# Quiet


def test_what_changes_while_all_is_to_be_quiet_is_told_afterwards_if_it_still_holds() -> None:
    story = Story()
    story.at(0)
    assert story.at(1, {EX01: SICK, EX02: SICK}, quiet=True) == ()
    assert story.at(2, {EX02: WELL}, quiet=True) == ()
    assert changes(story.at(3)) == [("EX01", WELL, SICK)]


def test_what_was_held_back_when_it_became_quiet_is_told_afterwards() -> None:
    story = Story(Rules(per_server=1, total=1))
    story.at(0)
    assert changes(story.at(1, {EX01: SICK, EX02: GONE})) == [("EX01", WELL, SICK)]
    assert story.at(2, quiet=True) == ()
    assert story.at(100, quiet=True) == ()
    assert changes(story.at(200)) == [("EX02", WELL, GONE)]


# Throttle


def test_a_storm_is_told_together() -> None:
    story = Story(
        Rules(per_server=3, total=2, window=60), states={Subject(f"EX{n:02}"): WELL for n in range(20)}
    )
    story.at(0)
    found = story.at(1, dict.fromkeys(story.states, GONE))
    assert [t.kind for t in found] == [Kind.CHANGE] * 2
    assert story.at(60) == ()
    (digest,) = story.at(61)
    assert (digest.kind, digest.count, digest.seconds) == (Kind.DIGEST, 18, 60)
    assert {c.subject for c in digest.changes} == set(story.states) - {t.changes[0].subject for t in found}
    assert story.at(500) == ()


def test_one_noisy_server_does_not_use_up_the_others() -> None:
    story = Story(Rules(per_server=2, total=10, flapping=1000))
    story.at(0)
    for n in range(10):
        story.at(1 + n / 10, {EX01: SICK if n % 2 == 0 else WELL})
    assert len(story.told) == 2
    assert changes(story.at(3, {EX02: SICK})) == [("EX02", WELL, SICK)]


def test_a_digest_says_where_each_stands_in_the_end() -> None:
    story = Story(Rules(per_server=1, total=10, window=60, flapping=1000))
    story.at(0)
    story.at(1, {EX01: SICK})
    story.at(2, {EX01: WELL})
    story.at(3, {EX01: GONE})
    (digest,) = story.at(70)
    assert digest.changes == (Change(EX01, SICK, GONE),)
    assert digest.count == 2


# Flapping


def test_what_goes_to_and_fro_is_told_once_until_it_rests() -> None:
    story = Story(Rules(flapping=4, flapping_window=100, per_server=1000, total=1000))
    story.at(0)
    for n in range(1, 40):
        story.at(n, {EX01: SICK if n % 2 else WELL})
    kinds = [telling.kind for _, telling in story.told]
    assert kinds == [Kind.CHANGE] * 3 + [Kind.FLAPPING]
    flapping = story.told[-1][1]
    assert (flapping.count, flapping.seconds) == (4, 3)
    assert story.at(138) == ()
    (steady,) = story.at(139)
    assert (steady.kind, steady.changes[0].after) == (Kind.STEADY, SICK)
    assert changes(story.at(140, {EX01: WELL})) == [("EX01", SICK, WELL)]


def test_slow_changes_are_no_flapping() -> None:
    story = Story(Rules(flapping=3, flapping_window=10))
    story.at(0)
    for n in range(1, 20):
        story.at(n * 100, {EX01: SICK if n % 2 else WELL})
    assert {telling.kind for _, telling in story.told} == {Kind.CHANGE}
    assert len(story.told) == 19


def test_small_changes_are_no_flapping() -> None:
    story = Story(Rules(flapping=3, flapping_window=100))
    story.at(0)
    for n in range(1, 20):
        story.at(n, {EX01: STALE if n % 2 else WELL})
    assert story.told == []


# Whatever happens

STEPS = st.lists(
    st.tuples(
        st.floats(0, 40),
        st.dictionaries(st.sampled_from(SUBJECTS), st.sampled_from(list(State)), max_size=4),
        st.booleans(),
    ),
    max_size=40,
)
RULES = st.builds(
    Rules,
    when=st.sampled_from([("worse", "recovered"), ("any",), ("worse",), ("*>stale", "better")]),
    minimum=st.sampled_from(list(State)),
    per_server=st.integers(1, 4),
    total=st.integers(1, 6),
    window=st.floats(1, 100),
    flapping=st.integers(3, 6),
    flapping_window=st.floats(1, 200),
)


def told(
    rules: Rules, steps: list[tuple[float, dict[Subject, State], bool]], *, quiet: bool
) -> tuple[Story, float]:
    story = Story(rules, states=dict.fromkeys(SUBJECTS, WELL))
    story.at(0.0)
    now = 0.0
    for wait, changed, hushed in steps:
        now += wait
        story.at(now, changed, quiet=quiet and hushed)
    return story, now


@given(RULES, STEPS)
@settings(max_examples=80, deadline=None)
def test_there_is_never_more_than_the_bucket_holds(
    rules: Rules, steps: list[tuple[float, dict[Subject, State], bool]]
) -> None:
    """In any span of time: what is at hand at once, and what comes back meanwhile; a digest each window."""
    story, _ = told(rules, steps, quiet=True)
    single = [(at, t) for at, t in story.told if t.kind is not Kind.DIGEST]
    digests = [at for at, t in story.told if t.kind is Kind.DIGEST]
    assert all(b - a >= rules.window for a, b in itertools.pairwise(digests))
    for first, (start, _) in enumerate(single):
        for last in range(first, len(single)):
            span = single[last][0] - start
            within = single[first : last + 1]
            assert len(within) <= rules.total + rules.total * span / rules.window + 1e-6
            for server in {t.changes[0].subject.server for _, t in within}:
                of_it = [t for _, t in within if t.changes[0].subject.server == server]
                assert len(of_it) <= rules.per_server + rules.per_server * span / rules.window + 1e-6


@given(RULES, STEPS)
@settings(max_examples=80, deadline=None)
def test_what_was_said_last_of_each_is_true_or_need_not_be_told(
    rules: Rules, steps: list[tuple[float, dict[Subject, State], bool]]
) -> None:
    """Once all is quiet and long enough has passed: nothing that is to be told has been swallowed."""
    story, now = told(rules, steps, quiet=True)
    for _ in range(8):
        now += rules.window + rules.flapping_window + 1
        story.at(now)
    said = dict.fromkeys(SUBJECTS, WELL)
    for _, telling in story.told:
        said.update((change.subject, change.after) for change in telling.changes)
    for subject, state in story.states.items():
        assert not rules.tells(said[subject], state), subject
    assert story.memory.held == {}
    assert story.at(now + 1) == ()


@given(RULES, STEPS)
@settings(max_examples=60, deadline=None)
def test_each_telling_goes_on_from_the_last_one_about_it(
    rules: Rules, steps: list[tuple[float, dict[Subject, State], bool]]
) -> None:
    """Nobody is told "from A to B" who was told of C before; so the order of tellings is that of events."""
    story, _ = told(rules, steps, quiet=False)
    said = dict.fromkeys(SUBJECTS, WELL)
    for _, telling in story.told:
        assert len({change.subject for change in telling.changes}) == len(telling.changes)
        for change in telling.changes:
            assert change.before is said[change.subject]
            said[change.subject] = change.after


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_what_is_not_told_one_by_one_is_counted(
    steps: list[tuple[float, dict[Subject, State], bool]],
) -> None:
    """With and without a throttle as much is told, one by one or in a number."""
    free = Rules(when=("any",), minimum=WELL, per_server=10_000, total=10_000, window=1e6, flapping=10_000)
    tight = Rules(when=("any",), minimum=WELL, per_server=1, total=2, window=30, flapping=10_000)
    one, now = told(free, steps, quiet=False)
    other, _ = told(tight, steps, quiet=False)
    other.at(now + 1000)
    assert sum(t.count for _, t in one.told) == sum(t.count for _, t in other.told)


@given(st.lists(st.floats(0, 50), max_size=30), st.integers(1, 5), st.floats(1, 60))
def test_a_bucket_never_holds_more_than_its_size_nor_less_than_nothing(
    waits: list[float], size: int, seconds: float
) -> None:
    bucket, now = Bucket(size, 0.0), 0.0
    for wait in waits:
        now += wait
        bucket = bucket.filled(size, seconds, now)
        assert 0 <= bucket.tokens <= size
        if bucket.allows:
            bucket = bucket.less()
    assert bucket.filled(size, seconds, now - 10).tokens == bucket.filled(size, seconds, now).tokens
