"""Health sets and monitors of a server by tier and version, as data.

The POP ones follow exchange-facts §2.2 and §2.4. The DataProtection monitors are those of
Microsoft's *Troubleshooting DataProtection Health Set* page [A], ``EacSelfTestMonitor``,
``HealthManagerObserverMonitor`` and the rows of AD, EventAssistants and Monitoring appear in the
transcripts of the sheet [C]. All other names, groups and targets are from memory [M]: they give a
server the right number of rows, and nothing acts upon them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cockpit.exchange.model import Role, Version

CUSTOMER: Final = "CustomerTouchPoints"
COMPONENTS: Final = "ServiceComponents"
RESOURCES: Final = "ServerResources"
DEPENDENCIES: Final = "KeyDependencies"

PER_DATABASE: Final = "*"
"""Target of a monitor that exists once for each database copy of the server."""

PRIORITY: Final = {"Low": 2, "Normal": 1, "High": 0}
"""The sheet has labels, not numbers: these numbers are from memory [M]."""


@dataclass(frozen=True, slots=True)
class MonitorSpec:
    """One monitor. ``target``: empty, a service or part, or PER_DATABASE. ``interval`` in seconds."""

    name: str
    health_set: str
    group: str
    target: str = ""
    interval: int = 300
    ha_impacting: bool = False
    component: str = "None"
    priority: str = "Normal"


# tier (F front end, B back end), health set, group, monitors: name[!][@target][#component]; @* is one per
# database, ! impacts high availability
_SETS: Final = (
    (
        "FB",
        "AD",
        DEPENDENCIES,
        "ActiveDirectoryConnectivityMonitor ActiveDirectoryConnectivityServerRebootMonitor "
        "TopologyServiceMonitor@MSExchangeADTopology LDAPBindMonitor DCAvailabilityMonitor",
    ),
    (
        "FB",
        "Monitoring",
        RESOURCES,
        "MaintenanceFailureMonitor.Monitoring@Monitoring "
        "PrivateWorkingSetWarningThresholdExceeded.msexchangehmworker CrashEvent.msexchangehmworker "
        "DiagnosticsServiceRunningMonitor@MSExchangeDiagnostics",
    ),
    ("FB", "RemoteMonitoring", COMPONENTS, "HealthManagerObserverMonitor"),
    (
        "FB",
        "Network",
        DEPENDENCIES,
        "NetworkAdapterRssMonitor DnsServiceMonitor NetworkConnectivityMonitor",
    ),
    ("FB", "Security", DEPENDENCIES, "LsassMemoryMonitor KerberosAuthMonitor"),
    ("FB", "EDS", RESOURCES, "EDSServiceRunningMonitor@MSExchangeDiagnostics EDSJobPoisonedMonitor"),
    ("FB", "BitlockerDeployment", COMPONENTS, "BitlockerDeploymentStateMonitor"),
    ("FB", "FEP", COMPONENTS, "FEPServiceMonitor"),
    ("FB", "ProcessIsolation", RESOURCES, "PrivateWorkingSetError.w3wp ProcessorTimeError.w3wp"),
    ("FB", "Autodiscover", CUSTOMER, "AutodiscoverCTPMonitor@Autodiscover"),
    ("B", "Autodiscover.Protocol", COMPONENTS, "AutodiscoverSelfTestMonitor@MSExchangeAutodiscoverAppPool"),
    (
        "F",
        "Autodiscover.Proxy",
        COMPONENTS,
        "AutodiscoverProxyTestMonitor@MSExchangeAutodiscoverAppPool#AutoDiscoverProxy",
    ),
    ("FB", "IMAP", CUSTOMER, "ImapCTPMonitor@IMAP"),
    ("FB", "ECP", COMPONENTS, "EacSelfTestMonitor EacDeepTestMonitor"),
    ("F", "ECP.Proxy", COMPONENTS, "ECPProxyTestMonitor@MSExchangeECPAppPool#EcpProxy"),
    ("B", "RPS", COMPONENTS, "RPSDeepTestMonitor RPSSelfTestMonitor"),
    ("F", "RPS.Proxy", COMPONENTS, "RPSProxyTestMonitor@MSExchangePowerShellFrontEndAppPool#RpsProxy"),
    ("B", "RWS", COMPONENTS, "RWSSelfTestMonitor"),
    ("F", "RWS.Proxy", COMPONENTS, "RWSProxyTestMonitor@MSExchangeReportingWebServiceAppPool#RwsProxy"),
    ("FB", "OAB", CUSTOMER, "OABGenTenantOutOfSLAMonitor"),
    ("F", "OAB.Proxy", COMPONENTS, "OABProxyTestMonitor@MSExchangeOABAppPool#OabProxy"),
    ("B", "UserThrottling", COMPONENTS, "UserThrottlingLockedOutUsersMonitor"),
    ("B", "Calendaring", COMPONENTS, "CalendarSyncAssistantMonitor CalendarRepairAssistantMonitor"),
    (
        "B",
        "Store",
        DEPENDENCIES,
        "ActiveDatabaseAvailabilityMonitor@*! DatabaseRPCLatencyMonitor@* "
        "VersionBucketsAllocatedMonitor@* DatabasePercentRPCRequestsMonitor@* "
        "StoreServiceKilledMonitor@MSExchangeIS! StoreAdminRPCInterfaceMonitor@MSExchangeIS!",
    ),
    (
        "B",
        "MailboxSpace",
        RESOURCES,
        "DatabaseSizeMonitor@* DatabaseLogicalPhysicalSizeRatioMonitor@* StorageLogicalDriveSpaceMonitor@*",
    ),
    (
        "B",
        "MailboxMigration",
        COMPONENTS,
        "MRSServiceRunningMonitor@MSExchangeMailboxReplication MRSQueueScanMonitor",
    ),
    ("B", "MRS", COMPONENTS, "MRSProxySelfTestMonitor"),
    (
        "B",
        "DataProtection",
        DEPENDENCIES,
        "ClusterEndpointMonitor@ClusSvc! ClusterGroupMonitor@ClusSvc! "
        "ClusterNetworkMonitor@MSExchangeRepl! ClusterServiceCrashMonitor@ClusSvc ServerOneCopyMonitor "
        "ServerOneCopyInternalMonitorMonitor ServiceHealthMSExchangeReplEndpointMonitor@MSExchangeRepl! "
        "ServiceHealthMSExchangeReplCrashMonitor@MSExchangeRepl! ServerSiteFailureMonitor "
        "StorageApparentControllerIssuesMonitor DatabaseHealthTooManyMountedDatabaseMonitor "
        "DatabaseHealthDbCopyStalledMonitor@* DatabaseHealthUnMonitoredDatabaseMonitor@*",
    ),
    ("B", "Clustering", DEPENDENCIES, "ClusterHangMonitor@ClusSvc! ClusterNodeEvictedMonitor@ClusSvc!"),
    (
        "B",
        "Search",
        DEPENDENCIES,
        "SearchServiceRunningMonitor@MSExchangeFastSearch SearchCatalogAvailabilityMonitor@* "
        "SearchQueryFailureMonitor@* SearchIndexBacklogMonitor@* SearchCopyStatusHaImpactingMonitor@*! "
        "SearchGracefulDegradationManagerFailureMonitor "
        "HostControllerServiceRunningMonitor@HostControllerService",
    ),
    (
        "B",
        "EventAssistants",
        COMPONENTS,
        "EventAssistantsWatermarksMonitor@* MailboxAssistantsWatermarksBehindMonitor@* "
        "MailboxAssistantsServiceRunningMonitor@MSExchangeMailboxAssistants",
    ),
    ("B", "TimeBasedAssistants", COMPONENTS, "TimeBasedAssistantsOutOfSlaMonitor"),
    (
        "B",
        "MailboxTransport",
        RESOURCES,
        "MailboxTransportDeliveryServiceRunningMonitor@MSExchangeDelivery "
        "MailboxTransportSubmissionServiceRunningMonitor@MSExchangeSubmission "
        "MailboxDeliveryAvailabilityAggregationMonitor Mapi.Submit.Monitor",
    ),
    (
        "B",
        "HubTransport",
        RESOURCES,
        "HubAvailabilityMonitor@MSExchangeTransport#HubTransport "
        "HubTransportServiceRunningMonitor@MSExchangeTransport#HubTransport "
        "SmtpProbe_LocalhostMonitor#HubTransport QueueQuarantinedMonitor "
        "HubMessagesDeferredDuringCategorizationMonitor ServerWideQueueMonitor",
    ),
    ("B", "Transport", RESOURCES, "TransportLogGenerationMonitor TransportHigh.PercentageMonitor"),
    (
        "F",
        "FrontendTransport",
        RESOURCES,
        "FrontendTransportServiceRunningMonitor@MSExchangeFrontEndTransport#FrontendTransport "
        "OnPremisesSmtpClientSubmissionMonitor#FrontendTransport "
        "LogonAvailabilityMonitor#FrontendTransport",
    ),
    ("B", "Antimalware", RESOURCES, "AntimalwareScanMonitor AntimalwareEngineUpdateMonitor"),
    ("B", "FIPS", RESOURCES, "FipsServiceMonitor@FMS FipsEngineLoadMonitor"),
    ("B", "AMScanTimeout", RESOURCES, "AMScanTimeoutMonitor"),
    ("B", "AntiSpam", RESOURCES, "AntispamUpdateServiceMonitor@MSExchangeAntispamUpdate"),
    ("B", "Compliance", COMPONENTS, "DarRuntimeMonitor"),
    ("B", "JournalArchive", COMPONENTS, "JournalArchiveMonitor"),
    ("B", "Provisioning", COMPONENTS, "ProvisioningMonitor"),
    (
        "B",
        "PublicFolders",
        COMPONENTS,
        "PublicFolderMailboxQuotaMonitor PublicFolderConnectionCountMonitor",
    ),
    ("B", "SiteMailbox", COMPONENTS, "DocumentSharingMonitor SiteMailboxOwnerlessMonitor"),
    ("B", "FreeBusy", COMPONENTS, "AvailabilityServiceMonitor"),
    ("B", "Extensibility", COMPONENTS, "OfficeMarketplaceMonitor"),
    ("B", "Inference", COMPONENTS, "InferenceComponentMonitor@*"),
    ("B", "Psws", COMPONENTS, "PswsSelfTestMonitor"),
    ("B", "DAL", COMPONENTS, "DalServiceMonitor"),
    ("F", "XropProxy", COMPONENTS, "XropProxyTestMonitor#XropProxy"),
    ("B", "Outlook", CUSTOMER, "OutlookRpcCtpMonitor@Outlook OutlookMapiHttpCtpMonitor@Outlook"),
    (
        "B",
        "Outlook.Protocol",
        COMPONENTS,
        "OutlookRpcSelfTestMonitor@MSExchangeRPC OutlookRpcDeepTestMonitor@* "
        "PrivateWorkingSetError.Microsoft.Exchange.RpcClientAccess.Service",
    ),
    (
        "F",
        "Outlook.Proxy",
        COMPONENTS,
        "OutlookProxyTestMonitor@MSExchangeRpcProxyFrontEndAppPool#RpcProxy",
    ),
    ("B", "Places", COMPONENTS, "PlacesMonitor"),
    ("B", "PushNotifications.Protocol", COMPONENTS, "PushNotificationsPublisherMonitor"),
    ("F", "HttpProxy", COMPONENTS, "HttpProxyAvailabilityGroupMonitor#HttpProxyAvailabilityGroup"),
    ("FB", "ActiveSync", CUSTOMER, "ActiveSyncCTPMonitor@ActiveSync"),
    (
        "B",
        "ActiveSync.Protocol",
        COMPONENTS,
        "ActiveSyncSelfTestMonitor@MSExchangeActiveSyncAppPool "
        "ActiveSyncDeepTestMonitor@ActiveSync.Protocol ActiveSyncRequestsQueuedGt500Monitor",
    ),
    (
        "F",
        "ActiveSync.Proxy",
        COMPONENTS,
        "ActiveSyncProxyTestMonitor@MSExchangeActiveSyncAppPool#ActiveSyncProxy",
    ),
    ("FB", "OWA", CUSTOMER, "OWACTPMonitor@OWA"),
    (
        "B",
        "OWA.Protocol",
        COMPONENTS,
        "OWASelfTestMonitor@MSExchangeOWAAppPool OWADeepTestMonitor@OWA.Protocol "
        "OWARequestsQueuedGt500Monitor",
    ),
    ("F", "OWA.Proxy", COMPONENTS, "OWAProxyTestMonitor@MSExchangeOWAAppPool#OwaProxy"),
    ("FB", "EWS", CUSTOMER, "EWSCTPMonitor@EWS"),
    (
        "B",
        "EWS.Protocol",
        COMPONENTS,
        "EWSSelfTestMonitor@MSExchangeEWSAppPool EWSDeepTestMonitor@EWS.Protocol "
        "EWSRequestsQueuedGt500Monitor",
    ),
    ("F", "EWS.Proxy", COMPONENTS, "EWSProxyTestMonitor@MSExchangeEWSAppPool#EwsProxy"),
)
_ONLY_2013: Final = (
    ("B", "UM.Protocol", COMPONENTS, "UMSelfTestMonitor@MSExchangeUM UMPipelineFullMonitor"),
)
_FROM_2016: Final = (
    (
        "B",
        "OutlookMapiHttp.Protocol",
        COMPONENTS,
        "OutlookMapiHttpSelfTestMonitor@MSExchangeMapiMailboxAppPool",
    ),
    (
        "F",
        "OutlookMapiHttp.Proxy",
        COMPONENTS,
        "OutlookMapiHttpProxyTestMonitor@MSExchangeMapiFrontEndAppPool#MapiProxy",
    ),
    ("B", "Rest", COMPONENTS, "RestSelfTestMonitor"),
)


def _parse(tier: str, health_set: str, group: str, monitors: str) -> list[tuple[str, MonitorSpec]]:
    rows: list[tuple[str, MonitorSpec]] = []
    for word in monitors.split():
        bare, _, component = word.partition("#")
        impact = bare.endswith("!")
        name, _, target = bare.rstrip("!").partition("@")
        spec = MonitorSpec(
            *(name, health_set, group, target), ha_impacting=impact, component=component or "None"
        )
        rows.append((tier, spec))
    return rows


@lru_cache(maxsize=16)
def monitors(version: Version, tiers: frozenset[Role]) -> tuple[MonitorSpec, ...]:
    """All monitors but the POP ones."""
    table = _SETS + (_ONLY_2013 if version is Version.E2013 else _FROM_2016)
    wanted = {"FB"}
    wanted |= {"F"} if Role.CLIENT_ACCESS in tiers else set()
    wanted |= {"B"} if Role.MAILBOX in tiers else set()
    return tuple(spec for row in table for tier, spec in _parse(*row) if tier in wanted)


POP_MONITORS: Final = {
    m.name: m
    for m in (
        MonitorSpec(
            "PopSelfTestMonitor", "POP.Protocol", COMPONENTS, "MSExchangePop3BE", 60, ha_impacting=True
        ),
        MonitorSpec("PopDeepTestMonitor", "POP.Protocol", COMPONENTS, "POP.Protocol", 60),
        MonitorSpec(
            *("PopProxyTestMonitor", "POP.Proxy", COMPONENTS, "MSExchangePop3", 60),
            ha_impacting=True,
            component="PopProxy",
            priority="Low",
        ),
        MonitorSpec("PopCTPMonitor", "POP", CUSTOMER, "POP", 60, priority="Low"),
        MonitorSpec("AverageCommandProcessingTimeGt60sMonitor", "POP", CUSTOMER, "", 60, priority="Low"),
    )
}
"""POP rows (§2.2). How often a monitor itself runs is not in the sheet: 60 s here."""
