"""``reader``: rows per second of our CLIXML reader against pypsrp's, on the same bytes.

The bytes are what a lab sends for ``Get-ServerHealth`` without a filter, taken off the wire as PSRP
fragments, repeated to 1,000 rows, once with enums as texts and once as objects. Both sides get whole
Receives: ours goes fragments → messages → ``read_messages``; pypsrp's goes the way its own pool goes,
``Fragmenter.defragment``. Both keep what they read until the clock stops. The clock counts CPU of this
thread only; rounds alternate, and the ratio is the median of the rounds' ratios.

``typed`` is our reader with ``rows.monitor_health_entry`` on every row, which pypsrp has nothing like.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from pypsrp.messages import MessageType
from pypsrp.powershell import Fragmenter
from pypsrp.serializer import Serializer

from cockpit.config.targets import exchange_target
from cockpit.exchange import rows as typed
from cockpit.exchange import session as sessions
from cockpit.exchange.clixml import PSObject, read_messages
from cockpit.exchange.pipeline import FRAGMENT_HEADER, Call, Defragmenter
from cockpit.lab import control_client
from tests.benchmarks.figures import Figure, Report, Sizes, at_least, median
from tests.benchmarks.processes import Lab

RECEIVE_BYTES = 400_000
"""About what one Receive carries: Windows fills answers up to 512,000 bytes, base64 included."""


class _Recorder(Defragmenter):
    """Keeps the bytes of every Receive before reading them."""

    seen: list[bytes]

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        self.seen.append(data)
        return super().feed(data)


@dataclass(frozen=True, slots=True)
class Sample:
    """``receives``: fragments as they come in Receives; ``rows`` of output in them."""

    receives: tuple[bytes, ...]
    rows: int


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    figures: list[Figure] = []
    ratios: list[float] = []
    with Lab(8) as lab:
        if lab.environment.lab is None:
            raise RuntimeError("not a lab")
        samples = []
        for objects in (False, True):
            token = Path(lab.environment.lab.token_file).read_text(encoding="utf-8").strip()
            control_client.set_knobs(lab.environment.lab.control, token, enum_objects=objects)
            samples.append(_sample(lab, sizes.rows))
    for form, sample in zip(("enum_texts", "enum_objects"), samples, strict=True):
        say(f"{sample.rows} rows, {form}")
        figures += _compare(form, sample, sizes.reader_rounds, ratios)
    figures.append(Figure("ratio", median(ratios), "×", at_least(20)))
    size = sum(len(r) for s in samples for r in s.receives) / sum(s.rows for s in samples)
    return Report("reader", tuple(figures), (f"{size:.0f} bytes of PSRP per row",))


def _sample(lab: Lab, wanted: int) -> Sample:
    """``wanted`` rows of the lab, as Receives full of fragments."""
    server = next(iter(lab.environment.addresses))
    target = exchange_target(lab.environment, server)
    user = lab.environment.credential.user
    recorded: list[bytes] = []
    _Recorder.seen = recorded
    session = sessions.Session(target, sessions.EXCHANGE, user, lab.password)
    with mock.patch.object(sessions, "Defragmenter", _Recorder), contextlib.closing(session):
        session.run(Call("Get-ServerHealth", {"Identity": server}))
    outputs = [f for data in recorded for f in _fragments(data) if _is_output(f)]
    if not outputs:
        raise RuntimeError("the lab sent no rows")
    receives, now = [], b""
    for n in range(wanted):
        now += outputs[n % len(outputs)]
        if len(now) > RECEIVE_BYTES:
            receives.append(now)
            now = b""
    return Sample((*receives, now) if now else tuple(receives), wanted)


def _fragments(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = FRAGMENT_HEADER.unpack_from(data, at)[3]
        end = at + FRAGMENT_HEADER.size + length
        yield data[at:end]
        at = end


def _is_output(fragment: bytes) -> bool:
    """A whole PIPELINE_OUTPUT message in one fragment, as all rows of this cmdlet are."""
    _, number, flags, _ = FRAGMENT_HEADER.unpack_from(fragment)
    kind = int.from_bytes(fragment[FRAGMENT_HEADER.size + 4 : FRAGMENT_HEADER.size + 8], "little")
    return number == 0 and flags == 3 and kind == MessageType.PIPELINE_OUTPUT


def _ours(sample: Sample) -> list[object]:
    incoming = Defragmenter()
    found: list[object] = []
    for data in sample.receives:
        found += read_messages([payload for _, payload in incoming.feed(data)])
    return found


def _typed(sample: Sample) -> list[object]:
    return [typed.monitor_health_entry(row) for row in _ours(sample) if isinstance(row, PSObject)]


def _theirs(sample: Sample) -> list[object]:
    incoming = Fragmenter(153_600, Serializer())
    return [message.data for data in sample.receives for message in incoming.defragment(data)]


def _seconds(read: Callable[[Sample], list[object]], sample: Sample) -> float:
    gc.collect()
    started = time.thread_time()
    found = read(sample)
    spent = time.thread_time() - started
    if len(found) != sample.rows:
        raise RuntimeError(f"{read.__name__} read {len(found)} rows of {sample.rows}")
    return spent


def _compare(form: str, sample: Sample, rounds: int, ratios: list[float]) -> list[Figure]:
    readers = (_ours, _typed, _theirs)
    for read in readers:
        read(Sample(sample.receives[:1], 0))
    spent = [[_seconds(read, sample) for read in readers] for _ in range(rounds)]
    ours, typed_too, theirs = (median([s[n] for s in spent]) for n in range(3))
    ratios += [s[2] / s[0] for s in spent]
    return [
        Figure(f"{form}_rows_per_second", sample.rows / ours, "rows/s"),
        Figure(f"{form}_typed_rows_per_second", sample.rows / typed_too, "rows/s"),
        Figure(f"{form}_pypsrp_rows_per_second", sample.rows / theirs, "rows/s"),
        Figure(f"{form}_ratio", median([s[2] / s[0] for s in spent]), "×"),
        Figure(f"{form}_typed_ratio", median([s[2] / s[1] for s in spent]), "×"),
    ]
