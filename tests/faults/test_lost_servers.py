"""A server that goes, an entry server that goes: told honestly, and healed without help."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from cockpit.fleet.snapshot import Reach
from tests.faults.conftest import OpenLab
from tests.support.processes import COCKPIT, ROOT, LabProcess
from tests.support.waiting import eventually
from tests.support.watching import all_fresh, following

INTERVAL = 1.5
VICTIM = "EX16-02"


def _now() -> datetime:
    return datetime.now(UTC)


def test_one_server_dies_and_comes_back(open_lab: OpenLab) -> None:
    """Its rows go stale, then it is unreachable with what was last known; the others stay live."""
    served = open_lab()
    assert VICTIM not in served.environment.entry_servers
    with following(served.environment, INTERVAL) as pictures:
        served.act(VICTIM, "kill")
        killed = _now()
        picture = pictures.wait(
            lambda p: p.servers[VICTIM].reach is Reach.UNREACHABLE, 15.0, "the victim unreachable"
        )
        assert pictures.reaches(VICTIM)[-3:] == [Reach.LIVE, Reach.STALE, Reach.UNREACHABLE]
        victim = picture.servers[VICTIM]
        assert victim.monitors, "the last known rows stay"
        assert victim.problem is not None
        assert victim.last_success is not None
        assert victim.last_success < killed
        pictures.wait(
            lambda p: all_fresh(p, killed, frozenset({VICTIM})), 5.0, "fresh answers of all the others"
        )
        served.act(VICTIM, "start")
        started = _now()
        pictures.wait(lambda p: all_fresh(p, started), 15.0, "everybody back, the victim too")
        for name in picture.servers:
            if name != VICTIM:
                assert set(pictures.reaches(name)) <= {Reach.UNKNOWN, Reach.LIVE}


def test_entry_server_dies(open_lab: OpenLab) -> None:
    """Another entry server is asked; the dead one is unreachable like any other."""
    served = open_lab()
    first, *others = served.environment.entry_servers
    with following(served.environment, INTERVAL) as pictures:
        served.act(first, "kill")
        killed = _now()
        others_live = lambda p: all_fresh(p, killed, frozenset({first}))  # noqa: E731
        pictures.wait(others_live, 15.0, "the others read through another entry server")
        pictures.wait(lambda p: p.servers[first].reach is Reach.UNREACHABLE, 15.0, "the entry server lost")

    answer = served.run("status", "--format", "json")
    report = json.loads(answer.out)
    assert answer.code == 3
    assert report["entry_server"] in others
    assert {s["name"]: s["state"] for s in report["servers"] if s["state"] != "Healthy"} == {
        first: "unreachable"
    }
    assert first in answer.err


def test_all_entry_servers_die(open_lab: OpenLab) -> None:
    """Nobody to ask although servers live: unknown, and which ones were tried."""
    served = open_lab()
    for name in served.environment.entry_servers:
        served.act(name, "kill")
    answer = served.run("status", "--format", "json")
    assert answer.code == 3
    assert json.loads(answer.out)["problem"]
    urls = [served.environment.addresses[name].exchange or "" for name in served.environment.entry_servers]
    assert any(url.rstrip("/") in answer.err for url in urls)
    assert "refuses connections" in answer.err


@contextmanager
def _watch(served: LabProcess) -> Iterator[list[dict[str, Any]]]:
    """``status --watch --format json``: a document a line, as they come."""
    documents: list[dict[str, Any]] = []
    command = [*COCKPIT, "--env-file", str(served.with_polling(interval=5.0)), "status", "--watch"]
    with subprocess.Popen(
        [*command, "--format", "json"], env=served.home.environ(), cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        lines = process.stdout

        def read() -> None:
            documents.extend(json.loads(line) for line in lines)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield documents
        finally:
            process.terminate()
            process.wait(5)
            reader.join(5)


def test_watch(open_lab: OpenLab) -> None:
    served = open_lab()
    with _watch(served) as documents:
        eventually(lambda: documents, 15.0, "a first document")
        assert documents[0]["exit_code"] == 0
        served.act(VICTIM, "kill")
        killed = _now()
        eventually(lambda: documents[-1]["exit_code"] == 1, 20.0, "a document with the victim stale")
        by_name = {s["name"]: s for s in documents[-1]["servers"]}
        assert by_name[VICTIM]["reach"] == "stale"
        assert by_name[VICTIM]["state"] == "stale"
        assert by_name[VICTIM]["problem"]
        assert datetime.fromisoformat(by_name[VICTIM]["last_success"]) <= killed
        for name, server in by_name.items():
            if name != VICTIM:
                assert server["reach"] == "live"
                assert datetime.fromisoformat(server["last_success"]) >= killed.replace(microsecond=0)
