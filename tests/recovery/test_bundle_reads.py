"""The servers in the evidence bundle: every read, its bounds, and what a failed one leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.environment import Environment
from cockpit.exchange import model as m
from cockpit.exchange import recovery_model as r
from cockpit.exchange.errors import CmdletFailedError
from cockpit.exchange.model import Reading
from cockpit.journal.store import Journal
from cockpit.recovery import support
from cockpit.recovery.bundle import build
from tests.recovery.builders import (
    EX01,
    EX02,
    NOW,
)
from tests.recovery.bundles import (
    CHILD,
    RUN,
    kept,
    living,
    made,
    new_run,
    opened,
    readme,
    silent,
    told,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    yield from kept(tmp_path)


READS = {
    "Get-ExchangeServer",
    "Get-DatabaseAvailabilityGroup",
    "Get-GlobalMonitoringOverride",
    "Get-ServerHealth.EX01.POP",
    "Get-ServerHealth.EX01.POP.Protocol",
    "Get-ServerHealth.EX01.POP.Proxy",
    "Get-HealthReport.EX01",
    "Get-ServerComponentState.EX01",
    "Get-PopSettings.EX01",
    "Get-MailboxServer.EX01",
    "Get-ServerMonitoringOverride.EX01",
    "Test-ReplicationHealth.EX01",
    "Get-MailboxDatabaseCopyStatus.EX01",
    "Get-MailboxDatabaseCopyStatus.EX01.DB01",
    "Get-MailboxDatabaseCopyStatus.EX01.DB02",
    "Get-Service.EX01",
    "Win32_OperatingSystem.EX01",
    "RecoveryActions.EX01",
    "ProbeResult.EX01",
    "MonitorResult.EX01",
    "RecoveryActionResults.EX01",
}


def test_every_read_is_there(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    files = made(journal, tmp_path, living())
    assert {n for n in files if n.startswith("exchange/")} == {f"exchange/{n}.json" for n in READS}
    copies = json.loads(files["exchange/Get-MailboxDatabaseCopyStatus.EX01.DB02.json"])
    assert copies["rows"][0]["server"] == EX02
    assert json.loads(files["exchange/Win32_OperatingSystem.EX01.json"])["now"] == NOW.isoformat()


def test_events_are_bounded_by_time_and_count(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    asked: list[tuple[Any, datetime, int]] = []
    names = ("PROBE_RESULT", "MONITOR_RESULT", "RECOVERY_ACTION_RESULTS")

    def events(channel: r.Channel, since: datetime, newest: int) -> Reading[r.Event]:
        asked.append((channel, since, newest))
        return Reading(())

    made(journal, tmp_path, living(events=events))
    began = datetime.fromtimestamp(journal.run(RUN).created_at, UTC)
    assert [channel.name for channel, _, _ in asked] == list(names)
    assert {since for _, since, _ in asked} == {began - timedelta(hours=1)}
    assert {newest for _, _, newest in asked} == {support.MOST_EVENTS}


def test_a_read_that_fails_becomes_its_words(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    refused = CmdletFailedError("Get-PopSettings of EX01", m.CmdletError("access denied"), "Ask for RBAC.")
    files = made(journal, tmp_path, living(get_pop_settings=refused))
    assert "exchange/Get-PopSettings.EX01.json" not in files
    words = files["exchange/Get-PopSettings.EX01.error.txt"]
    assert words == b"Get-PopSettings of EX01: access denied\nAsk for RBAC.\n"
    assert "Get-PopSettings.EX01: Get-PopSettings of EX01: access denied" in readme(files)
    assert "LogFileLocation of Get-PopSettings" in readme(files)
    assert len([n for n in files if n.endswith(".error.txt")]) == 1


def test_an_answer_with_a_warning_is_not_whole(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    silent_manager: Reading[Any] = Reading((), ("the health manager does not answer",))
    files = made(journal, tmp_path, living(get_health_report=silent_manager))
    assert json.loads(files["exchange/Get-HealthReport.EX01.json"])["warnings"]
    assert "Get-HealthReport.EX01: came with the words: the health manager does not answer" in readme(files)
    assert "Every read succeeded" not in readme(files)


def test_a_closed_endpoint_is_asked_once(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    access = replace(living(), down=frozenset({EX01}))
    files = made(journal, tmp_path, access)
    failed = {n for n in files if n.endswith(".error.txt")}
    assert len(failed) == 6
    assert access.looked == [EX01]
    assert b"Not asked" in files["exchange/RecoveryActionResults.EX01.error.txt"]
    assert "exchange/Get-PopSettings.EX01.json" in files


def test_nobody_answers_and_a_bundle_is_made_all_the_same(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    access = living()
    nobody = replace(access, exchange=dict.fromkeys(access.exchange, silent), down=frozenset({EX01}))
    files = made(journal, tmp_path, nobody)
    # Without the list of copies nobody knows the two databases.
    assert len([n for n in files if n.endswith(".error.txt")]) == len(READS) - 2
    text = readme(files)
    assert "its build could not be read" in text
    assert "recovery actions since an hour before the run could not be read" in text
    assert "overrides could not all be read" in text
    assert "what it says now could not be read" in text


def test_reads_stop_when_their_time_is_up() -> None:
    access = living()
    found = support.collect(access, [EX01], NOW, seconds=-1.0)
    assert access.asked == []
    assert access.looked == []
    assert found.answers == {}
    assert all("took" in words for words in found.problems.values())


def test_the_servers_of_child_runs_are_read_too(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    with journal.write(None) as writer:
        writer.create_run(new_run(CHILD, parent=RUN, name="ex02"))
        writer.create_run(new_run("aa11" * 8, parent=RUN, name="ex01"))
    files = made(journal, tmp_path, living())
    assert "exchange/Get-PopSettings.ex02.json" in files
    assert len([n for n in files if n.startswith("exchange/Get-PopSettings")]) == 2


@pytest.mark.parametrize("name", ["test", ""])
def test_servers_of_another_environment_are_never_asked(journal: Journal, tmp_path: Path, name: str) -> None:
    told(journal)
    access = living()
    elsewhere = Environment(entry_servers=("EX02",), name=name)
    files = opened(build(journal, RUN, tmp_path, access, elsewhere))
    assert access.asked == []
    assert not [n for n in files if n.startswith("exchange/")]
    assert "environment prod" in readme(files)


def test_without_access_the_readme_says_so(journal: Journal, tmp_path: Path) -> None:
    told(journal)
    files = made(journal, tmp_path, None)
    assert not [n for n in files if n.startswith("exchange/")]
    assert "the servers were not asked" in readme(files)
