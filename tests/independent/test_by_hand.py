"""The client by hand is one: it stands on nothing of the product or the lab, and its ciphers are right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.independent.ntlm import Rc4, md4

ROOT = Path(__file__).parents[2]
OTHERS = {"cockpit", "pypsrp", "psrpcore", "psrp", "spnego", "requests", "urllib3", "h11", "cryptography"}


def test_it_stands_on_the_standard_library_alone() -> None:
    script = (
        "import tests.independent.byhand, tests.independent.ntlm, tests.independent.cases\n"
        "import sys\nprint(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & OTHERS


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        ("abc", "a448017aaf21d8525fc10ae87aa6729d"),
        ("1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4_as_in_rfc_1320(text: str, digest: str) -> None:
    assert md4(text.encode()).hex() == digest


def test_the_key_stream_goes_on() -> None:
    cipher = Rc4(b"Key")
    assert (cipher.crypt(b"Plain") + cipher.crypt(b"text")).hex() == "bbf316e8d940af0ad3"
