"""The product's own scripts, run by the lab's PowerShell, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.exchange.errors import CmdletFailedError
from cockpit.exchange.logfiles import LogFileGoneError, LogFiles, ScriptsRefusedError
from cockpit.lab.poplogs.record import Written, read
from tests.product.conftest import Running, running_lab

SERVER = "EX19-01"
FOLDER = r"C:\Program Files\Microsoft\Exchange Server\V15\Logging\Pop3"
NAME = "POP32026010810-1.LOG"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_lab(tmp_path_factory.mktemp("lab"), servers=2) as running:
        yield running


@pytest.fixture
def files(lab: Running) -> Iterator[LogFiles]:
    session = lab.winrm(SERVER)
    yield LogFiles(session, FOLDER)
    session.close()


def put(lab: Running, data: bytes, name: str = NAME, server: str = SERVER) -> Path:
    """A file on the server's disk, as somebody copied it there."""
    disk = next(Path(s.disk) for s in lab.addresses.servers if s.name == server)
    path = disk / "C/Program Files/Microsoft/Exchange Server/V15/Logging/Pop3" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_reading_by_offset_and_past_the_end(lab: Running, files: LogFiles) -> None:
    data = bytes(range(256)) * 40
    put(lab, data)
    assert files.read(NAME, 0, 100).data == data[:100]
    piece = files.read(NAME, 10_000, 500)
    assert (piece.data, piece.length) == (data[10_000:10_500], len(data))
    assert files.read(NAME, len(data) - 3, 500).data == data[-3:]
    for beyond in (len(data), len(data) + 5, 2**40):
        assert files.read(NAME, beyond, 500).data == b""
    assert piece.now is not None
    assert lab.on_loop(lambda: lab.lab.simulation.clock.now()) >= piece.now


def test_a_folder_in_any_case_and_by_its_variable(lab: Running) -> None:
    put(lab, b"x")
    session = lab.winrm(SERVER)
    for folder in (FOLDER.upper(), r"%exchangeinstallpath%logging\pop3", FOLDER.replace("\\", "/")):
        assert NAME in {f.name for f in LogFiles(session, folder).files()}
        assert LogFiles(session, folder).read(NAME.lower(), 0, 9).data == b"x"
    session.close()


def test_listing_leaves_other_files_and_folders_out(lab: Running, files: LogFiles) -> None:
    path = put(lab, b"12345")
    path.with_name("notes.txt").write_bytes(b"")
    path.with_name("archive-1.LOG").mkdir(exist_ok=True)
    found = {f.name: f for f in files.files()}
    assert found[NAME].length == 5
    assert found[NAME].created is not None
    assert not {"notes.txt", "archive-1.LOG"} & set(found)


def test_what_is_not_there(lab: Running, files: LogFiles) -> None:
    put(lab, b"x")
    with pytest.raises(LogFileGoneError):
        files.read("POP31999010101-1.LOG", 0, 1)
    with pytest.raises(LogFileGoneError):
        files.find("POP31999010101-1.LOG", "x", 0, 1, 1, any_case=True)
    session = lab.winrm(SERVER)
    for folder in (r"C:\no\such\folder", r"Q:\no\such\drive"):
        gone = LogFiles(session, folder)
        with pytest.raises(LogFileGoneError):
            gone.read(NAME, 0, 1)
    with pytest.raises(LogFileGoneError):
        LogFiles(session, r"C:\no\such\folder").files()
    session.close()


def test_searching(lab: Running, files: LogFiles) -> None:
    lines = [b"%05d some words, user%03d,\r\n" % (n, n % 100) for n in range(2000)]
    put(lab, b"".join(lines))
    offsets = [sum(map(len, lines[:n])) for n in range(len(lines))]
    found = files.find(NAME, "user042", 0, 10**9, 1000, any_case=False)
    assert found.lines == tuple((offsets[n], lines[n][:-1]) for n in range(42, 2000, 100))
    assert found.next_offset is None
    assert files.find(NAME, "USER042", 0, 10**9, 10, any_case=False).lines == ()
    assert files.find(NAME, "USER042", 0, 10**9, 1000, any_case=True).lines == found.lines
    first = files.find(NAME, "user042", 0, 10**9, 3, any_case=False)
    assert first.lines == found.lines[:3]
    assert first.next_offset is not None
    rest = files.find(NAME, "user042", first.next_offset, 10**9, 1000, any_case=False)
    assert first.lines + rest.lines == found.lines


