"""From a probe's run to the mailbox server behind it: the verdict over what was gathered. Pure.

It never guesses: a server is named because a piece of evidence names it, and certain only where a second
piece, got in another way, agrees and none speaks against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import msgspec

from cockpit.config.language import N_
from cockpit.config.listing import both
from cockpit.exchange.model import AlertValue, MonitorHealthEntry
from cockpit.poplog.correlate import is_address
from cockpit.poplog.evidence import (
    Evidence,
    Gathered,
    Kind,
    ProbeRun,
    Strength,
    back_evidence,
    front_evidence,
    mailbox_evidence,
    matched,
    says_same,
    state_evidence,
)

BY_ITSELF: Final = ("popdeeptestprobe", "popselftestprobe")
"""Probes that talk to the back end of their own server (§2.4 [D])."""
NO_LOGIN: Final = ("popproxytestprobe",)
"""Probes that ask the front end alone and never log in (§2.4 [D])."""


class Sureness(StrEnum):
    CERTAIN = N_("certain")
    LIKELY = N_("likely")
    CANNOT_TELL = N_("cannot tell")


@dataclass(frozen=True, slots=True)
class Trace:
    """``named``: the mailbox server's short name, empty where it cannot be told. ``reason``: why, in one
    sentence. ``contradictions``: what does not fit together, a sentence each."""

    run: ProbeRun
    evidence: tuple[Evidence, ...]
    named: str
    sureness: Sureness
    reason: str
    contradictions: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """One line: the server and how sure, or that it cannot be told; and why."""
        if not self.named:
            return N_("Cannot tell which mailbox server it was: {reason}").format(reason=self.reason)
        return f"{self.named} ({self.sureness}): {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON; times are ISO 8601 in UTC."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return {**found, "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class _Voices:
    """What is said about the session itself, and by what. ``direct``: pieces that name its server."""

    gathered: Gathered
    direct: tuple[Evidence, ...]
    back: tuple[Evidence, ...]
    mailbox: Evidence

    def back_of(self, server: str) -> Evidence | None:
        return next((e for e in self.back if says_same(e.server, server)), None)

    def back_is(self, server: str, *strengths: Strength) -> bool:
        found = self.back_of(server)
        return found is not None and found.strength in strengths


def candidates(gathered: Gathered) -> tuple[str, ...]:
    """Servers whose back-end log may show the session: whatever names one, each once, the best first."""
    named = [gathered.run.mailbox_server] if gathered.run.mailbox_server else []
    named += matched(gathered.front, gathered.run, gathered.users).hosts
    if gathered.mailbox is not None and gathered.mailbox.active_on:
        named.append(gathered.mailbox.active_on)
    known = (_known(n, gathered.servers) for n in named)
    return tuple(dict.fromkeys(name for name in known if name))


def probe_name(identity: str) -> str:
    """``PopCTPProbe`` of ``POP\\PopCTPProbe\\DB01`` and of a result's name, ``PopCTPProbe/DB01``."""
    parts = identity.split("\\")
    return parts[min(1, len(parts) - 1)].partition("/")[0]


def goes_through(run: ProbeRun) -> bool:
    """Whether the probe comes to a mailbox server through a front end, so that there is something to look
    for; of the others :func:`conclude` needs no more than the organization's servers."""
    return probe_name(run.probe).lower() not in (*NO_LOGIN, *BY_ITSELF)


def conclude(gathered: Gathered) -> Trace:
    """The trace of a run from all that was gathered."""
    probe = probe_name(gathered.run.probe).lower()
    if probe in NO_LOGIN:
        says = N_("It asks the front end alone and never logs in: no mailbox server has a part in it (§2.4).")
        looked = N_("what {probe} does").format(probe=gathered.run.probe)
        return _cannot(gathered.run, (Evidence(Kind.PROBE, looked, says, Strength.SILENT),), says)
    if probe in BY_ITSELF:
        return _by_itself(gathered)
    state = state_evidence(gathered.run)
    looks = (gathered.front,) if gathered.front is not None else ()
    front = tuple(front_evidence(look, gathered.run, gathered.users) for look in looks)
    back = tuple(back_evidence(b, gathered) for b in gathered.back)
    mailbox = mailbox_evidence(gathered.mailbox)
    direct = tuple(e for e in (state, *front) if e.strength is Strength.NAMES)
    voices = _Voices(gathered, direct, back, mailbox)
    return _judged(voices, (state, *front, *back, mailbox))


