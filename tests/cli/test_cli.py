"""The command line's own promises: exit codes, one sentence, no traceback, nothing hostile."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.commands import report
from cockpit.exchange.model import AlertValue
from cockpit.fleet.snapshot import CollectorStatus, FleetSnapshot, Problem, Reach
from tests.fleet.builders import live, monitor


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bogus"], "invalid choice"),
        (["status", "--format", "xml"], "invalid choice"),
        (["probe", "POP\\PopCTPProbe"], "--server"),
        (["demo", "--speed", "0"], "not a number more than 0"),
        (["status", "--timeout", "inf"], "not a number more than 0"),
        (["status", "--timeout", "nan"], "not a number more than 0"),
        (["probe", "POP\\P", "--server", ""], "must not be empty"),
        (["lab"], "COMMAND"),
    ],
)
def test_a_usage_error_is_64_and_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["status"], ["env", "list"], ["probe", "POP\\P", "--server", "S"]])
def test_no_environment_is_64_with_a_way_out(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert "pop-cockpit demo" in err


def test_the_bare_command_offers_the_demo_and_the_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 64
    err = capsys.readouterr().err
    assert "pop-cockpit demo" in err
    assert "environments.toml" in err


def test_an_unknown_scenario_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lab", "serve", "--scenario", "nonsense"]) == 64
    assert "selftest-hung" in capsys.readouterr().err


def test_the_scenarios_say_what_cures_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lab", "scenarios", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    wanted = {
        "healthy", "transient", "ctp-frontend", "ctp-backend", "deep-database",
        "selftest-hung", "proxy-broken", "slow-commands", "healthmanager-down", "not-monitored",
        "mixed",
    }  # fmt: skip
    assert wanted <= {s["name"] for s in listed}
    assert all(s["cure"] and s["breaks"] and s["sees"] for s in listed)


def test_info_prints_paths_and_versions(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["info", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pypsrp"].startswith("0.9")
    assert found["crash files"].startswith(str(tmp_path))


def test_environments_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "env.toml"
    file.write_text(
        'default="a"\n[environments.a]\nentry_servers=["x"]\n[environments.b]\nentry_servers=["y"]\n'
    )
    assert cli.main(["--env-file", str(file), "env", "list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(e["name"], e["default"], e["read_only"]) for e in listed] == [
        ("a", True, True),
        ("b", False, True),
    ]
    assert cli.main(["--env-file", str(file), "lab", "ledger"]) == 64
    assert "not a lab's" in capsys.readouterr().err


def test_a_crash_is_70_with_a_private_report_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        password = "canary-77"  # noqa: F841 -- a local that a careless report would show
        raise RuntimeError("Password: canary-77")

    monkeypatch.setattr("cockpit.commands.info.run", broken)
    assert cli.main(["info"]) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    path = Path(err.strip().rsplit(" ", 1)[-1])
    assert "canary-77" not in path.read_text()
    assert "RuntimeError" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("cockpit.commands.info.run", interrupted)
    assert cli.main(["info"]) == 130


SICK = FleetSnapshot(
    1,
    CollectorStatus(),
    servers={
        "EX01": live(monitor(alert=AlertValue.UNHEALTHY)),
        "EX02": replace(live(name="EX02"), reach=Reach.UNREACHABLE, problem=Problem("EX02 does not answer")),
    },
)


def test_the_report_names_the_sick_monitor() -> None:
    made = report.as_dict(SICK, frozenset(), "contoso", 2)
    first, second = made["servers"]
    sick = [m for s in first["health_sets"] for m in s["monitors"] if m["state"] == "Unhealthy"]
    assert [m["name"] for m in sick] == ["PopSelfTestMonitor"]
    assert first["state"] == "Unhealthy"
    assert second["state"] == "unreachable"
    assert second["problem"] == "EX02 does not answer"
    assert json.loads(report.as_json(made)) == made


def test_rows_of_an_unreachable_server_are_not_called_healthy() -> None:
    states = {row[5] for row in report.rows(SICK, frozenset({"ex02"}))}
    assert states == {"unreachable"}


def test_old_health_is_not_called_healthy_in_any_form() -> None:
    made = report.as_dict(SICK, frozenset({"ex02"}), "contoso", 3)
    words = {h["state"] for h in made["servers"][0]["health_sets"]}
    words |= {m["state"] for h in made["servers"][0]["health_sets"] for m in h["monitors"]}
    assert words == {"unreachable"}


def test_a_cell_is_never_a_formula() -> None:
    text = report.as_csv([("=cmd|' /C calc'!A0", *[""] * 8)])
    assert list(csv.reader(io.StringIO(text)))[1][0].startswith("'=")
