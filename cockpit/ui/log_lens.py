"""Which lines of a log are looked at, and what is looked for in them. Pure; no Textual in here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from cockpit.config.language import N_, _
from cockpit.poplog.document import Entry
from cockpit.poplog.row import LogRow
from cockpit.poplog.sessions import is_error, is_health_mailbox

T = TypeVar("T")
_JUDGED: Final = 20_000
"""Characters of a context that are looked at: its reply comes first (exchange-facts §4.3)."""
_LOOPBACK: Final = ("127.", "[::1]", "::1")
_PIECES: Final = re.compile(r"[^!-~]|[\\\[\]]")
"""What a line shows otherwise than its file has it: spaces (tabs), escapes, ``[redacted]``."""


class Mailboxes(StrEnum):
    """Lines of Managed Availability's own mailboxes."""

    ALL = N_("all")
    ONLY = N_("only")
    HIDE = N_("hide")


class Ends(StrEnum):
    """Which end wrote the line; a file whose name does not say counts as both."""

    BOTH = N_("both")
    FRONT = N_("front")
    BACK = N_("back")


@dataclass(frozen=True, slots=True)
class Needle:
    """A text to find in whole lines. ``any_case``: ASCII letters match in either case."""

    text: str
    inverse: bool = False
    any_case: bool = True

    @classmethod
    def typed(cls, text: str, any_case: bool) -> Needle | None:
        """What was typed: a leading ``!`` turns it round. None for nothing."""
        inverse = text.startswith("!")
        wanted = text[1:] if inverse else text
        return cls(wanted, inverse, any_case) if wanted else None

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.text), re.ASCII | re.IGNORECASE if self.any_case else re.ASCII)

    @property
    def in_files(self) -> str:
        """A piece of the text that every wanted line has in its file just as it is shown; "" for none."""
        return "" if self.inverse else max(_PIECES.split(self.text), key=len, default="")

    def test(self) -> Callable[[str], bool]:
        if not self.any_case:
            text = self.text
            return (lambda line: text not in line) if self.inverse else (lambda line: text in line)
        search = self.pattern.search
        return (
            (lambda line: search(line) is None) if self.inverse else (lambda line: search(line) is not None)
        )

    def __str__(self) -> str:
        return f"!{self.text}" if self.inverse else self.text


@dataclass(frozen=True, slots=True)
class Lens:
    """What is let through."""

    needle: Needle | None = None
    errors: bool = False
    mailboxes: Mailboxes = Mailboxes.ALL
    ends: Ends = Ends.BOTH

    @property
    def open(self) -> bool:
        """Everything passes."""
        return self == _OPEN

    @property
    def in_files(self) -> str:
        return self.needle.in_files if self.needle is not None else ""

    @property
    def any_case(self) -> bool:
        return self.needle is not None and self.needle.any_case

    def keeper(self) -> Callable[[Entry], bool]:
        """The test, made once for many lines."""
        tests: list[Callable[[Entry], bool]] = []
        if self.ends is not Ends.BOTH:
            back = self.ends is Ends.BACK
            tests.append(lambda e: e.writer is None or e.writer.back_end is back)
        if self.needle is not None:
            holds = self.needle.test()
            tests.append(lambda e: holds(e.row.line))
        if self.mailboxes is not Mailboxes.ALL:
            wanted = self.mailboxes is Mailboxes.ONLY
            tests.append(lambda e: of_monitoring(e.row) is wanted)
        if self.errors:
            tests.append(lambda e: failed(e.row))
        match tests:
            case []:
                return lambda _: True
            case [one]:
                return one
            case _:
                return lambda e: all(test(e) for test in tests)

    def words(self) -> str:
        """What holds lines back, in words; "" where nothing does."""
        parts = [_('the filter "{text}"').format(text=self.needle)] if self.needle is not None else []
        parts += [_("errors only")] if self.errors else []
        if self.mailboxes is not Mailboxes.ALL:
            parts.append(_("monitoring mailboxes: {choice}").format(choice=_(self.mailboxes.value)))
        if self.ends is not Ends.BOTH:
            parts.append(_("front end only") if self.ends is Ends.FRONT else _("back end only"))
        return ", ".join(parts)

    def turned(self, what: str) -> Lens:
        """With the next value of ``mailboxes`` or ``ends``."""
        if what == "mailboxes":
            return replace(self, mailboxes=_next(list(Mailboxes), self.mailboxes))
        return replace(self, ends=_next(list(Ends), self.ends))


_OPEN: Final = Lens()


def _next(values: list[T], value: T) -> T:
    return values[(values.index(value) + 1) % len(values)]


def failed(row: LogRow) -> bool:
    """An error, or a line that could not be read."""
    return bool(row.problem) or (bool(row.context) and is_error(shortened(row)))


def shortened(row: LogRow) -> LogRow:
    """``row`` with no more of its context than it takes to judge it: a megabyte of pairs must not cost its
    size each time the line is drawn."""
    if len(row.context) <= _JUDGED:
        return row
    return msgspec.structs.replace(row, context=row.context[:_JUDGED])


def of_monitoring(row: LogRow) -> bool:
    """A probe's line: of a HealthMailbox, or from this computer itself (exchange-facts §4.5: who counts
    users leaves both out). Lines before the login name no user; only the loopback tells of them."""
    return (
        is_health_mailbox(row.user)
        or is_health_mailbox(row.parameters)
        or row.client_end.startswith(_LOOPBACK)
    )
