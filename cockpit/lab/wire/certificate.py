"""A throw-away certificate authority, server certificates, and certificates of people."""

from __future__ import annotations

import hashlib
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
"""The other name of a certificate that Windows maps to an account: the user principal name."""
_UTF8 = 0x0C


class Authority:
    """Signs the lab's servers, and people; clients trust the PEM it writes."""

    def __init__(self, ca_path: Path) -> None:
        self._ca = trustme.CA(organization_name="POP cockpit lab")
        self._ca.cert_pem.write_to_path(str(ca_path))
        self.ca_path = ca_path
        self.end_point = b""

    def server_context(self, *names: str, people: bool = False) -> ssl.SSLContext:
        """TLS for localhost, 127.0.0.1 and ``names``. One context may serve any number of endpoints.

        ``people``: clients may show a certificate of this authority. Afterwards ``end_point`` is what
        sign-ins over these connections are bound to (RFC 5929 §4.1).
        """
        certificate = self._ca.issue_cert("localhost", "127.0.0.1", *names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate.configure_cert(context)
        if people:
            context.verify_mode = ssl.CERT_OPTIONAL
            self._ca.configure_trust(context)
        self.end_point = end_point(certificate.cert_chain_pems[0].bytes())
        return context

    def person(self, principal: str, folder: Path, *, days: float = 1.0) -> tuple[Path, Path]:
        """A certificate that says ``principal``, and its key, as PEM files in ``folder``.

        ``days``: how long it is good for from now; one that is negative has expired.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(principal, key.public_key(), days)
        paths = folder / "person.pem", folder / "person.key"
        _write(paths[0], certificate.public_bytes(serialization.Encoding.PEM))
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        _write(paths[1], key.private_bytes(serialization.Encoding.PEM, *plain))
        return paths

    def _signed(self, principal: str, key: ec.EllipticCurvePublicKey, days: float) -> x509.Certificate:
        issuer = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        own = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        if not isinstance(own, ec.EllipticCurvePrivateKey):
            raise TypeError(f"an authority with a key of {type(own).__name__}")
        now, other = datetime.now(UTC), x509.OtherName(UPN, _utf8(principal))
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, principal)]))
            .issuer_name(issuer.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([other]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(own, hashes.SHA256())
        )


def end_point(pem: bytes) -> bytes:
    """``tls-server-end-point:`` and the certificate's hash: trustme signs with SHA-256."""
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    return b"tls-server-end-point:" + hashlib.sha256(der).digest()


def principal_of(der: bytes) -> str:
    """The user principal name in a certificate; empty where there is none."""
    certificate = x509.load_der_x509_certificate(der)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    found = [n.value for n in names.get_values_for_type(x509.OtherName) if n.type_id == UPN]
    # DER of a UTF8String: tag, length below 128, text.
    return found[0][2:].decode("utf-8", "replace") if found and found[0][0] == _UTF8 else ""


def _utf8(text: str) -> bytes:
    raw = text.encode()
    if len(raw) > 127:
        raise ValueError("a principal name of more than 127 bytes")
    return bytes((_UTF8, len(raw))) + raw


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
