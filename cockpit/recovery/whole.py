"""Rows of an answer that is whole. A partial answer proves nothing, neither for a guard nor for a step."""

from __future__ import annotations

from typing import TypeVar

from cockpit.config.language import N_
from cockpit.exchange.errors import CmdletFailedError
from cockpit.exchange.model import CmdletError, Reading

Row = TypeVar("Row")


def whole(answer: Reading[Row], what: str) -> tuple[Row, ...]:
    """The rows of an answer that may be empty, but not partial. Raises CmdletFailedError."""
    if answer.errors:
        raise CmdletFailedError(N_("{what} was not read whole").format(what=what), answer.errors[0])
    return answer.rows


def rows_of(answer: Reading[Row], what: str) -> tuple[Row, ...]:
    """As :func:`whole`; no row with a warning is a failure too. Raises CmdletFailedError."""
    found = whole(answer, what)
    if not found and answer.warnings:
        raise CmdletFailedError(N_("{what} gave nothing").format(what=what), CmdletError(answer.warnings[0]))
    return found
