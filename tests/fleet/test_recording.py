"""What was shown is what is read back, whatever happens to the file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.fleet import recording_blocks, recording_writer
from cockpit.fleet.recording import MAGIC, VERSION, Head, Kind, RecordingError, framed
from cockpit.fleet.recording_delta import BadPatchError, cleaned, patch, patched
from cockpit.fleet.recording_reader import open_recording
from cockpit.fleet.recording_tape import Tape
from cockpit.fleet.recording_writer import Recorder
from cockpit.fleet.snapshot import FleetSnapshot, Problem, ServerSnapshot, carried, diff
from tests.fleet.builders import NOW, fleets, live, monitor, probe_run
from tests.support.waiting import eventually


def head(version: int) -> bytes:
    return msgspec.msgpack.encode(Head(version, "1.0", "corp"))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


class Clock:
    """A second later each time it is asked."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture(autouse=True)
def quick_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_writer, "FLUSH_SECONDS", 0.0)


def record(path: Path, pictures: list[FleetSnapshot], **options: Any) -> None:
    recorder = Recorder(path, "corp", now=options.pop("now", Clock()), **options)
    for picture in pictures:
        recorder.take(picture)
    recorder.close()
    assert not recorder.problem


def shown(path: Path) -> list[FleetSnapshot]:
    return [moment.picture for moment in open_recording(path).pictures()]


def sick(alert: str, seq: int = 1) -> FleetSnapshot:
    return FleetSnapshot(seq, servers={"EX01": live(monitor(alert=alert))})


@given(PLAIN, PLAIN)
def test_a_patch_turns_the_old_into_the_new(old: Any, new: Any) -> None:
    change = msgspec.msgpack.decode(msgspec.msgpack.encode(patch(old, new)))
    made = patched(old, change)
    assert made == new
    assert json.dumps(made, sort_keys=True) == json.dumps(new, sort_keys=True)  # True is not 1


def test_a_patch_that_does_not_fit_is_refused() -> None:
    for old, change in (([1], [2, {1: [0, 2]}]), ({"a": 1}, [1, {"b": [0, 2]}]), ("a", [1, {}]), (1, [9])):
        with pytest.raises(BadPatchError):
            patched(old, change)


@settings(max_examples=40, deadline=None)
@given(pictures=st.lists(fleets(), min_size=1, max_size=6))
def test_what_is_replayed_is_what_was_shown(
    tmp_path_factory: pytest.TempPathFactory, pictures: list[FleetSnapshot]
) -> None:
    path = tmp_path_factory.mktemp("r") / "F"
    record(path, pictures)
    read = shown(path)
    assert read == pictures
    assert [list(p.servers) for p in read] == [list(p.servers) for p in pictures]


@settings(max_examples=25, deadline=None)
@given(runs=st.lists(st.lists(fleets(), min_size=1, max_size=3), min_size=1, max_size=3))
def test_a_tape_keeps_what_the_screen_keeps_when_the_collector_is_started_again(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[FleetSnapshot]]
) -> None:
    """Each run is a collector's: its first diff is from an empty picture. The desk shows the old servers
    until the new collector has found some."""
    path = tmp_path_factory.mktemp("r") / "F"
    tape = Tape("corp", Clock())
    tape.begin(path)
    wanted, on_screen = [FleetSnapshot()], FleetSnapshot()
    for pictures in runs:
        base = FleetSnapshot()
        for number, picture in enumerate(pictures):
            tape.take(diff(base, picture), number == 0)
            base = picture
            on_screen = carried(on_screen, base)
            wanted.append(on_screen)
    tape.end()
    assert shown(path) == wanted


def test_all_a_server_can_have_comes_back(tmp_path: Path) -> None:
    from tests.ui import fleets as demo

    whole = demo.demo_fleet()
    runs = (probe_run("POP\\PopCTPProbe", "Failed"),)
    ran = replace(live(), probe_runs=runs, problem=Problem("a", "b", "c"))
    picture = replace(whole, servers={**whole.servers, "EX01": ran})
    record(tmp_path / "F", [picture])
    assert shown(tmp_path / "F") == [picture]


def test_a_long_recording_is_in_blocks_that_can_be_read_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_blocks, "BLOCK_CHANGES", 3)
    monkeypatch.setattr(recording_blocks, "BLOCK_ROUNDS", 1)
    pictures = [sick(("Healthy", "Unhealthy")[n % 2], n) for n in range(20)]
    record(tmp_path / "F", pictures)
    found = open_recording(tmp_path / "F")
    assert len(found.blocks) > 3
    assert [m.picture for m in found.pictures()] == pictures
    times = [m.at for m in found.pictures()]
    assert times == sorted(times)
    for at, picture in zip(times, pictures, strict=True):
        assert found.picture_at(at) == picture
        assert found.picture_at(at + timedelta(milliseconds=500)) == picture
    assert found.picture_at(found.begin - timedelta(days=1)) == pictures[0]
    assert (found.begin, found.end) == (times[0], times[-1])


