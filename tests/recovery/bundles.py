"""A run worth a bundle, servers that answer everything, and what came out."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cockpit.config.environment import Environment
from cockpit.exchange import model as m
from cockpit.exchange import recovery_model as r
from cockpit.exchange.errors import UnreachableError
from cockpit.exchange.model import AlertValue, Reading
from cockpit.journal.records import (
    Actor,
    Answer,
    Choice,
    Finding,
    Grade,
    NewAttempt,
    NewObligation,
    NewRun,
    Verdict,
)
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.recovery.bundle import build
from cockpit.recovery.runbook import freeze
from cockpit.recovery.runbooks import RUNBOOKS
from tests.exchange.standin import gives, row
from tests.recovery.builders import (
    EX01,
    EX02,
    MONITOR,
    NOW,
    Servers,
    action,
    component,
    copy,
    dag,
    host,
    monitor,
    server,
    service,
    settings,
)

BOOK, DIGEST = freeze(RUNBOOKS["PopDeepTest"])
RUN, CHILD, OTHER = "4f2a" * 8, "91bc" * 8, "77dd" * 8
RUN_FILE = "pop-recovery-4f2a4f2a-EX01.zip"
ACTOR = Actor(r"CONTOSO\ann", "ssh from 192.0.2.7", "jump1/1/x", "pop-cockpit 0.1.0")
PROD = Environment(entry_servers=("EX02",), name="prod")
SECRET = "hunter2!Zürich"


def kept(folder: Path) -> Iterator[Journal]:
    """A journal on SQLite, closed afterwards."""
    journal = open_journal(
        sqlite_url(folder / "state" / "journal.db"),
        ACTOR,
        keys=folder / "keys",
        checkpoints=folder / "outside.jsonl",
    )
    yield journal
    journal.close()


def new_run(run: str, parent: str | None = None, name: str = EX01, **changes: Any) -> NewRun:
    new = NewRun(run, "PopDeepTest", DIGEST, BOOK, "prod", "dag:DAG1", name, MONITOR, "verify", parent=parent)
    return replace(new, **changes)


def told(journal: Journal, words: str = "it failed", run: str = RUN) -> None:
    """A run with a probe that failed, a block, a question, its answer, and a hand-over."""
    with journal.write(None) as writer:
        writer.create_run(new_run(run, facts={"evidence": {"outcome": "failed", "words": words}}))
        probe = NewAttempt(run, "probe", f"Invoke-MonitoringProbe {words}", {"words": words}, 300.0)
        attempt = writer.intend(probe)
        writer.say(attempt, [f"the first line {words}", "the second line"])
        writer.conclude(attempt, "failed", {"words": words, "execution_context": f"User: a\n{words}"})
        writer.reading(run, "block", [finding(words)])
        asked = writer.ask(run, "block", f"Go on? {words}", [Choice.GO, Choice.HAND_OVER])
    with journal.write(None) as writer:
        answer = Answer(Choice.HAND_OVER, r"CONTOSO\ann", reason=f"tired {words}", to=r"CONTOSO\bob")
        writer.answer(asked.id, answer)
        opens = [NewObligation(EX01, "DatabaseCopyAutoActivationPolicy", words, "Blocked")]
        block = NewAttempt(run, "block", "Set-MailboxServer EX01", {}, 30.0, opens=opens)
        attempt = writer.intend(block)
        writer.conclude(attempt, "done", {"words": "set"})
    (owed,) = journal.obligations(run=run)
    with journal.write(None) as writer:
        writer.hand_over(owed.id, r"CONTOSO\bob", f"he knows {words}")


def finding(words: str) -> Finding:
    return Finding("copies.elsewhere", "DB01", Grade.HARD, Verdict.REFUSED, f"0 fit copies: {words}", "two",
                   "Resume it", "active-manager.md")  # fmt: skip


def silent(*_: Any, **__: Any) -> Any:
    raise UnreachableError("EX01 cannot be reached", "connection refused")


def living(words: str = "", **changes: Any) -> Servers:
    """EX01 answers everything; ``words`` in every text that a server can put there."""
    fields = {"ExecutionContext": f"User: a\n{words}", "Error": words, "Password": words}
    event = r.Event("ProbeResult", 2, NOW, fields)
    report = m.HealthReport(EX01, words, "POP", "", AlertValue.UNHEALTHY, NOW, 2, 0)
    out = component("PopProxy", "Inactive", (words or "HealthApi", "Inactive"))
    exchange: dict[str, Any] = {
        "get_exchange_server": Reading((server(EX01), server(EX02)), (words,) if words else ()),
        "get_database_availability_group": Reading((dag(witness_server=words),)),
        "get_global_monitoring_overrides": Reading(()),
        "get_server_monitoring_overrides": Reading((override(words),)),
        "get_server_health": lambda name, health_set: Reading((monitor(error=words, exception=words),)),
        "get_health_report": Reading((report,)),
        "get_server_component_state": Reading((out,)),
        "get_pop_settings": Reading((replace(settings(on=True), login_type=words),)),
        "get_mailbox_server": Reading((host(EX01),)),
        "test_replication_health": Reading((r.ReplicationCheck(EX01, "QuorumGroup", "*FAILED*", words),)),
        "get_mailbox_database_copy_status": Reading((copy(EX01), copy(EX01, f"DB02 {words}".strip()))),
        "get_database_copies": lambda database: Reading((copy(EX02, database, suspend_comment=words),)),
    }
    winrm: dict[str, Any] = {
        "get_service": Reading((replace(service("MSExchangePop3"), display_name=words),)),
        "recovery_actions_since": Reading((replace(action(timedelta(minutes=5)), exception_message=words),)),
        "events": Reading((event,)),
        "session": gives(row(LastBootUpTime=NOW - timedelta(days=9), LocalDateTime=NOW)),
    }
    return Servers(exchange={**exchange, **changes}, winrm={**winrm, **changes})


def override(words: str) -> r.MonitoringOverride:
    return r.MonitoringOverride("Monitor", "Enabled", "0", "POP", MONITOR, "", "", "", words, "", words)


def opened(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def made(journal: Journal, tmp_path: Path, access: Servers | None, run: str = RUN) -> dict[str, bytes]:
    return opened(build(journal, run, tmp_path / "bundles", access, PROD))


def lines(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files["journal.jsonl"].splitlines()]


def readme(files: dict[str, bytes]) -> str:
    return files["README.txt"].decode()
