"""Signed statements of how far the chain had come, kept also outside the database.

Each names the one before by its signature, as CloudTrail's digest files do (recovery-engine §5). What a
checkpoint outside proves: whoever rewrites the database cannot rewrite what was signed elsewhere.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cockpit.config.language import N_
from cockpit.config.paths import private_dir
from cockpit.journal.chain import canonical
from cockpit.journal.errors import JournalError
from cockpit.journal.records import Checkpoint
from cockpit.journal.sharing import ALONE, Sharing

KEY_FILE: Final = "journal-ed25519.pem"
_FIELDS: Final = frozenset(Checkpoint.__slots__)


def statement(checkpoint: Checkpoint) -> bytes:
    """What is signed: canonical JSON of everything but the signature."""
    said = asdict(checkpoint)
    del said["signature"]
    return canonical(said).encode()


def signed(key: Ed25519PrivateKey, unsigned: Checkpoint) -> Checkpoint:
    """``unsigned`` with the key's public half and its signature, both in hex."""
    named = replace(unsigned, key=key.public_key().public_bytes_raw().hex(), signature="")
    return replace(named, signature=key.sign(statement(named)).hex())


def genuine(checkpoint: Checkpoint) -> bool:
    """Whether the signature is the named key's over the rest."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.key))
        public.verify(bytes.fromhex(checkpoint.signature), statement(checkpoint))
    except (ValueError, InvalidSignature):
        return False
    return True


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """The key in ``folder``, made on first use for the user alone.

    JournalError: it cannot be read or made, others may read it, or it is no Ed25519 key.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise JournalError(
                N_("The journal's key {path} is open to other users: chmod 600 it.").format(path=path)
            )
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise JournalError(
            N_(
                "The journal's key {path} cannot be used: {error}; restore it, or move it away for a new one."
            ).format(path=path, error=error)
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise JournalError(
            N_("The journal's key {path} is not an Ed25519 key: move it away for a new one.").format(
                path=path
            )
        )
    return key


def _make_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor, temporary = tempfile.mkstemp(dir=private_dir(path.parent), prefix=f".{KEY_FILE}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces the key another process made meanwhile.
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        os.unlink(temporary)


def append(path: Path, checkpoint: Checkpoint, sharing: Sharing = ALONE) -> None:
    """One line more in the file outside, on disk when this returns. ``sharing``: of the journal.

    JournalError: it cannot be written.
    """
    line = (canonical(asdict(checkpoint)) + "\n").encode()
    try:
        sharing.prepare(path.parent)
        sharing.make(path)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _drop_torn_line(descriptor)
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise JournalError(
            N_(
                "The checkpoint of line {seq} cannot be written to {path}: {reason}; make room or "
                "give another file."
            ).format(seq=checkpoint.seq, path=path, reason=error.strerror)
        ) from error


def _drop_torn_line(descriptor: int) -> None:
    """A line without its end was never acknowledged: the machine stopped while it was written."""
    size = os.fstat(descriptor).st_size
    whole = os.pread(descriptor, size, 0).rfind(b"\n") + 1
    if whole < size:
        os.ftruncate(descriptor, whole)


def read(path: Path) -> tuple[Checkpoint, ...]:
    """The file's checkpoints in its order; a line that is none has no signature, so it is not genuine.

    JournalError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalError(
            N_("The checkpoints in {path} cannot be read: {reason}; give the file that was kept.").format(
                path=path, reason=error.strerror
            )
        ) from error
    whole = content[: content.rfind(b"\n") + 1]
    return tuple(_parse(line) for line in whole.splitlines() if line.strip())


def _parse(line: bytes) -> Checkpoint:
    unreadable = Checkpoint(0, "", "", "", "", "", "", "")
    try:
        found = json.loads(line)
    except ValueError:
        return unreadable
    if not isinstance(found, dict) or found.keys() != _FIELDS:
        return unreadable
    texts = all(isinstance(value, str) for name, value in found.items() if name != "seq")
    if not texts or type(found["seq"]) is not int:
        return unreadable
    return Checkpoint(**found)