def test_what_did_not_change_stays_the_same_object(tmp_path: Path) -> None:
    """Screens compare by identity; a replay must cost no more than the live picture."""
    first = FleetSnapshot(1, servers={"EX01": live(name="EX01"), "EX02": live(name="EX02")})
    changed = live(monitor(alert="Unhealthy"), name="EX02")
    record(tmp_path / "F", [first, FleetSnapshot(2, servers={**first.servers, "EX02": changed})])
    one, two = shown(tmp_path / "F")
    assert two.servers["EX01"] is one.servers["EX01"]
    assert two.servers["EX02"] != one.servers["EX02"]


def test_recording_again_into_a_file_goes_on_with_it(tmp_path: Path) -> None:
    clock = Clock()
    for n in range(3):
        record(tmp_path / "F", [sick("Healthy", n), sick("Unhealthy", n + 10)], now=clock)
    assert [p.seq for p in shown(tmp_path / "F")] == [0, 10, 1, 11, 2, 12]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_what_was_whole_of_a_torn_file_is_read_and_gone_on_with(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "F"
    clock = Clock()
    record(path, [sick("Healthy", 1)], now=clock)
    whole = path.stat().st_size
    record(path, [sick("Unhealthy", 2)], now=clock)
    os.truncate(path, path.stat().st_size - cut)
    found = open_recording(path)
    assert [m.picture.seq for m in found.pictures()] == [1]
    assert found.torn == path.stat().st_size - whole
    record(path, [sick("Unhealthy", 3)], now=clock)
    assert [p.seq for p in shown(path)] == [1, 3]
    assert open_recording(path).torn == 0


def test_a_changed_byte_is_noticed_and_nothing_behind_it_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "F"
    clock = Clock()
    for n in range(3):
        record(path, [sick("Healthy", n)], now=clock)
    body = bytearray(path.read_bytes())
    second = open_recording(path).blocks[1].frames[0]
    body[second.offset + 5] ^= 1
    path.write_bytes(body)
    assert [p.seq for p in shown(path)] == [0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no recording"),
        (b"PK\x03\x04" * 9, "no recording"),
        (MAGIC, "before its beginning"),
        (
            MAGIC + framed(Kind.HEAD, NOW, head(VERSION)),
            "nothing was recorded",
        ),
        (MAGIC + framed(Kind.HEAD, NOW, head(VERSION + 1)), "version"),
        (MAGIC + framed(Kind.HEAD, NOW, b"\xc1"), "cannot be read"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "F"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=words) as told:
        open_recording(path)
    assert str(path) in str(told.value)


@pytest.mark.parametrize("body", [b"x", b"", framed(Kind.MORE, NOW, b"")])
def test_a_frame_that_is_whole_and_holds_nothing_of_ours_is_told(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "F"
    record(path, [sick("Healthy")])
    with path.open("ab") as file:
        file.write(framed(Kind.BLOCK, NOW, body))
    with pytest.raises(RecordingError, match="cannot be read"):
        shown(path)


def test_a_file_that_is_something_else_is_not_recorded_into(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(RecordingError, match="no recording"):
        Recorder(path, "corp", now=Clock())
    assert path.read_text() == "mine"


def test_two_cannot_record_into_one_file(tmp_path: Path) -> None:
    first = Recorder(tmp_path / "F", "corp", now=Clock())
    try:
        with pytest.raises(RecordingError, match="another process"):
            Recorder(tmp_path / "F", "corp", now=Clock())
    finally:
        first.close()


def test_it_is_bounded_and_the_newest_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "F"
    clock, limit = Clock(), 40_000
    for n in range(200):
        record(path, [sick(f"{n} {os.urandom(400).hex()}", n)], now=clock, limit=limit)
    sizes = [p.stat().st_size for p in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) < limit + 5_000
    seqs = [p.seq for p in shown(path)]
    assert seqs == list(range(seqs[0], 200))
    assert 10 < len(seqs) < 200


def test_rotation_goes_on_within_one_recorder(tmp_path: Path) -> None:
    path = tmp_path / "F"
    recorder = Recorder(path, "corp", now=Clock(), limit=20_000)
    for n in range(60):
        recorder.take(sick(f"{n} {os.urandom(400).hex()}", n))
        eventually(lambda: not recorder._waiting, 10, "the writer took it")
    recorder.close()
    seqs = [p.seq for p in shown(path)]
    assert seqs == list(range(seqs[0], 60))


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        record(tmp_path / "deep" / "F", [sick("Healthy")])
    finally:
        os.umask(before)
    assert (tmp_path / "deep" / "F").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o700


def test_a_full_disk_ends_the_recording_in_words_and_nothing_else(tmp_path: Path) -> None:
    told: list[str] = []
    recorder = Recorder(tmp_path / "F", "corp", now=Clock(), tell=told.append)
    recorder.take(sick("Healthy"))
    eventually(lambda: (tmp_path / "F").stat().st_size > 400, 10, "the first was written")

    class Full:
        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    recorder._file.close()
    recorder._file = Full()  # type: ignore[assignment]
    recorder.take(sick("Unhealthy", 2))
    eventually(lambda: told, 10, "the recorder told")
    assert "No space left" in told[0]
    recorder.take(sick("Healthy", 3))
    recorder.close()
    assert [p.seq for p in shown(tmp_path / "F")] == [1]


def test_a_slow_disk_leaves_changes_out_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_writer, "WAITING_LIMIT", 5)
    recorder = Recorder(tmp_path / "F", "corp", now=Clock())
    with recorder._changed:  # the writer waits for this as it would for its disk
        for n in range(12):
            recorder.take(sick("Healthy", n))
    recorder.close()
    moments = list(open_recording(tmp_path / "F").pictures())
    assert [m.picture.seq for m in moments if not m.note] == [10, 11]
    assert [m.note for m in moments if m.note] == [
        "10 changes before this moment were not recorded: the disk was too slow"
    ]


def test_a_note_is_read_back_where_it_was_made(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "F", "corp", now=Clock())
    recorder.take(sick("Healthy", 1))
    recorder.note("No live data from here on: it ended")
    recorder.take(sick("Unhealthy", 2))
    recorder.close()
    moments = list(open_recording(tmp_path / "F").pictures())
    assert [(m.picture.seq, m.note[:12]) for m in moments] == [(1, ""), (1, "No live data"), (2, "")]


HOSTILE = "\x1b]52;c;aGk=\x07\x9b2J\u202eeipud"


def test_texts_of_a_file_are_hostile(tmp_path: Path) -> None:
    """Somebody may have written one by hand: what it says must not reach a terminal as it is."""
    bad = FleetSnapshot(
        1,
        servers={
            HOSTILE: ServerSnapshot(
                replace(live().server, name=HOSTILE, site=HOSTILE),
                problem=Problem(HOSTILE),
                monitors=(replace(monitor(), error=f"one\n{HOSTILE}", name=f"one\n{HOSTILE}"),),
            )
        },
    )
    record(tmp_path / "F", [bad, replace(bad, seq=2)])
    for picture in shown(tmp_path / "F"):
        texts = list(_texts(msgspec.to_builtins(picture)))
        assert any("\\x1b]52" in text for text in texts)
        assert all(c.isprintable() or c == "\n" for text in texts for c in text)
        (server,) = picture.servers.values()
        assert "\n" in server.monitors[0].error
        assert "\n" not in server.monitors[0].name


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield from _texts(key)
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)


@given(PLAIN)
def test_cleaning_leaves_what_is_clean(value: Any) -> None:
    assert cleaned(value) == value


WRITES_FOR_EVER = """
import itertools, os, sys
from datetime import UTC, datetime
from pathlib import Path
from cockpit.fleet import recording_writer
recording_writer.FLUSH_SECONDS = 0.0
from tests.fleet.test_recording import sick
recorder = recording_writer.Recorder(Path(sys.argv[1]), "corp", now=lambda: datetime.now(UTC))
for n in itertools.count():
    recorder.take(sick(f"{n} {os.urandom(30).hex()}", n))
    while recorder._waiting:
        pass
"""


def test_kill_in_the_middle_of_writing_leaves_what_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "F"
    process = subprocess.Popen([sys.executable, "-c", WRITES_FOR_EVER, str(path)])
    try:
        eventually(lambda: path.exists() and path.stat().st_size > 20_000, 30, "it writes")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    seqs = [p.seq for p in shown(path)]
    assert seqs == list(range(seqs[-1] + 1))
    assert len(seqs) > 20
    record(path, [sick("Healthy", -1)], now=lambda: open_recording(path).end + timedelta(seconds=1))
    assert [p.seq for p in shown(path)] == [*seqs, -1]


def test_size_of_a_day(tmp_path: Path) -> None:
    """A poll of a healthy server changes times: a hundred bytes or so are kept of it, not the server."""
    pictures: list[FleetSnapshot] = []
    servers = {f"EX{n:02d}": live(name=f"EX{n:02d}") for n in range(20)}
    for n in range(200):
        at = NOW + timedelta(seconds=30 * n)
        name = f"EX{n % 20:02d}"
        polled = replace(servers[name], last_success=at, last_attempt=at)
        polled = replace(polled, monitors=tuple(replace(m, last_execution_time=at) for m in polled.monitors))
        servers = {**servers, name: polled}
        pictures.append(FleetSnapshot(n, servers=servers))
    path = tmp_path / "F"
    record(path, pictures)
    assert path.stat().st_size / len(pictures) < 150
    assert shown(path) == pictures
