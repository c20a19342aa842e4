"""The product itself, signed in every way that Exchange and its neighbours have: the whole fleet screen, a
recovery by keys to its end, and the tail of a log. With Kerberos the tickets are a real KDC's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cockpit.journal.records import RunState
from tests.support.kdc import DOMAIN, USER, Kdc
from tests.support.processes import COCKPIT, LabProcess, lab
from tests.support.recovering import Rows, go_by_keys, ready_to_go, rows_of
from tests.support.terminal import Terminal, terminal
from tests.support.waiting import eventually

pytestmark = pytest.mark.auth

SERVER, MONITOR, SERVERS = "EX19-01", "PopSelfTestMonitor", 8
KERBEROS = ("kerberos", "kerberos-tls", "negotiate", "negotiate-tls")
ALWAYS = ("ntlm", "ntlm-tls", "basic-tls", "certificate")


@pytest.fixture(scope="session")
def keys(kdc: Kdc, served_names: tuple[str, ...]) -> Kdc:
    """The KDC with the keys of a lab's servers: each by its short name and its FQDN, as in a domain."""
    kdc.serve(*(n.lower() for n in served_names), *(f"{n.lower()}.{DOMAIN}" for n in served_names))
    return kdc


@pytest.fixture(scope="session")
def served_names(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    from cockpit.lab.scenarios import SCENARIOS, open_lab

    simulation = open_lab(SCENARIOS["selftest-hung"], None, 7, 1.0, folder=tmp_path_factory.mktemp("names"))
    try:
        return tuple(simulation.organization.servers)
    finally:
        simulation.close()


@contextmanager
def served(
    request: pytest.FixtureRequest, mode: str, folder: Path, scenario: str = "selftest-hung"
) -> Iterator[LabProcess]:
    """A lab that wants ``mode``, and a home with what the operator needs for it."""
    options, variables = ["--speed", "60", "--auth", mode], {}
    if mode.startswith(("kerberos", "negotiate")):
        kdc: Kdc = request.getfixturevalue("keys")
        options += ["--keytab", str(kdc.keytab), "--kerberos-only"]
        folder.mkdir(parents=True, exist_ok=True)
        cache = kdc.kinit(folder / "tickets")
        variables = kdc.variables | {"KRB5CCNAME": str(cache), "KRB5_KTNAME": "/nowhere"}
    if mode.endswith("-tls") and mode != "basic-tls":
        options += ["--channel-binding", "strict"]
    with lab(folder / "lab", scenario, *options, variables=variables) as started:
        yield started


@contextmanager
def screen(lab: LabProcess, env_file: Path) -> Iterator[Terminal]:
    with terminal([*COCKPIT, "--env-file", str(env_file)], lab.home.environ(), 140, 40) as term:
        yield term
        term.press("\x11")
        assert term.exit_code() == 0
    assert not list((lab.home.state / "crashes").glob("*"))


def users(lab: LabProcess) -> set[str]:
    """Who ran commands in the lab, by its own record."""
    return {entry["user"].lower() for entry in lab.ledger() if entry["kind"] == "command"}


def whole(lab: LabProcess, rows: Rows) -> None:
    """The fleet screen, the wizard by keys until the run has recovered, and the tail of the server's log."""
    with screen(lab, ready_to_go(lab)) as term:
        text = term.wait(f"{SERVERS}/{SERVERS} up", 25.0)
        assert "TLS" not in text, "nothing is said of certificates: they are verified"
        term.wait(MONITOR)
        term.press("2", "f")
        term.wait(f"Verdict · {MONITOR}")
        term.press("r")
        term.wait("Recover?")
        term.press("y")
        term.wait(f"Asks: {SERVER}: Restart the POP3 back-end service?", 25.0)
        go_by_keys(term)
        eventually(lambda: rows.run().state is RunState.RECOVERED, 40.0, "the run recovered")
        term.wait("recovered")
    restarts = [e for e in lab.ledger() if e["kind"] == "command" and e["cmdlet"] == "Restart-Service"]
    assert [r["server"] for r in restarts] == [SERVER]
    lab.act(SERVER, "set-logging", enabled=True)
    lab.act(SERVER, "restart-service", service="MSExchangePOP3")
    lab.knobs(SERVER, front_log_rate=200.0)
    tail = eventually(
        lambda: [line for line in _tail(lab) if "capa" in line.lower()], 20.0, "lines of the log"
    )
    lab.knobs(SERVER, front_log_rate=0.0)
    assert all(line.count(",") >= 8 for line in tail)


def _tail(lab: LabProcess) -> list[str]:
    answer = lab.run("logs", "tail", "--server", SERVER, "-n", "40")
    assert answer.code == 0, answer.err
    return answer.out.splitlines()


def _walk(request: pytest.FixtureRequest, mode: str, folder: Path) -> set[str]:
    with ExitStack() as stack:
        started = stack.enter_context(served(request, mode, folder))
        rows = stack.enter_context(rows_of(started, folder))
        whole(started, rows)
        eventually(lambda: not started.shells(), 15.0, "no shell left")
        return users(started)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("mode", KERBEROS)
def test_fleet_wizard_and_log_with_tickets(request: pytest.FixtureRequest, mode: str, tmp_path: Path) -> None:
    """Exchange's endpoint takes nothing but Kerberos here, as the real one."""
    assert _walk(request, mode, tmp_path) == {USER.lower()}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("mode", ALWAYS)
def test_fleet_wizard_and_log(request: pytest.FixtureRequest, mode: str, tmp_path: Path) -> None:
    assert _walk(request, mode, tmp_path) == {
        f"operator@{DOMAIN}" if mode in ("basic-tls", "certificate") else "lab\\operator"
    }


def test_the_fleet_screen_with_tickets(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with served(request, "kerberos", tmp_path) as started:
        with screen(started, started.env_file) as term:
            term.wait(f"{SERVERS}/{SERVERS} up", 25.0)
            term.wait(MONITOR)
        assert users(started) == {USER.lower()}


def test_a_screen_outlives_its_ticket_and_takes_the_renewed_one(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The ticket goes, the servers drop their connections, the screen says why; ``kinit``, and it is back."""
    with served(request, "kerberos", tmp_path) as started:
        kdc: Kdc = request.getfixturevalue("keys")
        cache = Path(started.home.variables["KRB5CCNAME"])
        with screen(started, started.with_polling(interval=5.0, winrm_interval=0.0)) as term:
            term.wait(f"{SERVERS}/{SERVERS} up", 25.0)
            cache.unlink()
            started.knobs("*", wire={"troubles": [{"effect": "reset", "action": "Command", "count": 60}]})
            term.wait("no ticket", 40.0)
            started.knobs("*", wire={"clear": True})
            kdc.kinit(cache)
            term.wait(_is_back, 50.0)


def _is_back(text: str) -> bool:
    """All servers are read, and nothing of it fails; the last sweep's word, at the bottom, is of its time."""
    lines = [line for line in text.splitlines() if not line.startswith(" ! ")]
    return f"{SERVERS}/{SERVERS} up" in lines[0] and not any("no ticket" in line for line in lines)


def test_status_without_a_ticket_says_what_to_do(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with served(request, "kerberos", tmp_path) as started:
        missing = str(tmp_path / "nothing")
        answer = started.run("status", KRB5CCNAME=missing)
    assert answer.code == 3
    assert "no ticket" in answer.err + answer.out
    assert f"kinit -c {missing}" in answer.err + answer.out
