"""Over plain HTTP everything is sealed both ways, or refused; and the server has to prove who it is."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from spnego._ntlm_raw.messages import NegotiateFlags

from cockpit.config.secrets import Secret
from cockpit.config.targets import Target
from cockpit.exchange import errors as e
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.session import EXCHANGE, Session
from cockpit.lab.wire.acceptors import KerberosAcceptor, Sealed, SpnegoAcceptor
from cockpit.lab.wire.auth import Admitted
from cockpit.lab.wire.http import Request, Response
from cockpit.lab.wire.knobs import Effect
from tests.auth.bench import Bench
from tests.auth.conftest import Make
from tests.auth.test_kerberos_refusals import refusal

SEALED = pytest.mark.parametrize("mode", ["ntlm", "negotiate-ntlm", "kerberos", "negotiate-kerberos"])


@pytest.mark.parametrize("auth", ["basic", "certificate"])
def test_what_cannot_seal_is_refused_before_anything_is_sent(auth: str) -> None:
    """Not even a connection is made: the listener sees none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        target = Target("EX01", "127.0.0.1", port, "PowerShell", False, auth, None, "HTTP", 2.0)  # type: ignore[arg-type]
        said = refusal(Session(target, EXCHANGE, "operator", Secret("canary")), e.SignInError)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert f"{auth} has no message encryption" in said.what
    assert "https://" in said.cure
    assert "tls = true" in said.cure


@SEALED
def test_requests_are_sealed(make: Make, mode: str) -> None:
    """What goes over the wire is read by a relay that stands between."""
    bench = make(mode)
    with Eavesdropper(bench.target.port) as ear:
        assert ExchangeCmdlets(bench.session(port=ear.port)).get_server_health("EX01").rows
    assert b"multipart/encrypted" in ear.sent
    assert b"multipart/encrypted" in ear.received
    for word in (b"Envelope", b"Get-ServerHealth", b"PopCTPMonitor", b"ShellId"):
        assert word not in ear.sent
        assert word not in ear.received


class Eavesdropper:
    """A relay to a port of loopback that keeps what passes."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.sent, self.received = b"", b""
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Eavesdropper:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            for names in ((client, server, "sent"), (server, client, "received")):
                threading.Thread(target=self._pass, args=names, daemon=True).start()

    def _pass(self, source: socket.socket, to: socket.socket, name: str) -> None:
        try:
            while data := source.recv(65_536):
                setattr(self, name, getattr(self, name) + data)
                to.sendall(data)
        except OSError:
            pass
        finally:
            to.close()


@SEALED
@pytest.mark.parametrize("action", ["Create", "Command", "Receive"])
def test_a_plain_answer_to_a_sealed_request_is_refused(make: Make, mode: str, action: str) -> None:
    bench = make(mode)
    bench.endpoint.knobs.add(Effect.UNSEALED, action=action, count=None)
    with pytest.raises(e.ProtocolError, match="open text"):
        ExchangeCmdlets(bench.session()).get_server_health("EX01")


@pytest.mark.parametrize("mode", ["kerberos", "negotiate-kerberos"])
def test_an_answer_that_is_only_signed_is_refused(
    make: Make, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sign(self: KerberosAcceptor, plain: bytes) -> Sealed:
        raw = self._gss.raw
        kinds = raw.IOVBufferType
        parts = raw.IOV(kinds.header, plain, kinds.padding, std_layout=False)
        raw.wrap_iov(self._context, parts, confidential=False)
        return Sealed(parts[0].value, parts[1].value, 0)

    bench = make(mode)
    monkeypatch.setattr(KerberosAcceptor, "seal", sign)
    with pytest.raises(e.ProtocolError, match="signed, not sealed"):
        bench.session().open()


class _Anybody:
    """A gate that asks for nothing."""

    def gate(self, certificate: bytes | None = None) -> _Anybody:
        return self

    def admit(self, request: Request) -> Admitted | Response:
        if not request.body:
            return Response(200)
        return Admitted(
            "x", request.body, lambda status, body: Response(status, (), body), lambda: Response(401)
        )


@SEALED
def test_a_server_that_asks_for_no_sign_in_is_refused(make: Make, mode: str) -> None:
    bench = make(mode)
    bench.endpoint._authenticator = _Anybody()
    said = refusal(bench.session(), e.SignInError)
    assert "asks for no sign-in, so nothing can be sealed" in said.what


@pytest.mark.parametrize("mode", ["kerberos", "kerberos-tls", "negotiate-kerberos", "negotiate-kerberos-tls"])
def test_a_server_that_does_not_prove_who_it_is_is_refused(
    make: Make, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has taken our ticket and says 200, without the half of the sign-in that needs the server's key."""
    step = KerberosAcceptor.step

    def mute(self: KerberosAcceptor, token: bytes) -> bytes:
        step(self, token)
        return b""

    bench = make(mode)
    monkeypatch.setattr(KerberosAcceptor, "step", mute)
    said = refusal(bench.session(), e.SignInError)
    assert "did not prove who it is" in said.what
    assert bench.calls == []


def test_a_server_that_agrees_to_no_encryption_is_refused(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = SpnegoAcceptor.step

    def unsealing(self: SpnegoAcceptor, token: bytes) -> bytes:
        answer = step(self, token)
        challenge: Any = getattr(self._context, "_temp_challenge", None)
        if challenge is None:
            return answer
        challenge.flags &= ~NegotiateFlags.seal
        changed: bytes = challenge.pack()
        return changed

    bench = make("ntlm")
    monkeypatch.setattr(SpnegoAcceptor, "step", unsealing)
    said = refusal(bench.session(), e.SignInError)
    assert "agreed to no message encryption" in said.what
    assert "https://" in said.cure


def test_ntlm_at_an_endpoint_like_exchanges_own(make: Make) -> None:
    """exchange-facts §5.1: Kerberos only; pypsrp's issue #187."""
    said = refusal(make("ntlm", kerberos_only=True).session(), e.SignInError)
    assert "to a sign-in with NTLM" in said.what
    assert "auth = kerberos" in said.cure


def test_kerberos_at_an_endpoint_like_exchanges_own(make: Make) -> None:
    make("negotiate-kerberos", kerberos_only=True).session().open()


@pytest.mark.parametrize("mode", ["ntlm", "negotiate-ntlm"])
def test_a_wrong_password_or_user_with_ntlm(make: Make, mode: str) -> None:
    bench: Bench = make(mode)
    for said in (
        refusal(bench.session(password="not this"), e.SignInError),
        refusal(bench.session(user="LAB\\nobody"), e.SignInError),
    ):
        assert "did not accept LAB\\" in said.what
        assert "credential.password" in said.cure


def test_ntlm_without_a_password_takes_none_from_a_file(make: Make) -> None:
    """pyspnego would read NTLM_USER_FILE, which is the lab's here."""
    said = refusal(make("ntlm").session(password=""), e.SignInError)
    assert "wants a user and a password" in said.what
