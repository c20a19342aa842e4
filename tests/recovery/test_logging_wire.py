"""Protocol logging on and off by the command line against a served lab: what the lab ends with each time.

The truth is the lab's own: the setting, and which services write by it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import sqlalchemy as sa

from cockpit.config import environment as config
from cockpit.journal.records import Actor, Obligation, RunState
from cockpit.journal.store import Journal, open_journal
from cockpit.recovery.actions.settings import LOGGING
from tests.support.processes import COCKPIT, ROOT, Answer, LabProcess, lab, run
from tests.support.waiting import eventually

POP, BE = "MSExchangePop3", "MSExchangePOP3BE"
RECOVERED, ASKING, ESCALATED, ABORTED = 0, 1, 2, 3
ON, OFF = True, False
REASON = "a test wants it so"
LEASE = 3.0
pytestmark = pytest.mark.timeout(150)


@dataclass(frozen=True)
class Bench:
    """One lab for the whole file, a server for each test; time in it runs 60 times as fast."""

    served: LabProcess
    env_file: Path
    journal: Journal

    def cockpit(self, *arguments: str, seconds: float = 60.0) -> Answer:
        options = ("--env-file", str(self.env_file), "--write")
        return run(self.served.home, *options, *arguments, seconds=seconds)

    def logging(self, command: str, server: str, *more: str) -> Answer:
        return self.cockpit("logging", command, "--server", server, *more)

    def of(self, server: str) -> dict[str, Any]:
        found: dict[str, Any] = self.served.state()["servers"][server]
        return found

    def truth(self, server: str) -> tuple[bool, set[str]]:
        """The setting, and the services that write."""
        found = self.of(server)
        written = found["protocol_log_written"]
        return found["protocol_log_enabled"], {name for name, writes in written.items() if writes}

    def owed(self, server: str) -> list[Obligation]:
        return [o for o in self.journal.obligations() if o.server == server and o.key == LOGGING]

    def run(self, server: str) -> str:
        """The newest run on that server."""
        return next(r.id for r in self.journal.runs() if r.server == server)

    def sent(self, server: str, cmdlet: str) -> int:
        return sum(
            entry["kind"] == "command" and entry["cmdlet"] == cmdlet and _is_of(entry, server)
            for entry in self.served.ledger()
        )


def _is_of(entry: dict[str, Any], server: str) -> bool:
    return server in (entry["parameters"].get("Server", entry["server"]), entry["parameters"].get("Identity"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("logging")
    with lab(folder / "lab", "healthy", "--speed", "60") as served:
        usual = served.environment.recovery
        quick = msgspec.structs.replace(
            usual, quiet=0.0, poll=0.1, linger=0.5, lease=LEASE, logging_confirm=20.0
        )
        env_file = served.env_file.with_name("logging.toml")
        config.save(env_file, msgspec.structs.replace(served.environment, recovery=quick))
        url = served.environment.journal.url
        assert url is not None
        actor = Actor("a test", "here", f"test/{os.getpid()}/0", "tests")
        journal = open_journal(url, actor, keys=folder, checkpoints=folder / "checkpoints.jsonl")
        yield Bench(served, env_file, journal)
        journal.close()


def test_off_before_it_is_off_again(bench: Bench) -> None:
    server = "EX19-01"
    on = bench.logging("on", server, "--both", "--for", "30m", "--auto")
    assert on.code == RECOVERED, on.err
    assert "seen\t1\tarrives" in on.out
    assert bench.truth(server) == (ON, {POP, BE})
    (owed,) = bench.owed(server)
    assert (owed.prior, owed.wanted) == (False, True)
    assert bench.logging("status", server).code == 1

    off = bench.logging("off", server, "--auto")
    assert off.code == RECOVERED, off.err
    assert bench.truth(server) == (OFF, set())
    assert bench.owed(server) == []
    assert bench.logging("status", server).code == 0
    assert (bench.sent(server, "Set-PopSettings"), bench.sent(server, "Restart-Service")) == (2, 4)


@pytest.mark.matrix
def test_on_before_it_stays_on(bench: Bench) -> None:
    server = "EX16-01"
    bench.served.act(server, "set-logging", enabled=True)
    bench.served.act(server, "restart-service", service=POP)
    assert bench.logging("status", server).code == 2, "no record says who"
    on = bench.logging("on", server, "--auto")
    assert on.code == RECOVERED, on.err
    assert "seen-already\t1\tarrives" in on.out
    assert bench.truth(server) == (ON, {POP})
    assert bench.owed(server) == []
    assert (bench.sent(server, "Set-PopSettings"), bench.sent(server, "Restart-Service")) == (0, 0)

    off = bench.logging("off", server, "--auto")
    assert off.code == RECOVERED, off.err
    assert bench.truth(server) == (OFF, set())
    (cleared,) = [a for a in bench.journal.attempts(bench.run(server)) if a.step == "clear"]
    assert cleared.before["prior"] is True


@pytest.mark.matrix
def test_put_back_by_somebody_else_in_between(bench: Bench) -> None:
    server = "EX13-CAS01"
    assert bench.logging("on", server, "--auto").code == RECOVERED
    bench.served.act(server, "set-logging", enabled=False)
    status = bench.logging("status", server)
    assert status.code == 1
    assert "somebody else has put it back already" in status.out

    off = bench.logging("off", server, "--auto")
    assert off.code == RECOVERED, off.err
    assert "is False again already" in off.out
    assert bench.truth(server) == (OFF, set())
    assert bench.owed(server) == []
    assert bench.sent(server, "Set-PopSettings") == 1, "what is back is not set again"


@pytest.mark.matrix
def test_a_disk_nearly_full_refuses_it_before_anything_is_changed(bench: Bench) -> None:
    server = "EX13-CAS02"
    bench.served.act(server, "set-volume", free=10**9, mount="C:\\")
    on = bench.logging("on", server, "--auto")
    assert on.code == ASKING
    assert "logging.space" in on.err
    assert "0.9 GB free" in on.err
    assert bench.truth(server) == (OFF, set())
    assert bench.owed(server) == []
    assert bench.cockpit("runs", "abort", bench.run(server), "--reason", REASON).code == 0
    eventually(
        lambda: bench.journal.run(bench.run(server)).state is RunState.ABORTED, 15.0, "the end of its run"
    )
    assert (bench.sent(server, "Set-PopSettings"), bench.sent(server, "Restart-Service")) == (0, 0)


@pytest.mark.matrix
def test_a_service_that_does_not_restart_leaves_the_prior_value(bench: Bench) -> None:
    """The back end's: of a front end that stands, Managed Availability takes PopProxy out within minutes."""
    server = "EX16-02"
    bench.served.act(server, "set-service", service=BE, failed_starts=1_000)
    on = bench.logging("on", server, "--backend", "--auto")
    assert on.code == ASKING, on.err
    assert bench.of(server)["protocol_log_enabled"] is ON
    assert len(bench.owed(server)) == 1, "on, and on record"

    found = bench.run(server)
    skipped = bench.cockpit("runs", "answer", found, "skip", "--reason", REASON)
    assert skipped.code == 0, skipped.err
    left = bench.cockpit("runs", "attach", found)
    assert left.code == ASKING, left.err
    assert bench.truth(server)[0] is OFF, "put back before its restart is tried again"
    assert bench.owed(server) == []

    bench.served.act(server, "set-service", service=BE, failed_starts=0)
    assert bench.cockpit("runs", "answer", found, "again").code == 0
    ended = bench.cockpit("runs", "attach", found)
    assert ended.code == ESCALATED, ended.err
    assert bench.truth(server) == (OFF, set())
    assert bench.of(server)["services"][BE]["running"]


