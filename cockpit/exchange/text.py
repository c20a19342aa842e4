"""Strings from outside: every one of them is hostile until it has passed through here.

A terminal obeys control characters wherever they come from, so a POP user name in a probe
result could set the clipboard or the title of an administrator's terminal. Strings are made
harmless once, where they enter (cmdlet rows, warnings, errors, log lines), never on the way out.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cockpit.config.language import N_

LINE_LIMIT = 2_000
"""Characters kept of a single-line value."""
BLOCK_LIMIT = 20_000
"""Characters kept of a multi-line value (Exception, StateAttribute12, ...)."""

REDACTED = "[redacted]"

# C0, DEL, C1; line and paragraph separators; zero-width and bidirectional controls, which can make
# a line read as something else; lone surrogates, which no encoder accepts; the byte-order mark;
# tag characters (invisible) and interlinear annotation controls.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_UNSAFE_IN_BLOCK = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f", 1))

# Probe fields carry the monitoring mailbox's password in clear (exchange-facts §0 fact 9, §2.4).
# A password may hold any character: everything up to the end of the line goes.
_SECRET = re.compile(
    r"(?i)(\b\w{0,40}?(?:password|passwd|pwd)\w{0,40}[\"']{0,2}\s{0,8}(?:[:=]|value\s{0,8}=)\s{0,8}|bad\s+password\s+for\s+monitoring\s+account\s*:\s*)"
    r"(?!\[redacted\])[^\r\n]+"
)
# Possessive where only one way can match: else a line of tags such as <pwd:pwd:pwd:> costs 20 s for each MB.
_XML_SECRET = re.compile(
    r"(?is)(<(?P<tag>(?=[\w:]{0,40}?(?:password|pwd))[\w:]{3,88}+)(?![\w:])[^<>]{0,200}+>).{0,400}?(</(?P=tag)>)"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code in (0x09, 0x0A, 0x0D):
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def _cut(text: str, limit: int, unread: int) -> str:
    """With a word on what is over, and on what was not even looked at (``unread``), so that a huge value
    cannot cost its own size."""
    over = len(text) - limit
    if over > 0 and unread > 0:
        sentence = N_("{text}… [{count} more characters] [{unread} more not read]")
    elif over > 0:
        sentence = N_("{text}… [{count} more characters]")
    elif unread > 0:
        sentence = N_("{text} [{unread} more not read]")
    else:
        return text
    return sentence.format(text=text[:limit], count=over, unread=unread)


def redact(text: str) -> str:
    """``text`` without passwords: the rest of a line after ``Password:`` and its kin is replaced.

    Covers ``User: … Password: …`` of ExecutionContext and ``Bad password for Monitoring Account:``
    of StateAttribute2 (exchange-facts §2.4 [D]), ``Password=…`` pairs and XML elements.
    Must run before the text is cut or its line ends are folded.
    """
    return _SECRET.sub(lambda m: m.group(1) + REDACTED, _XML_SECRET.sub(rf"\1{REDACTED}\3", text))


def clean_line(text: str, limit: int = LINE_LIMIT) -> str:
    """``text`` as one harmless line: control and invisible characters made visible, secrets cut.

    Line ends and tabs become spaces; anything else that a terminal might obey or a reader might
    not see becomes its ``\\x1b`` escape; what is over ``limit`` characters is counted, not kept.
    """
    if len(text) <= _SHORT and limit == LINE_LIMIT:
        return _clean_short(text)
    return _cut(_UNSAFE.sub(_visible, redact(text[: limit * 4])), limit, len(text) - limit * 4)


_SHORT = 120
"""Names, states and the like come again with every row and every poll: cleaned once and kept."""


@lru_cache(maxsize=8192)
def _clean_short(text: str) -> str:
    return _UNSAFE.sub(_visible, redact(text))


def clean_block(text: str, limit: int = BLOCK_LIMIT) -> str:
    """Like :func:`clean_line`, keeping line ends (``\\r\\n`` and ``\\r`` as ``\\n``)."""
    folded = redact(text[: limit * 4]).replace("\r\n", "\n").replace("\r", "\n")
    return _cut(_UNSAFE_IN_BLOCK.sub(_visible, folded), limit, len(text) - limit * 4)


_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula begins with, in both widths: some spreadsheets take the wide ones too."""


def inert_cell(text: str) -> str:
    """``text`` for a cell of a CSV: one that a spreadsheet would run as a formula (``=cmd|...``) has a ``'``
    put before it, also where spaces come first."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
