"""What Kerberos's errors mean to an operator, by their numbers (RFC 4120 §7.5.9, MIT's krb5_err). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from cockpit.config.language import N_

CLOCK_LIMIT: Final = 300.0
"""Seconds that clocks may be apart: Kerberos's usual limit, and Active Directory's."""

_TABLE = -1765328384
"""Where krb5's error table begins; the first 128 are the protocol's own numbers."""
_SPAN = 256


class Kind(Enum):
    """``REFUSED``: who we say we are was refused, and each further try may count towards a lock-out.
    ``TICKETS``: there are no tickets to be had; trying again does no harm."""

    REFUSED = "refused"
    TICKETS = "tickets"


@dataclass(frozen=True, slots=True)
class Reason:
    kind: Kind
    cause: str
    cure: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sign-in was about: ``user`` as given, ``spn`` as asked for, ``kinit`` the cure for tickets."""

    user: str
    spn: str
    kinit: str


_REALM = N_(
    "Write the realm as Active Directory has it (the domain, in capitals); this host finds its KDCs in DNS "
    "or in /etc/krb5.conf, and needs port 88 of one."
)
_CLOCKS = N_("Set the clocks of this host, the KDC and the server by the same source (chronyc tracking).")
_SPN = N_(
    "Dial a name that has this SPN, or set service and spn_host; a name of a load balancer needs it on "
    "the account that all its servers share: setspn -S {spn} ACCOUNT."
)
_REASONS: Final[dict[int, tuple[Kind, str, str]]] = {
    6: (Kind.REFUSED, N_("the KDC knows no user {user}"), N_("Correct credential.user: it is user@REALM.")),
    7: (Kind.TICKETS, N_("the KDC knows no service {spn}"), _SPN),
    12: (
        Kind.REFUSED,
        N_("the KDC's policy refuses {user}"),
        N_("Ask who may sign in, from where and when."),
    ),
    14: (
        Kind.TICKETS,
        N_("the KDC and this host share no encryption type"),
        N_("Allow AES for the account, and in /etc/krb5.conf."),
    ),
    18: (Kind.REFUSED, N_("the account {user} is locked or disabled"), N_("Have it unlocked.")),
    23: (
        Kind.REFUSED,
        N_("the password of {user} has expired"),
        N_("Change it (kpasswd), and where it is kept."),
    ),
    24: (
        Kind.REFUSED,
        N_("the password of {user} is wrong"),
        N_("Correct what credential.password refers to."),
    ),
    31: (
        Kind.REFUSED,
        N_("the password of {user} is wrong"),
        N_("Correct what credential.password refers to."),
    ),
    32: (Kind.TICKETS, N_("the ticket has expired"), "{kinit}"),
    33: (Kind.TICKETS, N_("the ticket is not good yet: clocks differ"), _CLOCKS),
    37: (Kind.TICKETS, N_("the clocks are more than five minutes apart"), _CLOCKS),
    41: (
        Kind.TICKETS,
        N_("the server could not read the ticket for {spn}"),
        N_("The SPN is on another account than the server's: setspn -Q {spn}."),
    ),
    141: (Kind.TICKETS, N_("there is no ticket"), "{kinit}"),
    147: (Kind.TICKETS, N_("the KDC's clock and this host's are more than five minutes apart"), _CLOCKS),
    154: (Kind.TICKETS, N_("no KDC is known for this realm"), _REALM),
    156: (Kind.TICKETS, N_("no KDC of this realm answers"), _REALM),
    195: (Kind.TICKETS, N_("there is no ticket"), "{kinit}"),
    220: (Kind.TICKETS, N_("the name of the realm's KDC does not resolve"), _REALM),
}


def reason(error: BaseException, facts: Facts) -> Reason | None:
    """What ``error``, of krb5, gssapi or pyspnego, comes down to; None where that is not known."""
    number = _number(error)
    if number is None or number not in _REASONS:
        return None
    kind, cause, cure = _REASONS[number]
    filled = {"user": facts.user or N_("this user"), "spn": facts.spn, "kinit": facts.kinit}
    # Kerberos's own words tell names that are not ours to know, such as a realm's.
    return Reason(kind, f"{cause.format(**filled)} ({words(error)})", cure.format(**filled))


def locks_out(error: BaseException) -> bool:
    """Whether the KDC refused the password itself, so that trying it elsewhere would only count again."""
    return _number(error) in (18, 23, 24, 31)


def says_nothing(error: BaseException) -> bool:
    """Whether it is the server's "generic error", which tells no reason (a wrong channel binding, say)."""
    return _number(error) == 60


def clocks(ahead: float | None) -> str:
    """What the server's own clock says of an error that clocks may have caused; empty if they do not."""
    if ahead is None or abs(ahead) <= CLOCK_LIMIT:
        return ""
    minutes = round(abs(ahead) / 60)
    span = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    words = (
        N_("its clock is {time} ahead of this host's, and Kerberos bears 5 min")
        if ahead > 0
        else N_("its clock is {time} behind this host's, and Kerberos bears 5 min")
    )
    return f"; {words.format(time=span)}"


def words(error: BaseException) -> str:
    """Kerberos's words for it, without what GSSAPI and pyspnego put around them."""
    text = str(error)
    if "Minor (" in text:
        text = text.rpartition("Minor (")[2].partition("): ")[2]
    text = text.partition(", Context: ")[0]
    head, _, last = text.rpartition(" ")
    return head if last.lstrip("-").isdigit() else text


def _number(error: BaseException) -> int | None:
    """Of krb5's table, counted from its beginning."""
    base = getattr(error, "base_error", None) or error
    for name in ("err_code", "min_code"):
        code = getattr(base, name, None)
        if isinstance(code, int):
            signed = code - 2**32 if code >= 2**31 else code
            if 0 <= signed - _TABLE < _SPAN:
                return signed - _TABLE
    return None
