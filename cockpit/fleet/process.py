"""The collector as a process of its own, talking frames over stdin and stdout.

``python -m cockpit.fleet.process``: the first frame on stdin is :class:`Hello`; then commands. When
stdin ends the parent is gone, however it went, and so is this process within seconds.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import BinaryIO

import msgspec

from cockpit.config.child import framed, read_frame
from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.fleet.collector import Collector
from cockpit.fleet.messages import decode_command, encode
from cockpit.fleet.snapshot import FleetDiff

EXIT_SECONDS = 4.0
"""After the parent is gone, this process is too, whatever its lanes are waiting for."""


class Hello(msgspec.Struct, frozen=True):
    """What the collector needs to begin. The password travels here and nowhere else."""

    environment: Environment
    password: str | None


def main() -> None:
    """Run until stdin ends."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    # pypsrp logs what it raises; the mapped error is what counts, and it is told.
    logging.getLogger("pypsrp").setLevel(logging.CRITICAL)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    first = read_frame(stdin)
    if first is None:
        return
    hello = msgspec.msgpack.decode(first, type=Hello)
    secret = None if hello.password is None else Secret(hello.password)

    def emit(change: FleetDiff) -> None:
        try:
            stdout.write(framed(encode(change)))
            stdout.flush()
        except OSError:
            collector.stop()

    collector = Collector(hello.environment, secret, emit)
    threading.Thread(target=_listen, args=(stdin, collector), name="commands", daemon=True).start()
    collector.run()
    sys.stderr.flush()
    os._exit(0)


def _listen(stdin: BinaryIO, collector: Collector) -> None:
    """Pass commands on; at the end of stdin stop the collector, and end the process even if it hangs."""
    while (body := read_frame(stdin)) is not None:
        collector.tell(decode_command(body))
    collector.stop()
    timer = threading.Timer(EXIT_SECONDS, os._exit, args=(0,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
