"""Every failure of the wire is one of our family, with a cause and a cure (psrp-wire §4.5)."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
import requests
import urllib3
from pypsrp.exceptions import (
    AuthenticationError,
    FragmentError,
    InvalidPipelineStateError,
    InvalidPSRPOperation,
    InvalidRunspacePoolStateError,
    SerializationError,
    WinRMError,
    WinRMTransportError,
    WSManFaultError,
)
from spnego.exceptions import SpnegoError

from cockpit.exchange import errors as e
from cockpit.exchange.clixml import ClixmlError

WHERE = "https://ex01:443/PowerShell"


def fault(code: object, reason: str | None = "the reason") -> WSManFaultError:
    return WSManFaultError(code, "EX01", reason, None, None, None)


class Krb5Error(Exception):
    """As krb5 defines it: a class of its own module, derived from Exception only."""


Krb5Error.__module__ = "krb5._exceptions"

CASES = [
    (AuthenticationError("no"), e.SignInError),
    (SpnegoError(error_code=1), e.SignInError),
    (Krb5Error("KDC unreachable"), e.SignInError),
    (ImportError("gssapi"), e.MissingLibraryError),
    (requests.exceptions.SSLError("bad cert"), e.CertificateError),
    (requests.exceptions.ConnectionError("[Errno 111] Connection refused"), e.UnreachableError),
    (requests.exceptions.ConnectionError("NameResolutionError: ex01"), e.UnreachableError),
    (requests.exceptions.ConnectionError("RemoteDisconnected"), e.UnreachableError),
    (requests.exceptions.ReadTimeout(), e.TimeLimitError),
    (requests.exceptions.ConnectTimeout(), e.TimeLimitError),
    (requests.exceptions.TooManyRedirects(), e.EndpointNotFoundError),
    (urllib3.exceptions.SSLError("bad cert"), e.CertificateError),
    (urllib3.exceptions.NewConnectionError(None, "Connection refused"), e.UnreachableError),  # type: ignore[arg-type]
    (urllib3.exceptions.NameResolutionError("ex01", None, OSError("x")), e.UnreachableError),  # type: ignore[arg-type]
    (urllib3.exceptions.ConnectTimeoutError(), e.TimeLimitError),
    (urllib3.exceptions.ReadTimeoutError(None, "", "slow"), e.TimeLimitError),  # type: ignore[arg-type]
    (urllib3.exceptions.ProtocolError("Connection aborted."), e.UnreachableError),
    (WinRMTransportError("http", 404, ""), e.EndpointNotFoundError),
    (WinRMTransportError("http", 302, ""), e.EndpointNotFoundError),
    (WinRMTransportError("http", 403, ""), e.NotGrantedError),
    (WinRMTransportError("http", 400, ""), e.ShellLostError),
    (WinRMTransportError("http", 500, ""), e.UnavailableError),
    (WinRMTransportError("http", 503, ""), e.UnavailableError),
    (fault(None, None), e.EndpointNotFoundError),
    (fault(2150858793), e.TimeLimitError),
    (fault(2150858843), e.ShellLostError),
    (fault(2150858811), e.EndpointNotFoundError),
    (fault(2150859173), e.ThrottledError),
    (fault(2150859174), e.ThrottledError),
    (fault(2150859204), e.ShellLostError),
    (fault(995), e.ShellLostError),
    (fault(1223), e.ShellLostError),
    (fault("2150858843"), e.ShellLostError),
    (fault("w:InternalError"), e.FaultError),
    (fault(42, "exceeded the maximum number of connections allowed: 18"), e.ThrottledError),
    (ET.ParseError("not well-formed"), e.ProtocolError),
    (ClixmlError("bad"), e.ProtocolError),
    (WinRMError("Received related id does not match"), e.ProtocolError),
    (InvalidPSRPOperation("broken"), e.ShellLostError),
    (InvalidPipelineStateError(2, 0, "close"), e.ShellLostError),
    (InvalidRunspacePoolStateError(5, 2, "open"), e.ShellLostError),
    (FragmentError("order"), e.ProtocolError),
    (SerializationError("x"), e.ProtocolError),
    (KeyError("RefId"), e.ProtocolError),
    (RuntimeError("Already borrowed"), e.ProtocolError),
    (ValueError("auth"), e.ProtocolError),
]


@pytest.mark.parametrize(("raised", "kind"), CASES, ids=lambda c: getattr(c, "__name__", type(c).__name__))
def test_each_exception_has_its_place(raised: Exception, kind: type[e.ExchangeError]) -> None:
    assert e.is_wire_error(raised)
    mapped = e.from_wire(raised, WHERE)
    assert type(mapped) is kind
    assert mapped.what
    assert mapped.cure


def test_a_mapped_error_is_left_as_it_is() -> None:
    error = e.ThrottledError("x")
    assert e.from_wire(error, WHERE) is error


def test_a_wrong_password_is_not_tried_again() -> None:
    assert not e.from_wire(AuthenticationError("no"), WHERE).retry


def test_server_words_are_cleaned() -> None:
    mapped = e.from_wire(fault(42, "\x1b]0;title\x07"), WHERE)
    assert "\x1b" not in str(mapped)


def test_our_own_defects_are_not_wire_errors() -> None:
    assert not e.is_wire_error(TypeError("ours"))
    assert not e.is_wire_error(AttributeError("ours"))
