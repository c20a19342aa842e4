"""TLS: whom we trust, pins, our own certificates, and ports that speak something else."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from cockpit.exchange import errors as e
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.lab.wire.certificate import Authority
from tests.auth.bench import Bench
from tests.auth.conftest import Make
from tests.auth.test_kerberos_refusals import refusal

pytestmark = pytest.mark.auth

EVERY_TLS = pytest.mark.parametrize("mode", ["basic-tls", "ntlm-tls", "kerberos-tls", "certificate"])


def pin_of(bench: Bench) -> str:
    pem = ssl.get_server_certificate(("127.0.0.1", bench.target.port))
    return "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@EVERY_TLS
def test_an_unknown_authority(make: Make, mode: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for ca_file in (None, str(Authority(other / "ca.pem").ca_path)):
        said = refusal(make(mode).session(ca_file=ca_file), e.CertificateError)
        assert "its certificate comes from a CA that is not known here" in said.cause
        assert "ca_file" in said.cure
        assert "pin" in said.cure


@EVERY_TLS
def test_unverified_is_what_was_asked_for(make: Make, mode: str) -> None:
    make(mode).session(ca_file=None, verify=False).open()


@EVERY_TLS
@pytest.mark.parametrize("with_ca", [False, True])
def test_a_pin(make: Make, mode: str, with_ca: bool) -> None:
    bench = make(mode)
    ca_file = bench.target.ca_file if with_ca else None
    session = bench.session(ca_file=ca_file, pin=pin_of(bench))
    assert ExchangeCmdlets(session).get_server_health("EX01").rows


def test_a_pin_with_colons_and_capitals(make: Make) -> None:
    bench = make("basic-tls")
    digits = pin_of(bench).removeprefix("sha256:").upper()
    pin = "sha256:" + ":".join(digits[n : n + 2] for n in range(0, 64, 2))
    bench.session(ca_file=None, pin=pin).open()


@EVERY_TLS
@pytest.mark.parametrize("with_ca", [False, True])
def test_a_wrong_pin(make: Make, mode: str, with_ca: bool) -> None:
    bench = make(mode)
    ca_file = bench.target.ca_file if with_ca else None
    said = refusal(bench.session(ca_file=ca_file, pin="sha256:" + "00" * 32), e.CertificateError)
    assert said.cause == f"its certificate is {pin_of(bench)}, not the pinned one"
    assert "pin" in said.cure
    assert bench.shells() == []


def test_a_pin_does_not_stand_for_a_ca_that_was_given(make: Make, tmp_path: Path) -> None:
    bench = make("basic-tls")
    other = tmp_path / "other"
    other.mkdir()
    ca_file = str(Authority(other / "ca.pem").ca_path)
    refusal(bench.session(ca_file=ca_file, pin=pin_of(bench)), e.CertificateError)


@pytest.mark.parametrize("mode", ["basic-tls", "kerberos-tls"])
def test_a_pin_holds_for_every_later_connection(make: Make, mode: str, tmp_path: Path) -> None:
    """Also on the fast path, and where the shell is deleted: the server has another certificate by then."""
    bench = make(mode)
    session = bench.session(ca_file=None, pin=pin_of(bench))
    cmdlets = ExchangeCmdlets(session)
    assert cmdlets.get_server_health("EX01").rows
    answered = len(bench.calls)
    show(bench, trustme.CA().issue_cert("127.0.0.1"))
    bench.lose_connections()
    with pytest.raises(e.CertificateError, match="not the pinned one"):
        cmdlets.get_server_health("EX01")
    assert len(bench.calls) == answered


@contextmanager
def tunnel(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """An HTTP proxy for one port of loopback, and what it was asked for."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            asked.append(client.recv(65_536))
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            server = socket.create_connection(("127.0.0.1", port))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=_pass, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _pass(source: socket.socket, to: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            to.sendall(data)
    except OSError:
        pass
    finally:
        to.close()


def test_a_pin_holds_through_a_proxy(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make("basic-tls")
    with tunnel(bench.target.port) as (port, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        right, wrong = pin_of(bench), "sha256:" + "00" * 32
        refusal(bench.session(ca_file=None, pin=wrong), e.CertificateError)
        session = bench.session(ca_file=None, pin=right)
        session.open()
        session.close()
    assert len(asked) >= 2
    assert all(a.startswith(b"CONNECT 127.0.0.1:") for a in asked)


def show(bench: Bench, leaf: trustme.LeafCert) -> None:
    """From now on the endpoint shows this certificate."""
    assert bench.endpoint._http._tls is not None
    leaf.configure_cert(bench.endpoint._http._tls)


def _authority(folder: Path) -> tuple[trustme.CA, str]:
    authority = trustme.CA()
    path = folder / "own-ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return authority, str(path)


def test_an_expired_certificate(make: Make, tmp_path: Path) -> None:
    bench = make("basic-tls")
    authority, ca_file = _authority(tmp_path)
    past = datetime.now(UTC) - timedelta(days=2)
    leaf = authority.issue_cert("127.0.0.1", not_before=past - timedelta(days=9), not_after=past)
    show(bench, leaf)
    said = refusal(bench.session(ca_file=ca_file), e.CertificateError)
    assert said.cause.startswith("its certificate has expired")
    assert "Renew" in said.cure


def test_a_certificate_that_is_not_good_yet(make: Make, tmp_path: Path) -> None:
    bench = make("basic-tls")
    authority, ca_file = _authority(tmp_path)
    soon = datetime.now(UTC) + timedelta(days=2)
    leaf = authority.issue_cert("127.0.0.1", not_before=soon, not_after=soon + timedelta(days=9))
    show(bench, leaf)
    said = refusal(bench.session(ca_file=ca_file), e.CertificateError)
    assert said.cause.startswith("its certificate is not good yet")
    assert "clock" in said.cure


@pytest.mark.parametrize("dialled", ["127.0.0.1", "localhost"])
def test_a_certificate_for_another_name(make: Make, tmp_path: Path, dialled: str) -> None:
    bench = make("basic-tls")
    authority, ca_file = _authority(tmp_path)
    show(bench, authority.issue_cert("ex07.lab.example"))
    said = refusal(bench.session(ca_file=ca_file, host=dialled), e.CertificateError)
    assert said.cause.startswith("its certificate is for other names")
    assert "pin" in said.cure


@pytest.mark.parametrize("mode", ["ntlm", "kerberos"])
def test_tls_to_a_plain_port(make: Make, mode: str) -> None:
    said = refusal(make(mode).session(tls=True), e.CertificateError)
    assert said.cause == "the port does not speak TLS"
    assert "tls = false" in said.cure


@pytest.mark.parametrize("mode", ["ntlm-tls", "kerberos-tls"])
def test_plain_http_to_a_tls_port(make: Make, mode: str) -> None:
    said = refusal(make(mode).session(tls=False), e.UnreachableError)
    assert "tls = true" in said.cure


def test_plain_http_to_a_port_that_answers_with_an_alert(make: Make) -> None:
    """As OpenSSL's server does when it is given time to."""
    bench = make("ntlm")
    alert = b"\x15\x03\x01\x00\x02\x02\x46"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            client.recv(65_536)
            client.sendall(alert)
            client.close()

        threading.Thread(target=serve, daemon=True).start()
        said = refusal(bench.session(port=listener.getsockname()[1]), e.UnreachableError)
    assert said.what.endswith("speaks TLS")
    assert "tls = true" in said.cure


# --- our own certificate -------------------------------------------------------------------------


def _person(folder: Path, principal: str = "operator@lab.example") -> tuple[str, str]:
    made = folder / "person"
    made.mkdir()
    certificate, key = Authority(made / "ca.pem").person(principal, made)
    return str(certificate), str(key)


def test_a_certificate_of_an_authority_that_the_server_does_not_trust(make: Make, tmp_path: Path) -> None:
    """A server that says nothing and goes: whether our write or our read meets that first, is a race."""
    certificate, key = _person(tmp_path)
    session = make("certificate").session(certificate=certificate, certificate_key=key)
    assert "a CA that the server trusts" in refusal(session, e.UnreachableError).cure


def test_a_server_that_says_what_it_has_against_our_certificate(make: Make, tmp_path: Path) -> None:
    """asyncio's servers leave without their alert; this one sends it."""
    bench = make("certificate")
    certificate, key = _person(tmp_path)
    authority, ca_file = _authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            wrapped = context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
            with pytest.raises(ssl.SSLError):
                wrapped.do_handshake()
            while os.read(wrapped.fileno(), 65_536):  # until the client, who may still write, has gone
                pass
            wrapped.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        session = bench.session(
            port=listener.getsockname()[1], ca_file=ca_file, certificate=certificate, certificate_key=key
        )
        said = refusal(session, e.SignInError)
        thread.join(5)
    assert said.cause.startswith("it does not take our certificate")
    assert "certificate_key" in said.cure


def test_a_certificate_of_nobody_who_is_known(make: Make, tmp_path: Path) -> None:
    """The authority is the server's own; the name in the certificate is mapped to no account."""
    bench = make("certificate")
    assert bench.authority is not None
    folder = tmp_path / "nobody"
    folder.mkdir()
    certificate, key = bench.authority.person("nobody@lab.example", folder)
    said = refusal(bench.session(certificate=str(certificate), certificate_key=str(key)), e.SignInError)
    assert "did not accept the sign-in" in said.what


def test_an_expired_certificate_of_ours(make: Make, tmp_path: Path) -> None:
    bench = make("certificate")
    assert bench.authority is not None
    folder = tmp_path / "late"
    folder.mkdir()
    certificate, key = bench.authority.person("operator@lab.example", folder, days=-1)
    said = refusal(bench.session(certificate=str(certificate), certificate_key=str(key)), e.CertificateError)
    assert "is not good now" in said.what
    assert said.cure == "Have it renewed."


def test_a_file_that_holds_no_certificate(make: Make, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    said = refusal(make("certificate").session(certificate=str(junk)), e.CertificateError)
    assert "holds no certificate" in said.what


@pytest.mark.parametrize("key", ["certificate", "certificate_key"])
def test_a_file_that_is_not_there(make: Make, key: str) -> None:
    said = refusal(make("certificate").session(**{key: "/nowhere/x.pem"}), e.CertificateError)
    assert said.what == f"{key} /nowhere/x.pem cannot be read"
    assert said.cure == f"Correct {key}."


def test_a_key_that_others_can_read(make: Make) -> None:
    bench = make("certificate")
    assert bench.target.certificate_key is not None
    os.chmod(bench.target.certificate_key, 0o644)
    said = refusal(bench.session(), e.CertificateError)
    assert f"chmod 600 {bench.target.certificate_key}" in said.cure


def test_a_key_of_another_certificate(make: Make, tmp_path: Path) -> None:
    _, key = _person(tmp_path)
    said = refusal(make("certificate").session(certificate_key=key), e.CertificateError)
    assert said.cause == "certificate_key is not the key of certificate"


def test_an_encrypted_key_asks_nobody_on_the_terminal(make: Make, tmp_path: Path) -> None:
    bench = make("certificate")
    assert bench.target.certificate_key is not None
    plain = serialization.load_pem_private_key(Path(bench.target.certificate_key).read_bytes(), None)
    path = tmp_path / "encrypted.key"
    path.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"canary-key"),
        )
    )
    path.chmod(0o600)
    said = refusal(bench.session(certificate_key=str(path)), e.CertificateError)
    assert said.cure == "Give its password as credential.password."
    session = bench.session(certificate_key=str(path), password="canary-key")
    assert ExchangeCmdlets(session).get_server_health("EX01").rows
    bench.lose_connections()
    assert ExchangeCmdlets(session).get_server_health("EX01").rows


def test_a_certificate_alone_holds_its_own_key(make: Make, tmp_path: Path) -> None:
    bench = make("certificate")
    assert bench.target.certificate is not None
    assert bench.target.certificate_key is not None
    both = tmp_path / "both.pem"
    both.write_text(
        Path(bench.target.certificate).read_text() + Path(bench.target.certificate_key).read_text()
    )
    both.chmod(0o600)
    bench.session(certificate=str(both), certificate_key=None).open()
