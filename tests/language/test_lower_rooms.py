"""What the rooms below the screens say in English is found again, whole, where it is shown."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cockpit.config import environment as config
from cockpit.config import secrets
from cockpit.config.environment import ConfigError, Credential, Environment, PasswordReference
from cockpit.config.notify import NotifySettings
from cockpit.config.trusted import why_not_private
from cockpit.config.watched import why_left_out
from cockpit.exchange import errors, kerberos, tls
from cockpit.exchange.changes import SetComponentState
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError, ShellLostError
from cockpit.exchange.grants import USED, Grants
from cockpit.exchange.guard import MAX_ANSWER, Guard
from cockpit.exchange.observation import Observation
from cockpit.exchange.server_changes import RestartService
from cockpit.exchange.signin import SignIn
from cockpit.exchange.text import clean_line
from cockpit.exchange.winrm import WinRMCmdlets
from tests.config import test_explaining, test_notify
from tests.exchange import test_changes, test_errors, test_server_changes
from tests.exchange.standin import TARGET, gives, raises, row
from tests.language import pseudo
from tests.language.lower_rooms import cases, english, left_of, parameters


@pytest.fixture(autouse=True, scope="module")
def other_language() -> Iterator[None]:
    with pseudo.spoken():
        yield


def test_the_measure_sees_what_is_left_in_english() -> None:
    assert english("nothing came in time") == []
    assert english("Nobody has this sentence of EX01") == ["Nobody", "has", "this", "sentence", "of"]


# --- the wire ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("raised", "_kind"), test_errors.CASES, ids=lambda c: type(c).__name__)
def test_failures_of_the_wire(raised: Exception, _kind: type[ExchangeError]) -> None:
    mapped = errors.from_wire(raised, test_errors.WHERE)
    assert left_of(mapped, test_errors.WHERE, repr(raised), raised) == []


def every_kind(of: type[ExchangeError] = ExchangeError) -> Iterator[type[ExchangeError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from every_kind(kind)


@pytest.mark.parametrize("kind", sorted(every_kind(), key=str), ids=str)
def test_the_cure_of_every_kind_of_error(kind: type[ExchangeError]) -> None:
    assert english(kind.cure_default) == []


@pytest.mark.parametrize("number", [*kerberos._REASONS])
@pytest.mark.parametrize("ahead", [None, 400.0, -9000.0])
def test_what_kerberos_says(number: int, ahead: float | None) -> None:
    error = OSError("Clock skew too great (the library's words)")
    error.err_code = kerberos._TABLE + number  # type: ignore[attr-defined]
    found = kerberos.reason(error, kerberos.Facts("", "HTTP/ex01", "Run: kinit ann."))
    assert found is not None
    cause = f"{found.cause}{kerberos.clocks(ahead)}"
    assert english(cause, error, "HTTP ex01 min") == []
    assert english(found.cure, "HTTP ex01 Run kinit ann") == []


@pytest.mark.parametrize("number", [*tls._CHAINS])
def test_certificates_that_are_not_taken(number: int) -> None:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code, error.verify_message = number, "the library's words"
    found = tls.reason(error)
    assert found is not None
    assert english(found.cause, "the library's words") + english(found.cure) == []


@pytest.mark.parametrize(
    "mark", ["ALERT_UNKNOWN_CA", "WRONG_VERSION_NUMBER", "KEY_VALUES_MISMATCH", "EOF_OCCURRED"]
)
def test_connections_that_tls_ends(mark: str) -> None:
    error = ssl.SSLError(1, f"[SSL: {mark}] x")
    error.reason = mark
    found = tls.reason(error)
    assert found is not None
    assert english(found.cause, mark) + english(found.cure) == []


def test_answers_that_cannot_be_honest() -> None:
    guard = Guard("https://ex01/wsman")
    late = [guard.late(), guard.late(5)]
    with pytest.raises(ExchangeError) as refused:
        guard.count(MAX_ANSWER + 1)
    for error in (*late, refused.value):
        assert left_of(error, "https ex01 wsman") == []


@pytest.mark.parametrize(
    ("changes", "user"),
    [
        ({"auth": "basic"}, "ann"),
        ({"auth": "ntlm"}, ""),
        ({"auth": "kerberos"}, "CONTOSO\\ann"),
        ({"auth": "certificate", "tls": True}, ""),
        ({"auth": "certificate", "tls": True, "certificate": "/no/such.pem"}, ""),
    ],
)
def test_sign_ins_that_are_not_tried(changes: dict[str, object], user: str) -> None:
    target = msgspec.structs.replace(TARGET, **changes)
    with pytest.raises(ExchangeError) as refused:
        SignIn(target, user, None).check()
    strerror = "No such file or directory"
    own = (target.url, user, target.auth, strerror, "no such pem certificate")
    assert left_of(refused.value, *own) == []


def test_what_rbac_does_not_grant() -> None:
    seen = Grants(known=True, cmdlets={"get-popsettings": ("server",)})
    for words in (*seen.every_missing(), *Grants(known=True).every_missing()):
        own = [part for cmdlet, used in USED.items() for part in (cmdlet, *used)]
        assert english(words, *own, "Get-ManagementRole -Cmdlet -CmdletParameters") == []


def test_a_long_text_of_a_server_is_cut_in_the_operators_language() -> None:
    assert english(clean_line("word " * 90, 100), "word", "wo") == []


# --- changes -------------------------------------------------------------------------------------


def looks_at_changes() -> Iterator[Observation]:
    for change in test_changes.ALL:
        yield change.observe(ExchangeCmdlets(gives()))
        yield change.observe(ExchangeCmdlets(raises(ShellLostError("nothing came in time"))))
    for change, found, *_ in parameters(test_changes.test_a_setting_is_read_back):
        yield change.observe(ExchangeCmdlets(gives(found)))
    for wanted, state, local, remote, _ in parameters(test_changes.test_a_vote_is_judged_by_its_requester):
        votes = {
            "LocalStates": [test_changes.vote(*v) for v in local],
            "RemoteStates": [test_changes.vote(*v) for v in remote],
        }
        found = row(ServerFqdn="EX01.x.y", Component="PopProxy", State=state, **votes)
        change = SetComponentState("EX01", "PopProxy", "Maintenance", wanted)
        yield change.observe(ExchangeCmdlets(gives(found)))
    for copies, _ in parameters(test_changes.test_a_move_is_done_when_it_is_mounted):
        yield test_changes.ACTIVATE.observe(ExchangeCmdlets(gives(*copies)))
    for copies, *_ in parameters(test_changes.test_the_preferred_are_back_when_each_is_mounted_here):
        yield test_changes.PREFERRED.observe(ExchangeCmdlets(gives(*copies)))
    winrm = test_server_changes
    for caller, _ in parameters(winrm.test_a_restarted_service_runs_in_another_process):
        yield winrm.RESTART.observe(WinRMCmdlets(caller))
    for state, _ in parameters(winrm.test_a_started_service_runs):
        yield winrm.START.observe(WinRMCmdlets(winrm.reads(state, 7, winrm.THEN)))
    stopped = replace(winrm.BEFORE, process_id=0)
    restart = RestartService("EX01", "MSExchangePop3", stopped)
    yield restart.observe(WinRMCmdlets(winrm.reads("Running", 9, winrm.THEN)))
    for error in cases(winrm.test_a_server_that_does_not_answer_is_still_down):
        yield winrm.REBOOT.observe(WinRMCmdlets(raises(error)))


def test_what_a_look_at_a_change_says() -> None:
    properties = (
        "ProtocolLogEnabled DatabaseCopyActivationDisabledAndMoveNow DatabaseCopyAutoActivationPolicy"
    )
    votes = "PopProxy Maintenance HealthApi Local Remote local remote Blocked Unrestricted"
    values = (
        "UTC True False ServiceDown Dismounting ex02 StartPending StopPending late lost refused",
        properties,
        votes,
    )
    seen = list(looks_at_changes())
    assert len(seen) > 40
    wrong = {look.words: left for look in seen if (left := english(look.words, *values))}
    assert wrong == {}


# --- configuration -------------------------------------------------------------------------------


def refused(folder: Path, text: str) -> str:
    path = folder / "environments.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            test_explaining.BASE + more
            for more, *_ in (*test_explaining.IN_BASE, *test_explaining.CONTRADICTIONS)
        ),
        *(text for text, _ in test_explaining.WHOLE),
        *(text for text, *_ in test_notify.WRONG),
    ],
)
def test_refusals_of_a_file(tmp_path: Path, text: str) -> None:
    keys = [name for kind in KINDS for name in kind.__struct_fields__]
    shown = refused(tmp_path, text)
    assert english(shown, tmp_path, "environments.toml", text, *keys, *CHOICES) == []


KINDS: tuple[Any, ...] = (
    Environment,
    PasswordReference,
    Credential,
    config.EndpointSettings,
    config.WinRMSettings,
    config.Polling,
    config.RecoverySettings,
    config.JournalSettings,
    config.Window,
    config.Address,
    NotifySettings,
)
CHOICES = (
    "kerberos negotiate ntlm basic certificate auto none",
    "mon tue wed thu fri sat sun",
    "unreachable not granted stale not monitored",
    "Illegal character Expected Unterminated string at end of document Invalid",  # tomllib's own words
    "name fqdn",  # as they stand between braces
    "array object",  # types, as msgspec calls them
)
"""Values that a file may hold, and the words of the libraries that read it."""


def test_refusals_of_files_and_environments(tmp_path: Path) -> None:
    path = tmp_path / "environments.toml"
    own = (tmp_path, path, "env file pop cockpit demo prod nope Is directory No such or chmod uid chown")
    cases = []
    for text, name in ((None, None), (test_explaining.BASE, "nope"), ("[environments]\n", None)):
        if text is not None:
            path.write_text(text)
        with pytest.raises(ConfigError) as caught:
            config.choose(path, name)
        cases.append(str(caught.value))
    path.chmod(0o622)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    cases += [str(caught.value), f"{path}: {why_not_private(path, path.stat(), 'password file')}"]
    path.chmod(0o600)
    path.write_bytes(b'default = "\xff"\n')
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    cases.append(str(caught.value))
    assert {case: left for case in cases if (left := english(case, *own))} == {}


@pytest.mark.parametrize(
    "reference",
    [
        PasswordReference(),
        PasswordReference(file="/no/such/file"),
        PasswordReference(env="NO_SUCH_VARIABLE"),
        PasswordReference(command=("/no/such/program",)),
        PasswordReference(command=("sh", "-c", "echo sealed >&2; exit 3")),
        PasswordReference(command=("sh", "-c", "kill -9 $$")),
        PasswordReference(command=("true",)),
    ],
)
def test_passwords_that_cannot_be_had(reference: PasswordReference) -> None:
    found = Environment(name="prod", entry_servers=("a",), credential=Credential("ann", reference))
    with pytest.raises(ConfigError) as caught:
        secrets.password(found)
    keys = "environments.prod.credential.password.command file env keyring prompt"
    own = (keys, reference, "No such file or directory", "sealed")
    assert english(str(caught.value), *own) == []


def test_servers_that_are_left_out() -> None:
    for more in ({"exclude": ("EX*",)}, {"include": ("AB*",)}):
        found = Environment(name="prod", entry_servers=("a",), **more)  # type: ignore[arg-type]
        why = why_left_out(found, "EX01", "ex01.contoso.com")
        assert english(f"EX01 is {why}", "prod EX AB") == []
