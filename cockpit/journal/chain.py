"""The hash chain, pure: how a line is hashed, and whether lines still hold.

The form is recovery-engine §5's: ``hash = SHA-256(prev | seq | at | body)``. It shows edits, inserts,
removals and reordering; a cut tail only together with the head row or a checkpoint kept outside.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cockpit.config.language import N_
from cockpit.journal.errors import JournalError
from cockpit.journal.records import Check, Checkpoint, Json, Line

START: Final = "0" * 64
"""``prev`` of the first line, and the hash of an empty journal."""

# A bar in the time would let a character wander between ``at`` and ``body`` under the same hash.
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


@dataclass(frozen=True, slots=True)
class Head:
    """The head row: the last line's number and hash."""

    seq: int
    hash: str


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def canonical(value: Json) -> str:
    """``value`` as the one JSON text it has here: sorted keys, no spaces, not escaped to ASCII.

    A lone surrogate becomes its JSON escape, so that the text is always UTF-8. JournalError: not JSON.
    """
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
        )
    except (TypeError, ValueError) as error:
        raise JournalError(
            N_("The journal takes JSON only: {error}; give text, numbers, lists, objects.").format(
                error=error
            )
        ) from error
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def sha256(text: str) -> str:
    """SHA-256 of ``text`` as UTF-8, in hex."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def output_digest(lines: Iterable[str]) -> str:
    """The hash of an attempt's output lines that its result line carries: each ended by a line feed."""
    return sha256("".join(f"{line}\n" for line in lines))


def iso(at: float) -> str:
    """Seconds since the epoch as ``2025-01-31T03:00:00.000000Z``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link(head: Head, at: str, body: str) -> Line:
    """The line that follows ``head``."""
    seq = head.seq + 1
    return Line(seq, at, body, head.hash, _hash(head.hash, seq, at, body))


def _hash(prev: str, seq: int, at: str, body: str) -> str:
    return sha256(f"{prev}|{seq}|{at}|{body}")


def _fault(line: Line, before: Head) -> str:
    """Why ``line`` cannot follow ``before``; empty if it can."""
    if line.seq != before.seq + 1:
        return N_("line {missing} is missing, line {found} stands in its place").format(
            missing=before.seq + 1, found=line.seq
        )
    if line.prev != before.hash:
        return N_("line {seq} does not follow the line before it").format(seq=line.seq)
    if not _TIME.fullmatch(str(line.at)):
        return N_("line {seq} has no proper time").format(seq=line.seq)
    if line.hash != _hash(line.prev, line.seq, line.at, line.body):
        return N_("line {seq} was changed").format(seq=line.seq)
    return ""


def _head_fault(last: Head, head: Head | None) -> tuple[int, str] | None:
    """What the head row says against the lines, as (first bad line, why)."""
    if head is None:
        return last.seq + 1, N_("the head row is missing")
    if head.seq > last.seq:
        return last.seq + 1, N_("lines {first} to {last} are missing: the tail was cut").format(
            first=last.seq + 1, last=head.seq
        )
    if head.seq < last.seq:
        return head.seq + 1, N_("line {seq} is beyond the head row").format(seq=head.seq + 1)
    if head.hash != last.hash:
        return max(last.seq, 1), N_("the head row has another hash than line {seq}").format(seq=last.seq)
    return None


class _Anchors:
    """Checkpoints against the lines, as the lines go by."""

    def __init__(self, checkpoints: Sequence[Checkpoint], genuine: Callable[[Checkpoint], bool]) -> None:
        self.held: Checkpoint | None = None
        self.broken: Checkpoint | None = None
        self.why = ""
        self._at: dict[int, list[Checkpoint]] = defaultdict(list)
        for checkpoint in checkpoints:
            if genuine(checkpoint):
                self._at[checkpoint.seq].append(checkpoint)
            else:
                self.breaks(
                    checkpoint,
                    N_("the checkpoint of line {seq} is not signed by its key").format(seq=checkpoint.seq),
                )

    def breaks(self, checkpoint: Checkpoint, why: str) -> None:
        if self.broken is None:
            self.broken, self.why = checkpoint, why

    def passed(self, head: Head) -> None:
        for checkpoint in self._at.pop(head.seq, ()):
            if checkpoint.hash == head.hash:
                self.held = checkpoint
            else:
                self.breaks(
                    checkpoint,
                    N_("line {seq} is not the one that was signed at {at} on {host}").format(
                        seq=head.seq, at=checkpoint.at, host=checkpoint.host
                    ),
                )

    def ended(self, last: Head) -> None:
        beyond = [seq for seq in self._at if seq > last.seq]
        if beyond:
            checkpoint = self._at[min(beyond)][0]
            self.breaks(
                checkpoint,
                N_("line {seq} was signed at {at} on {host} and is gone: the tail was cut").format(
                    seq=checkpoint.seq, at=checkpoint.at, host=checkpoint.host
                ),
            )


def verify(
    lines: Iterable[Line],
    head: Head | None,
    checkpoints: Sequence[Checkpoint],
    outside: Sequence[Checkpoint],
    genuine: Callable[[Checkpoint], bool],
) -> Check:
    """Whether the chain holds from line 1 to the head row, and what the checkpoints say of it.

    ``checkpoints``: the journal's own table in its order, each naming the one before; ``outside``: a
    file's. ``genuine``: whether a checkpoint's signature is its key's. Checkpoints of lines behind the
    first bad one are counted but cannot be judged.
    """
    anchors = _Anchors((*checkpoints, *outside), genuine)
    previous = ""
    for checkpoint in checkpoints:
        if checkpoint.previous != previous:
            anchors.breaks(
                checkpoint,
                N_("the checkpoint before that of line {seq} is missing").format(seq=checkpoint.seq),
            )
        previous = checkpoint.signature
    last, bad = Head(0, START), None
    anchors.passed(last)
    for line in lines:
        fault = _fault(line, last)
        if fault:
            bad = (last.seq + 1, fault)
            break
        last = Head(line.seq, line.hash)
        anchors.passed(last)
    if bad is None:
        bad = _head_fault(last, head)
        anchors.ended(last)
    return Check(
        lines=last.seq,
        first_bad=bad[0] if bad else None,
        why="; ".join(why for why in (bad[1] if bad else "", anchors.why) if why),
        held=anchors.held,
        broken=anchors.broken,
        checkpoints=len(checkpoints) + len(outside),
    )
