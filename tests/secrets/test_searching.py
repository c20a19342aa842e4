"""The search for secrets finds them: else the tests that find none would say nothing."""

from __future__ import annotations

import base64
import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
import pytest

from tests.secrets.searching import Sampler, found_in, leaks
from tests.support.waiting import eventually

CANARY = "c4n4ry-S3cret/+pq"
SECRETS = {"password": CANARY}


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inside.txt", data)
    return out.getvalue()


PLANTED = {
    "plain": f"x {CANARY} y".encode(),
    "basic header": b"Authorization: Basic " + base64.b64encode(f"operator@lab:{CANARY}".encode()),
    "basic header of another user": b"Basic " + base64.b64encode(f"op@lab.example:{CANARY}".encode()),
    "basic header of a third": b"Basic " + base64.b64encode(f"opx@lab.example:{CANARY}".encode()),
    "utf-16": CANARY.encode("utf-16-le"),
    "url": b"postgresql://a:c4n4ry-S3cret%2F%2Bpq@host/",
    "hex": CANARY.encode().hex().upper().encode(),
    "gzip": gzip.compress(CANARY.encode()),
    "zip": _zip(CANARY.encode()),
    "zip in a zip": _zip(_zip(CANARY.encode())),
}


@pytest.mark.parametrize("how", PLANTED)
def test_what_is_planted_is_found(how: str, tmp_path: Path) -> None:
    assert found_in(b"before " * 3 + PLANTED[how] if how in ("plain", "hex") else PLANTED[how], SECRETS)
    (tmp_path / "left.bin").write_bytes(PLANTED[how])
    assert list(leaks(tmp_path, SECRETS)) == [str(tmp_path / "left.bin")]


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "left.txt").write_bytes(b"nothing to see " * 1000 + CANARY[:-1].encode())
    assert leaks(tmp_path, SECRETS) == {}


@pytest.mark.parametrize("where", ["cmdline", "environ"])
def test_a_secret_of_a_process_is_found(where: str) -> None:
    arguments = [CANARY] if where == "cmdline" else []
    environ = {**os.environ, "PASSWORD": CANARY} if where == "environ" else None
    with subprocess.Popen(
        [sys.executable, "-S", "-c", "import sys; sys.stdin.read()", *arguments],
        stdin=subprocess.PIPE,
        env=environ,
    ) as process:
        with Sampler(lambda: [psutil.Process(process.pid)], SECRETS) as sampler:
            eventually(lambda: sampler.leaks, 5.0, "the secret found")
        process.communicate()
    assert list(sampler.leaks) == [f"{process.pid} {where}"]
