"""Traces over the wire, in every scenario of the lab, against what the lab itself knows.

Every server's clock is off by minutes, time zones differ, both logs are written, and half of the labs have
probes that do not read the mailbox server out of a reply.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from cockpit.exchange import catalogue
from cockpit.exchange.errors import ExchangeError
from cockpit.lab.faults import Outcome
from cockpit.lab.organization import Database, Server, read_settings
from cockpit.lab.scenarios import SCENARIOS
from cockpit.lab.simulation import Simulation
from cockpit.poplog.evidence import Evidence, Kind, ProbeRun, Strength
from cockpit.poplog.trace import Sureness, Trace
from cockpit.recovery.access import Sessions
from cockpit.recovery.recorded import last_failed
from cockpit.recovery.tracing import Tracer, run_of
from tests.product.conftest import Running, running_lab
from tests.support.at_length import at_length

CTP: Final = "POP\\PopCTPProbe"
SPEED: Final = 30.0
MOST: Final = 4
"""Front ends that are traced of one scenario."""
_ERRORS: Final = (0.0, 187.0, -241.5, 96.25, -33.0, 275.75, -120.0, 12.0)
"""Seconds the servers' clocks are ahead, one after the other: Kerberos allows five minutes."""


@dataclass
class Truth:
    """A witness of every probe's run, as the lab saw it."""

    runs: list[tuple[str, str, Database | None, Outcome, float, float]] = field(default_factory=list)

    def probe_ran(
        self, server: Server, probe: str, database: Database | None, outcome: Outcome, t: float, end: float
    ) -> None:
        self.runs.append((server.name, probe, database, outcome, t, end))

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


@dataclass
class Scene:
    """A lab with its truth, and a way to its servers."""

    running: Running
    access: Sessions
    truth: Truth

    @property
    def sim(self) -> Any:
        return self.running.lab.simulation

    def probe(self, server: str) -> tuple[ProbeRun, Database | None, Outcome] | None:
        """A run by hand, the lab's database and outcome for it; None where it cannot be run."""
        answer = self.access.read(lambda c: c.invoke_monitoring_probe(CTP, server))
        if not answer.rows:
            return None
        run = run_of(answer.rows[0], CTP, server)
        return run, *self.known(run)

    def known(self, run: ProbeRun) -> tuple[Database | None, Outcome]:
        """What the lab knows of the run that began then."""
        assert run.started is not None
        held = self.sim.organization.server(run.server)
        near = [
            (abs((self.sim.local(held, t) - run.started).total_seconds()), database, outcome)
            for name, probe, database, outcome, t, _ in list(self.truth.runs)
            if (name, probe) == (run.server, "PopCTPProbe")
        ]
        away, database, outcome = min(near, key=lambda n: n[0])
        assert away < 0.01
        return database, outcome

    def alone(self, run: ProbeRun, user: str = "") -> bool:
        """Whether no other run logged in as ``user``, or as anybody, there about that time."""
        held = self.sim.organization.server(run.server)
        slack = timedelta(seconds=3)
        assert run.started is not None
        assert run.ended is not None
        near = [
            t
            for name, probe, database, _, t, end in list(self.truth.runs)
            if (name, probe) == (run.server, "PopCTPProbe")
            and database is not None
            and user in ("", database.monitoring_mailbox)
            and self.sim.local(held, t) <= run.ended + slack
            and self.sim.local(held, end) >= run.started - slack
        ]
        return len(near) == 1

    def trace(self, run: ProbeRun) -> Trace:
        return Tracer(self.access, gap=0.05, tries=20).trace(run)

    def traced_alone(self, server: str) -> Trace:
        """Of a run beside which no other was under way there: scheduled ones come every four minutes."""
        for _ in range(8):
            ran = self.probe(server)
            assert ran is not None
            trace = self.trace(ran[0])
            if self.alone(ran[0]):
                return trace
        raise AssertionError(f"another run lay beside every one of {server}")

    def front_ends(self) -> list[str]:
        """Those whose probe has something to log in to, the ones that fail first."""
        sim = self.sim

        def look() -> list[tuple[bool, str]]:
            t = sim.touch()
            found = []
            for server in sim.organization.servers.values():
                targets = sim.organization.front_end_targets(server) if server.has_front_end else ()
                if targets and sim.engine.running(server):
                    found.append((sim.engine.judge(server, "PopCTPMonitor", targets[0], t).ok, server.name))
            return sorted(found)

        return [name for _, name in self.running.on_loop(look)][:MOST]


def log_everything(sim: Simulation) -> None:
    """Both logs of every server are written from now on, without a restart that might cure something."""
    t = sim.touch()
    assert sim.logs is not None
    for server in sim.organization.servers.values():
        server.pop.protocol_log_enabled = True
        for service in map(server.service, (catalogue.FRONT_END_SERVICE, catalogue.BACK_END_SERVICE)):
            if service is not None and service.running:
                read_settings(server, service)
                sim.logs.service_changed(server, service, t)


