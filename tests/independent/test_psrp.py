"""Another WSMan stack gets the same from a lab: ``psrp`` of pypsrp 1.0's beta, in an environment apart.

``pytest -m independent -n 0``. The beta cannot live beside pypsrp 0.9, so the test makes a virtual
environment and installs it there; where it cannot be had, the tests skip and say why.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.independent.cases import CASES, CONFIGURATIONS, SERVER
from tests.independent.conftest import FOR_EVER, HELD_BACK, arranged, by_hand, held, url_of, wanted
from tests.independent.normal import Normal, differences
from tests.product.conftest import Running

pytestmark = [pytest.mark.independent, pytest.mark.timeout(300)]

BETA = "pypsrp==1.0.0b1"
TOO_MANY_SHELLS = 2150859173


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the beta."""
    folder = tmp_path_factory.mktemp("beta")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    interpreter = folder / "bin" / "python"
    installed = subprocess.run(
        [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", BETA],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"{BETA} cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    return interpreter


def ask(python: Path, running: Running, names: list[str], timeout: int = 20) -> dict[str, Normal]:
    """Its answers by name. The password goes over stdin."""
    addresses = running.addresses
    asked: dict[str, Any] = {
        "urls": {role: url_of(running, role) for role in CONFIGURATIONS},
        "auth": addresses.auth,
        "user": addresses.user,
        "password": addresses.password,
        "ca_file": addresses.ca_file,
        "names": names,
        "timeout": timeout,
    }
    done = subprocess.run(
        [str(python), "-m", "tests.independent.with_psrp"],
        input=json.dumps(asked),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Normal] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("objects", [False, True], ids=["strings", "objects"])
def test_the_same_answers(python: Path, lab: Running, objects: bool) -> None:
    cases = [c for c in CASES if c.objects is objects and not c.slow and wanted(lab, c)]
    with arranged(lab, objects=objects):
        theirs = ask(python, lab, [case.name for case in cases])
        assert list(theirs) == [case.name for case in cases]
        for case in cases:
            with by_hand(lab, case.role) as shell:
                ours = shell.run(case.command, case.parameters, script=case.script)
            case.check(theirs[case.name])
            assert differences(ours, theirs[case.name]) == [], case.name


def test_a_slow_cmdlet(python: Path, lab: Running) -> None:
    [case] = [case for case in CASES if case.slow]
    with arranged(lab, delay=HELD_BACK):
        theirs = ask(python, lab, [case.name], timeout=1)[case.name]
    with by_hand(lab, case.role) as shell:
        ours = shell.run(case.command, case.parameters)
    case.check(theirs)
    assert differences(ours, theirs) == []


def test_a_stop(python: Path, lab: Running) -> None:
    with arranged(lab, delay=FOR_EVER):
        theirs = ask(python, lab, ["stop"])["stop"]
        with by_hand(lab, "exchange", timeout=1) as shell:
            ours = shell.run("Get-ServerHealth", {"Identity": SERVER}, stop_after=1)
    assert theirs["state"] == "Stopped"
    assert differences(ours, theirs) == []


def test_the_quota(python: Path, lab: Running) -> None:
    with held(lab, "exchange", 18):
        theirs = ask(python, lab, ["fault"])["fault"]
    assert theirs["code"] == TOO_MANY_SHELLS
    assert "18 for the policy party : MaxConcurrency" in theirs["message"]
