"""``env test`` and ``env add`` on a lab: each broken link is named, and what is added works."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from cockpit import cli
from cockpit.config import environment as config
from cockpit.config.environment import Address, EndpointSettings, Environment
from cockpit.config.secrets import Secret
from cockpit.config.targets import exchange_target
from cockpit.doctor.chain import chain, presented
from cockpit.doctor.findings import Finding, State
from tests.product.conftest import Running, running_lab
from tests.support.processes import COCKPIT, Home
from tests.support.terminal import Terminal, terminal

ENDPOINT = ["name", "port", "tls", "path", "clock", "spn", "sign-in", "shell"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_lab(tmp_path_factory.mktemp("lab"), servers=4) as found:
        yield found


@pytest.fixture
def one(running: Running) -> Environment:
    """The lab with one entry server."""
    return msgspec.structs.replace(running.environment, entry_servers=running.environment.entry_servers[:1])


def with_exchange(environment: Environment, **changes: object) -> Environment:
    changed: EndpointSettings = msgspec.structs.replace(environment.exchange, **changes)
    return msgspec.structs.replace(environment, exchange=changed)


def dialled_at(environment: Environment, url: str) -> Environment:
    name = environment.entry_servers[0]
    address = Address(exchange=url, winrm=environment.addresses[name].winrm)
    return msgspec.structs.replace(environment, addresses={**environment.addresses, name: address})


def found(environment: Environment, secret: Secret | None) -> list[Finding]:
    """What is not only about this host."""
    return [f for f in chain(environment, secret) if f.check != "ticket"]


def bad(findings: list[Finding]) -> list[Finding]:
    return [f for f in findings if f.state not in (State.OK, State.UNUSED)]


def test_the_whole_chain_holds(running: Running, one: Environment) -> None:
    findings = found(one, running.secret)
    assert [f.check for f in findings] == [*ENDPOINT, "cmdlets", *ENDPOINT, "language"]
    assert bad(findings) == []
    assert running.shells() == 0
    several = found(running.environment, running.secret)
    entries = len(running.environment.entry_servers)
    assert len(several) == (len(ENDPOINT) + 1) * (entries + 1)


def test_without_winrm_it_is_not_dialled(running: Running, one: Environment) -> None:
    without = msgspec.structs.replace(one, winrm=msgspec.structs.replace(one.winrm, enabled=False))
    assert {f.subject for f in found(without, running.secret)} == {f"{one.entry_servers[0]} Exchange"}


@pytest.mark.parametrize(
    ("link", "says", "cure"),
    [
        ("port", "nothing listens there", "firewall"),
        ("tls", "comes from a CA that is not known here", "ca_file"),
        ("tls", "not the pinned one", "put the new SHA-256 into pin"),
        ("sign-in", "", "user name and password"),
    ],
)
def test_the_broken_link_is_named_first(
    running: Running, one: Environment, link: str, says: str, cure: str
) -> None:
    secret = running.secret
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        match link, says[:3]:
            case "port", _:
                one = dialled_at(one, f"https://127.0.0.1:{nobody.getsockname()[1]}/PowerShell")
            case "tls", "com":
                one = with_exchange(one, ca_file=None)
            case "tls", _:
                one = with_exchange(one, ca_file=None, pin="sha256:" + "ab" * 32)
            case _:
                secret = Secret("wrong")
        first = bad(found(one, secret))[0]
    assert (first.check, first.state, first.subject) == (
        link,
        State.BROKEN,
        f"{one.entry_servers[0]} Exchange",
    )
    assert says in first.found
    assert cure in first.cure


def test_the_certificate_it_shows_is_the_one_it_takes(running: Running, one: Environment) -> None:
    looked = presented(exchange_target(with_exchange(one, ca_file=None), one.entry_servers[0]))
    assert looked is not None
    shown, trouble = looked
    assert "127.0.0.1" in shown.names
    assert shown.issuer
    assert trouble is not None
    assert "CA that is not known" in trouble.cause
    pinned = with_exchange(one, ca_file=None, pin=f"sha256:{shown.sha256}")
    assert bad(found(pinned, running.secret)) == []
    assert presented(exchange_target(one, one.entry_servers[0])) == (shown, None)
    assert (
        presented(exchange_target(dialled_at(one, "https://127.0.0.1:1/PowerShell"), one.entry_servers[0]))
        is None
    )


def test_the_command(
    running: Running, one: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env_file = tmp_path / "env.toml"
    config.save(env_file, one)
    assert cli.main(["--env-file", str(env_file), "env", "test", "lab", "--format", "json"]) == 0
    assert [f["check"] for f in json.loads(capsys.readouterr().out)["findings"]][1:9] == ENDPOINT
    config.save(env_file, with_exchange(one, ca_file=None))
    assert cli.main(["--env-file", str(env_file), "env", "test"]) == 2
    said = capsys.readouterr()
    assert f"{one.entry_servers[0]} Exchange  its certificate comes from" in said.out
    assert "-> Name the PEM file of the CA" in said.out
    assert "env test lab: 5 not checked, 1 broken, 3 not used, " in said.err


# --- adding ---------------------------------------------------------------------------------------


def port(url: str | None) -> str:
    return str(urlsplit(url or "").port)


@pytest.fixture
def flags(running: Running, tmp_path: Path) -> list[str]:
    """All that ``env add`` needs to know of the lab's first server."""
    at = running.environment.addresses[running.environment.entry_servers[0]]
    reference = running.environment.credential.password
    assert reference is not None
    return [
        *("env", "add", "mine", "--entry-server", "127.0.0.1", "--auth", "basic"),
        *("--port", port(at.exchange), "--winrm-port", port(at.winrm)),
        *("--user", running.environment.credential.user, "--password-file", str(reference.file)),
    ]


