"""The collector as a process of its own, talking frames over stdin and stdout.

``python -m cockpit.fleet.process``: the first frame on stdin is :class:`Hello`; then commands. When
stdin ends the parent is gone, however it went, or has let go of us, which is no longer than a moment. What
is left to do, this process does alone: it deletes its shells, those of calls under way too, and is gone
within EXIT_SECONDS, whatever a server keeps it waiting for. A SIGTERM is such an end too.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import BinaryIO, Final

import msgspec

from cockpit.config.child import framed, read_frame
from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.fleet.collector import Collector
from cockpit.fleet.memory import keep_small
from cockpit.fleet.messages import decode_command, encode
from cockpit.fleet.snapshot import FleetDiff

END_SECONDS: Final = 7.0
"""What the collector has to delete its shells: a deletion may take ``session.CLOSE_SECONDS``, and they are
deleted side by side."""
EXIT_SECONDS: Final = 9.0
"""After the parent is gone, this process is too, whatever its lanes are waiting for: the kernel ends it."""


class Hello(msgspec.Struct, frozen=True):
    """What the collector needs to begin. The password travels here and nowhere else."""

    environment: Environment
    password: str | None

    def __repr__(self) -> str:
        return f"Hello({self.environment.name!r}, …)"


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

    collector = Collector(hello.environment, secret, emit, end_seconds=END_SECONDS)
    signal.signal(signal.SIGTERM, lambda *_: _end(collector))
    threading.Thread(target=_listen, args=(stdin, collector), name="commands", daemon=True).start()
    keep_small()
    collector.run()
    sys.stderr.flush()
    os._exit(0)


def _listen(stdin: BinaryIO, collector: Collector) -> None:
    """Pass commands on, until stdin ends."""
    while (body := read_frame(stdin)) is not None:
        collector.tell(decode_command(body))
    _end(collector)


def _end(collector: Collector) -> None:
    """Stop the collector; the alarm has no handler, so it ends the process even where no thread runs."""
    signal.setitimer(signal.ITIMER_REAL, EXIT_SECONDS)
    collector.stop()


if __name__ == "__main__":
    main()
