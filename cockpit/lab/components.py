"""Server components and the votes on them (exchange-facts §2.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.exchange.model import Version

INACTIVE: Final = 0
ACTIVE: Final = 1
DRAINING: Final = 2

COMPONENTS_2016: Final = (
    *("ServerWideOffline", "HubTransport", "FrontendTransport", "Monitoring", "RecoveryActionsEnabled"),
    *("AutoDiscoverProxy", "ActiveSyncProxy", "EcpProxy", "EwsProxy", "ImapProxy", "OabProxy", "OwaProxy"),
    *("PopProxy", "PushNotificationsProxy", "RpsProxy", "RwsProxy", "RpcProxy", "UMCallRouter", "XropProxy"),
    *("HttpProxyAvailabilityGroup", "ForwardSyncDaemon", "ProvisioningRps", "MapiProxy", "EdgeTransport"),
    *("HighAvailability", "SharedCache", "MailboxDeliveryProxy", "RoutingUpdates", "RestProxy"),
    *("DefaultProxy", "Lsass", "RoutingService", "E4EProxy", "CafeLAMv2", "LogExportProvider"),
)
"""The 35 of a real 2016 server, in its order. [B]"""

COMPONENTS_2019: Final = tuple(c for c in COMPONENTS_2016 if c != "UMCallRouter")

BORN_INACTIVE: Final = frozenset({"ForwardSyncDaemon", "ProvisioningRps"})
"""Inactive on a healthy server. [B]"""

ABOVE_SERVER_WIDE_OFFLINE: Final = frozenset({"ServerWideOffline", "Monitoring", "RecoveryActionsEnabled"})
"""What ServerWideOffline does not overrule. [A]"""

POP_PROXY: Final = "PopProxy"
RECOVERY_ACTIONS: Final = "RecoveryActionsEnabled"
REQUESTERS: Final = ("HealthAPI", "Maintenance", "Sidelined", "Functional", "Deployment")


def components(version: Version) -> tuple[str, ...]:
    """Components of a server of that version. The sheet is silent on 2013: it gets 2016's list."""
    return COMPONENTS_2019 if version is Version.E2019 else COMPONENTS_2016


@dataclass(slots=True)
class Vote:
    """One requester's vote; ``local`` is in the registry, else in the directory (RemoteStates)."""

    component: str
    requester: str
    state: int
    at: float
    local: bool


def state_of(component: str, votes: list[Vote]) -> int:
    """Any Inactive vote wins; ServerWideOffline overrules all but three components. [A][C]"""
    if component not in ABOVE_SERVER_WIDE_OFFLINE and state_of("ServerWideOffline", votes) == INACTIVE:
        return INACTIVE
    states = {v.state for v in votes if v.component == component}
    if INACTIVE in states:
        return INACTIVE
    if DRAINING in states:
        return DRAINING
    return INACTIVE if component in BORN_INACTIVE and not states else ACTIVE
