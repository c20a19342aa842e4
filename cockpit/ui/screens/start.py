"""The job that starts a run."""

from __future__ import annotations

from textual.message import Message

from cockpit.config.language import _
from cockpit.recovery.client import Recovery
from cockpit.ui.messages import Job, RunStarted


def start_job(server: str, monitor: str) -> Job:
    """Start the runbook of ``monitor`` on ``server`` and look at the run."""

    def call(recovery: Recovery) -> Message:
        return RunStarted(recovery.start(server, monitor))

    return Job(
        "start",
        _("The start of a run for {monitor} on {server}").format(monitor=monitor, server=server),
        call,
        changes=True,
    )
