"""``pop-cockpit logs trace``: the mailbox server behind a run of a probe, with every piece of evidence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from cockpit.commands.narrator import Narrator, Said
from cockpit.commands.output import end_in_order, reader_may_leave
from cockpit.commands.plain import document
from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.cmdlets import ExchangeCmdlets, invoke_monitoring_probe_call
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.model import MonitoringProbeResult, Reading
from cockpit.poplog.evidence import Evidence, ProbeRun, clock_time
from cockpit.poplog.trace import Sureness, Trace
from cockpit.recovery.access import Access, Sessions
from cockpit.recovery.recorded import LOOK_BACK, Recorded, last_failed
from cockpit.recovery.scope import refuse_left_out
from cockpit.recovery.tracing import Tracer, run_of
from cockpit.recovery.whole import rows_of

NAMED, CANNOT_TELL, NOT_READ = 0, 1, 3
TRIES, GAP = 5, 4.0
"""How often, and every how many seconds, a log is looked at that has not got as far as the probe's end."""
_STYLES = {Sureness.CERTAIN: "bold green", Sureness.LIKELY: "bold yellow", Sureness.CANNOT_TELL: "bold red"}
_WIDTH = 16


def run(environment: Environment, identity: str, server: str, form: str, *, last: bool) -> int:
    """Trace a run of the probe that is made now, or with ``last`` the newest that failed; the exit code."""
    names: dict[str, str] = {}
    secret = secrets.password(environment)
    access = Sessions(environment, secret, lambda name: names.get(name, name))
    narrator = Narrator()
    end_in_order()
    try:
        trace = _trace(access, environment, names, identity, server, narrator.hear, last=last)
    except ExchangeError as error:
        narrator.say(f"{spoken(str(error))}. {spoken(error.cure)}")
        if form == "json":
            print(document({"exit_code": NOT_READ, "problem": str(error), "named": "", "sureness": None}))
        return NOT_READ
    finally:
        access.close()
    code = NAMED if trace.named else CANNOT_TELL
    with reader_may_leave():
        show(trace, form, code)
    return code


def _trace(
    access: Access,
    environment: Environment,
    names: dict[str, str],
    identity: str,
    server: str,
    say: Callable[[str], None],
    *,
    last: bool,
) -> Trace:
    servers = rows_of(access.read(lambda c: c.get_exchange_server()), "Get-ExchangeServer")
    names.update((s.name, s.fqdn or s.name) for s in servers)
    official = next((n for n in names if same_server(n, server)), "")
    if not official:
        raise ExchangeError(
            N_("{server} is no server of this organization").format(server=server),
            cure=N_("Look at `pop-cockpit status` for those there are."),
        )
    refuse_left_out(environment, access, official)
    ran = _recorded(access, identity, official) if last else _now(access, identity, official, say)
    tracer = Tracer(access, say, gap=GAP, tries=TRIES)
    return tracer.health(tracer.trace(ran))


def _recorded(access: Access, identity: str, server: str) -> ProbeRun:
    found = last_failed(access, identity, server)
    if found.run is None:
        raise ExchangeError(
            N_("{server} has recorded no failed run of {identity} {looked_back}").format(
                server=server, identity=identity, looked_back=_looked_back(found)
            ),
            cure=N_("Without --last the probe is run now."),
        )
    return found.run


def _looked_back(found: Recorded) -> str:
    if found.short:
        return N_("since {time}: {why}").format(time=clock_time(found.since), why=found.short)
    return N_("in the last {hours} hours").format(hours=int(LOOK_BACK.total_seconds() // 3600))


def _now(access: Access, identity: str, server: str, say: Callable[[str], None]) -> ProbeRun:
    call = invoke_monitoring_probe_call(identity, server)
    say(N_("{call}   (may take minutes)").format(call=call))
    answer = _once(access, lambda c: c.invoke_monitoring_probe(identity, server))
    if not answer.rows:
        words = (*answer.warnings, *(e.message for e in answer.errors), N_("no result and no warning"))
        raise ExchangeError(
            N_("{identity} could not be run by hand").format(identity=identity),
            words[0],
            N_("With --last the newest run that failed is traced."),
        )
    row = answer.rows[0]
    say(f"ResultType {row.result_type}{f': {row.failure_reason}' if not row.succeeded else ''}")
    return run_of(row, identity, server)


def _once(
    access: Access, job: Callable[[ExchangeCmdlets], Reading[MonitoringProbeResult]]
) -> Reading[MonitoringProbeResult]:
    """Once a probe may have been sent it is not sent again, to nobody."""
    failed: list[ExchangeError] = []

    def sent(cmdlets: ExchangeCmdlets) -> Reading[MonitoringProbeResult]:
        if failed:
            raise failed[0]
        try:
            return job(cmdlets)
        except ExchangeError as error:
            failed.append(error)
            raise

    return access.read(sent)


def show(trace: Trace, form: str, code: int) -> None:
    """Print it, for people or as JSON."""
    if form == "json":
        print(document({"exit_code": code, **_plain(trace)}))
        return
    Narrator(sys.stdout).tell(_lines(trace))


def _plain(trace: Trace) -> dict[str, Any]:
    return {"problem": None, **trace.as_dict()}


def _lines(trace: Trace) -> list[Said]:
    ran = trace.run
    words = _("{probe} on {server}, {start} to {end}, {result}")
    head = words.format(
        probe=ran.probe,
        server=ran.server,
        start=clock_time(ran.started),
        end=clock_time(ran.ended),
        result=ran.result or _("no result"),
    )
    found = [Said(spoken(trace.verdict), _STYLES[trace.sureness])]
    found += [Said(spoken(words), "yellow", indent=2) for words in trace.contradictions]
    found.append(Said(head))
    for piece in trace.evidence:
        found += _piece(piece)
    return found


def _piece(piece: Evidence) -> list[Said]:
    lines = [Said(f"{spoken(piece.strength):<{_WIDTH}}{spoken(piece.looked_at)}", indent=2)]
    lines.append(Said(spoken(piece.says), indent=2 + _WIDTH))
    if piece.clock is not None:
        words = spoken(str(piece.clock))
        lines.append(Said(words[:1].upper() + words[1:] + ".", indent=2 + _WIDTH))
    return lines + [Said(line, indent=2 + _WIDTH, bar=True) for line in piece.lines]
