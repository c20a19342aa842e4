"""What a lease is on: the DAG of a server, or the server outside a DAG (design §6 rule 4)."""

from __future__ import annotations

from cockpit.exchange.catalogue import same_server
from cockpit.exchange.errors import ExchangeError
from cockpit.recovery.access import Access


def scope_of(access: Access, server: str) -> str:
    """``dag:NAME`` or ``server:NAME``. Raises ExchangeError, also for a server that is not there."""
    servers = access.read(lambda c: c.get_exchange_server()).rows
    mine = next((s for s in servers if same_server(s.name, server)), None)
    if mine is None:
        raise ExchangeError(f"There is no server {server}", cure="Name a server of this organization.")
    hosts = access.read(lambda c: c.get_mailbox_server()).rows
    host = next((h for h in hosts if same_server(h.name, server)), None)
    return f"dag:{host.dag}" if host is not None and host.dag else f"server:{mine.name}"
