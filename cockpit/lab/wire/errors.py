"""What PowerShell itself refuses. Shapes: exchange-facts §5.3 and §5.6; texts: PowerShell's own."""

from __future__ import annotations

from cockpit.lab.cmdlet import ErrorRecord, TerminatingError

INVALID_ARGUMENT = 5
NOT_IMPLEMENTED = 11
OBJECT_NOT_FOUND = 13
OPERATION_STOPPED = 14
PARSER_ERROR = 17
_AUTOMATION = "System.Management.Automation."


def _error(message: str, fqid: str, category: int, exception: str, target: str = "") -> TerminatingError:
    return TerminatingError(ErrorRecord(message, fqid, category, exception, _AUTOMATION + exception, target))


def command_not_found(name: str) -> TerminatingError:
    """Also what RBAC and Where-Object on Exchange look like (exchange-facts §5.6)."""
    return _error(
        f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable "
        "program. Check the spelling of the name, or if a path was included, verify that the path is "
        "correct and try again.",
        "CommandNotFoundException",
        OBJECT_NOT_FOUND,
        "CommandNotFoundException",
        name,
    )


def scripts_not_allowed(script: str) -> TerminatingError:
    return _error(
        "The syntax is not supported by this runspace. This can occur if the runspace is in no-language "
        "mode.",
        "ScriptsNotAllowed",
        PARSER_ERROR,
        "ParseException",
        script,
    )


def syntax(message: str, fqid: str, script: str) -> TerminatingError:
    return _error(message, fqid, PARSER_ERROR, "ParseException", script)


def _binding(message: str, fqid: str) -> TerminatingError:
    return _error(message, fqid, INVALID_ARGUMENT, "ParameterBindingException")


def unknown_parameter(cmdlet: str, name: str) -> TerminatingError:
    return _binding(
        f"A parameter cannot be found that matches parameter name '{name}'.",
        f"NamedParameterNotFound,{cmdlet}",
    )


def ambiguous_parameter(cmdlet: str, name: str, matches: list[str]) -> TerminatingError:
    shown = " ".join(f"-{m}" for m in matches)
    return _binding(
        f"Parameter cannot be processed because the parameter name '{name}' is ambiguous. Possible "
        f"matches include: {shown}.",
        f"AmbiguousParameter,{cmdlet}",
    )


def repeated_parameter(cmdlet: str, name: str) -> TerminatingError:
    return _binding(
        f"Cannot bind parameter because parameter '{name}' is specified more than once. To provide "
        "multiple values to parameters that can accept multiple values, use the array syntax.",
        f"ParameterAlreadyBound,{cmdlet}",
    )


def unplaced_argument(cmdlet: str, argument: object) -> TerminatingError:
    return _binding(
        f"A positional parameter cannot be found that accepts argument '{argument}'.",
        f"PositionalParameterNotFound,{cmdlet}",
    )


def missing_parameters(cmdlet: str, names: list[str]) -> TerminatingError:
    return _binding(
        f"Cannot process command because of one or more missing mandatory parameters: {' '.join(names)}.",
        f"MissingMandatoryParameter,{cmdlet}",
    )


def not_in_the_lab(what: str) -> TerminatingError:
    """Something the real endpoint may do and the lab does not: said aloud, never skipped."""
    return _error(
        f"The lab does not implement {what}.",
        "LabNotImplemented",
        NOT_IMPLEMENTED,
        "PSNotImplementedException",
    )


def lab_bug(error: Exception) -> TerminatingError:
    return _error(f"Lab bug: {type(error).__name__}: {error}", "LabBug", 0, "RuntimeException")


def stopped() -> TerminatingError:
    """psrp-wire §4.3: what a reader of a stopped pipeline gets."""
    return _error(
        "The pipeline has been stopped.", "PipelineStopped", OPERATION_STOPPED, "PipelineStoppedException"
    )
