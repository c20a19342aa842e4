"""Sentences of other rooms that a finding takes apart: what was found before the cut, what helps after it.

``doctor.host`` cuts what ``config.trusted`` and the journal say, ``doctor.judging_servers`` what
``exchange.grants`` says. The catalogue needs the halves too, or nobody would find them again.
"""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_

HALVES: Final = (
    N_("others can write this file"),
    N_("Run: chmod go-w {path}"),
    N_("others can read this {what}"),
    N_("Run: chmod 600 {path}"),
    N_("it belongs to another user (uid {owner})"),
    N_("Make it your own: chown {me} {path}"),
    N_("{what} is not granted to this account"),
    N_("Ask for a management role that has it ({command} names them)."),
    N_("Cannot open the journal at {place}: {reason}"),
    N_("Give a folder you may write to."),
    N_("The checkpoints in {path} cannot be read: {reason}"),
    N_("Give the file that was kept."),
    N_("The journal cannot be shared in {folder}: {why}"),
    N_("Run: {command}."),
)
