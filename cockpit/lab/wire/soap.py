"""WS-Management envelopes: read with ElementTree, written from templates (shapes: psrp-wire §1 [W])."""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from cockpit.lab.wire.faults import Fault, bad_request

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
ADDRESSING = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
WSMAN = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
RSP = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
POWERSHELL = "{http://schemas.microsoft.com/powershell}"

TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
RESOURCE = "http://schemas.microsoft.com/powershell/"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

_ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_NAMESPACES = (
    'xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" '
    'xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
    f'xmlns:rsp="{SHELL}" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"'
)
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?")
_DEFAULT_TIMEOUT = "PT60S"
_DEFAULT_ENVELOPE = "153600"


def duration(text: str) -> float:
    """xs:duration, without years and months, in seconds."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise bad_request(f"{text!r} is no duration.")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


@dataclass(frozen=True, slots=True)
class Message:
    """A request as far as the server cares."""

    action: str
    message_id: str
    resource: str
    timeout: float
    envelope_size: int
    selectors: dict[str, str]
    body: ET.Element

    @property
    def verb(self) -> str:
        """Create, Receive, …"""
        return self.action.rpartition("/")[2]

    @property
    def names(self) -> frozenset[str]:
        """The verb, and for a Receive whose output it asks for."""
        if self.verb != "Receive":
            return frozenset({self.verb})
        wanted = self.body.find(f"{RSP}Receive/{RSP}DesiredStream")
        of_command = wanted is not None and wanted.get("CommandId")
        return frozenset({self.verb, "CommandReceive" if of_command else "OpenReceive"})

    def part(self, tag: str) -> ET.Element:
        """The body's element of the shell namespace."""
        found = self.body.find(RSP + tag)
        if found is None:
            raise bad_request(f"{tag} is missing.")
        return found


def parse(raw: bytes) -> Message:
    try:
        root = ET.fromstring(raw)  # noqa: S314  # only this machine's own clients reach the lab
    except ET.ParseError as error:
        raise bad_request(str(error)) from error
    header, body = root.find(SOAP + "Header"), root.find(SOAP + "Body")
    if header is None or body is None:
        raise bad_request("No SOAP header or body.")
    texts = {child.tag: (child.text or "").strip() for child in header}
    size = texts.get(WSMAN + "MaxEnvelopeSize", _DEFAULT_ENVELOPE)
    if not size.isdecimal():
        raise bad_request(f"MaxEnvelopeSize {size!r}.")
    return Message(
        action=texts.get(ADDRESSING + "Action", ""),
        message_id=texts.get(ADDRESSING + "MessageID", ""),
        resource=texts.get(WSMAN + "ResourceURI", ""),
        timeout=duration(texts.get(WSMAN + "OperationTimeout", _DEFAULT_TIMEOUT)),
        envelope_size=int(size),
        selectors=selectors(header),
        body=body,
    )


def selectors(element: ET.Element) -> dict[str, str]:
    return {s.get("Name", "").lower(): (s.text or "") for s in element.iter(WSMAN + "Selector")}


def envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f"<s:Envelope {_NAMESPACES}><s:Header><a:Action>{escape(action)}</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{_ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault(relates_to: str, what: Fault, machine: str) -> bytes:
    detail = f"<w:FaultDetail>{what.detail_uri}</w:FaultDetail>" if what.detail else ""
    who = "s:Receiver" if what.receiver else "s:Sender"
    return envelope(
        FAULT_ACTION,
        relates_to,
        f"<s:Fault><s:Code><s:Value>{who}</s:Value><s:Subcode><s:Value>{what.subcode}</s:Value></s:Subcode>"
        "</s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(what.reason)}</s:Text></s:Reason>'
        f"<s:Detail>{detail}{_wsman_fault(what, machine)}</s:Detail></s:Fault>",
    )


def _wsman_fault(what: Fault, machine: str) -> str:
    """Windows' own part; a fault that has only a name comes without (psrp-wire §4.5, #148)."""
    if not what.code:
        return ""
    return (
        f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{what.code}" '
        f"Machine={quoteattr(machine)}><f:Message>{escape(what.message or what.reason)}</f:Message>"
        "</f:WSManFault>"
    )
