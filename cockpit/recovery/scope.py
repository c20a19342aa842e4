"""What a lease is on: the DAG of a server, or the server outside a DAG (design §6 rule 4)."""

from __future__ import annotations

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.watched import ELSEWHERE, why_left_out
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.model import ExchangeServer, MailboxServer, Role
from cockpit.recovery.access import Access
from cockpit.recovery.whole import rows_of


def server_of(access: Access, server: str) -> ExchangeServer:
    """The server as Exchange writes it, by short name or FQDN. Raises ExchangeError."""
    servers = rows_of(access.read(lambda c: c.get_exchange_server()), "Get-ExchangeServer")
    mine = next((s for s in servers if same_server(s.name, server)), None)
    if mine is None:
        raise ExchangeError(
            N_("There is no server {server}").format(server=server),
            cure=N_("Name a server of this organization."),
        )
    return mine


def refuse_left_out(environment: Environment, access: Access, server: str) -> None:
    """Raises ExchangeError for a server that the environment is not about: nothing is begun there."""
    if not environment.include and not environment.exclude:
        return
    mine = server_of(access, server)
    if why := why_left_out(environment, mine.name, mine.fqdn):
        raise ExchangeError(f"{mine.name} is {why}", cure=ELSEWHERE)


def mailbox_server_of(access: Access, server: ExchangeServer) -> MailboxServer | None:
    """Its Get-MailboxServer row; None for a server without that role. Raises ExchangeError.

    With the role and without a row nobody knows whether it is in a DAG: that is no "outside".
    """
    if Role.MAILBOX not in server.roles:
        return None
    hosts = rows_of(access.read(lambda c: c.get_mailbox_server()), "Get-MailboxServer")
    host = next((h for h in hosts if same_server(h.name, server.name)), None)
    if host is None:
        raise ExchangeError(
            N_("Get-MailboxServer does not name {server}, which has the Mailbox role").format(
                server=server.name
            ),
            cure=N_("Look at RBAC: the account has to see every Mailbox server."),
        )
    return host


def scope_of(access: Access, server: str) -> str:
    """``dag:NAME`` or ``server:NAME``. Raises ExchangeError, also for a server that is not there."""
    mine = server_of(access, server)
    host = mailbox_server_of(access, mine)
    return f"dag:{host.dag}" if host is not None and host.dag else f"server:{mine.name}"