def test_hits_across_blocks_and_by_stretches(lab: Running, files: LogFiles) -> None:
    """The script reads a mebibyte at a time; a line over its edge is found once, with its whole text."""
    edge = 2**20
    filler = b"f" * 98 + b"\r\n"
    before = filler * ((edge - 50) // len(filler))
    across = b"begin " + b"x" * 100 + " Häufung,".encode() + b"y" * 100 + b"\r\n"
    data = before + across + filler * 30_000 + b"last Needle without an end"
    put(lab, data)
    found = files.find(NAME, "Häufung", 0, 10**9, 10, any_case=False)
    assert found.lines == ((len(before), across[:-1]),)
    assert files.find(NAME, "NEEDLE", 0, 10**9, 10, any_case=True).lines == (
        (data.index(b"last"), b"last Needle without an end"),
    )
    seen: list[tuple[int, bytes]] = []
    offset: int | None = 0
    stretches = 0
    while offset is not None:
        part = files.find(NAME, "e", offset, 2**20, 100_000, any_case=False)
        seen += [line for line in part.lines if b"f" * 98 not in line[1]]
        offset = part.next_offset
        stretches += 1
    assert stretches > 2
    assert [line for _, line in seen] == [across[:-1], b"last Needle without an end"]


def test_a_file_in_use_by_somebody_who_shares_it_with_nobody(lab: Running, files: LogFiles) -> None:
    path = put(lab, b"x")
    disks = lab.lab.simulation.disks
    assert disks is not None
    disks.of(SERVER).lock(path, True)
    with pytest.raises(CmdletFailedError, match="being used by another process"):
        files.read(NAME, 0, 1)
    disks.of(SERVER).lock(path, False)
    assert files.read(NAME, 0, 1).data == b"x"


def test_a_constrained_endpoint_refuses(lab: Running, files: LogFiles) -> None:
    put(lab, b"x")
    knobs = lab.lab.simulation.knobs[SERVER]
    knobs.constrained = True
    try:
        for ask in (files.files, lambda: files.read(NAME, 0, 1)):
            with pytest.raises(ScriptsRefusedError):
                ask()
    finally:
        knobs.constrained = False
    assert files.read(NAME, 0, 1).data == b"x"


def test_the_ledger_names_a_script_by_its_first_line(lab: Running, files: LogFiles) -> None:
    put(lab, b"x")
    files.read(NAME, 0, 1)
    entry = [e for e in lab.commands() if e.parameters.get("Name") == NAME][-1]
    assert entry.cmdlet.startswith("A piece of one protocol log file")
    assert "\n" not in entry.cmdlet
    assert len(entry.cmdlet) <= 80
    assert entry.outcome == "completed"


def _written(lab: Running, server: str, writer: str, name: str) -> list[Written]:
    return [
        w
        for w in read(Path(lab.addresses.record))
        if (w.server, w.writer, w.file) == (server, writer, name) and w.kind in ("header", "line")
    ]


def test_a_log_that_is_being_written_reads_as_the_record_has_it(lab: Running) -> None:
    """Both logs of the other server, while they are written; their directory entries lag behind."""
    server = "EX19-02"

    def begin() -> None:
        sim = lab.lab.simulation
        found = sim.organization.server(server)
        while sim.clock.now().minute >= 54:  # a log of the hour before would be ended meanwhile
            sim.clock.advance(60.0)
            sim.touch()
        found.pop.protocol_log_enabled = True
        for service in ("MSExchangePop3", "MSExchangePOP3BE"):
            sim.engine.restart_service(found, found.services[service.lower()], sim.touch(), "test")
        sim.clock.advance(300.0)
        sim.touch()

    lab.on_loop(begin)
    session = lab.winrm(server)
    files = LogFiles(session, FOLDER)
    names = {f.name: f for f in files.files()}
    assert {n[:6] for n in names} == {"POP320", "POP3BE"}
    for name in names:
        writer = "POP3BE" if name.startswith("POP3BE") else "POP3"
        piece = files.read(name, 0, 10_000_000)
        written = _written(lab, server, writer, name)
        data = b"".join(w.data for w in written)
        assert piece.data == data[: piece.length]
        assert piece.length > 0
        assert [w.offset for w in written] == [
            sum(len(x.data) for x in written[:n]) for n in range(len(written))
        ]
        # The first listing was before any handle on it had been closed: there the entry was older.
        assert names[name].length < piece.length
        refreshed = next(f for f in files.files() if f.name == name)
        assert refreshed.length >= piece.length
        assert refreshed.created == names[name].created
    session.close()
