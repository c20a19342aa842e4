"""What Microsoft support will ask for: fresh reads of the servers, and the story in plain sentences.

What belongs in it: recovery-engine §5, last paragraph. Nothing here cuts secrets or writes files:
``cockpit.recovery.bundle`` does both with whatever comes from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from cockpit.exchange import catalogue
from cockpit.exchange import model as m
from cockpit.exchange import recovery_model as r
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import (
    CertificateError,
    EndpointNotFoundError,
    ExchangeError,
    MissingLibraryError,
    SignInError,
    UnreachableError,
)
from cockpit.exchange.server_clock import server_clock
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.journal.records import Attempt, Json, Obligation, OutputLine, Question, Reading, Run
from cockpit.recovery import by_hand
from cockpit.recovery.access import Access, NoWinRMError

READS_SECONDS: Final = 300.0
"""After that no further read of a bundle is begun; each has its own limit as well. Our own number."""
MOST_EVENTS: Final = 200
"""Events of one channel: long queries of ProbeResult slow a production server (managed-availability.md)."""
CHANNELS: Final = (r.Channel.PROBE_RESULT, r.Channel.MONITOR_RESULT, r.Channel.RECOVERY_ACTION_RESULTS)
_CLOSED: Final = (
    UnreachableError,
    SignInError,
    CertificateError,
    EndpointNotFoundError,
    MissingLibraryError,
    NoWinRMError,
)
"""An endpoint that answered so is not asked again for this bundle."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Answers by the name of their read, and why others could not be had."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    def rows(self, name: str) -> tuple[Any, ...]:
        """The rows of a read; none where it failed or was not made."""
        answer = self.answers.get(name)
        return answer.rows if isinstance(answer, m.Reading) else ()


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything the journal has of one run. ``titles``, ``probes``: of its steps, by id; empty where its
    runbook cannot be read."""

    run: Run
    title: str
    titles: Mapping[str, str]
    probes: frozenset[str]
    attempts: tuple[Attempt, ...]
    questions: tuple[Question, ...]
    readings: tuple[Reading, ...]
    obligations: tuple[Obligation, ...]
    output: tuple[OutputLine, ...]


# --- reads ---------------------------------------------------------------------------------------


class _Reader:
    """Takes one read after the other and keeps what came of it."""

    def __init__(self, access: Access, seconds: float) -> None:
        self.answers: dict[str, Any] = {}
        self.problems: dict[str, str] = {}
        self._access = access
        self._until = time.monotonic() + seconds
        self._seconds = seconds
        self._closed: dict[str, str] = {}

    def exchange(self, name: str, ask: Callable[[ExchangeCmdlets], Any]) -> Any:
        return self._take(name, "", lambda: self._access.read(ask))

    def winrm(self, name: str, server: str, ask: Callable[[WinRMCmdlets], Any]) -> Any:
        return self._take(name, server, lambda: self._access.look(server, ask))

    def _take(self, name: str, endpoint: str, ask: Callable[[], Any]) -> Any:
        if endpoint in self._closed:
            self.problems[name] = f"Not asked: {self._closed[endpoint]}"
        elif time.monotonic() > self._until:
            self.problems[name] = f"Not asked: the reads before it took {self._seconds:.0f} s together."
        else:
            try:
                self.answers[name] = ask()
            except ExchangeError as error:
                self.problems[name] = f"{error}\n{error.cure}".strip()
                if isinstance(error, _CLOSED):
                    self._closed[endpoint] = str(error)
        return self.answers.get(name)


def collect(
    access: Access, servers: Iterable[str], since: datetime, seconds: float = READS_SECONDS
) -> Gathered:
    """Read what support asks for, of every one of ``servers``; events at or after ``since`` (aware).

    Only reads. A read that fails is kept with its words; nothing is raised.
    """
    reader = _Reader(access, seconds)
    reader.exchange("Get-ExchangeServer", lambda c: c.get_exchange_server())
    reader.exchange("Get-DatabaseAvailabilityGroup", lambda c: c.get_database_availability_group())
    reader.exchange("Get-GlobalMonitoringOverride", lambda c: c.get_global_monitoring_overrides())
    for server in servers:
        _ask_exchange(reader, server)
        _ask_winrm(reader, server, since)
    return Gathered(reader.answers, reader.problems)


def _ask_exchange(reader: _Reader, server: str) -> None:
    for health_set in catalogue.POP_HEALTH_SETS:
        reader.exchange(f"Get-ServerHealth.{server}.{health_set}", _health(server, health_set))
    reads: tuple[tuple[str, Callable[[ExchangeCmdlets], Any]], ...] = (
        ("Get-HealthReport", lambda c: c.get_health_report(server)),
        ("Get-ServerComponentState", lambda c: c.get_server_component_state(server)),
        ("Get-PopSettings", lambda c: c.get_pop_settings(server)),
        ("Get-MailboxServer", lambda c: c.get_mailbox_server(server)),
        ("Get-ServerMonitoringOverride", lambda c: c.get_server_monitoring_overrides(server)),
        ("Test-ReplicationHealth", lambda c: c.test_replication_health(server)),
    )
    for name, ask in reads:
        reader.exchange(f"{name}.{server}", ask)
    copies = "Get-MailboxDatabaseCopyStatus"
    here = reader.exchange(f"{copies}.{server}", lambda c: c.get_mailbox_database_copy_status(server))
    for database in sorted({row.database for row in here.rows if row.database}) if here is not None else ():
        reader.exchange(f"{copies}.{server}.{database}", _copies(database))


def _health(server: str, health_set: str) -> Callable[[ExchangeCmdlets], Any]:
    return lambda c: c.get_server_health(server, health_set)


def _copies(database: str) -> Callable[[ExchangeCmdlets], Any]:
    return lambda c: c.get_database_copies(database)


def _ask_winrm(reader: _Reader, server: str, since: datetime) -> None:
    reader.winrm(f"Get-Service.{server}", server, lambda w: w.get_service(catalogue.SERVICES))
    reader.winrm(f"Win32_OperatingSystem.{server}", server, server_clock)
    reader.winrm(
        f"RecoveryActions.{server}", server, lambda w: w.recovery_actions_since(since, newest=MOST_EVENTS)
    )
    for channel in CHANNELS:
        reader.winrm(f"{channel.value.rpartition('/')[2]}.{server}", server, _events(channel, since))


def _events(channel: r.Channel, since: datetime) -> Callable[[WinRMCmdlets], Any]:
    return lambda w: w.events(channel, since, newest=MOST_EVENTS)


# --- the story -----------------------------------------------------------------------------------


def clock(at: float | None) -> str:
    """Seconds since the epoch as ``2026-03-01 03:00:00Z``."""
    return "not yet" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}Z"


def readme(records: Sequence[RunRecord], gathered: Gathered, made_at: float, notes: Sequence[str]) -> str:
    """README.txt: what happened, what is left, what to tell Microsoft support. The first record is the
    run's own, those behind it are of the runs it started."""
    first = records[0]
    parts = (
        _head(first, made_at),
        *(_story(record) for record in records),
        _left(records),
        _to_tell(first, gathered),
        _logs(first.run.server, gathered),
        _missing(gathered, notes),
        _CONTENTS,
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(record: RunRecord, made_at: float) -> Iterator[str]:
    run = record.run
    yield f"Evidence of a recovery: {run.monitor} on {run.server}"
    yield ""
    yield f"Environment {run.environment}, {run.scope}. Written at {clock(made_at)}; all times are UTC."
    yield "What happened stands below step by step. Passwords are cut from everything in here."


def _story(record: RunRecord) -> Iterator[str]:
    run = record.run
    began = f"{clock(run.created_at)} by {run.operator}"
    yield f"RUN {run.id}: {record.title} (runbook {run.runbook}), {run.monitor} on {run.server}"
    yield f"Started {began}." if run.parent is None else f"Started {began}, as a step of run {run.parent}."
    if run.ended:
        yield f"Ended {clock(run.ended_at)}, {run.state}: {run.ending or 'no word was left'}"
    else:
        yield f"Not ended: {run.state} at step {_title(record, run.step)}."
    told = [
        *((attempt.intent_at, _attempt(record, attempt)) for attempt in record.attempts),
        *((question.asked_at, _question(record, question)) for question in record.questions),
    ]
    for _, sentences in sorted(told, key=lambda each: each[0]):
        yield from sentences


def _title(record: RunRecord, step: str) -> str:
    title = record.titles.get(step)
    return f"{title} ({step})" if title else step


def _attempt(record: RunRecord, attempt: Attempt) -> Iterator[str]:
    again = f", try {attempt.n}" if attempt.n > 1 else ""
    yield f"  {clock(attempt.intent_at)}  {_title(record, attempt.step)}{again}"
    yield from _sent(attempt)
    if attempt.in_doubt:
        yield f"      result  none: in doubt, its limit is {clock(attempt.limit_at)}"
    else:
        words = str(attempt.detail.get("words", "")).strip()
        yield f"      result  {attempt.outcome} at {clock(attempt.result_at)}{'. ' if words else ''}{words}"


def _sent(attempt: Attempt) -> Iterator[str]:
    """The command, and whether we sent it or a person ran it."""
    kept = by_hand.of(attempt)
    if kept:
        yield f"      by hand {attempt.command}"
        yield f"              {kept['where']}, because: {kept['why']}"
        if kept.get("by"):
            seen = "seen" if kept["observed"] else "not seen from here"
            yield f"              run by the word of {kept['by']} at {clock(kept['done_at'])}, {seen}"
    elif attempt.command:
        yield f"      sent    {attempt.command}"


def _question(record: RunRecord, question: Question) -> Iterator[str]:
    yield f"  {clock(question.asked_at)}  asked at {_title(record, question.step)}: {question.prompt}"
    answer = question.answer
    if answer is not None:
        about = f" {answer.guard} for {answer.object}" if answer.guard else ""
        to = f" to {answer.to}" if answer.to else ""
        why = f", because: {answer.reason}" if answer.reason else ""
        yield f"      answer  {answer.choice}{about}{to} by {answer.by}{why}"
    else:
        yield "      answer  none yet" if question.open else "      answer  none: it was withdrawn"


def _left(records: Sequence[RunRecord]) -> Iterator[str]:
    yield "WHAT IS STILL TO BE UNDONE"
    owed = [o for record in records for o in record.obligations if o.open]
    if not owed:
        yield "Nothing: no temporary change of this recovery is open."
    for obligation in owed:
        yield (
            f"  {obligation.server} {obligation.key} was {_value(obligation.prior)}, "
            f"was set to {_value(obligation.wanted)} at {clock(obligation.opened_at)} by run {obligation.run}"
        )
        if obligation.handed_to:
            yield (
                f"      handed over to {obligation.handed_to} at {clock(obligation.handed_at)}, "
                f"because: {obligation.handed_reason}"
            )
        else:
            yield "      OPEN, and in nobody's name"


def _value(value: Json) -> str:
    return f"${str(value).lower()}" if isinstance(value, bool) else str(value)


def _to_tell(record: RunRecord, gathered: Gathered) -> Iterator[str]:
    run = record.run
    yield "WHAT TO TELL MICROSOFT SUPPORT"
    yield from (f"  {n}. {fact}" for n, fact in enumerate(_facts(record, gathered), 1))
    yield "Offer the output of these scripts of Microsoft's own (CSS-Exchange); none of them was run here."
    yield f"  ExchangeLogCollector                the logs of {run.server} around the time of the fault"
    yield "  HealthChecker                       build, settings, known faults of the server"
    yield "  ManagedAvailabilityTroubleshooter   what Managed Availability saw and did, and its definitions"


def _facts(record: RunRecord, gathered: Gathered) -> Iterator[str]:
    run = record.run
    server = next(
        (s for s in gathered.rows("Get-ExchangeServer") if catalogue.same_server(s.name, run.server)), None
    )
    if server is None:
        yield f"Server {run.server}; its build could not be read."
    else:
        roles = ", ".join(sorted(role.value for role in server.roles))
        yield f"Server {server.name}, build {server.build}, roles {roles}, site {server.site}."
    yield _monitor_words(run, gathered)
    probed = [a for a in record.attempts if a.step in record.probes and not a.in_doubt]
    if probed:
        words = str(probed[-1].detail.get("words", ""))
        yield f"The last probe, at {clock(probed[-1].result_at)}: {probed[-1].outcome}. {words}".rstrip()
    else:
        yield "No probe was run by this recovery."
    acted = "Managed Availability's own recovery actions since an hour before the run"
    if f"RecoveryActions.{run.server}" in gathered.answers:
        ids = [action.id for action in gathered.rows(f"RecoveryActions.{run.server}")]
        yield f"{acted}: {len(ids)} ({', '.join(sorted(set(ids))) or 'none'})."
    else:
        yield f"{acted} could not be read."
    overrides = (f"Get-ServerMonitoringOverride.{run.server}", "Get-GlobalMonitoringOverride")
    if all(name in gathered.answers for name in overrides):
        count = sum(len(gathered.rows(name)) for name in overrides)
        yield f"Monitoring overrides of the server and of the organization: {count}."
    else:
        yield "Monitoring overrides could not all be read."
    yield "What was tried, with commands, times and results: the steps above, and run.json."


def _monitor_words(run: Run, gathered: Gathered) -> str:
    known = catalogue.monitor(run.monitor)
    name = f"Get-ServerHealth.{run.server}.{known.health_set}" if known is not None else ""
    rows = [row for row in gathered.rows(name) if row.name.lower() == run.monitor.lower()]
    if not rows:
        return f"Monitor {run.monitor}; what it says now could not be read."
    said = "; ".join(_said(row) for row in rows)
    return f"Monitor {run.monitor} of health set {rows[0].health_set_name}, when this was written: {said}."


def _said(row: m.MonitorHealthEntry) -> str:
    since = row.first_alert_observed_time
    first = f", first alert {since:%Y-%m-%d %H:%M}Z" if since else ""
    stale = ", stale" if row.is_stale else ""
    return f"{row.target_resource or row.server} {row.alert_value}{stale}{first}"


def _logs(server: str, gathered: Gathered) -> Iterator[str]:
    settings = next(iter(gathered.rows(f"Get-PopSettings.{server}")), None)
    yield "POP3 PROTOCOL LOG"
    yield "The protocol log itself is not in this file. Add the part around the fault by hand."
    if settings is None:
        yield f"Where it lies on {server}: LogFileLocation of Get-PopSettings, which was not read."
    else:
        state = "on" if settings.protocol_log_enabled else "off"
        yield f"Where it lies on {server}: {settings.log_file_location} (ProtocolLogEnabled is {state} now)"


def _missing(gathered: Gathered, notes: Sequence[str]) -> Iterator[str]:
    yield "WHAT IS NOT IN HERE"
    yield from notes
    for name, words in gathered.problems.items():
        yield f"  {name}: {words.splitlines()[0]}"
    partial = [(name, said) for name, answer in gathered.answers.items() if (said := _reservation(answer))]
    for name, said in partial:
        yield f"  {name}: came with the words: {said}"
    if not notes and not gathered.problems and not partial:
        yield "Every read succeeded."


def _reservation(answer: object) -> str:
    """The first error or warning that an answer came with: its rows may not be all there are."""
    if not isinstance(answer, m.Reading):
        return ""
    return next(iter((*(e.message for e in answer.errors), *answer.warnings)), "")


_CONTENTS: Final = (
    "FILES",
    "  run.json         the run and those it started: runbook as it was frozen, attempts, questions with",
    "                   answers, guards' readings, obligations",
    "  journal.jsonl    the journal's lines that name these runs. A line's hash is the SHA-256 of",
    "                   prev|seq|at|body (body: keys sorted, no blanks), so each can be checked by itself;",
    "                   the chain can be proved only whole (pop-cockpit journal verify)",
    "  checkpoint.json  how far the journal had come when this was written, signed (Ed25519)",
    "  output/          what each step said while it ran",
    "  exchange/        the servers as they were when this was written; an .error.txt is a read that failed",
    "  MANIFEST.json    the SHA-256 of every other file",
)
