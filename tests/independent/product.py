"""The same through the product's own Session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cockpit.exchange.clixml import PSObject
from cockpit.exchange.errors import CmdletFailedError, NotGrantedError
from cockpit.exchange.model import CmdletError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.session import Session
from tests.independent import normal
from tests.independent.cases import Case
from tests.independent.normal import Normal


def run(session: Session, case: Case) -> dict[str, Normal]:
    """The answer to ``case``. A failure of the product's carries the record, and no output before it."""
    try:
        result = session.run(
            Call(case.command, dict(case.parameters), script=case.command if case.script else "")  # type: ignore[arg-type]  # sequences are tuples in the cases
        )
    except CmdletFailedError as error:
        return normal.answer("Failed", [], [], [], _error(error.record))
    except NotGrantedError as error:
        return normal.answer("Failed", [], [], [], {"message": error.cause})
    return normal.answer(
        "Completed",
        [value(one) for one in result.objects],
        list(result.warnings),
        [_error(record) for record in result.errors],
        None,
    )


def _error(record: CmdletError) -> dict[str, str]:
    return normal.record(
        record.message, record.fully_qualified_id, record.category, record.reason, record.target
    )


def value(given: Any) -> Normal:
    """What our reader made of a CLIXML value, in the normal form."""
    if given is None or isinstance(given, bool | int | float):
        return given
    if isinstance(given, str):
        return normal.text(given)
    if isinstance(given, datetime):
        return normal.moment(given)
    if isinstance(given, timedelta):
        return given.total_seconds()
    if isinstance(given, list):
        return [value(one) for one in given]
    if isinstance(given, dict):
        return {"entries": [[value(key), value(one)] for key, one in given.items()]}
    assert isinstance(given, PSObject), type(given)
    return normal.thing(
        list(given.types),
        given.text,
        value(given.value),
        {name: value(one) for name, one in given.properties.items()},
    )
