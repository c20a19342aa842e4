"""Names of servers: short in one place, with their domain in another."""

from __future__ import annotations


def same_server(one: str, other: str) -> bool:
    """Whether two names mean one server: by short name, without regard to case."""
    return one.split(".", 1)[0].lower() == other.split(".", 1)[0].lower()
