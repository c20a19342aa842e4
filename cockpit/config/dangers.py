"""What is dangerous in an environment although it is allowed. Pure."""

from __future__ import annotations

from cockpit.config.environment import Environment


def unverified(environment: Environment) -> str:
    """Where the server's certificate is taken unseen, in words; empty: it is verified everywhere."""
    kinds = (("Exchange", environment.exchange), ("WinRM", environment.winrm))
    found = [name for name, settings in kinds if not settings.verify]
    return f"TLS is not verified ({', '.join(found)})" if found else ""
