"""The filter's language: ``server:ex* set:POP.Protocol state:unhealthy since:10m !stale`` as data, and back.

All terms have to hold. A term is ``key:value`` or plain text, with a ``!`` in front its opposite. Values in a
row, ``state:unhealthy,degraded``, are alternatives; a value with blanks, commas or quotation marks stands in
``"…"``, a quotation mark in there is written twice. ``*`` stands for any text and ``?`` for one character,
but not between quotation marks. Words one after the other without a key are one text, blanks and all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from cockpit.config.language import N_, _
from cockpit.exchange.model import Role
from cockpit.fleet.states import State
from cockpit.frozen import dataclass

KEYS: Final[Mapping[str, str]] = {
    "server": N_("the name of a server, short or full"),
    "dag": N_("the name of a DAG; !dag:* finds servers outside of one"),
    "site": N_("the name of a site"),
    "role": N_("a role"),
    "version": N_("a version such as 2019, or a build such as 15.2.*"),
    "set": N_("the name of a health set"),
    "monitor": N_("the name of a monitor"),
    "target": N_("what a monitor watches, its target resource"),
    "probe": N_("the identity of the probe behind a monitor"),
    "state": N_("a state or its start"),
    "since": N_("a time such as 10m: the state changed within it"),
    "older": N_("a time such as 1h: the state has stood for longer"),
    "mark": N_("the letter or digit of a bookmark; * is any"),
}
"""Every key, with what its value is."""
MARKED: Final = "marked"
"""The word that stands for ``mark:*``."""
LONGEST: Final = timedelta(days=3660)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE: Final = re.compile(r"(?:\d{1,9}[smhdw])+", re.IGNORECASE)
_PIECE: Final = re.compile(r"(\d+)([smhdw])", re.IGNORECASE)
_KEY: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):")
_WORD: Final = re.compile(r"\S+")
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')
_BARE: Final = re.compile(r'[^\s,"]+')
_WILD: Final = frozenset("*?")
ROLE_WORDS: Final[Mapping[str, Role]] = {
    "mailbox": Role.MAILBOX, "mbx": Role.MAILBOX, "clientaccess": Role.CLIENT_ACCESS,
    "cas": Role.CLIENT_ACCESS, "edge": Role.EDGE,
}  # fmt: skip
"""What ``role:`` takes, in lower case: Exchange's names, and the short ones of the tree."""


class FilterError(ValueError):
    """A filter that means nothing. ``term``: the part that is wrong, at ``start`` of the text; ``why``: a
    sentence without its full stop; ``possible``: what could stand there. ``unfinished``: the text ends where
    its value should begin or go on, as it does while it is typed."""

    def __init__(
        self, term: str, start: int, why: str, possible: tuple[str, ...] = (), *, unfinished: bool = False
    ) -> None:
        self.term = term
        self.start = start
        self.why = why
        self.possible = possible
        self.unfinished = unfinished
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        if not self.possible:
            return _('"{term}": {why}.').format(term=self.term, why=self.why)
        choice = ", ".join(self.possible)
        return _('"{term}": {why}. Possible: {choice}.').format(term=self.term, why=self.why, choice=choice)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a term; ``literal``: it stood between quotation marks, ``*`` and ``?`` are themselves."""

    text: str
    literal: bool = False

    @property
    def wild(self) -> bool:
        return not self.literal and not _WILD.isdisjoint(self.text)


@dataclass(frozen=True, slots=True)
class Term:
    """``key`` empty: plain text, with one value. Else any of ``values`` has to fit; ``negated``: none may."""

    key: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All of ``terms`` have to hold; none: everything is found."""

    terms: tuple[Term, ...] = ()

    @property
    def asks_for_marks(self) -> bool:
        return any(term.key == "mark" for term in self.terms)


def age(text: str) -> timedelta | None:
    """``10m``, ``1h30m``, ``2d`` as a span; None for anything else, and beyond ``LONGEST``."""
    if not _AGE.fullmatch(text):
        return None
    seconds = sum(int(number) * _UNITS[unit.lower()] for number, unit in _PIECE.findall(text))
    return timedelta(seconds=seconds) if seconds <= LONGEST / timedelta(seconds=1) else None


def state_name(word: str) -> str:
    """A state's word as the filter wants it, without blanks: ``not-monitored``."""
    return word.lower().replace(" ", "-")


def parse(text: str) -> Query:
    """What ``text`` asks for. Raises FilterError."""
    terms: list[Term] = []
    at = 0
    while True:
        start = _past(text, at, " ")
        begin = _past(text, start, "!")
        negated, begin = begin > start, _past(text, begin, " ")
        if begin == len(text):
            return Query(tuple(terms))
        term, at = _term(text, start, begin, negated)
        terms.append(term)


def _past(text: str, at: int, what: str) -> int:
    """The place behind the blanks, or the exclamation marks, at ``at``."""
    while at < len(text) and (text[at].isspace() if what == " " else text[at] == what):
        at += 1
    return at


def _term(text: str, start: int, begin: int, negated: bool) -> tuple[Term, int]:
    """The term whose ``!`` stand at ``start`` and the rest at ``begin``; and where it ends."""
    if text[begin] == '"':
        value, end = _quoted(text, begin, start)
        _must_end(text, start, end)
        return Term("", (value,), negated), end
    if found := _KEY.match(text, begin):
        return _keyed(text, start, found, negated)
    if (word := _word(text, begin)).lower() == MARKED:
        return Term("mark", (Value("*"),), negated), begin + len(word)
    end = begin
    while end < len(text) and (end == begin or not _begins(text, end)):
        end = _past(text, end + len(_word(text, end)), " ")
    return Term("", (Value(text[begin:end].rstrip()),), negated), end


