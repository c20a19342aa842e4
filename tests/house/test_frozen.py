"""``cockpit.frozen.dataclass`` makes what the standard library's makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, is_dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
import pytest

from cockpit.frozen import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Point:
    """A place."""

    x: int
    y: int = 2
    tags: tuple[str, ...] = ()
    note: str = field(default="", compare=False)
    seen: list[int] = field(default_factory=list, hash=False)
    zero: ClassVar[int] = 0

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclass(frozen=True, slots=True)
class Far(Point):
    far: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    x: int


@dataclass(frozen=True, slots=True)
class Checked:
    x: int
    twice: int = field(init=False, repr=False)
    last: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("below zero")
        object.__setattr__(self, "twice", 2 * self.x)


@dataclass(frozen=True, slots=True)
class Own:
    x: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and other.x.lower() == self.x.lower()

    def __hash__(self) -> int:
        return hash(self.x.lower())


@dataclass(frozen=True, slots=True)
class Box(Generic[T]):
    inside: T


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


def test_made_and_read() -> None:
    point = Point(1, tags=("a",))
    assert (point.x, point.y, point.tags, point.sum, Point.zero) == (1, 2, ("a",), 3, 0)
    assert Point(1).seen is not Point(1).seen
    assert repr(point) == "Point(x=1, y=2, tags=('a',), note='', seen=[])"
    assert Point.__doc__ == "A place."
    assert is_dataclass(point)
    assert [f.name for f in fields(point)] == ["x", "y", "tags", "note", "seen"]
    assert not hasattr(point, "__dict__")
    match point:
        case Point(1, y):
            assert y == 2


@pytest.mark.parametrize("wrong", [lambda: Point(), lambda: Point(1, 2, (), "", [], 9), lambda: Point(z=1)])  # type: ignore[call-arg]
def test_refused_arguments(wrong: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        wrong()


def test_compared_and_hashed() -> None:
    assert Point(1) == Point(1, note="of no matter")
    assert Point(1) != Point(1, 3)
    assert hash(Point(1, seen=[1])) == hash(Point(1, seen=[2]))
    assert Point(1) != Far(1), "another class"
    assert Point(1).__eq__(1) is NotImplemented
    same = Same(1)
    assert same != Same(1)
    assert len({same, same, Same(1)}) == 2
    assert Own("a") == Own("A")
    assert len({Own("a"), Own("A")}) == 1
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())


def test_nothing_can_be_set_or_deleted() -> None:
    point: Any = Point(1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    with pytest.raises(AttributeError):
        point.other = 1


def test_replaced_copied_pickled_and_told() -> None:
    point = Far(1, seen=[4])
    assert replace(point, y=5) == Far(1, 5, seen=[4])
    assert asdict(point) == {"x": 1, "y": 2, "tags": (), "note": "", "seen": [4], "far": True}
    for same in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert same == point
    assert copy.deepcopy(point).seen is not point.seen


def test_checks_of_its_own_and_fields_that_are_not_given() -> None:
    assert Checked(2, last=3).twice == 4
    assert repr(Checked(2)) == "Checked(x=2, last=0)"
    with pytest.raises(ValueError, match="below zero"):
        Checked(-1)
    with pytest.raises(ValueError, match="below zero"):
        replace(Checked(1), x=-1)
    with pytest.raises(TypeError):
        Checked(1, 2)  # type: ignore[call-arg]


def test_generic_ones_and_msgspec() -> None:
    assert Box[int](1) == Box(1)
    data = msgspec.msgpack.encode(Far(1, tags=("a",)))
    assert msgspec.msgpack.decode(data, type=Far) == Far(1, tags=("a",))
    assert msgspec.json.encode(Box(Point(1))) == b'{"inside":{"x":1,"y":2,"tags":[],"note":"","seen":[]}}'


def test_all_other_kinds_are_the_standard_librarys() -> None:
    @dataclass
    class Plain:
        x: int

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        x: int

    plain = Plain(1)
    plain.x = 2
    assert plain == Plain(2)
    assert Ordered(1) < Ordered(2)


def test_it_is_told_of_a_class_as_by_the_standard_library() -> None:
    theirs = dataclasses.make_dataclass("Point", [("x", int), ("y", int, 2)], frozen=True, slots=True)
    assert theirs.__match_args__ == Point.__match_args__[:2]  # type: ignore[attr-defined]
    assert repr(theirs(1)).startswith("Point(x=1, y=2")
