"""WSMan envelopes of the three requests that every call makes: Command, Receive, Signal.

pypsrp builds them element by element, which is most of what a small call costs; these are filled-in
templates. Opening and closing a shell stay with pypsrp. Shapes: MS-WSMV 3.1.4.5 as pypsrp sends them.
"""

from __future__ import annotations

import base64
import binascii
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from cockpit.config.language import N_

_SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CREATE: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
COMMAND: Final = f"{_SHELL}/Command"
RECEIVE: Final = f"{_SHELL}/Receive"
SEND: Final = f"{_SHELL}/Send"
SIGNAL: Final = f"{_SHELL}/Signal"
PS_CTRL_C: Final = "powershell/signal/crtl_c"
"""Spelled so by MS-PSRP 3.1.5.3.9 and by Windows' own client; a server that holds to it refuses any other."""
TERMINATE: Final = f"{_SHELL}/signal/Terminate"

_RSP: Final = f"{{{_SHELL}}}"
_BODY: Final = "{http://www.w3.org/2003/05/soap-envelope}Body"
_RELATES: Final = (
    "{http://www.w3.org/2003/05/soap-envelope}Header/"
    "{http://schemas.xmlsoap.org/ws/2004/08/addressing}RelatesTo"
)

_ENVELOPE: Final = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
    ' xmlns:wsmv="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"'
    f' xmlns:rsp="{_SHELL}"><s:Header>'
    '<wsa:Action s:mustUnderstand="true">{action}</wsa:Action>'
    '<wsmv:DataLocale s:mustUnderstand="false" xml:lang="en-US"/>'
    '<wsman:Locale s:mustUnderstand="false" xml:lang="en-US"/>'
    '<wsman:MaxEnvelopeSize s:mustUnderstand="true">{size}</wsman:MaxEnvelopeSize>'
    "<wsa:MessageID>uuid:{message_id}</wsa:MessageID>"
    "<wsman:OperationTimeout>PT{timeout}S</wsman:OperationTimeout>"
    '<wsa:ReplyTo><wsa:Address s:mustUnderstand="true">'
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:Address></wsa:ReplyTo>"
    '<wsman:ResourceURI s:mustUnderstand="true">{resource}</wsman:ResourceURI>'
    '<wsmv:SessionId s:mustUnderstand="false">uuid:{session}</wsmv:SessionId>'
    "<wsa:To>{to}</wsa:To>{options}"
    '<wsman:SelectorSet><wsman:Selector Name="ShellId">{shell}</wsman:Selector></wsman:SelectorSet>'
    "</s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
_KEEP_ALIVE: Final = (
    '<wsman:OptionSet s:mustUnderstand="true"><wsman:Option Name="WSMAN_CMDSHELL_OPTION_KEEPALIVE">True'
    "</wsman:Option></wsman:OptionSet>"
)


@dataclass(frozen=True, slots=True)
class Address:
    """What does not change within a shell: where, which shell, how large an answer may be (bytes)."""

    to: str
    resource: str
    session: str
    shell: str
    size: int


def build(
    address: Address, action: str, body: str, timeout: float, *, keep_alive: bool = False
) -> tuple[str, bytes]:
    """The message id and the envelope. ``timeout``: the server's operation time limit in seconds."""
    message_id = str(uuid.uuid4()).upper()
    text = _ENVELOPE.format(
        action=action,
        size=address.size,
        message_id=message_id,
        timeout=f"{timeout:.3f}",
        resource=escape(address.resource),
        session=address.session,
        to=escape(address.to),
        options=_KEEP_ALIVE if keep_alive else "",
        shell=escape(address.shell),
        body=body,
    )
    return message_id, text.encode()


def command(command_id: str, fragment: bytes) -> str:
    return (
        f"<rsp:CommandLine CommandId={quoteattr(command_id)}><rsp:Command/>"
        f"<rsp:Arguments>{base64.b64encode(fragment).decode()}</rsp:Arguments></rsp:CommandLine>"
    )


def send(command_id: str, fragment: bytes) -> str:
    return (
        f'<rsp:Send><rsp:Stream Name="stdin" CommandId={quoteattr(command_id)}>'
        f"{base64.b64encode(fragment).decode()}</rsp:Stream></rsp:Send>"
    )


def receive(command_id: str) -> str:
    wanted = f"<rsp:DesiredStream CommandId={quoteattr(command_id)}>stdout</rsp:DesiredStream>"
    return f"<rsp:Receive>{wanted}</rsp:Receive>"


def signal(command_id: str, code: str) -> str:
    return f"<rsp:Signal CommandId={quoteattr(command_id)}><rsp:Code>{code}</rsp:Code></rsp:Signal>"


class OutOfTurnError(ET.ParseError):
    """A sound answer, to something else."""


def open_answer(answer: bytes, message_id: str) -> ET.Element:
    """The body of an answer. Raises ET.ParseError when it is not XML, OutOfTurnError when it is another's."""
    root = ET.fromstring(answer)  # noqa: S314 -- whoever received it refused a document type declaration
    relates = root.findtext(_RELATES, "")
    if relates.rsplit(":", 1)[-1].upper() != message_id:
        raise OutOfTurnError(N_("the answer is to another request ({id})").format(id=relates[:60]))
    return body_of(root)


def body_of(root: ET.Element) -> ET.Element:
    """The Body of an envelope. Raises ET.ParseError when there is none."""
    body = root.find(_BODY)
    if body is None:
        raise ET.ParseError(N_("an envelope without a body"))
    return body


def command_id(body: ET.Element) -> str | None:
    """The id the server gave the command, where it gave one."""
    return body.findtext(f"{_RSP}CommandResponse/{_RSP}CommandId")


def streams(body: ET.Element) -> tuple[bytes, bool]:
    """The bytes of a Receive's answer, and whether the command is done."""
    try:
        data = b"".join(base64.b64decode(s.text) for s in body.iter(f"{_RSP}Stream") if s.text)
    except binascii.Error as error:
        raise ET.ParseError(N_("a stream that is not base64: {error}").format(error=error)) from None
    state = body.find(f"{_RSP}ReceiveResponse/{_RSP}CommandState")
    return data, state is not None and state.get("State", "").endswith("Done")
