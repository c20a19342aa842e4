"""Environments: one Exchange organization each, how to reach it and as whom.

One TOML file holds them, as tables ``[environments.NAME]``; ``default`` names one. ``[screen]`` and
``[keys]`` are for all of them. The schema is strict: an unknown key, a wrong type or a missing value is
refused with file, line, key and cure. Secrets are never in the file, only references to them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec
import tomli_w

from cockpit.config import notify, rules
from cockpit.config import preferences as liked
from cockpit.config.language import N_
from cockpit.config.notify import NotifySettings
from cockpit.config.paths import write_private
from cockpit.config.preferences import KeyTable, Preferences, ScreenSettings
from cockpit.config.trouble import Trouble
from cockpit.config.trusted import opened_text, why_not_trusted


class ConfigError(Exception):
    """A file or option that cannot be used: one sentence with file, key and cure."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    pass


Auth = Literal["kerberos", "negotiate", "ntlm", "basic", "certificate"]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
YEAR = 31_536_000
Seconds = Annotated[float, msgspec.Meta(gt=0, le=YEAR)]
Pin = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^sha256:(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$",
        description=N_('"sha256:" and the 64 hexadecimal digits of the certificate'),
    ),
]
NameRule = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?:[A-Za-z0-9.-]|\{name\}|\{fqdn\})*$",
        description=N_("a host name, with {name} and {fqdn} where those of the server belong"),
    ),
]
HostName = Annotated[
    str,
    msgspec.Meta(pattern=r"^[^\s/@]+$", description=N_("a server's name alone, without https:// and path")),
]
Colour = Literal["red", "orange", "yellow", "green", "cyan", "blue", "magenta", "grey"]


class EndpointSettings(_Table, frozen=True):
    """How one kind of endpoint is dialled, and how we sign in there.

    ``port`` None: the kind's own. ``host``: the name to dial, made of ``{name}`` (short) and ``{fqdn}`` of
    the server; empty: as the server is called.
    TLS is verified: against ``ca_file`` (PEM of the CA that issued the servers' certificates; None: the
    system's), or against ``pin``, the certificate's own SHA-256 (``sha256:`` and 64 hexadecimal digits,
    colons allowed), whoever issued it. ``verify`` False takes any certificate, and every screen says so.
    Kerberos and NTLM: ``service`` and ``spn_host`` are the SPN's two halves; ``spn_host`` may hold ``{name}``
    and ``{fqdn}`` too, for load-balanced names and address forwards; empty: the name dialled.
    ``channel_binding``: bind the sign-in to the TLS connection it is made over.
    ``certificate``, ``certificate_key``: PEM files to sign in with, for ``auth = "certificate"``.
    """

    auth: Auth = "kerberos"
    tls: bool = True
    verify: bool = True
    ca_file: str | None = None
    pin: Pin | None = None
    port: Port | None = None
    path: str = ""
    host: NameRule = ""
    service: str = "HTTP"
    spn_host: NameRule = ""
    channel_binding: bool = True
    certificate: str | None = None
    certificate_key: str | None = None
    connect_seconds: Seconds = 10.0


class WinRMSettings(EndpointSettings, frozen=True):
    """The same for the servers' WinRM endpoints. ``enabled`` false: they are not there for us, and nothing
    dials them; what needs them is offered as a command to run by hand."""

    enabled: bool = True


class PasswordReference(_Table, frozen=True):
    """Where the password comes from; never its value. Exactly one of these is given.

    ``file``: a file that only the user can read. ``env``: an environment variable's name. ``keyring``: the
    service's name in the keyring of this host, the user being the credential's (extra ``[keyring]``).
    ``command``: a program and its arguments, run without a shell; its first line is the password.
    ``prompt``: ask on the terminal, once.
    """

    file: str | None = None
    env: str | None = None
    keyring: str | None = None
    command: tuple[str, ...] = ()
    prompt: bool = False


class Credential(_Table, frozen=True):
    """Who we are. Without ``password`` the Kerberos ticket cache is used: ``ccache``, or the user's own."""

    user: str = ""
    password: PasswordReference | None = None
    ccache: str | None = None


class Address(_Table, frozen=True):
    """Explicit addresses of one server, where the naming rule does not hold (port forwards, a lab)."""

    exchange: str | None = None
    winrm: str | None = None


class Polling(_Table, frozen=True):
    """How the fleet is read.

    ``interval``: seconds between two reads of one server. ``sessions``: Exchange shells kept open at
    most; Exchange allows a user 18 (exchange-facts §5.5), and other tools want some too.
    ``time_limit``: seconds one read may take. ``scope``: ``pop`` asks for the POP health sets only,
    ``all`` for every health set of a server in one call.
    ``winrm_interval``: seconds between two reads of services and recovery actions; 0: only on demand.
    """

    interval: Annotated[float, msgspec.Meta(ge=5, le=YEAR)] = 30.0
    sessions: Annotated[int, msgspec.Meta(ge=4, le=12)] = 6
    time_limit: Seconds = 45.0
    scope: Literal["pop", "all"] = "pop"
    winrm_interval: Annotated[float, msgspec.Meta(ge=0, le=YEAR)] = 300.0


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[
    str,
    msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description=N_('a time of day such as "22:30"')),
]


