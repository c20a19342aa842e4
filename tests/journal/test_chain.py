"""The chain, pure: any single change of any line is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cockpit.journal import chain, checkpoints
from cockpit.journal.chain import START, Head
from cockpit.journal.records import Check, Checkpoint, Line

AT = "2025-01-31T03:00:00.000000Z"
BODIES = st.lists(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.none(), max_size=3),
    min_size=1,
    max_size=8,
)


def linked(bodies: Sequence[object]) -> list[Line]:
    lines: list[Line] = []
    head = Head(0, START)
    for body in bodies:
        lines.append(chain.link(head, AT, chain.canonical(body)))
        head = Head(lines[-1].seq, lines[-1].hash)
    return lines


def head_of(lines: Sequence[Line]) -> Head:
    return Head(lines[-1].seq, lines[-1].hash) if lines else Head(0, START)


def check(
    lines: Sequence[Line],
    head: Head | None,
    table: Sequence[Checkpoint] = (),
    outside: Sequence[Checkpoint] = (),
) -> Check:
    return chain.verify(lines, head, table, outside, checkpoints.genuine)


@given(BODIES)
def test_untouched_lines_hold(bodies: list[object]) -> None:
    lines = linked(bodies)
    found = check(lines, head_of(lines))
    assert found.sound
    assert (found.lines, found.why) == (len(lines), "")


def test_an_empty_journal_holds() -> None:
    assert check([], Head(0, START)).sound


@given(BODIES, st.data())
def test_a_changed_field_of_any_line_is_found_at_that_line(bodies: list[object], data: st.DataObject) -> None:
    lines = linked(bodies)
    where = data.draw(st.integers(0, len(lines) - 1))
    line = lines[where]
    name = data.draw(st.sampled_from(["seq", "at", "body", "prev", "hash"]))
    value = data.draw(st.integers() if name == "seq" else st.text(max_size=70))
    changed = Line(**{**asdict(line), name: value})
    lines[where] = changed
    found = check(lines, head_of(linked(bodies)))
    assert found.sound is (changed == line)
    assert found.first_bad == (None if changed == line else line.seq)


@given(BODIES, st.data())
def test_a_removed_line_is_found(bodies: list[object], data: st.DataObject) -> None:
    lines = linked(bodies)
    where = data.draw(st.integers(0, len(lines) - 1))
    found = check(lines[:where] + lines[where + 1 :], head_of(lines))
    assert found.first_bad == where + 1


@given(BODIES, st.data())
def test_two_bodies_that_changed_places_are_found(bodies: list[object], data: st.DataObject) -> None:
    lines = linked(bodies)
    one, two = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    first, second = lines[one], lines[two]
    lines[one], lines[two] = replace(first, body=second.body), replace(second, body=first.body)
    assert check(lines, head_of(linked(bodies))).sound is (first.body == second.body)


def test_a_bar_that_wandered_from_the_body_into_the_time_is_found() -> None:
    lines = linked([{"a": "x|y"}])
    at, body = f"{AT}|{lines[0].body}".rsplit("|", 1)
    assert check([replace(lines[0], at=at, body=body)], head_of(lines)).first_bad == 1


def test_a_tail_cut_with_its_head_moved_is_only_found_through_a_checkpoint(tmp_path: Path) -> None:
    lines = linked([{"n": n} for n in range(6)])
    signed = checkpoints.signed(checkpoints.signing_key(tmp_path), statement_of(lines[5]))
    cut, moved = lines[:3], head_of(lines[:3])
    assert check(cut, head_of(lines)).first_bad == 4
    assert check(cut, moved).sound
    found = check(cut, moved, outside=[signed])
    assert (found.sound, found.broken, found.first_bad) == (False, signed, None)
    assert "the tail was cut" in found.why


def test_a_history_written_anew_is_found_through_a_checkpoint(tmp_path: Path) -> None:
    key = checkpoints.signing_key(tmp_path)
    lines = linked([{"n": n} for n in range(6)])
    early, late = (checkpoints.signed(key, statement_of(lines[n])) for n in (1, 4))
    forged = linked([{"n": n if n != 3 else 99} for n in range(6)])
    found = check(forged, head_of(forged), outside=[early, late])
    assert (found.first_bad, found.held, found.broken) == (None, early, late)


def test_a_checkpoint_that_is_not_signed_by_its_key_is_broken(tmp_path: Path) -> None:
    lines = linked([{"n": n} for n in range(3)])
    signed = checkpoints.signed(checkpoints.signing_key(tmp_path), statement_of(lines[2]))
    for forged in (
        replace(signed, operator="somebody else"),
        replace(signed, seq=2, hash=lines[1].hash),
        replace(signed, signature="00" * 64),
        replace(signed, key="not hex"),
    ):
        found = check(lines, head_of(lines), outside=[forged])
        assert (found.sound, found.broken) == (False, forged)


def test_a_checkpoint_missing_in_the_table_is_noticed_by_the_next(tmp_path: Path) -> None:
    key = checkpoints.signing_key(tmp_path)
    lines = linked([{"n": n} for n in range(3)])
    first = checkpoints.signed(key, statement_of(lines[0]))
    second = checkpoints.signed(key, replace(statement_of(lines[1]), previous=first.signature))
    assert check(lines, head_of(lines), table=[first, second]).sound
    assert check(lines, head_of(lines), table=[second]).broken == second


def test_a_moved_or_missing_head_is_found() -> None:
    lines = linked([{"n": n} for n in range(3)])
    assert check(lines, None).first_bad == 4
    assert check(lines, head_of(lines[:2])).first_bad == 3
    assert check(lines, Head(3, START)).first_bad == 3


def statement_of(line: Line) -> Checkpoint:
    return Checkpoint(line.seq, line.hash, AT, "jump1", "ann", "", "", "")
