"""The checks, as data: what each looks at, what it hangs on, what may be wrong and what helps.

``docs/doctor.md`` is written from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from cockpit.config.language import N_


class Scope(Enum):
    """What a check is done for."""

    HOST = "this host"
    EXCHANGE = "each entry server's Exchange endpoint"
    WINRM = "each server's WinRM endpoint"
    ENDPOINT = "each endpoint"
    SERVER = "each server"


@dataclass(frozen=True, slots=True)
class Check:
    """One link. ``needs``: ids of checks of the same subject, or of this host, that it hangs on.

    ``looks``: what is looked at, as a sentence without its stop; ``wrong``: what may be found; ``cure``:
    what helps in general, where no reading says it better.
    """

    id: str
    scope: Scope
    looks: str
    wrong: str
    cure: str
    needs: tuple[str, ...] = ()


CHECKS: Final = {
    check.id: check
    for check in (
        Check(
            "terminal",
            Scope.HOST,
            "the terminal: TERM, colours, UTF-8, size",
            "a dumb terminal, no UTF-8, fewer than 80x24",
            N_("Set TERM to what your terminal is and LANG to a UTF-8 locale; use at least 80x24."),
        ),
        Check(
            "files",
            Scope.HOST,
            "who may read and write the configuration and the program's folders",
            "others can read or change them",
            N_("chmod 600 the file, chmod 700 the folder."),
        ),
        Check(
            "journal",
            Scope.HOST,
            "the journal: it can be opened and written, and its hash chain holds",
            "not writable, not reachable, a line changed or missing",
            N_(
                "Give its folder back to its owner, or start its database; a broken chain: "
                "pop-cockpit journal verify."
            ),
        ),
        Check(
            "ticket",
            Scope.HOST,
            "the Kerberos ticket cache: whose, good until when",
            "no cache, no ticket, an expired one",
            N_("Run kinit."),
        ),
        Check(
            "name",
            Scope.ENDPOINT,
            "whether the name that is dialled resolves",
            "no such name",
            N_("Check the name and the DNS of this host."),
        ),
        Check(
            "port",
            Scope.ENDPOINT,
            "whether the port takes a connection",
            "refused, or no answer",
            N_("Check that the server is up and that no firewall stands between."),
            ("name",),
        ),
        Check(
            "tls",
            Scope.ENDPOINT,
            "TLS: the chain or pin, the name on the certificate, its end",
            (
                "an unknown CA, another name, another certificate than the pinned one, expired or soon to "
                "expire, no TLS at this port, verification switched off"
            ),
            N_("Name the issuing CA in ca_file, or pin the certificate; dial the name that is on it."),
            ("port",),
        ),
        Check(
            "path",
            Scope.ENDPOINT,
            "whether the endpoint is at this path",
            "another path, another web server, a redirection",
            N_("Exchange is at /PowerShell on 80 or 443, WinRM at /wsman on 5985 or 5986."),
            ("tls",),
        ),
        Check(
            "clock",
            Scope.ENDPOINT,
            "the server's clock (the Date of its HTTP answer) beside this host's",
            "more than 5 minutes apart: Kerberos refuses; more than 1 minute: logs are hard to compare",
            N_("Let both hosts follow the domain's time (w32tm /query /status; chronyc tracking)."),
            ("tls",),
        ),
        Check(
            "spn",
            Scope.ENDPOINT,
            "whether the KDC knows the service by the name that is dialled",
            "no SPN for that name, as with a load balancer's or an alias",
            N_("Register the SPN for the account of the service, or give spn_host."),
            ("path", "ticket"),
        ),
        Check(
            "sign-in",
            Scope.ENDPOINT,
            "whether the server takes who we say we are, and may use the endpoint",
            "wrong password, another authentication method wanted, no right to the endpoint",
            N_("Check user name and password, and the authentication methods of the endpoint."),
            ("path", "spn"),
        ),
        Check(
            "shell",
            Scope.ENDPOINT,
            "whether one more shell can be opened; how many are left cannot be read",
            "the quota of 18 shells of this user is used up",
            N_("Close other PowerShell sessions of this account; those left behind end after 15 minutes."),
            ("sign-in",),
        ),
        Check(
            "language",
            Scope.WINRM,
            "the language mode of the WinRM endpoint; reading logs wants FullLanguage",
            "ConstrainedLanguage or NoLanguage: no scripts of ours run",
            N_('Ask for FullLanguage for this account, or read the logs over the share: logs = "smb".'),
            ("shell",),
        ),
        Check(
            "cmdlets",
            Scope.EXCHANGE,
            "which cmdlets that this program uses are visible to this account (RBAC)",
            "a cmdlet is not granted: what needs it cannot be done",
            N_("Ask for a management role that holds the cmdlet."),
            ("shell",),
        ),
        Check(
            "services",
            Scope.SERVER,
            "the POP3 services of the server: there, running, started with Windows",
            "stopped, disabled, started by hand only",
            N_("Set-Service -StartupType Automatic, then Start-Service; or do without POP on this server."),
            ("shell",),
        ),
        Check(
            "monitored",
            Scope.SERVER,
            "whether Managed Availability watches POP on the server",
            "no monitors of the POP health sets: nothing would tell that POP fails",
            N_("Start the POP3 services, then restart the health manager (MSExchangeHM)."),
        ),
        Check(
            "log-folder",
            Scope.SERVER,
            "the folder of the POP3 protocol logs, as Get-PopSettings names it",
            "no such folder, or it cannot be read",
            N_("Look at LogFileLocation of Get-PopSettings; a changed one counts from the next restart."),
            ("language",),
        ),
    )
}
"""In the order they are done. Kerberos' five minutes and Windows' services are [M]; the shell quota is
exchange-facts §5.5 [D]; paths and ports §5.1 [A]; that monitors come with the services §7 row 2; that
settings count from a restart §4.1 [A]."""
