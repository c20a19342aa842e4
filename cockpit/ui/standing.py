"""What every screen must tell: obligations open, orphans, runs that wait or were left. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING

from cockpit.config.language import N_, _, ngettext
from cockpit.config.spoken import spoken
from cockpit.frozen import dataclass
from cockpit.recovery.marks import Life
from cockpit.ui.look import Glyphs, Line, width
from cockpit.ui.recovery_words import LIFE_MARKS, MARK_ROLES, hour, moment, short, span, state, value
from cockpit.ui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from cockpit.journal.records import Obligation
    from cockpit.recovery.view import Orphan, RunLine, Standing

OBLIGATION_COLUMNS = (
    Column(N_("What"), least=14),
    Column(N_("Server"), least=6),
    Column(N_("Key"), least=10),
    Column(N_("Was"), least=5, drop=2),
    Column(N_("Run"), least=6),
    Column(N_("Since"), least=6, drop=1),
    Column(N_("How it stands"), least=16),
)
HISTORY_COLUMNS = (
    Column(N_("Run"), least=6),
    Column(N_("State"), least=11),
    Column(N_("Server"), least=6),
    Column(N_("Monitor"), least=12),
    Column(N_("Life"), least=7, drop=4),
    Column(N_("Operator"), least=6, drop=3),
    Column(N_("Started"), least=6),
    Column(N_("Took"), least=4, drop=2),
    Column(N_("Step"), least=10, drop=1),
)


# The line above the footer


def _obligation_words(obligation: Obligation, now: datetime, due: datetime | None) -> str:
    whose = (
        _("handed to {who}").format(who=obligation.handed_to)
        if obligation.handed_to
        else _("run {run}").format(run=short(obligation.run))
    )
    since = hour(moment(obligation.opened_at), now)
    when = due_words(due, now) if due is not None else _("since {time}").format(time=since)
    return f"{obligation.server} {obligation.key} {when} ({whose})"


def due_words(due: datetime, now: datetime) -> str:
    """Until when something may stay; loud once that is over."""
    words = _("until {time}") if now < due else _("OVERDUE since {time}")
    return words.format(time=hour(due, now))


def _resting(standing: Standing, obligation: Obligation, now: datetime) -> bool:
    """Its time is not over yet, and it is on purpose: to be told, not to be blamed."""
    due = standing.due(obligation)
    return due is not None and now < due and not obligation.handed_to


def state_word(run: RunLine) -> str:
    return spoken(run.life.value if run.life is not Life.ENDED else run.run.state.value)


def _open_obligations(number: int) -> str:
    return ngettext("{n} obligation open", "{n} obligations open", number).format(n=number)


@dataclass(frozen=True, slots=True)
class _Group:
    """One kind of thing to tell: its count in words, and each of it."""

    glyph: str
    words: str
    role: str
    details: list[str]


def line(standing: Standing, now: datetime, glyphs: Glyphs, cells: int, key: str) -> Line:
    """The bar: counts always, details as far as they fit; empty when there is nothing to tell."""
    groups = _groups(standing, now, glyphs)
    return _filled(groups, glyphs, cells, _("{key} shows").format(key=key)) if groups else ()


def _groups(standing: Standing, now: datetime, glyphs: Glyphs) -> list[_Group]:
    """What there is to tell, the worst first."""
    red, mild = "state-unhealthy", "state-degraded"
    groups: list[_Group] = []
    still = [o for o in standing.obligations if o.open]
    for resting in (False, True):
        of = [o for o in still if _resting(standing, o, now) is resting]
        told = [_obligation_words(o, now, standing.due(o)) for o in of]
        if told and resting:
            words = ngettext("{n} on for a time", "{n} on for a time", len(told)).format(n=len(told))
            groups.append(_Group("!", words, mild, told))
        elif told:
            groups.append(_Group(glyphs.alarm, _open_obligations(len(told)), red, told))
    if standing.orphans:
        severe = any(orphan.severe for orphan in standing.orphans)
        details = [
            _("{server} {key} {value} without a record").format(
                server=o.server, key=o.key, value=spoken(o.value)
            )
            for o in standing.orphans
        ]
        count = len(standing.orphans)
        words = ngettext("{n} orphan", "{n} orphans", count).format(n=count)
        groups.append(_Group(glyphs.alarm if severe else "!", words, red if severe else mild, details))
    for life in (Life.LEFT, Life.WAITING):
        # One that rests is told by what it has on.
        found = [f"{short(r.run.id)} {r.run.server}" for r in standing.runs if r.life is life and not r.due]
        if found:
            sign = LIFE_MARKS[life]
            words = _left(len(found)) if life is Life.LEFT else _waiting(len(found))
            groups.append(_Group(glyphs.marks[sign], words, MARK_ROLES[sign], found))
    if standing.problem:
        groups.append(_Group("!", spoken(standing.problem), mild, []))
    return groups


def _left(runs: int) -> str:
    return ngettext("{n} run left", "{n} runs left", runs).format(n=runs)


def _waiting(runs: int) -> str:
    return ngettext("{n} run waiting", "{n} runs waiting", runs).format(n=runs)


def _more(left: int, dot: str) -> str:
    """How many details are not shown."""
    return f"{dot}+{left}" if left else ""


def _filled(groups: list[_Group], glyphs: Glyphs, cells: int, tail: str) -> Line:
    """Details are added one by one, in order, while the line has room for them."""
    dot = f" {glyphs.dot} "
    used = 1 + sum(len(g.words) + 2 + len(dot) for g in groups) + len(tail)
    parts: list[tuple[str, str]] = [(" ", "")]
    for group in groups:
        shown: list[str] = []
        for detail in group.details:
            size = width(((detail, ""),)) + (len(dot) if shown else 2)
            if used + size + len(_more(len(group.details) - len(shown) - 1, dot)) > cells:
                break
            shown.append(detail)
            used += size
        more = _more(len(group.details) - len(shown), dot) if shown else ""
        used += len(more)
        parts.append((f"{group.glyph} {group.words}{': ' if shown else ''}", group.role))
        parts += [(dot.join(shown) + more, ""), (dot, "text-dim")]
    return (*parts, (tail, "text-key"))


# Marks on the Fleet screen


@dataclass(frozen=True, slots=True)
class ServerMarks:
    """What stands beside a server and its monitors. ``monitors``: lower-case name and words."""

    words: str = ""
    monitors: tuple[tuple[str, str], ...] = ()

    def of(self, monitor: str) -> str:
        return next((words for name, words in self.monitors if name == monitor.lower()), "")


NO_MARKS = ServerMarks()


@dataclass(frozen=True, slots=True)
class Marks:
    """All servers' marks, by lower-case name."""

    servers: Mapping[str, ServerMarks] = field(default_factory=dict)

    def of(self, server: str) -> ServerMarks:
        return self.servers.get(server.lower(), NO_MARKS)