def _arrange(running: Running, names: bool, logging: bool) -> None:
    sim = running.lab.simulation

    def arrange() -> None:
        sim.touch()
        for server, error in zip(sim.organization.servers.values(), _ERRORS * 9, strict=False):
            server.clock_error = error
            server.probes_name_mailbox_server = names
        if logging:
            log_everything(sim)

    running.on_loop(arrange)


@contextmanager
def scene(
    folder: Path, scenario: str, *, names: bool, logging: bool = True, speed: float = SPEED
) -> Iterator[Scene]:
    """``names``: probes read the mailbox server out of a reply."""
    with as_it_is(folder, scenario, speed) as found:
        _arrange(found.running, names, logging)
        yield found


@contextmanager
def as_it_is(folder: Path, scenario: str, speed: float = SPEED) -> Iterator[Scene]:
    """The scenario as whoever opens a lab finds it."""
    with running_lab(folder, scenario=scenario, speed=speed) as running:
        truth = Truth()
        running.on_loop(lambda: running.lab.simulation.engine.witnesses.add(truth))
        access = Sessions(running.environment, running.secret)
        try:
            yield Scene(running, access, truth)
        finally:
            access.close()


def piece(trace: Trace, kind: Kind) -> Evidence | None:
    return next((e for e in trace.evidence if e.kind is kind), None)


def right(trace: Trace, database: Database | None, outcome: Outcome) -> None:
    """The server that it was proxied to, by its name, or nobody; of one that was never proxied at most the
    server its mailbox is on, and never for certain."""
    if not outcome.proxied_to:
        assert trace.sureness is not Sureness.CERTAIN, trace
        assert trace.named in ("", database.active if database is not None else ""), trace
        return
    assert trace.named == outcome.proxied_to, trace
    assert trace.contradictions == (), trace


def right_without_logs(trace: Trace, database: Database | None, outcome: Outcome) -> None:
    """Never for certain: the one that its reply or its user's mailbox names, or none."""
    assert trace.sureness is not Sureness.CERTAIN, trace
    told = trace.run.mailbox_server or trace.run.user
    behind = outcome.proxied_to or (database.active if database is not None else "")
    assert trace.named == (behind if told else ""), trace
    assert (trace.sureness is Sureness.CANNOT_TELL) is not bool(told), trace


EACH: Final = [
    name if name in {"trace-by-log", "trace-clocks", "trace-front-end"} else at_length(name)
    for name in sorted(SCENARIOS)
]
"""Three of those made for tracing are part of every run of the tests, all the others of pytest -m matrix."""
PROBELESS: Final = ("healthmanager-down", "not-monitored", "view-only-operator")
"""Where no front end has a probe of POP that runs, or that the account may run: the only scenarios without a
trace."""
UNREAD: Final = ("no-winrm",)
"""Where nobody can read a log: what the probe and its mailbox say is all there is."""


@pytest.mark.parametrize("scenario", EACH)
def test_every_scenario(scenario: str, tmp_path: Path) -> None:
    names = sorted(SCENARIOS).index(scenario) % 2 == 0
    traced = 0
    with scene(tmp_path, scenario, names=names) as lab:
        for server in lab.front_ends():
            try:
                ran = lab.probe(server)
            except ExchangeError:
                continue
            if ran is None:
                continue
            run, database, outcome = ran
            trace = lab.trace(run)
            traced += 1
            front = piece(trace, Kind.FRONT_LOG)
            assert front is not None
            if scenario in UNREAD:
                assert front.strength is Strength.MISSING
                right_without_logs(trace, database, outcome)
                continue
            right(trace, database, outcome)
            if outcome.proxied_to:
                assert front.strength is Strength.NAMES
                # A run that went well does not say whom it logged in as.
                told = run.user and database and lab.alone(run, database.monitoring_mailbox)
                assert trace.sureness is Sureness.CERTAIN or not (names or told), trace
    assert bool(traced) is (scenario not in PROBELESS)


BEHIND: Final = "EX13-MBX01"
CERTAIN, LIKELY, CANNOT_TELL = Sureness.CERTAIN, Sureness.LIKELY, Sureness.CANNOT_TELL
AS_THEY_ARE: Final[dict[str, dict[str, tuple[str, Sureness]]]] = {
    "trace-by-log": {
        "EX13-CAS01": (BEHIND, CERTAIN),
        "EX13-CAS02": (BEHIND, CERTAIN),
        "EX16-01": ("EX16-01", LIKELY),
    },
    "trace-front-end": {
        "EX13-CAS01": (BEHIND, CERTAIN),
        "EX13-CAS02": (BEHIND, LIKELY),
        "EX16-01": ("EX16-01", LIKELY),
    },
    "trace-no-log": {
        "EX13-CAS01": (BEHIND, LIKELY),
        "EX13-CAS02": (BEHIND, LIKELY),
        "EX16-01": ("", CANNOT_TELL),
    },
    "trace-clocks": {
        "EX13-CAS01": (BEHIND, CERTAIN),
        "EX13-CAS02": (BEHIND, CERTAIN),
        "EX16-01": ("EX16-01", LIKELY),
    },
    "trace-unconfirmed": {
        "EX13-CAS01": (BEHIND, CERTAIN),
        "EX13-CAS02": (BEHIND, CERTAIN),
        "EX16-01": ("EX16-01", LIKELY),
    },
    "log-disk-full": {
        "EX13-CAS01": (BEHIND, LIKELY),
        "EX13-CAS02": (BEHIND, LIKELY),
        "EX16-01": ("EX16-01", LIKELY),
    },
    "logging-restart": {
        "EX13-CAS01": (BEHIND, LIKELY),
        "EX13-CAS02": (BEHIND, LIKELY),
        "EX16-01": ("EX16-01", LIKELY),
    },
}
"""What a trace says in each scenario made for tracing, by the front end the probe runs on. Runs that went
well do not say whom they logged in as, so that a log alone makes them likely; of EX13-CAS01 with a full disk,
whose logins never end, there is only where its mailbox is."""


