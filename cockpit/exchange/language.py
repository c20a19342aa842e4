"""The language mode of an endpoint: whether scripts of ours run there."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.caller import Caller
from cockpit.exchange.clixml import PSObject
from cockpit.exchange.errors import CmdletFailedError, ProtocolError
from cockpit.exchange.logfiles import script_text
from cockpit.exchange.pipeline import Call
from cockpit.exchange.text import clean_line

FULL: Final = "FullLanguage"
_SCRIPT: Final = "language-mode.ps1"
_SECONDS: Final = 30.0
_REFUSALS: Final = {
    "ScriptsNotAllowed": "NoLanguage",
    "NotSupportedInDataSection": "RestrictedLanguage",
}
"""By what an error's id holds (exchange-facts §5.3 [C], about_Language_Modes): the mode that refuses the
question itself. ConstrainedLanguage answers it [M]."""


def language_mode(session: Caller, seconds: float = _SECONDS) -> str:
    """``FullLanguage``, ``ConstrainedLanguage``, ``RestrictedLanguage`` or ``NoLanguage``.

    ``seconds``: for the call. Raises ExchangeError.
    """
    try:
        result = session.run(Call(_SCRIPT, time_limit=seconds, script=script_text(_SCRIPT)))
    except CmdletFailedError as error:
        mode = refused_by(error.record.fully_qualified_id)
        if not mode:
            raise
        return mode
    if result.errors:
        mode = refused_by(result.errors[0].fully_qualified_id)
        if not mode:
            raise CmdletFailedError(_SCRIPT, result.errors[0])
        return mode
    if len(result.objects) != 1:
        raise ProtocolError(
            N_("{script} gave {count} objects").format(script=_SCRIPT, count=len(result.objects))
        )
    answer = result.objects[0]
    return clean_line(str(answer.text if isinstance(answer, PSObject) and answer.text else answer))


def refused_by(error_id: str) -> str:
    """The language mode that gives an error of that id to a script; empty for any other error."""
    return next((mode for part, mode in _REFUSALS.items() if part in error_id), "")