NOTHING = Marks()


def _open_keys(standing: Standing) -> dict[str, list[str]]:
    """What is open on each server, by lower-case name."""
    keys: dict[str, list[str]] = {}
    for o in standing.obligations:
        if o.open:
            keys.setdefault(o.server.lower(), []).append(o.key)
    return keys


def marks(standing: Standing) -> Marks:
    """From the standing: obligations and orphans on servers, runs under way on monitors."""
    words: dict[str, list[str]] = {}
    monitors: dict[str, list[tuple[str, str]]] = {}
    for server, keys in _open_keys(standing).items():
        words[server] = [
            _("{key} open").format(key=keys[0]) if len(keys) == 1 else _open_obligations(len(keys))
        ]
    for orphan in standing.orphans:
        words.setdefault(orphan.server.lower(), []).append(_("{key} orphan").format(key=orphan.key))
    for each in standing.runs:
        if not each.run.ended:
            text = _("run {run}").format(run=short(each.run.id))
            text = f"{text} {spoken(each.step_title)}".rstrip()
            monitors.setdefault(each.run.server.lower(), []).append((each.run.monitor.lower(), text))
    names = {**words, **monitors}
    return Marks({n: ServerMarks(", ".join(words.get(n, ())), tuple(monitors.get(n, ()))) for n in names})


# The obligations screen


def obligation_rows(standing: Standing, now: datetime, glyphs: Glyphs) -> list[Row]:
    """Obligations, those handed over, orphans, runs not ended: the worst first."""
    runs = {each.run.id: each for each in standing.runs}
    still = [o for o in standing.obligations if o.open]
    rows = [
        _obligation_row(o, standing, runs, now, glyphs)
        for o in sorted(still, key=lambda o: bool(o.handed_to))
    ]
    rows += [_orphan_row(o, glyphs) for o in sorted(standing.orphans, key=lambda o: not o.severe)]
    return rows + [_run_row(each, now, glyphs) for each in standing.runs if not each.run.ended]