def test_the_scenarios_of_tracing_are_all_here() -> None:
    assert set(AS_THEY_ARE) == {name for name, found in SCENARIOS.items() if found.group == "tracing"}


@pytest.mark.parametrize("scenario", AS_THEY_ARE)
def test_a_scenario_of_tracing_as_it_is(scenario: str, tmp_path: Path) -> None:
    """Clocks, logging and replies as the scenario has them."""
    with as_it_is(tmp_path, scenario) as lab:
        for server, said in AS_THEY_ARE[scenario].items():
            trace = lab.traced_alone(server)
            assert (trace.named, trace.sureness) == said, trace
            assert trace.contradictions == (), trace


FAILING: Final = ("ctp-backend", "EX13-CAS01", "EX13-MBX01")


@pytest.mark.parametrize("left", ["nothing", "mailbox"])
def test_where_the_evidence_is_missing_it_is_said(left: str, tmp_path: Path) -> None:
    scenario, server, named = FAILING
    with scene(tmp_path, scenario, names=False, logging=False) as lab:
        if left == "nothing":
            for knobs in lab.sim.knobs.values():
                knobs.denied = {"*": ["Get-Mailbox"]}
        ran = lab.probe(server)
        assert ran is not None
        trace = lab.trace(ran[0])
        assert trace.named == (named if left == "mailbox" else ""), trace
        assert trace.sureness is (Sureness.LIKELY if left == "mailbox" else Sureness.CANNOT_TELL)
        front = piece(trace, Kind.FRONT_LOG)
        assert front is not None
        assert front.strength is Strength.MISSING
        assert front.says.endswith("Protocol logging is off now.")


@pytest.mark.parametrize("trouble", ["constrained", "gone", "late"])
def test_a_log_that_does_not_help(trouble: str, tmp_path: Path) -> None:
    """Scripts are refused; the files were deleted; logging was turned on after the probe."""
    scenario, server, named = FAILING
    with scene(tmp_path, scenario, names=True, logging=trouble != "late") as lab:
        ran = lab.probe(server)
        assert ran is not None
        if trouble == "constrained":
            for knobs in lab.sim.knobs.values():
                knobs.constrained = True
        elif trouble == "late":
            lab.running.on_loop(lambda: log_everything(lab.sim))
            assert lab.probe(server) is not None
        else:
            for file in (tmp_path / "lab").rglob("POP3*.LOG"):
                file.unlink()
        trace = lab.trace(ran[0])
        assert (trace.named, trace.sureness) == (named, Sureness.CERTAIN), trace
        front, back = piece(trace, Kind.FRONT_LOG), piece(trace, Kind.BACK_LOG)
        assert front is not None
        assert back is not None
        assert {front.strength, back.strength} == {Strength.MISSING}, trace


def test_busy_logs(tmp_path: Path) -> None:
    scenario, server, named = FAILING
    with scene(tmp_path, scenario, names=False, speed=5.0) as lab:

        def load() -> None:
            for knobs in lab.sim.knobs.values():
                knobs.front_log_rate = knobs.back_log_rate = 400.0
            lab.running.lab.load_changed()

        lab.running.on_loop(load)
        ran = lab.probe(server)
        assert ran is not None
        trace = lab.trace(ran[0])
        assert (trace.named, trace.sureness) == (named, Sureness.CERTAIN), trace


def test_a_failed_run_that_the_server_has_recorded(tmp_path: Path) -> None:
    scenario, server, _ = FAILING
    with scene(tmp_path, scenario, names=False) as lab:

        def half_an_hour_passes() -> None:
            lab.sim.clock.advance(1800.0)
            lab.sim.touch()

        lab.running.on_loop(half_an_hour_passes)
        found = last_failed(lab.access, CTP, server).run
        assert found is not None
        assert found.result == "Failed"
        database, outcome = lab.known(found)
        trace = lab.trace(found)
        right(trace, database, outcome)
        assert (trace.named, trace.sureness) == (outcome.proxied_to, Sureness.LIKELY)
