"""The timeline as rows and sentences. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cockpit.config.language import N_, _, ngettext
from cockpit.config.spoken import spoken
from cockpit.exchange.model import Outcome, ResultType
from cockpit.fleet.rollup import alert_state
from cockpit.fleet.sightings import STALE, Kind
from cockpit.fleet.snapshot import Reach
from cockpit.fleet.states import State
from cockpit.fleet.watching import Span
from cockpit.journal.timeline_records import MANAGED_AVAILABILITY, Away, Deed, Entry, Past
from cockpit.ui.look import STATE_ROLES, Glyphs, Line
from cockpit.ui.panels import stamp
from cockpit.ui.recovery_words import hour, short
from cockpit.ui.steps import pair
from cockpit.ui.widgets.rows import Column, Row

COLUMNS: Final = (
    Column(N_("Time"), least=9),
    Column(N_("Server"), least=6),
    Column(N_("What"), least=18),
    Column(N_("Now"), least=18),
    Column(N_("Was"), least=7, drop=2),
    Column(N_("By"), least=8, drop=3),
    Column(N_("Note"), least=12, drop=1),
)
GAPS_TOLD: Final = 2
LATE_SECONDS: Final = 300.0
"""A change that was read so long after it became so was not watched happening."""
_REACH_STATES: Final = {
    Reach.LIVE.value: State.HEALTHY,
    Reach.UNREACHABLE.value: State.UNREACHABLE,
    Reach.NOT_GRANTED.value: State.NOT_GRANTED,
}
_ROWS_STATES: Final = {
    Outcome.ROWS.value: State.HEALTHY,
    Outcome.EMPTY.value: State.NOT_MONITORED,
    Outcome.EMPTY_WITH_WARNING.value: State.UNKNOWN,
}
_RUN_STATES: Final = {"recovered": State.HEALTHY, "escalated": State.DEGRADED, "aborted": State.UNKNOWN}


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def state_of(entry: Entry) -> State | None:
    """The state that a value stands for; None where it stands for none."""
    match entry.kind:
        case Kind.ALERT:
            return alert_state(entry.value)
        case Kind.STALE:
            return State.STALE if entry.value == STALE else None
        case Kind.ROWS:
            return _ROWS_STATES.get(entry.value, State.UNKNOWN)
        case Kind.REACH:
            return _REACH_STATES.get(entry.value, State.UNKNOWN)
        case Kind.ACTION | Kind.PROBE:
            return State.HEALTHY if entry.value == ResultType.SUCCEEDED else State.UNHEALTHY
        case Deed.RUN:
            return _RUN_STATES.get(entry.value)
    return None


def what(entry: Entry) -> str:
    """What it is about."""
    match entry.kind:
        case Kind.REACH:
            return _("connection")
        case Kind.ROWS:
            return _("rows of {health_set}").format(health_set=entry.health_set)
        case Kind.ACTION:
            return f"{entry.what} {entry.target}".rstrip()
        case Deed.RUN:
            return _("run {run} of {runbook}").format(run=short(entry.run), runbook=spoken(entry.what))
        case Deed.STEP:
            return _("run {run}, step {step}").format(run=short(entry.run), step=spoken(entry.what))
        case Deed.UNWATCHED:
            return _("nobody watched")
    return entry.what or entry.health_set


def by(entry: Entry) -> str:
    """Who did it; empty for a change that was only seen."""
    if entry.kind == Kind.ACTION:
        return f"{MANAGED_AVAILABILITY} ({entry.by})" if entry.by else MANAGED_AVAILABILITY
    return entry.by


def value(entry: Entry, now: datetime, glyphs: Glyphs) -> Line:
    """Glyph, word and colour: never colour alone."""
    if entry.until is not None:
        return ((_("until {time}").format(time=hour(moment(entry.until), now)), "state-unknown"),)
    took = f" {entry.number:g} ms" if entry.number is not None else ""
    state, word = state_of(entry), _word(entry, entry.value)
    if state is None:
        return ((f"{word}{took}", ""),)
    return ((f"{glyphs.states[state]} {word}{took}", STATE_ROLES[state]),)


def _word(entry: Entry, of: str) -> str:
    """A value of ``entry`` as people read it; what Exchange calls something stays."""
    return of if entry.kind in (Kind.ALERT, Kind.ACTION, Kind.PROBE) else spoken(of)


def late(entry: Entry) -> bool:
    """Whether it was seen only long after it happened."""
    return entry.told and entry.seen_at is not None and entry.seen_at - entry.at > LATE_SECONDS


def note(entry: Entry, now: datetime) -> str:
    """The rest, in a line."""
    words = []
    if entry.former and entry.former == entry.value:
        words.append(_("another value in between, unseen"))
    if late(entry) and entry.seen_at is not None and entry.kind != Kind.ACTION:
        words.append(_("seen {time}").format(time=hour(moment(entry.seen_at), now)))
    return "; ".join((*words, spoken(entry.detail)) if entry.detail else words)


def rows(past: Past, text: str, looked: float | None, now: datetime, glyphs: Glyphs) -> list[Row]:
    """The entries that the filter leaves, newest first; ``looked``: where the operator's last look ended, for
    a line there."""
    found: list[Row] = []
    keys: dict[tuple[str, ...], int] = {}
    above = looked is not None
    for entry in (each for each in past.entries if keeps(each, text)):
        if above and looked is not None and (entry.until or entry.at) <= looked:
            above = False
            if found:
                found.append(_look_row(looked, now, glyphs))
        key = key_of(entry)
        keys[key] = keys.get(key, 0) + 1
        found.append(_row(entry, (*key, str(keys[key])), now, glyphs))
    return found


def key_of(entry: Entry) -> tuple[str, ...]:
    """What tells an entry from the others, but for its place among those that are alike."""
    return (str(entry.kind), entry.server, entry.what, entry.target, entry.value, entry.run, repr(entry.at))


def _row(entry: Entry, key: tuple[str, ...], now: datetime, glyphs: Glyphs) -> Row:
    gap = entry.kind == Deed.UNWATCHED
    role = "state-unknown" if gap else ""
    former = "" if entry.former == entry.value else _word(entry, entry.former)
    return Row(
        key,
        (
            ((stamp(moment(entry.at), now), "text-dim"),),
            ((entry.server, role),),
            ((what(entry), role),),
            value(entry, now, glyphs),
            ((former, "text-dim"),),
            ((by(entry), ""),),
            ((note(entry, now), "text-dim"),),
        ),
    )


def _look_row(looked: float, now: datetime, glyphs: Glyphs) -> Row:
    words = _("your last look ended")
    cells: tuple[Line, ...] = (
        ((stamp(moment(looked), now), "text-key"),),
        ((glyphs.rule * 6, "text-key"),),
        ((words, "text-key"),),
        *(((glyphs.rule * size, "text-key"),) for size in (13, 7, 8, 12)),
    )
    return Row(("look",), cells)


def keeps(entry: Entry, text: str) -> bool:
    """Whether the filter leaves this entry."""
    needle = text.lstrip("!").strip().casefold()
    if not needle:
        return True
    words = (
        *(entry.server, entry.health_set, entry.what, entry.target, entry.former, entry.value, entry.detail),
        *(by(entry), entry.run, what(entry), str(entry.kind)),
        *(_word(entry, entry.former), _word(entry, entry.value), spoken(entry.detail)),
    )
    return any(needle in word.casefold() for word in words) is not text.startswith("!")


def about(entry: Entry, now: datetime) -> list[Line]:
    """One entry in full."""
    if entry.until is not None:
        span = _("{begin} to {end}").format(
            begin=stamp(moment(entry.at), now), end=stamp(moment(entry.until), now)
        )
        words = _("No cockpit heard any server then: what happened in that time is known only where a server "
                  "itself still tells it.")  # fmt: skip
        return [pair(_("Nobody"), span, "text-strong"), pair("", words)]
    clock = _("by the server's clock") if entry.told else _("when it was seen")
    if entry.seen_at is None:
        clock = _("by the journal's clock")
    lines = [pair(_("When"), f"{stamp(moment(entry.at), now)}, {clock}", "text-strong")]
    if entry.told and entry.seen_at is not None:
        lines.append(pair(_("Seen"), stamp(moment(entry.seen_at), now)))
    lines.append(pair(_("Where"), " ".join(x for x in (entry.server, entry.health_set, entry.target) if x)))
    now_is = _word(entry, entry.value)
    change = f"{_word(entry, entry.former)} -> {now_is}" if entry.former else now_is
    lines.append(pair(_("What"), f"{what(entry)}: {change}"))
    for label, words in ((_("By"), by(entry)), (_("Run"), entry.run), (_("More"), spoken(entry.detail))):
        if words:
            lines.append(pair(label, words))
    return lines


# The time away


def spans(gaps: Sequence[Span], now: datetime) -> str:
    """The first gaps in words, and how many more there are."""
    told = [f"{hour(moment(g.since), now)}–{hour(moment(g.until), now)}" for g in gaps[:GAPS_TOLD]]
    more = len(gaps) - GAPS_TOLD
    if more > 0:
        told.append(ngettext("{n} more time", "{n} more times", more).format(n=more))
    return ", ".join(told)


def away_words(away: Away, now: datetime, key: str, glyphs: Glyphs) -> str:
    """One sentence: what happened, and whether anybody looked."""
    happened = []
    if away.changes:
        happened.append(ngettext("{n} change", "{n} changes", away.changes).format(n=away.changes))
    if away.actions:
        happened.append(
            ngettext(
                "{n} action of Managed Availability", "{n} actions of Managed Availability", away.actions
            ).format(n=away.actions)
        )
    if away.runs:
        happened.append(ngettext("{n} run", "{n} runs", away.runs).format(n=away.runs))
    if happened:
        where = ngettext("{n} server", "{n} servers", away.servers).format(n=away.servers)
        words = _("{what} on {servers}").format(what=", ".join(happened), servers=where)
    else:
        words = _("no change was seen")
    watched = (
        _("nobody watched {times}").format(times=spans(away.unwatched, now))
        if away.unwatched
        else _("somebody watched all the time")
    )
    if glyphs.ascii:
        watched = watched.replace("–", "-")
    return _("While you were away (since {since}): {what}; {watched}. {key} shows it.").format(
        since=hour(moment(away.since), now), what=words, watched=watched, key=key
    )
