"""What the rooms below the screens say in English is found again, whole, where it is shown."""

from __future__ import annotations

import gzip
import itertools
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
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
from cockpit.exchange.model import Outcome
from cockpit.exchange.observation import Observation
from cockpit.exchange.server_changes import RestartService
from cockpit.exchange.signin import SignIn
from cockpit.exchange.text import clean_line
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.fleet.filtering import FilterError, parse
from cockpit.fleet.grouping import GroupBy, group_of
from cockpit.fleet.snapshot import ProbePhase, Problem, Reach, ServerSnapshot
from cockpit.fleet.states import State
from cockpit.fleet.verdict import Judgement, judge, judge_health_set
from cockpit.poplog.bytefile import PlainFile
from cockpit.poplog.errors import LogError
from cockpit.poplog.evidence import Kind, LogLook, Strength
from cockpit.poplog.inflating import Cursor
from cockpit.poplog.searching import _ends_soon
from cockpit.poplog.trace import Sureness, Trace, conclude, with_health
from tests.config import test_explaining, test_notify
from tests.exchange import test_changes, test_errors, test_server_changes
from tests.exchange.standin import TARGET, gives, raises, row
from tests.fleet import builders, test_filtering, test_told, test_verdict
from tests.language import pseudo
from tests.poplog import test_trace as traces
from tests.poplog.logs import USER, proxied

VALUES = {
    "EX01 ex": "servers",
    "EX02": "",
    "EX03": "",
    "contoso com test": "their domains",
    "DB01 DB02": "databases",
    "healthmailbox0f3a HealthMailbox": "the mailbox of a probe, as a log has it",
    "POP PopCTPProbe PopCTPMonitor PopSelfTestProbe PopSelfTestMonitor Protocol": "identities",
    "Healthy Unhealthy Degraded Unknown Disabled Repairing Failed Active Inactive": "Exchange's own states",
    "Mounted Dismounted Mounting": "of a database copy",
    "Running Stopped Paused Pending Start Stop MSExchangePop": "of a service",
    "true false": "as TOML writes them",
}
"""Identifiers and values, which are nobody's prose."""


@pytest.fixture(autouse=True)
def other_language() -> Iterator[None]:
    with pseudo.spoken():
        yield


def english(text: str, *values: object) -> list[str]:
    return pseudo.english_in(text, *VALUES, *values)


def cases(test: Any) -> list[Any]:
    """What a test of another room is made for."""
    return [case for mark in test.pytestmark if mark.name == "parametrize" for case in mark.args[1]]


def parameters(test: Any) -> list[tuple[Any, ...]]:
    return cases(test)


def left_of(error: Exception, *values: object) -> list[str]:
    """What is English still in all that an operator is shown of it."""
    return english(str(error), *values) + english(getattr(error, "cure", ""), *values)


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


