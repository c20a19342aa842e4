"""The reader of logs as a process of its own: ``python -m cockpit.poplog.reader``.

The first frame on stdin is :class:`~cockpit.poplog.messages.Hello`; batches come as frames on stdout. When
stdin ends the parent is gone, however it went, and so is this process within seconds.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import BinaryIO

from cockpit.config.child import framed, read_frame
from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.poplog.feed import Batch
from cockpit.poplog.messages import Ask, decode_hello, encode
from cockpit.poplog.sources import on_servers
from cockpit.poplog.tailing import Followed, Tailing

EXIT_SECONDS = 4.0
"""After the parent is gone, this process is too, whatever its sessions are waiting for."""


def main() -> None:
    """Run until stdin ends, or no log is left that can be read."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format=N_("%(asctime)s %(name)s %(message)s")
    )
    # pypsrp and smbprotocol log what they raise; the mapped error is what counts, and it is told.
    for name in ("pypsrp", "smbprotocol"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    first = read_frame(stdin)
    if first is None:
        return
    hello = decode_hello(first)
    secret = None if hello.password is None else Secret(hello.password)

    def emit(batch: Batch) -> None:
        try:
            stdout.write(framed(encode(batch)))
            stdout.flush()
        except OSError:
            tailing.stop()

    tailing = Tailing(followed(hello.environment, secret, hello.ask), emit)
    threading.Thread(target=_listen, args=(stdin, tailing), name="parent", daemon=True).start()
    tailing.run()
    sys.stderr.flush()
    # Not by the interpreter's end: that would wait for what listens to stdin.
    os._exit(0)


def followed(environment: Environment, secret: Secret | None, ask: Ask) -> list[Followed]:
    """What ``ask`` wants, over the way that the environment names."""
    return [
        Followed(source, source.name, ask.writers, ask.start)
        for source in on_servers(environment, secret, ask.servers)
    ]


def _listen(stdin: BinaryIO, tailing: Tailing) -> None:
    while read_frame(stdin) is not None:
        pass
    timer = threading.Timer(EXIT_SECONDS, os._exit, args=(0,))
    timer.daemon = True
    timer.start()
    tailing.stop()


if __name__ == "__main__":
    main()