def _word(text: str, at: int) -> str:
    found = _WORD.match(text, at)
    return found[0] if found else ""


def _begins(text: str, at: int) -> bool:
    """Whether the word at ``at`` begins a term of its own, rather than going on with plain text."""
    return text[at] in '!"' or bool(_KEY.match(text, at)) or _word(text, at).lower() == MARKED


def _quoted(text: str, at: int, start: int) -> tuple[Value, int]:
    found = _QUOTED.match(text, at)
    if found is None:
        raise FilterError(text[start:].rstrip(), start, _('the closing " is missing'), unfinished=True)
    return Value(found[1].replace('""', '"'), literal=True), found.end()


def _must_end(text: str, start: int, end: int) -> None:
    """A value, quoted or not, goes up to a blank."""
    if end < len(text) and not text[end].isspace():
        term = text[start:end] + _word(text, end)
        raise FilterError(term, start, _("quotation marks belong around the whole value, then a blank"))


def _keyed(text: str, start: int, found: re.Match[str], negated: bool) -> tuple[Term, int]:
    key = found[1].lower()
    if key not in KEYS:
        raise _unknown(found[0], found.start())
    values: list[Value] = []
    end = found.end() - 1
    while not values or (end < len(text) and text[end] == ","):
        value, end = _value(text, key, start, end + 1)
        values.append(value)
    _must_end(text, start, end)
    if len(values) > 1 and key in ("since", "older"):
        raise FilterError(text[start:end], start, _("there can be only one time"))
    return Term(key, tuple(values), negated), end


def _value(text: str, key: str, start: int, at: int) -> tuple[Value, int]:
    if at < len(text) and text[at] == '"':
        value, end = _quoted(text, at, start)
    elif found := _BARE.match(text, at):
        value, end = Value(found[0]), found.end()
    else:
        why = _("behind it belongs {what}").format(what=_(KEYS[key]))
        raise FilterError(text[start:at], start, why, _closed(key), unfinished=at == len(text))
    if reason := _wrong(key, value):
        raise FilterError(text[start:end], start, reason, _closed(key))
    return value, end


def _unknown(named: str, start: int) -> FilterError:
    """An unknown key, with the nearest of ours first."""
    import difflib  # not needed for the first paint

    near = difflib.get_close_matches(named[:-1].lower(), KEYS, n=1, cutoff=0.5)
    possible = tuple(f"{key}:" for key in (*near, *(k for k in KEYS if k not in near)))
    if near:
        why = _('there is no such key; is {near}: meant? Text with a colon stands in "…"').format(
            near=near[0]
        )
    else:
        why = _('there is no such key; text with a colon stands in "…"')
    return FilterError(named, start, why, possible)


def _closed(key: str) -> tuple[str, ...]:
    """What a key of few values takes."""
    if key == "state":
        return tuple(state_name(state.word) for state in State)
    return tuple(role.value for role in Role) if key == "role" else ()


def _wrong(key: str, value: Value) -> str:
    """Why ``value`` can never fit ``key``; empty where it can."""
    if key in ("since", "older") and age(value.text) is None:
        return _("a time is a number and s, m, h, d or w, such as 10m or 1h30m, and at most ten years")
    if key == "state" and not states_of(value):
        return _("no state is called so, or begins so")
    if key == "role" and not roles_of(value):
        return _("no role is called so")
    return ""


def states_of(value: Value) -> frozenset[State]:
    """The states that ``state:value`` means: ``unh``, ``not-monitored``, ``un*``."""
    wanted = state_name(value.text).replace("_", "-")
    if value.wild:
        fits = glob(wanted)
        return frozenset(s for s in State if fits.fullmatch(state_name(s.word)))
    exact = frozenset(s for s in State if wanted == state_name(s.word))
    return exact or frozenset(s for s in State if wanted and state_name(s.word).startswith(wanted))


def roles_of(value: Value) -> frozenset[Role]:
    """The roles that ``role:value`` means."""
    wanted = value.text.lower()
    if value.wild:
        fits = glob(wanted)
        return frozenset(role for word, role in ROLE_WORDS.items() if fits.fullmatch(word))
    return frozenset(role for word, role in ROLE_WORDS.items() if word == wanted)


def glob(pattern: str) -> re.Pattern[str]:
    """``*`` any text, ``?`` one character, all else itself; in small letters."""
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(c) or re.escape(c) for c in pattern.lower()), re.DOTALL)


def show(query: Query) -> str:
    """``query`` as text that ``parse`` makes the same query of."""
    return " ".join(map(show_term, query.terms))


def show_term(term: Term) -> str:
    key = f"{term.key}:" if term.key else ""
    return "!" * term.negated + key + ",".join(show_value(v, plain=not key) for v in term.values)


def show_value(value: Value, *, plain: bool = False) -> str:
    """A value behind its key, or ``plain`` text, in quotation marks where they are needed."""
    if not value.literal and (plain or _BARE.fullmatch(value.text)):
        return value.text
    return '"' + value.text.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A name as a value that means just that name."""
    special = not _BARE.fullmatch(text) or not _WILD.isdisjoint(text)
    return show_value(Value(text, literal=special))
