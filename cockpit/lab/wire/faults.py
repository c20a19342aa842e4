"""WSMan faults: the answers that are not answers. Codes and texts: psrp-wire §4.5, wsmerror.h."""

from __future__ import annotations

from dataclasses import dataclass

_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"


@dataclass(eq=False)
class Fault(Exception):  # noqa: N818  # WSMan's word
    """Answered with HTTP 500. ``message`` is the WSManFault's text, ``reason`` the SOAP one; ``code`` 0:
    it has no WSManFault, only ``subcode``."""

    code: int
    subcode: str
    reason: str
    message: str = ""
    receiver: bool = False
    detail: str = ""

    @property
    def detail_uri(self) -> str:
        return _DETAIL + self.detail if self.detail else ""


def timed_out() -> Fault:
    """A Receive without data within OperationTimeout; clients poll again."""
    return Fault(
        2150858793,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in "
        "OperationTimeout.  ",
        receiver=True,
    )


def no_shell() -> Fault:
    return Fault(
        2150858843,
        "w:InvalidSelectors",
        "The WS-Management service cannot process the request because the request contained invalid "
        "selectors for the resource. ",
        "The request for the Windows Remote Shell failed because the shell was not found on the server. "
        "Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the "
        "server. Provide the correct ShellId or create a new shell and retry the operation. ",
        detail="UnexpectedSelectors",
    )


def no_command() -> Fault:
    return Fault(
        2150858843,
        "w:InvalidSelectors",
        no_shell().reason,
        "The Windows Remote Shell received a request to perform an operation on a command identifier "
        "that does not exist. Either the command has completed execution or the client specified an "
        "invalid command identifier. ",
        detail="UnexpectedSelectors",
    )


def unknown_resource(uri: str) -> Fault:
    return Fault(
        2150858811,
        "w:DestinationUnreachable",
        f"The WS-Management service cannot process the request. The resource URI ({uri}) was not found in "
        "the WS-Management catalog. The catalog contains the metadata that describes resources, or "
        "logical endpoints. ",
        detail="InvalidResourceURI",
    )


def too_many_shells(limit: int, *, exchange: bool) -> Fault:
    """exchange-facts §5.5: Exchange words its throttling policy, Windows its shell quota."""
    if exchange:
        text = (
            "Fail to create a runspace because you have exceeded the maximum number of connections "
            f"allowed: {limit} for the policy party : MaxConcurrency"
        )
    else:
        text = (
            "The WS-Management service cannot process the request. The maximum number of concurrent "
            "shells for this user has been exceeded. Close existing shells or raise the quota for this "
            "user. "
        )
    return Fault(2150859173, "w:QuotaLimit", text, receiver=True)


def too_many_operations(limit: int) -> Fault:
    """psrp-wire §0.6: commands that were never Terminated count."""
    return Fault(
        2150859174,
        "w:QuotaLimit",
        "The WS-Management service cannot process the request. The maximum number of concurrent "
        f"operations for this shell has been exceeded ({limit}). Close existing operations for this "
        "shell, or raise the quota. ",
        receiver=True,
    )


def aborted() -> Fault:
    return Fault(
        995,
        "w:InternalError",
        "The I/O operation has been aborted because of either a thread exit or an application request. ",
        receiver=True,
    )


def disconnection_unsupported() -> Fault:
    """Exchange takes no Disconnect (exchange-facts §5.4 [M]); which code it answers is unknown [U]."""
    return Fault(
        2150859204,
        "w:UnsupportedFeature",
        "The WS-Management service cannot process the request. The shell does not support the "
        "disconnected state. ",
    )


def unknown_action(action: str) -> Fault:
    return Fault(
        2150858817,
        "a:ActionNotSupported",
        f"The WS-Management service cannot process the request because the action {action} is not "
        "supported. ",
    )


def bad_request(why: str) -> Fault:
    return Fault(
        2150858767,
        "w:SchemaValidationError",
        f"The WS-Management service cannot process the request because the XML is invalid. {why}",
    )


def request_too_large(limit: int) -> Fault:
    return Fault(
        2150858825,
        "w:EncodingLimit",
        f"The WS-Management service cannot process the request. The envelope is larger than {limit} bytes. ",
        detail="ServiceEnvelopeLimit",
    )


def response_too_large(limit: int) -> Fault:
    """A fragment is never split again, so an envelope smaller than one cannot be served."""
    return Fault(
        2150858824,
        "w:EncodingLimit",
        "The response that the WS-Management service computed exceeds the maximum envelope size in the "
        f"request ({limit}). ",
        receiver=True,
        detail="MaxEnvelopeSizeExceeded",
    )


def internal(why: str) -> Fault:
    """A bug of the lab, made visible to the client."""
    return Fault(2147942487, "w:InternalError", why, receiver=True)


def numbered(code: int, message: str, subcode: str = "w:InternalError") -> Fault:
    """Any code, for a test that wants it; 0: only ``subcode``."""
    return Fault(code, subcode, message, receiver=True)
