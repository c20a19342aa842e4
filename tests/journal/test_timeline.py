"""The timeline in its database, on SQLite and PostgreSQL: one writer at a time, bounded, beside the chain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from cockpit.fleet.sightings import Kind, Sighting
from cockpit.fleet.watching import Span
from cockpit.journal import timeline as module
from cockpit.journal import timeline_keeping
from cockpit.journal.database import Database
from cockpit.journal.errors import JournalError
from cockpit.journal.migrate import SCRIPTS
from cockpit.journal.store import Journal, sqlite_url
from cockpit.journal.timeline import Timeline, open_timeline
from cockpit.journal.timeline_records import Retention
from tests.journal.support import Opener, actor, begun, concluded, intended

Tamper = Callable[..., None]
Make = Callable[..., Timeline]
DAY = 86_400.0


@pytest.fixture
def make(url: str) -> Iterator[Make]:
    opened: list[Timeline] = []

    def made(name: str = "ann", environment: str = "prod", keep: Retention = Retention()) -> Timeline:  # noqa: B008
        opened.append(open_timeline(url, actor(name), environment=environment, keep=keep))
        return opened[-1]

    yield made
    for each in opened:
        each.close()


def sick(at: float, value: str = "Unhealthy", server: str = "EX01", **more: object) -> Sighting:
    base = Sighting(Kind.ALERT, server, "POP", "PopCTPMonitor", "POP", value, at, at + 5)
    return replace(base, **more)  # type: ignore[arg-type]


def values(timeline: Timeline, server: str = "") -> list[tuple[str, str]]:
    found = timeline.past(0.0, server).entries
    return [(e.former, e.value) for e in reversed(found) if e.kind != "unwatched"]


def test_what_changed_is_read_back_newest_first(make: Make) -> None:
    now = time.time()
    timeline = make()
    well = sick(now - 300, "Healthy", quiet=True, first=True)
    assert timeline.write([well]) == 0
    before = timeline.position()
    assert timeline.write([sick(now - 200, detail="refused"), sick(now - 100, "Healthy")]) == 2
    assert timeline.position() > before
    first, second = (e for e in timeline.past(now - 400).entries if e.kind == "alert")
    assert (first.former, first.value, first.at) == ("Unhealthy", "Healthy", now - 100)
    assert (second.former, second.value, second.detail) == ("Healthy", "Unhealthy", "refused")
    assert second.told
    assert second.seen_at == pytest.approx(now - 195, abs=5)
    assert timeline.write([well, sick(now - 200), sick(now - 100, "Healthy")]) == 0


def test_names_of_servers_are_found_whatever_their_case_and_domain(make: Make) -> None:
    now = time.time()
    timeline = make()
    timeline.write([sick(now - 9), sick(now - 8, server="EX02")])
    assert values(timeline, "ex01.corp.example") == [("", "Unhealthy")]
    assert len(values(timeline)) == 2
    assert values(make(environment="other")) == []


def test_two_cockpits_that_see_the_same_write_one_row(make: Make) -> None:
    now = time.time()
    ann, bob = make("ann"), make("bob")
    for timeline in (ann, bob):
        timeline.write([sick(now - 300, "Healthy", quiet=True)])
    assert ann.write([sick(now - 200)]) == 1
    assert bob.write([sick(now - 200, seen=now - 180)]) == 0
    silent = Sighting(Kind.REACH, "EX02", "", "", "", "unreachable", None, now - 100)
    assert bob.write([silent]) == 1
    assert ann.write([replace(silent, seen=now - 90)]) == 0
    assert values(ann) == [("Healthy", "Unhealthy"), ("", "unreachable")]


def test_writers_at_once_stand_in_one_line(make: Make) -> None:
    """Four cockpits, each with the same changes in an order of its own."""
    now = time.time()
    truth = [
        sick(now - 1000 + n, ("Healthy", "Unhealthy")[n % 2], server=f"EX{n % 7:02}") for n in range(140)
    ]
    made = [make(name) for name in ("ann", "bob", "eve", "joe")]
    start = threading.Barrier(len(made))
    counts: list[int] = []
    errors: list[BaseException] = []

    def work(timeline: Timeline, turn: int) -> None:
        try:
            start.wait(20)
            mine = truth[turn * 30 :] + truth[: turn * 30]
            counts.append(sum(timeline.write(mine[n : n + 10]) for n in range(0, len(mine), 10)))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(each, n)) for n, each in enumerate(made)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert errors == []
    assert sum(counts) == len(truth)
    assert len(values(made[0])) == len(truth)


def test_a_watch_is_one_row_that_grows_and_ends(make: Make) -> None:
    now = time.time()
    timeline = make()
    timeline.watched(Span(now - 500, now - 400))
    timeline.watched(Span(now - 500, now - 300))
    (span,) = timeline.past(now - 600).watched
    assert span.since == pytest.approx(now - 500, abs=2)
    assert span.until == pytest.approx(now - 300, abs=2)
    timeline.watched(Span(now - 100, now), ended=True)
    found = timeline.past(now - 600)
    assert len(found.watched) == 2
    assert [round(s.until - s.since) for s in found.unwatched] == [100, 200]
    gap = next(e for e in found.entries if e.kind == "unwatched")
    assert gap.until == pytest.approx(now - 100, abs=2)


def test_when_the_operator_looked_last(make: Make) -> None:
    now = time.time()
    ann, bob = make("ann"), make("bob")
    operator = ann.actor.operator
    assert ann.away_since(operator, "new") is None
    ann.watched(Span(now - 900, now - 600), ended=True)
    bob.watched(Span(now - 900, now - 500), ended=True)
    since = ann.away_since(operator, "new")
    assert since == pytest.approx(now - 600, abs=2)
    assert since is not None
    ann.write([sick(now - 650, seen=now - 610), sick(now - 400, "Healthy")])
    found = ann.away(since, operator)
    assert (found.changes, found.servers) == (1, 1)
    assert [round(hole.since - now) for hole in found.unwatched] == [-500]


def test_a_cockpit_that_was_killed_is_away_once_its_last_sign_is_old(make: Make) -> None:
    now = time.time()
    timeline = make()
    operator = timeline.actor.operator
    timeline.watched(Span(now - 900, now - 30))
    assert timeline.away_since(operator, "new") is None
    timeline.watched(Span(now - 900, now - 10), ended=True)
    assert timeline.away_since(operator, "new") == pytest.approx(now - 10, abs=2)


def test_our_own_runs_stand_in_it_marked_by_whom(make: Make, journal: Journal) -> None:
    hold = begun(journal)
    attempt = intended(journal, hold)
    with journal.write(hold) as writer:
        concluded(writer, attempt)
    found = make().past(time.time() - 60).entries
    done = [(e.kind, e.what, e.value, e.by) for e in found if e.kind != "unwatched"]
    (step,) = (e for e in found if e.kind == "step")
    who = actor("ann").operator
    assert done == [("step", "block", "applied", who), ("run", "pop-deep", "started", who)]
    assert step.detail.startswith("Set-MailboxServer EX01")
    assert make(environment="test").past(0.0).entries[0].kind == "unwatched"


def test_the_chain_is_not_touched(make: Make, journal: Journal) -> None:
    with journal.write(None) as writer:
        writer.log("note")
    make().write([sick(time.time() - 5)])
    make().watched(Span(time.time() - 9, time.time()))
    assert len(list(journal.lines())) == 1
    assert journal.verify().sound


def test_the_timeline_waits_for_no_line_of_the_journal(make: Make, journal: Journal, url: str) -> None:
    """On PostgreSQL a run's transaction holds the journal's head row; SQLite has one lock for all."""
    if url.startswith("sqlite"):
        pytest.skip("SQLite locks the whole file")
    timeline = make()
    with journal.write(None) as writer:
        writer.log("slow")
        assert timeline.write([sick(time.time() - 5)]) == 1


# How much is kept


def test_what_is_old_is_deleted_in_small_batches(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_keeping, "BATCH", 4)
    now = time.time()
    long = make(keep=Retention(days=30))
    long.write([sick(now - 5 * DAY - n, server=f"EX{n:02}") for n in range(10)] + [sick(now - 60)])
    long.watched(Span(now - 5 * DAY, now - 4 * DAY), ended=True)
    long.watched(Span(now - 60, now))
    short = make(keep=Retention(days=1))
    assert [short.prune() for _ in range(4)] == [4 + 1 + 4, 4 + 4, 2 + 1, 0]
    assert len(values(long)) == 1
    assert len(long.past(0.0).watched) == 1
    assert short.write([sick(now - 5 * DAY, "Degraded", server="EX99")]) == 0


def test_the_newest_rows_are_kept_when_there_are_too_many(make: Make) -> None:
    now = time.time()
    timeline = make(keep=Retention(rows=5))
    timeline.write([sick(now - 100 + n, server=f"EX{n:02}") for n in range(9)])
    other = make(environment="other")
    other.write([sick(now - 100 + n, server=f"EX{n:02}") for n in range(9)])
    assert timeline.prune() == 4
    assert timeline.prune() == 0
    assert [e.server for e in timeline.past(0.0).entries if e.kind == "alert"] == [
        f"EX{n:02}" for n in (8, 7, 6, 5, 4)
    ]
    assert len(values(other)) == 9


def test_what_was_not_seen_for_long_is_forgotten(make: Make, tamper: Tamper) -> None:
    now = time.time()
    timeline = make(keep=Retention(days=1))
    timeline.write([sick(now - 60), sick(now - 60, server="EX02")])
    tamper("UPDATE timeline_state SET seen_at = seen_at - 400000 WHERE value = 'Unhealthy' AND key IN "
           "(SELECT key FROM timeline_state ORDER BY key LIMIT 1)")  # fmt: skip
    assert timeline.prune() == 1
    assert timeline.prune() == 0


def test_one_answer_is_bounded_and_says_that_there_is_more(make: Make) -> None:
    now = time.time()
    timeline = make()
    timeline.write([sick(now - 100 + n, server=f"EX{n:02}") for n in range(9)])
    found = timeline.past(0.0, most=4)
    assert found.cut
    assert [e.server for e in found.entries if e.kind == "alert"] == ["EX08", "EX07", "EX06", "EX05"]
    assert not timeline.past(0.0, most=9).cut


def test_latencies_of_probes_by_hand_come_back_oldest_first(make: Make) -> None:
    now = time.time()
    timeline = make()
    runs = [
        Sighting(
            Kind.PROBE, "EX01", "", r"POP\PopCTPProbe", "", value, None, now - 60 + n, number=40.0 + n,
            mark=str(n),
        )
        for n, value in enumerate(("Succeeded", "Failed", "Succeeded"))
    ]  # fmt: skip
    assert timeline.write(runs) == 3
    assert timeline.write(runs) == 0
    (found,) = timeline.latencies().values()
    assert [(each.ms, each.succeeded) for each in found] == [(40.0, True), (41.0, False), (42.0, True)]


# What can go wrong


def test_many_sightings_are_several_transactions(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    timeline = make()
    assert timeline.write([sick(time.time() - 60, server=f"EX{n:02}") for n in range(8)]) == 8
    assert len(values(timeline)) == 8


def test_what_could_not_be_written_can_be_given_again(make: Make, tamper: Tamper) -> None:
    timeline = make()
    tamper("ALTER TABLE timeline RENAME TO elsewhere")
    with pytest.raises(JournalError, match="Cannot write to the journal"):
        timeline.write([sick(time.time() - 60)])
    tamper("ALTER TABLE elsewhere RENAME TO timeline")
    assert timeline.write([sick(time.time() - 60)]) == 1


def test_a_span_that_was_taken_back_is_written_anew(make: Make, tamper: Tamper) -> None:
    now = time.time()
    timeline = make()
    timeline.watched(Span(now - 60, now - 30))
    tamper("DELETE FROM timeline_watch")
    timeline.watched(Span(now - 60, now - 20))
    assert len(timeline.past(now - 100).watched) == 1


def test_a_head_row_that_is_gone_is_said(make: Make, tamper: Tamper) -> None:
    timeline = make()
    tamper("DELETE FROM timeline_head")
    with pytest.raises(JournalError, match="head row is gone"):
        timeline.write([sick(time.time())])


def test_a_journal_of_the_first_version_gets_its_timeline_and_keeps_its_lines(
    url: str, opener: Opener, tmp_path: Path
) -> None:
    database = Database(url)
    with database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(SCRIPTS))
        command.upgrade(config, "0001")
        assert not sa.inspect(connection).has_table("timeline")
        connection.execute(sa.text("UPDATE journal_head SET outputs = 7"))
    database.close()
    journal = opener("ann")
    assert journal.position() == 7
    opened = open_timeline(url, actor("ann"), environment="prod", keep=Retention())
    assert opened.write([sick(time.time() - 5)]) == 1
    opened.close()


def test_a_reader_of_sqlite_waits_for_no_writer(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "journal.db")
    one, two = (open_timeline(url, actor(n), environment="prod", keep=Retention()) for n in ("ann", "bob"))
    one.write([sick(time.time() - 60)])
    with one._locked() as work:
        one._sightings(work, [sick(time.time() - 50, "Healthy")])
        assert len(values(two)) == 1
    assert len(values(two)) == 2
    one.close()
    two.close()