# --- the fleet -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *(
            case[0]
            for case in parameters(test_filtering.test_refusals_say_which_term_why_and_what_is_possible)
        ),
        "taget:x",
    ],
)
def test_refusals_of_the_filter(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    shown = caught.value
    # The filter's own words are what people type, in every language.
    assert english(shown.sentence, text, *shown.possible) == []


def test_the_filters_words_are_read_in_every_language() -> None:
    assert parse("state:not-monitored server:EX01 marked").terms[2].key == "mark"


def judgements() -> Iterator[Judgement]:
    sick, well = test_verdict.SICK, builders.monitor()
    entries = [sick, well, builders.monitor(stale=True), builders.monitor(alert="")]
    entries += [builders.monitor("AverageCommandProcessingTimeGt60sMonitor", "Unhealthy", "POP")]
    entries += [builders.monitor(alert="Disabled"), builders.monitor(alert="Unknown")]
    of = test_verdict.SELF_TEST
    failed = replace(builders.probe_run(of, phase=ProbePhase.FAILED), problem=None)
    runs = (
        (),
        (builders.probe_run(of, "Failed"),),
        (builders.probe_run(of, "Succeeded"),),
        (builders.probe_run(of, ""),),
        (builders.probe_run(of),),
        (builders.probe_run(of, phase=ProbePhase.RUNNING),),
        (failed,),
        (replace(failed, problem=Problem("nothing came in time", "it is signed, not sealed")),),
    )
    for entry, ran, reach in itertools.product(entries, runs, Reach):
        yield judge(replace(builders.live(entry), probe_runs=ran, reach=reach), entry)
    for reach, outcome in itertools.product(Reach, (*Outcome, None)):
        readings = tuple(builders.reading(s, outcome) for s in builders.ALL_SETS)
        snapshot = ServerSnapshot(builders.server(), reach=reach, readings=readings)
        yield judge_health_set(snapshot, "POP")


def test_verdicts() -> None:
    made = {text for found in judgements() for text in (found.why, found.next, found.verdict.value)}
    assert len(made) > 35
    assert {text: left for text in made if (left := english(text))} == {}


def test_states_groups_and_what_reaches_us() -> None:
    words = [*(state.word for state in State), *(reach.value for reach in Reach)]
    server = builders.live()
    words += [
        group_of(replace(server, dag=dag), State.STALE, by)[1] for by in GroupBy for dag in ("", "DAG1")
    ]
    assert {word: left for word in words if (left := english(word, "North DAG"))} == {}


def test_what_is_told() -> None:
    for told, _ in parameters(test_told.test_in_words):
        left = pseudo.english_in(told.text, *VALUES, "the collector ended old")
        assert left == [], told.text


# --- protocol logs -------------------------------------------------------------------------------


def every_trace() -> Iterator[Trace]:
    """Every kind of probe, front end's log, back end's log and mailbox, each with each."""
    at, later = traces.AT, traces.AT + timedelta(minutes=9)
    runs = [
        traces.run(mailbox_server=named, user=user)
        for named, user in itertools.product(("", "EX02", "EX09"), ("", USER))
    ]
    runs += [traces.run(started=None), traces.run(probe="POP\\PopProxyTestProbe")]
    runs += [traces.run(probe="POP\\PopDeepTestProbe\\DB01", mailbox_server=named) for named in ("", "EX03")]
    runs += [traces.run(probe="POP\\PopSelfTestProbe", server="EX09")]
    fronts: list[LogLook | None] = [
        None,
        traces.front(),
        traces.front(proxied(at=at)),
        traces.front(proxied(at=at)[:2]),
        traces.front(proxied("EX03", at=at), proxied(at=at)),
        traces.front(proxied(at=later)),
        *(case[0] for case in parameters(traces.test_why_the_front_ends_log_names_nobody)),
    ]
    fronts += [replace(f, logging=False) for f in fronts[3:] if f is not None]
    backs: list[tuple[LogLook, ...]] = [
        (),
        *((case[0],) for case in parameters(traces.test_a_back_end_is_looked_at_by_its_own_clock)),
    ]
    mailboxes = (
        None,
        traces.active("EX02"),
        traces.active("EX03"),
        traces.active("EX09"),
        *(case[0] for case in parameters(traces.test_why_the_mailbox_names_nobody)),
    )
    for run, front, back, mailbox in itertools.product(runs, fronts, backs, mailboxes):
        yield conclude(traces.gathered(run, front=front, back=back, mailbox=mailbox))


def texts_of(trace: Trace) -> Iterable[str]:
    yield trace.verdict
    yield trace.reason
    yield from trace.contradictions
    for piece in trace.evidence:
        yield piece.says


def test_traces() -> None:
    made = {text for trace in every_trace() for text in texts_of(trace)}
    assert len(made) > 90
    logged = (
        "EX09 StateAttribute PopProxyTestProbe PopDeepTestProbe ProxySuccess Access is denied frank local"
    )
    assert {text: left for text in made if (left := english(text, logged))} == {}


def test_the_words_of_the_evidence() -> None:
    words = [*Kind, *Strength, *Sureness]
    assert {str(word): left for word in words if (left := english(str(word)))} == {}


def test_health_at_the_end_of_a_trace() -> None:
    trace = conclude(traces.gathered(traces.run(mailbox_server="EX02")))
    rows = (builders.monitor(stale=True), builders.monitor("PopCTPMonitor", "Unhealthy"))
    for found in ((), rows):
        assert english(with_health(trace, found, "").evidence[-1].says) == []


def test_clocks() -> None:
    for case in parameters(traces.test_clocks_in_words):
        assert english(str(case[0])) == []


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing, folder = tmp_path / "POP.LOG", tmp_path / "folder"
    folder.mkdir()
    for path in (missing, folder):
        with pytest.raises(LogError) as caught:
            PlainFile(path).length()
        assert left_of(caught.value, tmp_path, path.name, "No such file or directory") == []


GZIP_AND_MORE = gzip.compress(b"a line\n") + b"and more"


@pytest.mark.parametrize(
    ("data", "most"),
    [(b"\x1f\x8b\x08", 9), (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03junk", 9), (GZIP_AND_MORE, 99)],
)
def test_compressed_files_that_end_soon(data: bytes, most: int) -> None:
    cursor = Cursor()
    for _ in range(3):
        cursor.take(lambda at, size: data[at : at + size], most)
    assert cursor.problem
    zlib_says = "Error while decompressing data invalid code lengths set block type stored"
    assert left_of(_ends_soon("POP.LOG.gz", cursor.problem), "POP LOG gz", zlib_says) == []
