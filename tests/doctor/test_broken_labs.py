"""On a lab with one thing broken the doctor names that thing, with a cure, and nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cockpit.config.secrets import Secret
from cockpit.doctor.findings import BROKEN, OK, State, exit_code
from cockpit.doctor.table import CHECKS, Scope
from tests.doctor import broken as ways
from tests.doctor.bench import Bench, unchecked, wrong


def test_a_healthy_lab_is_well(bench: Bench) -> None:
    found = bench.findings()
    assert wrong(found) == set()
    assert exit_code(found) == OK
    assert {f.check for f in found} == set(CHECKS)
    assert not [f for f in found if f.cure]


def test_everything_is_told_of_once(bench: Bench) -> None:
    found = bench.findings()
    told = [(f.check, f.subject) for f in found]
    assert len(told) == len(set(told))
    of_winrm = {f.subject for f in found if CHECKS[f.check].scope is Scope.WINRM}
    assert of_winrm == {f"{bench.entry} WinRM", f"{bench.other} WinRM"}


@pytest.mark.parametrize("way", ways.EVERYWHERE, ids=lambda way: way.__name__)
def test_the_broken_thing_is_named(bench: Bench, tmp_path: Path, way: ways.Break) -> None:
    _names_it(bench, tmp_path, way)


@pytest.mark.parametrize("way", ways.OVER_TLS, ids=lambda way: way.__name__)
def test_what_is_broken_about_tls_is_named(bench: Bench, tmp_path: Path, way: ways.Break) -> None:
    if not bench.environment.exchange.tls:
        pytest.skip("this lab is served over plain HTTP")
    _names_it(bench, tmp_path, way)


def _names_it(bench: Bench, tmp_path: Path, way: ways.Break) -> None:
    with ways.broken(way, bench, tmp_path) as (environment, what):
        found = bench.findings(environment)
    assert wrong(found) == {what}, [f for f in found if (f.check, f.subject) in wrong(found)]
    (named,) = (f for f in found if (f.check, f.subject) == what)
    assert named.found
    assert named.cure
    assert wrong(bench.findings()) == set(), "mended again"


def test_a_refused_password_is_not_tried_again(bench: Bench) -> None:
    """Each try counts towards a lock-out: one is sent, of the four endpoints there are."""
    entries = msgspec.structs.replace(bench.environment, entry_servers=(bench.entry, bench.other))
    found = bench.findings(entries, Secret("wrong"))
    assert wrong(found) == {("sign-in", f"{bench.entry} Exchange")}
    held = [f for f in found if f.check == "sign-in" and f.state is State.NOT_CHECKED]
    assert {f.subject for f in held} == {
        f"{bench.other} Exchange",
        f"{bench.entry} WinRM",
        f"{bench.other} WinRM",
    }
    assert all(f"{bench.entry} Exchange" in f.found for f in held)
    assert exit_code(found) == BROKEN


def test_what_hangs_on_a_broken_link_is_not_checked(bench: Bench, tmp_path: Path) -> None:
    with ways.broken(ways.a_closed_port, bench, tmp_path) as (environment, _):
        found = bench.findings(environment)
    subject = f"{bench.entry} Exchange"
    above = {"tls", "path", "clock", "sign-in", "shell", "cmdlets"}
    assert {(check, subject) for check in above} <= unchecked(found)
    assert {f.found for f in found if f.check == "monitored"} == {"needs an entry server"}


def test_a_second_entry_server_stands_in_for_a_broken_one(bench: Bench, tmp_path: Path) -> None:
    with ways.broken(ways.a_closed_port, bench, tmp_path) as (environment, what):
        both = msgspec.structs.replace(environment, entry_servers=(bench.entry, bench.other))
        found = bench.findings(both)
    assert wrong(found) == {what}
    assert {f.state for f in found if f.check in ("monitored", "log-folder")} == {State.OK}


def test_a_password_file_that_others_read_is_named(bench: Bench, tmp_path: Path) -> None:
    """Whoever takes the password from it would be refused: it is given here."""
    secret = bench.running.secret
    with ways.broken(ways.a_password_file_that_others_read, bench, tmp_path) as (environment, what):
        found = bench.findings(environment, secret)
    assert wrong(found) == {what}


def test_winrm_that_is_switched_off_is_not_dialled(bench: Bench) -> None:
    off = msgspec.structs.replace(bench.environment.winrm, enabled=False)
    found = bench.findings(msgspec.structs.replace(bench.environment, winrm=off))
    assert exit_code(found) == OK
    assert not [f for f in found if f.subject.endswith("WinRM")]
    assert {f.state for f in found if f.check in ("services", "log-folder")} == {State.UNUSED}


def test_only_what_is_wanted_is_told_of_and_only_its_servers_are_dialled(bench: Bench) -> None:
    found = bench.findings(only=frozenset({"sign-in", "cmdlets"}))
    assert [(f.check, f.subject) for f in found] == [
        ("sign-in", f"{bench.entry} Exchange"),
        ("cmdlets", f"{bench.entry} Exchange"),
    ]


def test_only_the_servers_asked_for_are_looked_at(bench: Bench) -> None:
    found = bench.findings(servers=(bench.other,))
    assert {f.subject for f in found if f.check == "services"} == {bench.other}
    assert exit_code(found) == OK


def test_servers_that_the_environment_leaves_out_are_not_looked_at(bench: Bench) -> None:
    found = bench.findings(msgspec.structs.replace(bench.environment, exclude=(bench.other,)))
    assert {f.subject for f in found if f.check == "services"} == {bench.entry}
