"""What fleet and logs say in English (verdicts, refusals, traces) is found again where it is shown."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cockpit.commands.narrowing import from_options
from cockpit.commands.saying import SaidError
from cockpit.exchange.model import Outcome
from cockpit.fleet.filtering import FilterError, parse
from cockpit.fleet.grouping import GroupBy, group_of
from cockpit.fleet.snapshot import ProbePhase, Problem, Reach, ServerSnapshot
from cockpit.fleet.states import State
from cockpit.fleet.verdict import Judgement, judge, judge_health_set
from cockpit.poplog.bytefile import PlainFile
from cockpit.poplog.errors import LogError
from cockpit.poplog.evidence import Kind, LogLook, Strength
from cockpit.poplog.inflating import Cursor
from cockpit.poplog.searching import _ends_soon
from cockpit.poplog.trace import Sureness, Trace, conclude, with_health
from tests.fleet import builders, test_filtering, test_told, test_verdict
from tests.language import pseudo
from tests.language.lower_rooms import VALUES, english, left_of, parameters
from tests.poplog import test_trace as traces
from tests.poplog.logs import USER, proxied


@pytest.fixture(autouse=True, scope="module")
def other_language() -> Iterator[None]:
    with pseudo.spoken():
        yield


# --- the fleet -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *(
            case[0]
            for case in parameters(test_filtering.test_refusals_say_which_term_why_and_what_is_possible)
        ),
        "taget:x",
    ],
)
def test_refusals_of_the_filter(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    shown = caught.value
    # The filter's own words are what people type, in every language.
    assert english(shown.sentence, text, *shown.possible) == []


def test_the_filters_own_words_stay_as_they_are_typed() -> None:
    """A refusal is said by the filter itself: who says it once more would say ``site:``, too."""
    for text in ("taget:x", "site:", "state:bogus"):
        with pytest.raises(SaidError) as caught:
            from_options(text, None, "prod")
        with pytest.raises(FilterError) as refused:
            parse(text)
        possible = ", ".join(refused.value.possible)
        assert str(caught.value).startswith(f'--filter "{refused.value.term}"')
        assert possible in str(caught.value)


def test_the_filters_words_are_read_in_every_language() -> None:
    assert parse("state:not-monitored server:EX01 marked").terms[2].key == "mark"


def judgements() -> Iterator[Judgement]:
    sick, well = test_verdict.SICK, builders.monitor()
    entries = [sick, well, builders.monitor(stale=True), builders.monitor(alert="")]
    entries += [builders.monitor("AverageCommandProcessingTimeGt60sMonitor", "Unhealthy", "POP")]
    entries += [builders.monitor(alert="Disabled"), builders.monitor(alert="Unknown")]
    of = test_verdict.SELF_TEST
    failed = replace(builders.probe_run(of, phase=ProbePhase.FAILED), problem=None)
    runs = (
        (),
        (builders.probe_run(of, "Failed"),),
        (builders.probe_run(of, "Succeeded"),),
        (builders.probe_run(of, ""),),
        (builders.probe_run(of),),
        (builders.probe_run(of, phase=ProbePhase.RUNNING),),
        (failed,),
        (replace(failed, problem=Problem("nothing came in time", "it is signed, not sealed")),),
    )
    for entry, ran, reach in itertools.product(entries, runs, Reach):
        yield judge(replace(builders.live(entry), probe_runs=ran, reach=reach), entry)
    for reach, outcome in itertools.product(Reach, (*Outcome, None)):
        readings = tuple(builders.reading(s, outcome) for s in builders.ALL_SETS)
        snapshot = ServerSnapshot(builders.server(), reach=reach, readings=readings)
        yield judge_health_set(snapshot, "POP")


def test_verdicts() -> None:
    made = {text for found in judgements() for text in (found.why, found.next, found.verdict.value)}
    assert len(made) > 35
    assert {text: left for text in made if (left := english(text))} == {}


def test_states_groups_and_what_reaches_us() -> None:
    words = [*(state.word for state in State), *(reach.value for reach in Reach)]
    server = builders.live()
    words += [
        group_of(replace(server, dag=dag), State.STALE, by)[1] for by in GroupBy for dag in ("", "DAG1")
    ]
    assert {word: left for word in words if (left := english(word, "North DAG"))} == {}


def test_what_is_told() -> None:
    for told, _ in parameters(test_told.test_in_words):
        left = pseudo.english_in(told.text, *VALUES, "the collector ended old")
        assert left == [], told.text


# --- protocol logs -------------------------------------------------------------------------------


def every_trace() -> Iterator[Trace]:
    """Every kind of probe, front end's log, back end's log and mailbox, each with each."""
    at, later = traces.AT, traces.AT + timedelta(minutes=9)
    runs = [
        traces.run(mailbox_server=named, user=user)
        for named, user in itertools.product(("", "EX02", "EX09"), ("", USER))
    ]
    runs += [traces.run(started=None), traces.run(probe="POP\\PopProxyTestProbe")]
    runs += [traces.run(probe="POP\\PopDeepTestProbe\\DB01", mailbox_server=named) for named in ("", "EX03")]
    runs += [traces.run(probe="POP\\PopSelfTestProbe", server="EX09")]
    fronts: list[LogLook | None] = [
        None,
        traces.front(),
        traces.front(proxied(at=at)),
        traces.front(proxied(at=at)[:2]),
        traces.front(proxied("EX03", at=at), proxied(at=at)),
        traces.front(proxied(at=later)),
        *(case[0] for case in parameters(traces.test_why_the_front_ends_log_names_nobody)),
    ]
    fronts += [replace(f, logging=False) for f in fronts[3:] if f is not None]
    backs: list[tuple[LogLook, ...]] = [
        (),
        *((case[0],) for case in parameters(traces.test_a_back_end_is_looked_at_by_its_own_clock)),
    ]
    mailboxes = (
        None,
        traces.active("EX02"),
        traces.active("EX03"),
        traces.active("EX09"),
        *(case[0] for case in parameters(traces.test_why_the_mailbox_names_nobody)),
    )
    for run, front, back, mailbox in itertools.product(runs, fronts, backs, mailboxes):
        yield conclude(traces.gathered(run, front=front, back=back, mailbox=mailbox))


def texts_of(trace: Trace) -> Iterable[str]:
    yield trace.verdict
    yield trace.reason
    yield from trace.contradictions
    for piece in trace.evidence:
        yield piece.says


def test_traces() -> None:
    made = {text for trace in every_trace() for text in texts_of(trace)}
    assert len(made) > 90
    logged = (
        "EX09 StateAttribute PopProxyTestProbe PopDeepTestProbe ProxySuccess Access is denied frank local"
    )
    assert {text: left for text in made if (left := english(text, logged))} == {}


def test_the_words_of_the_evidence() -> None:
    words = [*Kind, *Strength, *Sureness]
    assert {str(word): left for word in words if (left := english(str(word)))} == {}


def test_health_at_the_end_of_a_trace() -> None:
    trace = conclude(traces.gathered(traces.run(mailbox_server="EX02")))
    rows = (builders.monitor(stale=True), builders.monitor("PopCTPMonitor", "Unhealthy"))
    for found in ((), rows):
        assert english(with_health(trace, found, "").evidence[-1].says) == []


def test_clocks() -> None:
    for case in parameters(traces.test_clocks_in_words):
        assert english(str(case[0])) == []


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing, folder = tmp_path / "POP.LOG", tmp_path / "folder"
    folder.mkdir()
    for path in (missing, folder):
        with pytest.raises(LogError) as caught:
            PlainFile(path).length()
        assert left_of(caught.value, tmp_path, path.name, "No such file or directory") == []


GZIP_AND_MORE = gzip.compress(b"a line\n", mtime=0) + b"and more"


@pytest.mark.parametrize(
    ("data", "most"),
    [(b"\x1f\x8b\x08", 9), (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03junk", 9), (GZIP_AND_MORE, 99)],
)
def test_compressed_files_that_end_soon(data: bytes, most: int) -> None:
    cursor = Cursor()
    for _ in range(3):
        cursor.take(lambda at, size: data[at : at + size], most)
    assert cursor.problem
    zlib_says = "Error while decompressing data invalid code lengths set block type stored"
    assert left_of(_ends_soon("POP.LOG.gz", cursor.problem), "POP LOG gz", zlib_says) == []
