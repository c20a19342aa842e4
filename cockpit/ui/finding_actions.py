"""What the operator can do to find things in the fleet: a part of the registry. All of it only reads."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.ui.action import Action

FINDING_ACTIONS: Final[tuple[Action, ...]] = (
    Action("fleet.group", ("b",), "grouping", "fleet", "Find",
           N_("Put the servers together by the next of DAG, site, version, state.")),
    Action("fleet.group-by", ("B",), "group by", "fleet", "Find",
           N_("Choose by what the servers are put together: DAG, site, version or state."), typing=True),
    Action("fleet.bookmark", ("m",), "bookmark", "fleet", "Find",
           N_("Put a letter or digit on the server or health set under the cursor; the same once more takes "
              "it off. The filter word marked shows only these."), typing=True),
    Action("fleet.go-to-bookmark", ("'",), "go to bookmark", "fleet", "Find",
           N_("Go to a server or health set by its letter or digit."), typing=True),
    Action("fleet.last-view", ("backspace",), "last view", "fleet", "Find",
           N_("The view before this one, there and back: filter, grouping, selection.")),
    Action("fleet.view-back", ("[",), "view back", "fleet", "Find", N_("One view back in history.")),
    Action("fleet.view-forward", ("]",), "view forward", "fleet", "Find",
           N_("One view forward in history.")),
    Action("fleet.maximise", ("M",), "maximise", "fleet", "View",
           N_("The pane with the focus alone on the screen, or all again; escape restores.")),
    Action("filter.complete", ("tab",), "complete", "filter", "In the filter",
           N_("Go on with what is typed; again: the next way to go on.")),
    Action("filter.complete-back", ("shift+tab",), "complete, backwards", "filter", "In the filter",
           N_("The way to go on before this one.")),
)  # fmt: skip
