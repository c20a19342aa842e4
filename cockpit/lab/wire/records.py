"""Outgoing records other than output objects, in the shape Windows sends.

psrpcore leaves out ``<ToString>`` (clients then print None) and announces PipelineState Running, which
Windows never does (psrp-wire §1 [W]).
"""

from __future__ import annotations

from enum import IntEnum

from cockpit.lab.clixml import text
from cockpit.lab.cmdlet import ErrorRecord

_CATEGORIES = (
    "NotSpecified",
    "OpenError",
    "CloseError",
    "DeviceError",
    "DeadlockDetected",
    "InvalidArgument",
    "InvalidData",
    "InvalidOperation",
    "InvalidResult",
    "InvalidType",
    "MetadataError",
    "NotImplemented",
    "NotInstalled",
    "ObjectNotFound",
    "OperationStopped",
    "OperationTimeout",
    "SyntaxError",
    "ParserError",
    "PermissionDenied",
    "ResourceBusy",
    "ResourceExists",
    "ResourceUnavailable",
    "ReadError",
    "WriteError",
    "FromStdErr",
    "SecurityError",
    "ProtocolError",
    "ConnectionError",
    "AuthenticationError",
    "LimitsExceeded",
    "QuotaExceeded",
    "NotEnabled",
)
"""ErrorCategory by number."""
_AUTOMATION = "System.Management.Automation."
_E_FAIL = -2146233087
"""COR_E_EXCEPTION."""


class PipelineState(IntEnum):
    STOPPED = 3
    COMPLETED = 4
    FAILED = 5


def informational(kind: str, message: str) -> bytes:
    """``kind``: Warning, Verbose or Debug, which have one shape (MS-PSRP 2.2.3.16)."""
    shown = text(message)
    return (
        f'<Obj RefId="0"><TN RefId="0"><T>{_AUTOMATION}{kind}Record</T><T>{_AUTOMATION}InformationalRecord'
        "</T>"
        f"<T>System.Object</T></TN><ToString>{shown}</ToString><MS>"
        f'<S N="InformationalRecord_Message">{shown}</S>'
        '<B N="InformationalRecord_SerializeInvocationInfo">false</B></MS></Obj>'
    ).encode()


def error(record: ErrorRecord, activity: str) -> bytes:
    """``activity``: the cmdlet at work; empty when none was found or the text did not parse
    (exchange-facts §5.6)."""
    return _error_object(record, activity, 0, "").encode()


def pipeline_state(state: PipelineState, record: ErrorRecord | None = None, activity: str = "") -> bytes:
    why = "" if record is None else _error_object(record, activity, 1, ' N="ExceptionAsErrorRecord"')
    return f'<Obj RefId="0"><MS><I32 N="PipelineState">{state.value}</I32>{why}</MS></Obj>'.encode()


def _error_object(record: ErrorRecord, activity: str, ref: int, attribute: str) -> str:
    message, target = text(record.message), text(record.target)
    kind = "String" if record.target else ""
    category = _CATEGORIES[record.category]
    names = "".join(f"<T>{text(name)}</T>" for name in _bases(record.exception_type))
    shown = f"{category}: ({target}:{kind}) [{text(activity)}], {text(record.reason)}"
    return (
        f'<Obj{attribute} RefId="{ref}">'
        f'<TN RefId="0"><T>{_AUTOMATION}ErrorRecord</T><T>System.Object</T></TN>'
        f"<ToString>{message}</ToString><MS>"
        f'<Obj N="Exception" RefId="{ref + 1}"><TN RefId="1">{names}</TN>'
        f"<ToString>{text(record.exception_type)}: {message}</ToString><Props>"
        f'<S N="Message">{message}</S><Nil N="Data" /><Nil N="InnerException" /><Nil N="TargetSite" />'
        '<Nil N="StackTrace" /><Nil N="HelpLink" /><Nil N="Source" />'
        f'<I32 N="HResult">{_E_FAIL}</I32></Props></Obj>'
        + (f'<S N="TargetObject">{target}</S>' if target else '<Nil N="TargetObject" />')
        + f'<S N="FullyQualifiedErrorId">{text(record.fully_qualified_id)}</S><Nil N="InvocationInfo" />'
        f'<I32 N="ErrorCategory_Category">{record.category}</I32>'
        f'<S N="ErrorCategory_Activity">{text(activity)}</S>'
        f'<S N="ErrorCategory_Reason">{text(record.reason)}</S>'
        f'<S N="ErrorCategory_TargetName">{target}</S><S N="ErrorCategory_TargetType">{kind}</S>'
        f'<S N="ErrorCategory_Message">{shown}</S>'
        '<B N="SerializeExtendedInfo">false</B></MS></Obj>'
    )


def _bases(name: str) -> list[str]:
    bases = [name]
    if name.startswith(_AUTOMATION):
        bases += [_AUTOMATION + "RuntimeException", "System.SystemException"]
    bases += ["System.Exception", "System.Object"]
    return list(dict.fromkeys(bases))
