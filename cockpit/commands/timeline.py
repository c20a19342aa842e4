"""``pop-cockpit timeline``: what happened on the servers, who did what, and when nobody watched."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cockpit.commands import tables
from cockpit.commands.desk import OK, REFUSED, Desk
from cockpit.commands.narrator import Narrator
from cockpit.commands.output import reader_may_leave
from cockpit.commands.plain import document, iso
from cockpit.config.language import N_, _
from cockpit.exchange.text import clean_line, inert_cell
from cockpit.fleet.sightings import Kind
from cockpit.fleet.watching import Span
from cockpit.journal.timeline_records import MANAGED_AVAILABILITY, Deed, Entry, Past

if TYPE_CHECKING:
    from cockpit.journal.timeline import Timeline

COLUMNS = (
    *(N_("time"), N_("server"), N_("kind"), N_("what"), N_("change")),
    *(N_("by"), N_("detail")),
)
KINDS = (
    *(N_("unwatched"), N_("run"), N_("step"), N_("alert"), N_("stale"), N_("rows")),
    *(N_("reach"), N_("action"), N_("probe")),
)
"""Words of the column *kind*, for the catalogue."""
CSV_COLUMNS = (
    *("at", "until", "kind", "server", "health_set", "what", "target", "former", "value", "milliseconds"),
    *("by", "detail", "run", "seen_at", "server_time"),
)
_STYLES = {
    Deed.UNWATCHED.value: "yellow",
    "Unhealthy": "bold red",
    "unreachable": "bold red",
    "Healthy": "green",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """``server`` empty: all of them. ``most``: entries at most, the newest."""

    since: datetime
    server: str
    most: int


def run(desk: Desk, wanted: Wanted, form: str) -> int:
    """Print it, newest first; 0, or 3 where the journal cannot be read. Raises ConfigError."""
    from cockpit.journal.errors import JournalError
    from cockpit.recovery.opening import open_timeline_of

    narrator = Narrator()
    try:
        timeline = open_timeline_of(desk.environment)
        try:
            found = _read(timeline, wanted)
        finally:
            timeline.close()
    except JournalError as error:
        narrator.hear(str(error))
        return REFUSED
    with reader_may_leave():
        _print(desk, found, form)
    if found.cut:
        narrator.say(
            _("Only the newest {count} entries: give a later --since, or more with -n.").format(
                count=wanted.most
            )
        )
    return OK


def _read(timeline: Timeline, wanted: Wanted) -> Past:
    return timeline.past(wanted.since.timestamp(), wanted.server, wanted.most)


def _print(desk: Desk, found: Past, form: str) -> None:
    if form == "json":
        print(document(as_dict(desk.environment.name, found)))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows([_cell(line[name]) for name in CSV_COLUMNS] for line in map(entry, found.entries))
    else:
        tables.show([_(column) for column in COLUMNS], map(row, found.entries), _STYLES)


def _cell(value: Any) -> str:
    return "" if value is None else inert_cell(clean_line(str(value)))


def as_dict(environment: str, found: Past) -> dict[str, Any]:
    """The whole answer; times in UTC."""
    return {
        "environment": environment,
        "since": iso(found.since),
        "until": iso(found.until),
        "cut": found.cut,
        "entries": [entry(each) for each in found.entries],
        "watched": list(_spans(found.watched)),
        "unwatched": list(_spans(found.unwatched)),
    }


def _spans(spans: tuple[Span, ...]) -> Iterator[dict[str, str | None]]:
    for span in spans:
        yield {"since": iso(span.since), "until": iso(span.until)}


def entry(of: Entry) -> dict[str, Any]:
    """One entry. ``server_time``: ``at`` is the server's own time, else when it was seen or done."""
    return {
        "at": iso(of.at),
        "until": iso(of.until),
        "kind": str(of.kind),
        "server": of.server,
        "health_set": of.health_set,
        "what": of.what,
        "target": of.target,
        "former": of.former,
        "value": of.value,
        "milliseconds": of.number,
        "by": by(of),
        "detail": of.detail,
        "run": of.run,
        "seen_at": iso(of.seen_at),
        "server_time": of.told,
    }


def by(of: Entry) -> str:
    """Who did it; empty for a change that was only seen."""
    if of.kind == Kind.ACTION:
        return f"{MANAGED_AVAILABILITY} ({of.by})" if of.by else MANAGED_AVAILABILITY
    return of.by


def row(of: Entry) -> tuple[str, ...]:
    """One line of the table."""
    what = " ".join(part for part in (of.what or of.health_set, of.target) if part)
    return (iso(of.at) or "", of.server, str(of.kind), what, _change(of), by(of), of.detail)


def _change(of: Entry) -> str:
    if of.until is not None:
        return N_("until {time}").format(time=iso(of.until))
    took = f" {of.number:g} ms" if of.number is not None else ""
    before = f"{of.former} -> " if of.former else ""
    return f"{before}{of.value}{took}"
