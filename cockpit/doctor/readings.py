"""What was read, before anybody judges it: frozen, without a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.model import ExchangeServer, MonitorHealthEntry, PopSettings, Reading


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something could not be had; ``cure`` empty: the table's. Clean texts."""

    cause: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """``sha256``: of its DER, in lower-case hexadecimal digits. ``verified``: by a CA or a pin. ``names``: of
    hosts, as its alternative names say them."""

    subject: str
    ends: datetime
    sha256: str
    verified: bool
    issuer: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Of HTTP, to a GET without a sign-in. ``ahead``: seconds that the server's clock is ahead of ours, None
    where its answer has no Date. ``offers``: schemes of WWW-Authenticate. ``location``: of a redirection."""

    status: int
    ahead: float | None
    offers: tuple[str, ...]
    location: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """An endpoint from below, step by step: what each gave, or why it gave nothing. A step that was not come
    to is None."""

    addresses: tuple[str, ...] | Trouble
    port: str | Trouble | None = None
    certificate: Certificate | Trouble | None = None
    answer: Answer | Trouble | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """A shell was opened (``error`` and ``held`` empty), or why not. ``held``: why it was not tried."""

    error: ExchangeError | None = None
    held: str = ""

    @property
    def done(self) -> bool:
        return self.error is None and not self.held


@dataclass(frozen=True, slots=True)
class Terminal:
    """``size``: columns and rows; None: there is no terminal here."""

    environ: Mapping[str, str]
    size: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Watched:
    """The monitors of one server's POP health sets, by set."""

    server: ExchangeServer
    sets: Mapping[str, Reading[MonitorHealthEntry]]


@dataclass(frozen=True, slots=True)
class LogFolder:
    """``files``: how many there are, or why that could not be told. ``gone``: there is no such folder."""

    settings: PopSettings
    files: int | Trouble
    gone: bool = False