class Window(_Table, frozen=True):
    """A maintenance window, in local time of the host the cockpit runs on.

    ``end`` before ``start``: over midnight, counted to the day it starts on.
    """

    days: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    start: ClockTime = "00:00"
    end: ClockTime = "23:59"


class RecoverySettings(_Table, frozen=True):
    """How recoveries wait and whom they ask; all times in seconds.

    ``wait``: the page's ten minutes. ``verify_gap``: between the two looks for active copies.
    ``poll``: between two looks at something that takes minutes. ``move_limit``, ``settle_limit``: how
    long databases may take to leave, and a server to settle after its restart, until a person is asked.
    ``reboot_limit``: how long a restart of the computer may take. ``quiet``: an action of Managed
    Availability younger than this stands in the way. ``lease``: time-to-live of the right to act on a DAG.
    ``linger``: how long a run's process stays at a question before it lets go of the DAG.
    ``logging_due``: how long protocol logging that an operator turned on may stay on until it is overdue
    (30 days at most).
    ``logging_confirm``: how long lines of the log are waited for after the service's restart; the health
    manager's probes log in about every minute.
    ``maintenance_windows``: outside of them a change wants an override; none: always inside.
    """

    wait: Seconds = 600.0
    verify_gap: Seconds = 30.0
    poll: Seconds = 10.0
    move_limit: Seconds = 1800.0
    settle_limit: Seconds = 1200.0
    reboot_limit: Seconds = 900.0
    quiet: Annotated[float, msgspec.Meta(ge=0, le=YEAR)] = 900.0
    lease: Annotated[float, msgspec.Meta(ge=2, le=YEAR)] = 60.0
    linger: Seconds = 3600.0
    logging_due: Annotated[float, msgspec.Meta(gt=0, le=2_592_000)] = 14_400.0
    logging_confirm: Seconds = 300.0
    maintenance_windows: tuple[Window, ...] = ()


class JournalSettings(_Table, frozen=True):
    """Where the journal is. ``url`` None: SQLite in the state folder, for this user alone.

    A team's is PostgreSQL, ``postgresql+psycopg://user@host/database``, the password by reference; or, for
    several users of this one host, SQLite in a folder that ``group``, a group of the host, shares.
    ``timeline_days``, ``timeline_rows``: how much of what was seen on the servers is kept there.
    """

    url: str | None = None
    password: PasswordReference | None = None
    group: str | None = None
    timeline_days: Annotated[float, msgspec.Meta(ge=1, le=3650)] = 30.0
    timeline_rows: Annotated[int, msgspec.Meta(ge=1000, le=10_000_000)] = 100_000


class LabSettings(_Table, frozen=True):
    """Where a lab can be asked for its ledger. Read by ``pop-cockpit lab`` only."""

    control: str
    token_file: str


class Environment(_Table, frozen=True):
    """One Exchange organization.

    ``entry_servers``: who is dialled, in turn. ``include``, ``exclude``: shell patterns of the names of the
    servers to watch (none included: all); case does not matter.
    ``colour``: of the strip at the top of every screen, to tell environments apart.
    ``logs``: how protocol logs are read, by scripts on the WinRM endpoints or from the servers' ``c$``
    shares.
    """

    entry_servers: Annotated[tuple[HostName, ...], msgspec.Meta(min_length=1)]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    read_only: bool = True
    colour: Colour | None = None
    credential: Credential = Credential()
    exchange: EndpointSettings = EndpointSettings()
    winrm: WinRMSettings = WinRMSettings()
    addresses: dict[str, Address] = {}
    polling: Polling = Polling()
    recovery: RecoverySettings = RecoverySettings()
    journal: JournalSettings = JournalSettings()
    notify: NotifySettings = NotifySettings()
    logs: Literal["winrm", "smb"] = "winrm"
    lab: LabSettings | None = None
    name: str = ""


class _File(_Table, frozen=True):
    default: str | None = None
    notify: NotifySettings = NotifySettings()
    environments: dict[str, Environment] = {}
    screen: ScreenSettings | None = None
    keys: KeyTable | None = None


def preferences(path: Path) -> Preferences:
    """What ``path`` says of screen and keys. Raises ConfigError."""
    text = _text(path)
    parsed = _parsed(path, text)
    screen, keys = parsed.screen or ScreenSettings(), parsed.keys or {}
    said = parsed.screen is not None or parsed.keys is not None
    return Preferences(screen, liked.preset(keys), tuple(liked.entries(keys)), said, path, text)


