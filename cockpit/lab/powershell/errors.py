"""PowerShell's errors, as Windows PowerShell 5.1 reports them [M]."""

from __future__ import annotations

from typing import Final

from cockpit.lab.cmdlet import ErrorRecord, stopped

_AUTOMATION: Final = "System.Management.Automation."
NOT_SPECIFIED, INVALID_ARGUMENT, INVALID_DATA, INVALID_OPERATION, NOT_IMPLEMENTED = 0, 5, 6, 7, 11
OBJECT_NOT_FOUND, OPERATION_STOPPED = 13, 14


class PowerShellError(Exception):
    """An error that a script can catch. ``exception``: the .NET name of what was thrown inside."""

    def __init__(self, record: ErrorRecord, exception: str = "") -> None:
        super().__init__(record.message)
        self.record = record
        self.exception = exception or record.exception_type

    @property
    def told(self) -> ErrorRecord:
        """What whoever ran the script gets if no script catches it."""
        return self.record


def _error(
    message: str, identity: str, category: int, reason: str, target: str = "", exception: str = ""
) -> PowerShellError:
    full = _AUTOMATION + reason
    return PowerShellError(ErrorRecord(message, identity, category, reason, full, target), exception)


class StoppedByPreferenceError(PowerShellError):
    """A cmdlet's error that -ErrorAction or $ErrorActionPreference turned into the script's end. A ``catch``
    sees the cmdlet's own record; what nobody catches is an ActionPreferenceStopException over it, of the same
    id and category [M]."""

    def __init__(self, error: PowerShellError) -> None:
        super().__init__(error.record, error.exception)

    @property
    def told(self) -> ErrorRecord:
        return stopped(self.record)


class NotHereError(PowerShellError):
    """Something that the lab does not have; no script catches it."""


class NetError(Exception):
    """A .NET exception out of a method: ``kind`` is its full name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def not_here(what: str) -> NotHereError:
    """Something real PowerShell may know and the lab does not: said, never skipped."""
    reason = "PSNotImplementedException"
    words = f"The lab's PowerShell has no {what}."
    full = _AUTOMATION + reason
    return NotHereError(ErrorRecord(words, "LabNotImplemented", NOT_IMPLEMENTED, reason, full))


def from_method(method: str, count: int, error: NetError) -> PowerShellError:
    """A method threw: MethodInvocationException around it, under the inner exception's short name."""
    short = error.kind.rpartition(".")[2]
    words = f'Exception calling "{method}" with "{count}" argument(s): "{error.message}"'
    return _error(words, short, NOT_SPECIFIED, "MethodInvocationException", exception=error.kind)


def from_constructor(count: int, error: NetError) -> PowerShellError:
    """The same of New-Object, whose id does not say which exception it was."""
    words = f'Exception calling ".ctor" with "{count}" argument(s): "{error.message}"'
    identity = "ConstructorInvokedThrowException,Microsoft.PowerShell.Commands.NewObjectCommand"
    return _error(words, identity, INVALID_OPERATION, "MethodInvocationException", exception=error.kind)


def cannot_convert(value: str, kind: str, wanted: str, why: str = "") -> PowerShellError:
    shown = kind.rpartition(".")[2]
    reason = why or "Input string was not in a correct format."
    words = f'Cannot convert value "{value}" to type "{wanted}". Error: "{reason}"'
    identity = f"InvalidCastFrom{shown}To{wanted.rpartition('.')[2]}"
    return _error(words, identity, INVALID_ARGUMENT, "PSInvalidCastException")


def bad_parameter(name: str, error: PowerShellError) -> PowerShellError:
    words = f"Cannot process argument transformation on parameter '{name}'. {error.record.message}"
    reason = "ParameterBindingArgumentTransformationException"
    return _error(words, "ParameterArgumentTransformationError", INVALID_DATA, reason)


def not_a_boolean(kind: str) -> PowerShellError:
    words = (
        f'Cannot convert value "{kind}" to type "System.Boolean". Boolean parameters accept only Boolean'
        " values and numbers, such as $True, $False, 1 or 0."
    )
    return _error(words, "InvalidCast", INVALID_ARGUMENT, "PSInvalidCastException")


def null_method() -> PowerShellError:
    words = "You cannot call a method on a null-valued expression."
    return _error(words, "InvokeMethodOnNull", INVALID_OPERATION, "RuntimeException")


def no_method(kind: str, name: str) -> PowerShellError:
    words = f"Method invocation failed because [{kind}] does not contain a method named '{name}'."
    return _error(words, "MethodNotFound", INVALID_OPERATION, "RuntimeException", name)


def null_index() -> PowerShellError:
    return _error("Cannot index into a null array.", "NullArray", INVALID_OPERATION, "RuntimeException")


def no_operator(sign: str, kind: str) -> PowerShellError:
    name = {"-": "op_Subtraction", "*": "op_Multiply", "/": "op_Division", "%": "op_Modulus"}.get(
        sign, "op_Addition"
    )
    words = f"Method invocation failed because [{kind}] does not contain a method named '{name}'."
    return _error(words, "MethodNotFound", INVALID_OPERATION, "RuntimeException", name)


def divided_by_zero() -> PowerShellError:
    words = "Attempted to divide by zero."
    return _error(words, "RuntimeException", NOT_SPECIFIED, "RuntimeException")


def thrown(words: str) -> PowerShellError:
    return _error(words, words, OPERATION_STOPPED, "RuntimeException", words)


def path_not_found(path: str, command: str) -> PowerShellError:
    words = f"Cannot find path '{path}' because it does not exist."
    identity = f"PathNotFound,Microsoft.PowerShell.Commands.{command}"
    return _error(words, identity, OBJECT_NOT_FOUND, "ItemNotFoundException", path)


def drive_not_found(drive: str, command: str) -> PowerShellError:
    words = f"Cannot find drive. A drive with the name '{drive}' does not exist."
    identity = f"DriveNotFound,Microsoft.PowerShell.Commands.{command}"
    return _error(words, identity, OBJECT_NOT_FOUND, "DriveNotFoundException", drive)


def no_method_calls() -> PowerShellError:
    """ConstrainedLanguage."""
    words = "Cannot invoke method. Method invocation is supported only on core types in this language mode."
    identity = "MethodInvocationNotSupportedInConstrainedLanguage"
    return _error(words, identity, INVALID_OPERATION, "RuntimeException")


def no_types() -> PowerShellError:
    """ConstrainedLanguage."""
    words = "Cannot create type. Only core types are supported in this language mode."
    identity = "CannotCreateTypeConstrainedLanguage,Microsoft.PowerShell.Commands.NewObjectCommand"
    return _error(words, identity, 8, "PSNotSupportedException")


def syntax_error(script: str) -> PowerShellError:
    """A text that is no PowerShell; the real one says where and why."""
    words = "The script has a syntax error."
    return _error(words, "ParseError", 17, "ParseException", script[:80])
