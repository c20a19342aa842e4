"""Any sequence of a writer's acts and a wire's failures, in the middle of any answer: every line once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.poplog import lines
from cockpit.poplog.errors import LogError
from cockpit.poplog.feed import Happened, Notice
from cockpit.poplog.follow import Follower
from cockpit.poplog.lines import CUT_REST, Rest
from cockpit.poplog.names import Writer
from tests.poplog.disk import HEADER, Disk, begun_before, line, named

CHARS = 7
"""Bytes a half written line has."""


@dataclass
class Writing:
    """A writer, and what was lost of its lines by no fault of the reader's. ``unheard``: of files that
    came and went between two answers, of which nobody can know."""

    disk: Disk
    file: int = 0
    written: int = 0
    half: bytes = b""
    destroyed: set[int] = field(default_factory=set)
    unheard: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.disk.make(named(0))

    @property
    def name(self) -> str:
        return named(self.file)

    def append(self, count: int) -> None:
        for _ in range(count):
            self.disk.append(self.name, line(self.written)[len(self.half) :])
            self.half, self.written = b"", self.written + 1

    def begin_line(self) -> None:
        if not self.half:
            self.half = line(self.written)[:CHARS]
            self.disk.append(self.name, self.half)

    def end_without_line_end(self) -> None:
        """The last line of a file has none; then the next file."""
        self.disk.append(self.name, line(self.written)[len(self.half) : -1])
        self.half, self.written = b"", self.written + 1
        self.roll_over()

    def roll_over(self) -> None:
        if self.half:
            self.append(1)
        self.file += 1
        self.disk.make(self.name)

    def replace(self) -> None:
        self._destroy(self.name)
        self.disk.files_by_name[self.name].data[:] = HEADER + line(self.written)
        self.half, self.written = b"", self.written + 1

    def vanish(self, oldest: bool) -> None:
        """A file is deleted: the oldest, or the one written to, after which another is begun."""
        name = next(iter(self.disk.files_by_name)) if oldest else self.name
        before = set(self.destroyed)
        self._destroy(name)
        if name not in self.disk.told:
            self.unheard |= self.destroyed - before
        del self.disk.files_by_name[name]
        if name == self.name:
            self.half = b""
            self.roll_over()

    def _destroy(self, name: str) -> None:
        data = bytes(self.disk.files_by_name[name].data)
        self.destroyed |= {n for n in range(self.written) if line(n).rstrip() in data}
        if self.half and name == self.name:
            self.destroyed.add(self.written)
            self.written += 1


def _raise() -> None:
    raise LogError("the connection broke")


def acts(*names: str) -> st.SearchStrategy[list[tuple[str, int]]]:
    return st.lists(st.tuples(st.sampled_from(names), st.integers(0, 4)), max_size=60)


def act(writing: Writing, name: str, number: int) -> None:
    does: dict[str, Callable[[], None]] = {
        "append": lambda: writing.append(number),
        "begin": writing.begin_line,
        "end": writing.end_without_line_end,
        "roll": writing.roll_over,
        "replace": writing.replace,
        "vanish": lambda: writing.vanish(oldest=number > 1),
        "raise": _raise,
        "": lambda: None,
    }
    does[name]()


def followed(
    script: Iterable[tuple[str, int]], short: int
) -> tuple[Writing, list[tuple[str, str]], list[Notice]]:
    """The writer's acts happen one by one, each just before something is answered. What was read in the end:
    lines with their problem."""
    disk = Disk(short=short)
    writing, todo = Writing(disk), deque(script)

    def before_answer(_what: str) -> None:
        if todo:
            act(writing, *todo.popleft())

    one = begun_before(disk, Follower(disk, "EX01", Writer.POP3, wall=lambda: 0.0, steady=lambda: 0.0))
    disk.fail = before_answer
    found: list[tuple[str, str]] = []
    notices: list[Notice] = []
    quiet = 0
    while quiet < 2:
        busy = bool(todo)
        try:
            step = one.step()
        except LogError:
            continue
        found += [(e.row.line, e.row.problem) for e in step.entries]
        notices += step.notices
        quiet = 0 if step.hungry or busy else quiet + 1
    return writing, found, notices


@settings(max_examples=200, deadline=None)
@given(acts("append", "append", "begin", "end", "roll", "raise", ""), st.sampled_from([0, 65, 90, 200]))
def test_every_line_once_and_in_order(script: list[tuple[str, int]], short: int) -> None:
    writing, found, notices = followed(script, short)
    assert [text for text, _ in found] == [line(n).decode().strip() for n in range(writing.written)]
    assert Happened.SKIPPED not in {n.kind for n in notices}
    assert Happened.REPLACED not in {n.kind for n in notices}


@settings(max_examples=200, deadline=None)
@given(acts("append", "append", "begin", "end", "roll", "vanish", "raise", ""), st.sampled_from([0, 65, 200]))
def test_what_vanishes_unread_is_said_to_be_missing(script: list[tuple[str, int]], short: int) -> None:
    writing, found, notices = followed(script, short)
    missing = _missing(writing, found)
    assert missing <= writing.destroyed
    assert missing <= writing.unheard or Happened.SKIPPED in {n.kind for n in notices}


@settings(max_examples=200, deadline=None)
@given(
    acts("append", "append", "begin", "roll", "replace", "vanish", "raise", ""),
    st.sampled_from([0, 65, 200]),
)
def test_nothing_is_doubled_by_files_that_are_replaced(script: list[tuple[str, int]], short: int) -> None:
    writing, found, _ = followed(script, short)
    assert _missing(writing, found) <= writing.destroyed


def _missing(writing: Writing, found: list[tuple[str, str]]) -> set[int]:
    """Numbers of lines that did not come. Whole ones come in order and once; torn ones of files that went."""
    numbers = {line(n).decode().strip(): n for n in range(writing.written + 1)}
    came = [numbers[text] for text, problem in found if not problem]
    assert came == sorted(set(came))
    torn = [text for text, problem in found if problem]
    assert all(any(whole.startswith(text) for whole in numbers) for text in torn)
    return set(range(writing.written)) - set(came)


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=30))
def test_lines_do_not_depend_on_how_their_bytes_came(data: bytes, sizes: list[int]) -> None:
    at_once, left = lines.split(Rest(), data, 0)
    rest, offset, at, found = Rest(), 0, 0, []
    for size in [*sizes, len(data)]:
        pieces, rest = lines.split(rest, data[at : at + size], offset)
        found += pieces
        at = min(len(data), at + size)
        offset = at - len(rest.data)
    assert (found, rest) == (at_once, left)
    assert b"".join(p.raw + b"\n" for p in found) + rest.data == data
    assert all(data[p.offset :].startswith(p.raw) for p in found)
    assert CUT_REST not in {p.problem for p in found}