def _judged(voices: _Voices, evidence: tuple[Evidence, ...]) -> Trace:
    direct = voices.direct
    if not direct:
        return _by_mailbox(voices, evidence)
    if len(direct) > 1 and not says_same(direct[0].server, direct[1].server):
        return _conflict(voices, evidence)
    named = _known(direct[0].server, voices.gathered.servers)
    if not named:
        words = N_("{server}, named by the {evidence}, is no server of this organization.").format(
            server=direct[0].server, evidence=direct[0].kind
        )
        return _cannot(voices.gathered.run, evidence, words)
    supports, against = _supports(voices, named), _against(voices, named)
    weak = _weak(voices)
    by = _BOTH_NAME if len(direct) > 1 else _ONE_NAMES[direct[0].kind]
    if against:
        reason = N_("{naming}, but not everything agrees.").format(naming=by)
        return Trace(voices.gathered.run, evidence, named, Sureness.LIKELY, reason, tuple(against))
    if weak:
        return Trace(voices.gathered.run, evidence, named, Sureness.LIKELY, f"{by}, {weak}")
    if supports:
        return Trace(voices.gathered.run, evidence, named, Sureness.CERTAIN, f"{by}, {supports}")
    return Trace(voices.gathered.run, evidence, named, Sureness.LIKELY, _ONLY[direct[0].kind])


_ONE_NAMES: Final[Mapping[Kind, str]] = {
    Kind.PROBE: N_("The probe result names it"),
    Kind.FRONT_LOG: N_("The front-end log names it"),
}
_BOTH_NAME: Final = N_("The probe result and the front-end log name it")
_ONLY: Final[Mapping[Kind, str]] = {
    Kind.PROBE: N_("Only the probe result names it; nothing else could be read to confirm it."),
    Kind.FRONT_LOG: N_("Only the front-end log names it; nothing else could be read to confirm it."),
}
_SUPPORT: Final[Mapping[tuple[bool, bool, bool], str]] = {
    (False, False, False): "",
    (True, False, False): N_("and they agree."),
    (False, True, False): N_("and its back-end log shows the session."),
    (False, False, True): N_("and the probe's mailbox is active there."),
    (True, True, False): N_("and they agree and its back-end log shows the session."),
    (True, False, True): N_("and they agree and the probe's mailbox is active there."),
    (False, True, True): N_(
        "and its back-end log shows the session and the probe's mailbox is active there."
    ),
    (True, True, True): N_(
        "and they agree and its back-end log shows the session and the probe's mailbox is active there."
    ),
}
"""By whether both name the server, its back-end log shows the session, the probe's mailbox is there."""


def _supports(voices: _Voices, named: str) -> str:
    """What else speaks for it, as the end of a sentence; empty: nothing."""
    mailbox = voices.mailbox
    return _SUPPORT[
        len(voices.direct) > 1,
        voices.back_is(named, Strength.SUPPORTS),
        mailbox.strength is Strength.NAMES and says_same(mailbox.server, named),
    ]


def _against(voices: _Voices, named: str) -> list[str]:
    found = []
    if voices.back_is(named, Strength.AGAINST):
        found.append(N_("The back-end log of {named} shows no such session.").format(named=named))
    hosts = matched(voices.gathered.front, voices.gathered.run, voices.gathered.users).hosts
    if len(hosts) > 1 and not any(says_same(h, named) for h in hosts):
        found.append(
            N_("The front end's log shows sessions to {hosts} in that time.").format(hosts=both(hosts))
        )
    mailbox = voices.mailbox
    if mailbox.strength is Strength.NAMES and not says_same(mailbox.server, named):
        found.append(
            N_(
                "The probe's mailbox is active on {server} now: it was moved since, or the front end "
                "took the session to the wrong server."
            ).format(server=mailbox.server)
        )
    return found


def _weak(voices: _Voices) -> str:
    """Why a session that only the log names may be another's, as the end of a sentence."""
    if any(e.kind is Kind.PROBE for e in voices.direct):
        return ""
    found = matched(voices.gathered.front, voices.gathered.run, voices.gathered.users)
    if not voices.gathered.users:
        return N_("but the probe does not say whom it logged in as, so it may be another probe's session.")
    if found.untold:
        return N_("but another session of that time does not say where it was proxied to.")
    return ""


def _conflict(voices: _Voices, evidence: tuple[Evidence, ...]) -> Trace:
    """StateAttribute4 and the front end's log, in that order, name different servers: only the back ends'
    logs decide."""
    first, second = voices.direct
    words = N_("The probe result names {server}, the front-end log {other_server}.").format(
        server=first.server, other_server=second.server
    )
    for one, other in ((first, second), (second, first)):
        seen = voices.back_is(one.server, Strength.SUPPORTS)
        named = _known(one.server, voices.gathered.servers)
        absent = voices.back_is(other.server, Strength.AGAINST, Strength.SILENT)
        if seen and absent and named:
            reason = N_(
                "Of two servers that are named, only the back-end log of {named} shows the session."
            ).format(named=named)
            return Trace(voices.gathered.run, evidence, named, Sureness.LIKELY, reason, (words,))
    reason = N_("The probe result and the front end's log name different servers.")
    return _cannot(voices.gathered.run, evidence, reason, words)


