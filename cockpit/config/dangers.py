"""What is dangerous in an environment although it is allowed. Pure."""

from __future__ import annotations

from cockpit.config.environment import Environment


def unverified(environment: Environment) -> str:
    """Where the server's certificate is taken unseen, in words; empty: it is verified everywhere."""
    found = ["Exchange"] if not environment.exchange.verify else []
    found += ["WinRM"] if environment.winrm.enabled and not environment.winrm.verify else []
    return f"TLS is not verified ({', '.join(found)})" if found else ""
