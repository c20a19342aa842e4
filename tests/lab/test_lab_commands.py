"""``lab knob`` and ``lab act`` against a lab in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

from cockpit.lab.poplogs.record import read
from tests.support.processes import lab
from tests.support.waiting import eventually


def test_a_log_is_loaded_and_rolled_over_from_the_command_line(tmp_path: Path) -> None:
    with lab(tmp_path, "healthy", "--servers", "1") as running:
        assert running.run("lab", "act", "EX19-01", "set-logging", "enabled=true").code == 0
        assert running.run("lab", "act", "EX19-01", "restart-service", "service=MSExchangePop3").code == 0
        turned = running.run("lab", "knob", "EX19-01", "front_log_rate=200")
        assert json.loads(turned.out)["servers"]["EX19-01"]["front_log_rate"] == 200.0
        state = running.state()
        record = Path(state["poplog_record"])
        folder = Path(state["servers"]["EX19-01"]["disk"])
        eventually(lambda: len([w for w in read(record) if w.kind == "line"]) > 50, 20.0, "lines")
        assert running.run("lab", "act", "EX19-01", "roll-log").code == 0
        eventually(lambda: len(list(folder.rglob("POP3*.LOG"))) == 2, 20.0, "a second file")
        for bad, code, said in (
            (("act", "EX19-01", "explode"), 2, "there is no action"),
            (("knob", "EX99", "stale=true"), 2, "there is no server"),
            (("knob", "EX19-01", "nonsense=1"), 2, "there is no knob"),
            (("act", "EX19-01", "roll-log", "POP3BE"), 64, "give NAME=VALUE"),
        ):
            answer = running.run("lab", *bad)
            assert answer.code == code
            assert said in answer.err
            assert "Traceback" not in answer.err
