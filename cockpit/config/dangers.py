"""What is dangerous in an environment although it is allowed. Pure."""

from __future__ import annotations

from cockpit.config.environment import Environment
from cockpit.config.language import N_


def unverified(environment: Environment) -> str:
    """Where the server's certificate is taken unseen, in words; empty: it is verified everywhere."""
    found = ["Exchange"] if not environment.exchange.verify else []
    found += ["WinRM"] if environment.winrm.enabled and not environment.winrm.verify else []
    return N_("TLS is not verified ({found})").format(found=", ".join(found)) if found else ""