def load(path: Path) -> tuple[str | None, dict[str, Environment]]:
    """The default's name and all environments of a file. Raises ConfigError."""
    return read(path, _text(path))


def read(path: Path, text: str) -> tuple[str | None, dict[str, Environment]]:
    """As ``load``, of a text that stands, or will stand, in ``path``. Raises ConfigError."""
    parsed = _parsed(path, text)
    raw = tomllib.loads(text)
    named = {
        name: msgspec.structs.replace(env, name=name, notify=notify.merged(raw, name))
        for name, env in parsed.environments.items()
    }
    for name, environment in named.items():
        for trouble in rules.troubles(environment, ("environments", name)):
            raise refused(path, text, trouble)
        for trouble in notify.troubles(raw, name, environment.notify, rules.secret_variables(environment)):
            raise refused(path, text, trouble)
    if parsed.default is not None and parsed.default not in named:
        wrong = Trouble(
            ("default",),
            N_("{default!r} names no environment").format(default=parsed.default),
            N_("Choose from: {names}").format(names=_names(named)),
        )
        raise refused(path, text, wrong)
    return parsed.default, named


def _parsed(path: Path, text: str) -> _File:
    """Every key of the right form. Raises ConfigError."""
    try:
        raw = tomllib.loads(text)
        parsed = msgspec.convert(raw, _File)
    except tomllib.TOMLDecodeError as error:
        from cockpit.config import explaining

        raise ConfigError(explaining.syntax(path, error)) from None
    except msgspec.ValidationError:
        from cockpit.config.explaining import first_trouble

        raise refused(path, text, first_trouble(raw, _File)) from None
    if (trouble := _own_name(raw) or next(liked.troubles(parsed.keys or {}), None)) is not None:
        raise refused(path, text, trouble)
    return parsed


def refused(path: Path, text: str, trouble: Trouble) -> ConfigError:
    """The sentence for ``trouble`` of ``path``, whose content is ``text``."""
    from cockpit.config.explaining import sentence

    return ConfigError(sentence(path, text, trouble))


def _text(path: Path) -> str:
    """The file's content, where nobody else can have written it. Raises ConfigError."""
    try:
        text, found = opened_text(path)
    except FileNotFoundError:
        raise ConfigError(
            N_("{path}: there is no such file. Give --env-file, or run `pop-cockpit demo`.").format(path=path)
        ) from None
    except OSError as error:
        raise ConfigError(
            N_("{path}: cannot be read: {reason}. Check its permissions.").format(
                path=path, reason=error.strerror
            )
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            N_("{path}: byte {start} is not UTF-8. Write it in that encoding.").format(
                path=path, start=error.start
            )
        ) from None
    if problem := why_not_trusted(path, found):
        raise ConfigError(f"{path}: {problem}")
    return text


def _own_name(raw: dict[str, Any]) -> Trouble | None:
    """``name`` is a field of ours, and no key of the file's."""
    tables = raw.get("environments")
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict) and "name" in table:
            path = ("environments", name, "name")
            return Trouble(path, N_("there is no such key"), N_("The name is that of the table: take it out"))
    return None


def choose(path: Path, name: str | None) -> Environment:
    """The environment ``name`` of a file, or its default, or its only one. Raises ConfigError."""
    default, found = load(path)
    wanted = name or default or (next(iter(found)) if len(found) == 1 else None)
    if wanted is None:
        raise ConfigError(
            N_("{path}: several environments and no default. Say which with --env: {names}.").format(
                path=path, names=_names(found)
            )
        )
    if wanted not in found:
        raise ConfigError(
            N_("{path}: there is no environment {wanted!r}. Choose from: {names}.").format(
                path=path, wanted=wanted, names=_names(found)
            )
        )
    return found[wanted]


def with_mode(environment: Environment, *, write: bool) -> Environment:
    """``environment`` in read-only mode, or in write mode."""
    return msgspec.structs.replace(environment, read_only=not write)


def save(path: Path, environment: Environment) -> None:
    """Write a file with this one environment as the default, readable by the user alone."""
    body = msgspec.to_builtins(msgspec.structs.replace(environment, name=""))
    write_private(
        path, tomli_w.dumps({"default": environment.name, "environments": {environment.name: body}})
    )


def url_parts(url: str) -> SplitResult:
    """An explicit address, taken apart. Raises ConfigError."""
    if not rules.is_address(url):
        raise ConfigError(
            N_("addresses: {url!r} is no address. Write it as https://server:port/path.").format(url=url)
        )
    return urlsplit(url)


def _names(found: dict[str, Any]) -> str:
    return ", ".join(sorted(found)) or N_("none")