def _by_mailbox(voices: _Voices, evidence: tuple[Evidence, ...]) -> Trace:
    """Nothing names the session's server: there is only where its mailbox is."""
    run, mailbox = voices.gathered.run, voices.mailbox
    found = matched(voices.gathered.front, run, voices.gathered.users)
    if mailbox.strength is not Strength.NAMES:
        if len(found.hosts) > 1:
            reason = N_("Sessions to {hosts} lie in the probe's time; nothing tells them apart.").format(
                hosts=both(found.hosts)
            )
        else:
            reason = N_("Neither the probe, nor a log, nor its mailbox names a mailbox server.")
        return _cannot(run, evidence, reason)
    if not voices.gathered.users:
        return _cannot(run, evidence, N_("The probe does not say whom it logged in as."))
    named = _known(mailbox.server, voices.gathered.servers)
    if not named:
        return _cannot(
            run, evidence, N_("{server} is no server of this organization.").format(server=mailbox.server)
        )
    if len(found.hosts) > 1 and not any(says_same(h, named) for h in found.hosts):
        words = N_("Sessions went to {hosts}, the mailbox is active on {named} now.").format(
            hosts=both(found.hosts), named=named
        )
        return _cannot(
            run, evidence, N_("The logs and the mailbox's database name different servers."), words
        )
    if voices.back_is(named, Strength.SUPPORTS):
        reason = N_("The probe's mailbox is active there, and its back-end log shows a session of that time.")
    elif len(found.hosts) > 1:
        reason = N_("Of the servers that sessions went to in that time, the probe's mailbox is active there.")
    else:
        reason = N_(
            "No log shows the session's way; the probe's mailbox is active there, so that it leads there."
        )
    return Trace(run, evidence, named, Sureness.LIKELY, reason)


def _by_itself(gathered: Gathered) -> Trace:
    """A probe of the back end of its own server: there is no front end in between."""
    run, state = gathered.run, state_evidence(gathered.run)
    says = N_("It talks to the back end of the server it runs on, {server} (§2.4).").format(server=run.server)
    does = Evidence(
        Kind.PROBE, N_("what {probe} does").format(probe=run.probe), says, Strength.NAMES, run.server
    )
    named = _known(run.server, gathered.servers)
    if not named:
        return _cannot(
            run, (state, does), N_("{server} is no server of this organization.").format(server=run.server)
        )
    if state.strength is Strength.NAMES and not says_same(state.server, named):
        words = N_("StateAttribute4 names {server}, the probe runs on {named}.").format(
            server=state.server, named=named
        )
        return _cannot(run, (state, does), N_("The probe result names another server than its own."), words)
    return Trace(
        run, (state, does), named, Sureness.CERTAIN, N_("The probe talks to its own server's back end.")
    )


def with_health(trace: Trace, rows: Sequence[MonitorHealthEntry], looked_at: str, problem: str = "") -> Trace:
    """The trace with how POP is on the named server: the last piece, which names nobody."""
    if problem:
        piece = Evidence(Kind.HEALTH, looked_at, problem, Strength.MISSING, trace.named)
    elif not rows:
        piece = Evidence(Kind.HEALTH, looked_at, N_("It has no rows."), Strength.SILENT, trace.named)
    else:
        shown = [r for r in rows if r.alert_value != AlertValue.HEALTHY or r.is_stale] or list(rows)
        stale = {True: " ({})".format(N_("stale")), False: ""}
        says = ", ".join(f"{r.name} {r.target_resource} {r.alert_value}{stale[r.is_stale]}" for r in shown)
        piece = Evidence(Kind.HEALTH, looked_at, " ".join(says.split()) + ".", Strength.SHOWS, trace.named)
    return replace(trace, evidence=(*trace.evidence, piece))


def _cannot(run: ProbeRun, evidence: tuple[Evidence, ...], reason: str, *contradictions: str) -> Trace:
    return Trace(run, evidence, "", Sureness.CANNOT_TELL, reason, contradictions)


def _known(name: str, servers: Sequence[str] | None) -> str:
    """The organization's own spelling of a server's name; empty where it has none of that name."""
    if servers is None:
        return name if is_address(name) else name.partition(".")[0]
    return next((s for s in servers if says_same(s, name)), "")
