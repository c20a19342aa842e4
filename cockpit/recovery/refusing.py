"""Foreseen failures, as refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cockpit.config.environment import ConfigError
from cockpit.exchange.errors import ExchangeError
from cockpit.journal.errors import JournalError
from cockpit.recovery.client import RefusedError


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Foreseen failures as refusals that name what was asked."""
    try:
        yield
    except ExchangeError as error:
        raise RefusedError(what, str(error), error.cure) from error
    except (JournalError, ConfigError) as error:
        raise RefusedError(what, str(error)) from error
