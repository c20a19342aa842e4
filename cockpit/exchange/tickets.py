"""Kerberos tickets: whose cache, whose ticket, good until when. Wants the extra [kerberos].

The cache is read anew for each sign-in, so a ticket that ``kinit`` or a cron job renewed is used at once.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cockpit.config.language import N_
from cockpit.exchange.kerberos import words

if TYPE_CHECKING:
    import krb5

EXTRA: Final = "pip install 'pop-cockpit[kerberos]'"
RENEW_SECONDS: Final = 300.0
"""A ticket that we got with a password is renewed when it is good for no longer."""
EXTRA_CURE: Final = N_("Run: {command}. It builds against MIT Kerberos (Debian: gcc libkrb5-dev).").format(
    command=EXTRA
)


class TicketError(Exception):
    """No ticket that could be used. ``cure``: what to do about it."""

    def __init__(self, cause: str, cure: str) -> None:
        super().__init__(cause)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Tickets:
    """``cache``: as Kerberos names it, ``FILE:/tmp/krb5cc_0``. ``expires``: when the ticket that all others
    are had with ends, seconds since 1970; None where there is none."""

    cache: str
    principal: str
    expires: float | None

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires <= time.time()


def look(user: str = "") -> Tickets:
    """What this process's cache (KRB5CCNAME, krb5.conf) holds for ``user``; empty: for anybody.

    Raises TicketError: no cache, another user's, no ticket of ``user``; ImportError without the extra.
    """
    import krb5

    context = krb5.init_context()
    name = _cache_of(context, user)
    _refuse_others(name)
    try:
        cache = krb5.cc_resolve(context, name.encode())
        principal = cache.principal
        ends = _ends(cache)
    except krb5.Krb5Error as error:
        raise TicketError(
            N_("no ticket in {name}: {words}").format(name=name, words=words(error)), kinit(user)
        ) from error
    held = (principal.name or b"").decode("utf-8", "replace") if principal is not None else ""
    if user and held.lower() != user.lower():
        raise TicketError(
            N_("the ticket in {name} is of {held}, not of {user}").format(name=name, held=held, user=user),
            kinit(user),
        )
    return Tickets(name, held, max(ends, default=None))


def good(user: str = "") -> Tickets:
    """As :func:`look`, and not expired. Raises TicketError."""
    found = look(user)
    if found.expires is None:
        raise TicketError(
            N_("{cache} holds no ticket to get others with").format(cache=found.cache), kinit(user)
        )
    if found.expired:
        ended = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found.expires))
        raise TicketError(
            N_("the ticket of {principal} expired at {ended}").format(principal=found.principal, ended=ended),
            kinit(user),
        )
    return found


def get(user: str, password: str, cache: str) -> None:
    """Have ``cache`` (a name of MEMORY's) hold a ticket of ``user``, unless it holds one that is good.

    As pyspnego does it, but in one cache: its own are never given back, and each would use the password
    again, which counts towards a lock-out where it has been changed. Raises Krb5Error, ImportError.
    """
    import krb5

    context = krb5.init_context()
    kept = krb5.cc_resolve(context, cache.encode())
    if _good_for(kept, RENEW_SECONDS):
        return
    options = krb5.get_init_creds_opt_alloc(context)
    krb5.get_init_creds_opt_set_canonicalize(options, True)
    client = krb5.parse_name_flags(context, user.encode())
    found = krb5.get_init_creds_password(context, client, options, password=password.encode())
    krb5.cc_initialize(context, kept, found.client)
    krb5.cc_store_cred(context, kept, found)


def _good_for(cache: krb5.CCache, seconds: float) -> bool:
    """Whether a cache of ours has a ticket for so much longer."""
    import krb5

    try:
        return max(_ends(cache), default=0.0) > time.time() + seconds
    except krb5.Krb5Error:  # nothing was put into it yet
        return False


def _ends(cache: krb5.CCache) -> list[float]:
    """When each ticket that others are had with ends."""
    return [c.times.endtime for c in cache if (c.server.name or b"").startswith(b"krbtgt/")]


def kinit(user: str) -> str:
    """How to get a ticket, as a cure; with the cache, since a shell may have another in its variable."""
    cache = os.environ.get("KRB5CCNAME", "")
    options = f" -c {cache}" if cache else ""
    who = principal_of(user) or "USER@REALM"
    return N_("Run: {command}. The next try takes the new ticket by itself.").format(
        command=f"kinit{options} {who}"
    )


def principal_of(user: str) -> str:
    """``user`` with its realm in capitals, as those of Active Directory are; Kerberos minds the case."""
    name, at, realm = user.rpartition("@")
    return f"{name}@{realm.upper()}" if at else user


def _cache_of(context: krb5.Context, user: str) -> str:
    """With its type: the cache for ``user`` of this user's collection, or the default one."""
    import krb5

    if user:
        try:
            found = krb5.cc_cache_match(context, krb5.parse_name_flags(context, user.encode()))
        except krb5.Krb5Error:  # none of the collection's: what the default one holds is told instead
            pass
        else:
            return f"{(found.cache_type or b'FILE').decode()}:{(found.name or b'').decode()}"
    name = krb5.cc_default_name(context).decode()
    return f"FILE:{name}" if name.startswith("/") or ":" not in name else name


def _refuse_others(name: str) -> None:
    """Raises TicketError for the file or folder of another user, as KRB5CCNAME names it after ``su``."""
    kind, _, path = name.partition(":")
    if kind not in ("FILE", "DIR"):  # KEYRING, KCM and the like are the kernel's or a service's, by user
        return
    try:
        owner = os.stat(path.removeprefix(":")).st_uid
    except OSError:  # told by whoever reads it
        return
    if owner != os.geteuid():
        cure = N_("Use a cache of your own: unset KRB5CCNAME or set credential.ccache, then run kinit.")
        raise TicketError(
            N_("the ticket cache {name} belongs to another user (uid {owner})").format(
                name=name, owner=owner
            ),
            cure,
        )