def test_it_is_added_from_options_alone(
    running: Running, flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "conf" / "env.toml"
    more = ["--ca-file", running.addresses.ca_file, "--colour", "green", "--yes"]
    assert cli.main(["--env-file", str(file), *flags, *more]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out == ""
    default, made = config.load(file)
    assert (default, made["mine"].read_only, made["mine"].colour) == ("mine", True, "green")
    assert cli.main(["--env-file", str(file), "env", "test"]) == 0


def test_what_does_not_hold_is_not_written(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "env.toml"
    assert cli.main(["--env-file", str(file), *flags, "--yes"]) == 2
    assert "127.0.0.1 Exchange  its certificate" in capsys.readouterr().err
    assert not file.exists()


@pytest.mark.parametrize(
    ("left_out", "says"),
    [
        ("--auth", "--auth is missing"),
        ("--entry-server", "--entry-server is missing"),
        ("mine", "NAME is missing"),
    ],
)
def test_what_is_missing_is_said(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], left_out: str, says: str
) -> None:
    at = flags.index(left_out)
    del flags[at : at + (1 if left_out == "mine" else 2)]
    assert cli.main(["--env-file", str(tmp_path / "env.toml"), *flags, "--yes"]) == 64
    assert says in capsys.readouterr().err


def test_without_a_terminal_nothing_is_written_unasked(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert cli.main(["--env-file", str(tmp_path / "env.toml"), *flags]) == 64
    assert "give all and --yes" in capsys.readouterr().err
    assert not (tmp_path / "env.toml").exists()


def answered(opened: Terminal, *talk: tuple[str, str]) -> None:
    """Each question once it is on the screen, with its answer."""
    for question, answer in talk:
        opened.wait(question)
        opened.press(answer, "\r")


def test_it_asks_shows_the_certificate_and_pins_it(
    running: Running, flags: list[str], tmp_path: Path
) -> None:
    home, file = Home(tmp_path), tmp_path / "env.toml"
    file.write_text('# kept\n[environments.prod]\nentry_servers = ["ex01"]\n')
    asked_for = ["env", "add", *flags[flags.index("--port") : flags.index("--user")]]
    reference = running.environment.credential.password
    assert reference is not None
    looked = presented(exchange_target(running.environment, running.environment.entry_servers[0]))
    assert looked is not None
    pin = f"sha256:{looked[0].sha256}"
    command = [*COCKPIT, "--env-file", str(file), *asked_for]
    with terminal(command, home.environ(), 160, 70) as opened:
        answered(
            opened,
            ("What is this environment to be called:", "prod"),
            ("there is an environment 'prod' already", "mine"),
            ("servers to dial", "127.0.0.1"),
            ("How to sign in", "magic"),
            ("That is none of", "basic"),
            ("The account", running.environment.credential.user),
            ("Where does its password come from", "file"),
            ("The file:", str(reference.file)),
            ("without --write", "no"),
            ("Colour of its strip", ""),
            (f"fingerprint  {pin}", "pin"),
        )
        opened.wait(lambda text: text.count("What now") == 2)
        opened.press("pin\r")
        opened.wait("Write it (yes, no)", 20)
        opened.press("yes\r")
        assert opened.exit_code() == 0
        assert "Written. Try: pop-cockpit --env mine status" in opened.text
        assert "broken" not in opened.text
    assert file.read_text().startswith("# kept\n")
    made = config.load(file)[1]["mine"]
    assert (made.exchange.pin, made.exchange.ca_file, made.read_only) == (pin, None, True)
    home.nothing_left()


@pytest.mark.parametrize("at", ["What is this environment", "What now", "Write it"])
def test_whoever_leaves_or_says_no_leaves_no_file(
    running: Running, flags: list[str], tmp_path: Path, at: str
) -> None:
    home, file = Home(tmp_path), tmp_path / "env.toml"
    trusted = [] if at == "What now" else ["--ca-file", running.addresses.ca_file]
    named = [word for word in flags if word != "mine" or at != "What is this environment"]
    command = [*COCKPIT, "--env-file", str(file), *named, "--colour", "red", "--allow-write", *trusted]
    with terminal(command, home.environ(), 160, 70) as opened:
        opened.wait(at, 20)
        opened.press("\x04" if at.startswith("What is") else "no\r")
        assert opened.exit_code() == (130 if at.startswith("What is") else 3)
        assert "Nothing was written." in opened.text
    assert not file.exists()
