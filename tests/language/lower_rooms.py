"""What counts as English in what the rooms below the screens say, and the cases of their own tests."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.language.pseudo import english_in

VALUES = {
    "EX01 ex": "servers",
    "EX02": "",
    "EX03": "",
    "contoso com test": "their domains",
    "DB01 DB02": "databases",
    "healthmailbox0f3a HealthMailbox": "the mailbox of a probe, as a log has it",
    "POP PopCTPProbe PopCTPMonitor PopSelfTestProbe PopSelfTestMonitor Protocol": "identities",
    "Healthy Unhealthy Degraded Unknown Disabled Repairing Failed Active Inactive": "Exchange's own states",
    "Mounted Dismounted Mounting": "of a database copy",
    "Running Stopped Paused Pending Start Stop MSExchangePop": "of a service",
    "true false": "as TOML writes them",
}
"""Identifiers and values, which are nobody's prose."""


def english(text: str, *values: object) -> list[str]:
    return english_in(text, *VALUES, *values)


def cases(test: Any) -> list[Any]:
    """What a test of another room is made for: copies, since a stand-in counts its calls."""
    return [deepcopy(case) for mark in test.pytestmark if mark.name == "parametrize" for case in mark.args[1]]


def parameters(test: Any) -> list[tuple[Any, ...]]:
    return cases(test)


def left_of(error: Exception, *values: object) -> list[str]:
    """What is English still in all that an operator is shown of it."""
    return english(str(error), *values) + english(getattr(error, "cure", ""), *values)
