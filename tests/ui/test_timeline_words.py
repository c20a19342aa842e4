"""The timeline in words, and the sparkline: pure."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cockpit.fleet.latency import Latency
from cockpit.fleet.sightings import Kind
from cockpit.fleet.watching import Span
from cockpit.journal.timeline_records import Away
from cockpit.ui import timeline_words as words
from cockpit.ui.look import ASCII, UNICODE, plain
from cockpit.ui.sparkline import ASCII_BLOCKS, BLOCKS, CELLS, latency_line, sparkline
from tests.ui.fleets import NOW
from tests.ui.timelines import AT, AWAY, HOUR, latencies, night, told


def line(past_row: object) -> str:
    return " | ".join(plain(cell) for cell in past_row.cells if plain(cell))  # type: ignore[attr-defined]


def test_every_kind_has_its_words() -> None:
    shown = [line(row) for row in words.rows(told(), "", None, NOW, UNICODE)]
    assert shown == [
        r"03:03:40Z | EX01 | run 4f2a1b3c9d of front-end | ✓ recovered | ann as CORP\svc-pop | "
        "PopCTPMonitor is Healthy",
        "03:02:40Z | EX09 | PopCTPMonitor | ~ stale | runs again",
        "03:01:40Z | EX07 | rows of POP | ? empty, with a warning | rows | "
        "The health manager service on EX07 is not running.",
        "03:00:40Z | EX04 | connection | × unreachable | live | No answer: connection timed out after 10 s",
        r"02:58:40Z | EX01 | run 4f2a1b3c9d, step service | applied | ann as CORP\svc-pop | "
        "Restart-Service -Name 'MSExchangePop3' -Force",
        r"02:56:40Z | EX01 | run 4f2a1b3c9d of front-end | started | ann as CORP\svc-pop",
        r"02:55:40Z | EX01 | POP\PopCTPProbe | ✗ Failed 30112 ms | ann as CORP\svc-pop | refused",
        "02:54:40Z | EX01 | RestartService MSExchangePop3 | ✗ Failed | "
        "Managed Availability (PopCTPRestart) | the service did not stop in time",
        "02:52:40Z | EX01 | RestartService MSExchangePop3 | ✓ Succeeded | "
        "Managed Availability (PopCTPRestart)",
        "02:51:40Z | EX01 | PopCTPMonitor | ✗ Unhealthy | Healthy | Proxy connection was refused",
        "01:57:40Z | EX03 | PopCTPMonitor | ✓ Healthy | another value in between, unseen; seen 03:07Z",
        "00:12:40Z | nobody watched | until 01:42Z",
        "2026-11-22 21:12:40Z | nobody watched | until 2026-11-22 22:12Z",
    ]


def test_a_line_stands_where_the_last_look_ended() -> None:
    rows = words.rows(told(), "", AT - 15 * 60, NOW, UNICODE)
    place = next(i for i, row in enumerate(rows) if row.key == ("look",))
    assert "your last look ended" in line(rows[place])
    assert rows[place - 1].key[0] == "step"
    assert not any(row.key == ("look",) for row in words.rows(told(), "", None, NOW, UNICODE))
    assert not any(row.key == ("look",) for row in words.rows(told(), "", AT, NOW, UNICODE))


def test_the_filter_finds_text_anywhere_and_turns_round() -> None:
    def servers(text: str) -> set[str]:
        return {e.server for e in told().entries if words.keeps(e, text)}

    assert servers("managed") == {"EX01"}
    assert servers("UNREACH") == {"EX04"}
    assert servers("!ex") == {""}
    assert servers("nobody") == {""}
    assert servers("restart-service") == {"EX01"}
    assert servers("  ") == {e.server for e in told().entries}


def test_rows_have_keys_of_their_own_though_entries_are_alike() -> None:
    twice = (*night(), *night())
    rows = words.rows(told(entries=twice), "", None, NOW, UNICODE)
    assert len({row.key for row in rows}) == len(rows)


def test_in_full_every_entry_says_whose_clock_it_is() -> None:
    texts = {e.kind: "\n".join(plain(x) for x in words.about(e, NOW)) for e in told().entries}
    assert "by the server's clock" in texts["alert"]
    assert "when it was seen" in texts["reach"]
    assert "by the journal's clock" in texts["step"]
    assert "No cockpit heard any server" in texts["unwatched"]
    assert "4f2a1b3c9d" in texts["run"]


def test_an_action_that_is_learnt_later_is_no_late_change() -> None:
    action = next(e for e in night() if e.kind == Kind.ACTION)
    assert "seen" not in words.note(replace(action, seen_at=AT), NOW)


# The time away


def test_the_time_away_in_one_sentence() -> None:
    assert words.away_words(AWAY, NOW, "T", UNICODE) == (
        "While you were away (since 00:12Z): 5 changes, 2 actions of Managed Availability, 1 run on "
        "5 servers; nobody watched 00:12Z–01:42Z. T shows it."
    )


def test_nothing_happened_and_nobody_looked_are_told_apart() -> None:
    quiet = Away(AT - HOUR, 0, 0, 0, 0, ())
    assert words.away_words(quiet, NOW, "T", UNICODE) == (
        "While you were away (since 02:12Z): no change was seen; somebody watched all the time. T shows it."
    )
    blind = replace(
        quiet, changes=1, servers=1, unwatched=tuple(Span(AT - n, AT - n + 60) for n in (900, 600, 300))
    )
    said = words.away_words(blind, NOW, "f5", ASCII)
    assert "1 change on 1 server; nobody watched 02:57Z-02:58Z, 03:02Z-03:03Z, 1 more time. f5" in said
    assert said.isascii()


# Sparklines


def ring(*values: float) -> list[Latency]:
    (found,) = latencies(*values).values()
    return found


def test_a_sparkline_goes_from_nothing_to_the_slowest() -> None:
    assert plain(sparkline(ring(10, 20, 30, 40, 50, 60, 70, 80), CELLS, UNICODE)) == "▂▃▄▅▆▇██"
    assert plain(sparkline(ring(10, -30000, 80), CELLS, UNICODE)) == "▂✗█"
    assert plain(sparkline(ring(10, -30000, 80), CELLS, ASCII)) == ".X#"
    assert plain(sparkline(ring(-1, -2), CELLS, UNICODE)) == "✗✗"


def test_the_words_beside_it() -> None:
    shown = plain(latency_line(ring(48, 31, -30000, 120), NOW, UNICODE))
    assert shown == "▄▃✗█  31 to 120 ms, 4 runs since 03:08Z"
    assert plain(latency_line(ring(-1, -2), NOW, UNICODE)).endswith("none succeeded, 2 runs since 03:10Z")
    assert latency_line(ring(48), NOW, UNICODE) == ()


@given(st.lists(st.floats(0.1, 1e6) | st.floats(-1e6, -0.1), max_size=60), st.sampled_from([UNICODE, ASCII]))
def test_one_glyph_for_each_result_and_the_slowest_is_the_highest(
    values: list[float], glyphs: object
) -> None:
    results = ring(*values) if values else []
    shown = plain(sparkline(results, CELLS, glyphs))  # type: ignore[arg-type]
    newest = results[-CELLS:]
    assert len(shown) == len(newest)
    blocks = ASCII_BLOCKS if glyphs is ASCII else BLOCKS
    well = [
        (each.ms, blocks.index(glyph)) for each, glyph in zip(newest, shown, strict=True) if each.succeeded
    ]
    heights = [height for _, height in sorted(well)]
    assert heights == sorted(heights)
    if well:
        assert max(well)[1] == len(blocks) - 1