@pytest.mark.matrix
def test_a_worker_killed_between_two_steps_is_gone_on_with(bench: Bench) -> None:
    server = "EX19-02"
    bench.served.act(server, "set-service", service=BE, stop_seconds=120)
    command = [*COCKPIT, "--env-file", str(bench.env_file), "--write", "logging", "on", "--server", server]
    with subprocess.Popen(
        [*command, "--backend", "--auto"],
        env=bench.served.home.environ(),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as followed:
        eventually(lambda: _tries(bench, server, "restart-back"), 30.0, "the restart")
        _worker(bench, server).kill()
        assert len(bench.owed(server)) == 1, "on, and on record"
        followed.terminate()
    bench.served.act(server, "set-service", service=BE, stop_seconds=0)
    found = bench.run(server)
    eventually(lambda: _expired(bench, found), 5 * LEASE, "the end of its lease")
    assert bench.logging("status", server).code == 0, "a run is at it"
    _much_later(bench)
    resumed = bench.cockpit("runs", "resume", found)
    assert resumed.code == ASKING, resumed.err
    assert bench.journal.run(found).step == "held", resumed.err
    assert bench.truth(server) == (ON, {BE})
    assert bench.sent(server, "Set-PopSettings") == 1

    off = bench.logging("off", server, "--auto")
    assert off.code == RECOVERED, off.err
    assert bench.truth(server) == (OFF, set())
    assert bench.owed(server) == []


@pytest.mark.matrix
def test_an_endpoint_that_runs_no_scripts_is_told_and_not_taken_for_silence(bench: Bench) -> None:
    server = "EX13-MBX01"
    bench.served.knobs(server, constrained=True)
    on = bench.logging("on", server, "--auto")
    assert on.code == ASKING
    assert "seen\t1\tunreadable" in on.out
    assert "FullLanguage" in on.err
    found = bench.run(server)
    assert bench.truth(server) == (ON, {BE}), "a Mailbox server of 2013 has the back end only"
    assert bench.cockpit("runs", "answer", found, "skip", "--reason", REASON).code == 0
    eventually(lambda: bench.journal.run(found).ended, 30.0, "the end of its run")
    assert bench.journal.run(found).state is RunState.RECOVERED
    assert bench.truth(server) == (OFF, set())


@pytest.mark.matrix
def test_overdue_is_told_wherever_it_is_asked(bench: Bench) -> None:
    server = "EX13-MBX02"
    assert bench.logging("on", server, "--for", "1s", "--auto").code == RECOVERED
    eventually(lambda: bench.logging("status", server).code == 2, 20.0, "that it is overdue")
    owed = bench.cockpit("obligations")
    assert owed.code == 2
    assert "OVERDUE since" in owed.out
    found = json.loads(bench.cockpit("obligations", "--format", "json").out)["obligations"]
    assert [o["due_at"] is not None for o in found if o["server"] == server] == [True]
    assert bench.truth(server) == (ON, {BE}), "nothing is sent by itself"
    assert bench.logging("off", server, "--auto").code == RECOVERED
    assert bench.truth(server) == (OFF, set())


def _tries(bench: Bench, server: str, step: str) -> bool:
    runs = [r for r in bench.journal.runs() if r.server == server]
    return any(a.step == step for r in runs for a in bench.journal.attempts(r.id))


def _expired(bench: Bench, run_id: str) -> bool:
    lease = bench.journal.lease(bench.journal.run(run_id).scope)
    return lease is None or lease.expired


def _much_later(bench: Bench) -> None:
    """What minutes do to a command whose worker died: whatever was going to come of it has come."""
    url = bench.served.environment.journal.url
    assert url is not None
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE attempt SET limit_at = intent_at WHERE result_at IS NULL")


def _worker(bench: Bench, server: str) -> psutil.Process:
    """The process that holds the lease of the newest run on ``server``."""
    lease = bench.journal.lease(bench.journal.run(bench.run(server)).scope)
    assert lease is not None
    process = psutil.Process(int(lease.holder.split("/")[1]))
    assert "cockpit.recovery.worker" in process.cmdline()
    return process
