"""Looks for a secret in everything a program left: files of any kind, bytes on a terminal, processes."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import threading
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_LOOK_SECONDS = 0.02


def forms_of(secret: str) -> dict[str, bytes]:
    """The shapes in which a secret may lie about: as text, and as the encodings between here and a server
    make it (headers of Basic, URLs, UTF-16 of CLIXML and NTLM, dumps in hexadecimal)."""
    raw = secret.encode()
    forms = {
        "plain": raw,
        "utf-16": secret.encode("utf-16-le"),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "hex": binascii.hexlify(raw),
        "reversed": raw[::-1],
    }
    for name, text in (("base64", raw), ("base64 of utf-16", secret.encode("utf-16-le"))):
        for shift in range(3):  # base64 of a text depends on how many bytes stand before it
            forms[f"{name}, {shift} before"] = base64.b64encode(b"\0" * shift + text)[4 if shift else 0 : -4]
    return forms


def found_in(data: bytes, secrets: dict[str, str]) -> set[str]:
    """Which of ``secrets`` (a name to its value) ``data`` holds, in which form; looks into what is packed."""
    found = set()
    for piece in _unpacked(data):
        lowered = piece.lower()
        for name, secret in secrets.items():
            for form, wanted in forms_of(secret).items():
                if wanted in piece or (form == "hex" and wanted in lowered):
                    found.add(f"{name} ({form})")
    return found


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    with suppress(OSError, EOFError, zlib.error):
        if data[:2] == b"\x1f\x8b":
            yield from _unpacked(gzip.decompress(data))
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield name.encode()
                yield from _unpacked(packed.read(name))


def written(folder: Path) -> Iterator[Path]:
    """Every file below ``folder``, links not followed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def leaks(folder: Path, secrets: dict[str, str]) -> dict[str, set[str]]:
    """Files below ``folder`` that hold a secret, or are named by one."""
    told = {}
    for path in written(folder):
        with suppress(FileNotFoundError):  # of a process that still runs
            found = found_in(path.read_bytes(), secrets) | found_in(str(path).encode(), secrets)
            if found:
                told[str(path)] = found
    return told


class Sampler:
    """Reads the command lines and environments of processes, over and over, while a block runs.

    ``of``: which processes are looked at, asked anew each time. ``seen``: the command lines met.
    """

    def __init__(self, of: Callable[[], list[psutil.Process]], secrets: dict[str, str]) -> None:
        self._of = of
        self._secrets = secrets
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="sampler", daemon=True)
        self.seen: set[str] = set()
        self.leaks: dict[str, set[str]] = {}

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            for process in self._of():
                self._ask(process.pid)

    def _ask(self, pid: int) -> None:
        for what in ("cmdline", "environ"):
            with suppress(OSError):  # it has ended
                data = Path(f"/proc/{pid}/{what}").read_bytes()
                if what == "cmdline":
                    self.seen.add(data.replace(b"\0", b" ").decode("utf-8", "replace").strip())
                found = found_in(data, self._secrets)
                if found:
                    self.leaks[f"{pid} {what}"] = found
