"""Names of protocol log files: who wrote them, and in which order (exchange-facts §4.1).

``POP32026010810-1.LOG`` is the front end's first file of the hour from 10:00, ``POP3BE20260108-2.LOG`` the
back end's second of that day. Whether the time in a name is UTC or local is not in the sheet, so it only
orders; ``IMAP4`` and ``IMAP4BE`` are named alike [C].
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from cockpit.frozen import dataclass

_NAME: Final = re.compile(r"(POP3|IMAP4)(BE)?(\d{8}|\d{10})-(\d{1,9})\.LOG", re.IGNORECASE | re.ASCII)


class Writer(StrEnum):
    """The prefix of a log's files: protocol, and front or back end."""

    POP3 = "POP3"
    POP3BE = "POP3BE"
    IMAP4 = "IMAP4"
    IMAP4BE = "IMAP4BE"

    @property
    def back_end(self) -> bool:
        return self.value.endswith("BE")


@dataclass(frozen=True, slots=True)
class LogName:
    """``stamp``: yyyyMMdd or yyyyMMddHH as written; ``number``: from 1 within it."""

    writer: Writer
    stamp: str
    number: int

    @property
    def order(self) -> tuple[str, int]:
        """Files of one writer sort by this. A daily name comes before the hours of its day."""
        return self.stamp, self.number


def parse_name(name: str) -> LogName | None:
    """What a file's name says; None for a name that no writer makes. ``.gz`` behind it is looked past."""
    found = _NAME.fullmatch(name[:-3] if name.lower().endswith(".gz") else name)
    if found is None:
        return None
    writer = Writer(found[1].upper() + ("BE" if found[2] else ""))
    return LogName(writer, found[3], int(found[4]))
