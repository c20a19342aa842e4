"""Looking at an endpoint from below ends in time, whatever answers there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from cockpit.config.targets import Target
from cockpit.doctor import network
from cockpit.doctor.readings import Network, Trouble

SECONDS = 0.5


@pytest.fixture
def dripping() -> Iterator[int]:
    """A port where headers come for ever, byte by byte, each long before a socket's time limit is over."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer, suppress(OSError):
                peer.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(SECONDS / 10):
                    peer.sendall(b"X")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
    over.set()
    thread.join(5)


def test_an_answer_that_drips_is_not_waited_for(dripping: int) -> None:
    target = Target("EX01", "127.0.0.1", dripping, "PowerShell", False, "kerberos", None, "HTTP", SECONDS)
    done: list[Network] = []
    looking = threading.Thread(target=lambda: done.append(network.look(target, SECONDS)), daemon=True)
    looking.start()
    looking.join(10)
    assert done, "it still reads"
    assert done[0].answer == Trouble("it takes the connection, and does not answer HTTP")
