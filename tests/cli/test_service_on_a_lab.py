"""``service status`` over the wire, against the lab's own truth."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.processes import lab


def test_the_services_of_a_server_are_read(tmp_path: Path) -> None:
    with lab(tmp_path / "lab", "healthy") as served:
        server = served.environment.entry_servers[0]
        answer = served.run("--read-only", "service", "status", "--server", server, "--format", "json")
        assert answer.code == 0, answer.err
        found = json.loads(answer.out)
        assert found["exit_code"] == 0
        assert found["services"]
        assert all(
            s["state"] == "Running" and s["process_id"] > 0 and s["created"] for s in found["services"]
        )
        nobody = served.run("service", "status", "--server", "NOBODY")
        assert (nobody.code, nobody.out) == (3, "")
        assert "NOBODY" in nobody.err