def _obligation_row(
    o: Obligation, standing: Standing, runs: Mapping[str, RunLine], now: datetime, glyphs: Glyphs
) -> Row:
    run, due = runs.get(o.run), standing.due(o)
    role = "state-degraded" if _resting(standing, o, now) else "state-unhealthy"
    if o.handed_to:
        kind, words = (
            _("handed over"),
            _("handed to {who}: {why}").format(who=o.handed_to, why=o.handed_reason),
        )
    elif due is not None:
        kind = _("obligation")
        words = (
            _("on until {time}; its run puts it back when told")
            if now < due
            else _("on OVERDUE since {time}; its run puts it back when told")
        ).format(time=hour(due, now))
    else:
        kind = _("obligation")
        words = (
            _("its run is {state}").format(state=state_word(run))
            if run is not None
            else _("open the run to see how it stands")
        )
    return Row(
        ("obligation", str(o.id), o.run),
        (
            ((f"{glyphs.alarm} {kind}", role),),
            ((o.server, ""),),
            ((o.key, "text-strong"),),
            ((value(o.prior), ""),),
            ((short(o.run), ""),),
            ((hour(moment(o.opened_at), now), ""),),
            ((words, role if due is not None else ""),),
        ),
    )


def _orphan_row(orphan: Orphan, glyphs: Glyphs) -> Row:
    role = "state-unhealthy" if orphan.severe else "state-degraded"
    sign, word = glyphs.alarm if orphan.severe else "!", _("orphan")
    return Row(
        ("orphan", orphan.server, orphan.key),
        (
            ((f"{sign} {word}", role),),
            ((orphan.server, ""),),
            ((f"{orphan.key} {spoken(orphan.value)}", "text-strong"),),
            ((_("not known"), "text-dim"),),
            ((_("none"), "text-dim"),),
            (),
            ((spoken(orphan.words), ""),),
        ),
    )


def _run_row(each: RunLine, now: datetime, glyphs: Glyphs) -> Row:
    sign = LIFE_MARKS[each.life]
    words = spoken(each.waiting_for or each.step_title)
    told = _("run {life}").format(life=spoken(each.life.value))
    return Row(
        ("run", each.run.id, each.run.id),
        (
            ((f"{glyphs.marks[sign]} {told}", MARK_ROLES[sign]),),
            ((each.run.server, ""),),
            ((each.run.monitor, ""),),
            (),
            ((short(each.run.id), ""),),
            ((hour(each.started, now), ""),),
            ((words, ""),),
        ),
    )


# The history


def history_row(each: RunLine, now: datetime, glyphs: Glyphs) -> Row:
    run = each.run
    took = span((each.ended - each.started).total_seconds()) if each.ended is not None else ""
    life: Line = (
        (
            spoken(each.life.value),
            MARK_ROLES[LIFE_MARKS[each.life]] if each.life is not Life.ENDED else "text-dim",
        ),
    )
    step = spoken(each.waiting_for or each.step_title)
    left = each.open_obligations
    still_open = ngettext("{n} open", "{n} open", left).format(n=left)
    still: Line = ((f"{still_open}  ", "state-unhealthy"),) if left else ()
    return Row(
        (run.id,),
        (
            ((short(run.id), "text-strong"),),
            state(run.state, each.life, glyphs),
            ((run.server, ""),),
            ((run.monitor, ""),),
            life,
            ((run.operator, ""),),
            ((hour(each.started, now), ""),),
            ((took, ""),),
            (*still, (step, "")),
        ),
    )


def keeps(each: RunLine, text: str) -> bool:
    """Whether the history's filter leaves this run: by what is shown of it, or by the journal's words."""
    needle = text.lstrip("!").strip().lower()
    if not needle:
        return True
    run = each.run
    prose = (run.state.value, each.life.value, each.step_title, each.title)
    words = (run.id, run.server, run.monitor, run.operator, *prose, *map(spoken, prose))
    return any(needle in word.lower() for word in words) is not text.startswith("!")
