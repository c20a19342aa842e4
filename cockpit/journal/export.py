"""The journal's lines in other people's forms: one JSON object per line.

``jsonl``: our own record; the chain can be proved from it again. ``ecs``: Elastic Common Schema.
``ocsf``: API Activity 6003, which fits an administrator's commands better than Remediation Activity
(recovery-engine §5). Field names: recovery-engine §5; the sheet is silent on the rest of both schemas:
OCSF's from ocsf-schema events/application/api_activity.json and objects/api.json, ECS's [M].
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from cockpit.journal.chain import canonical
from cockpit.journal.records import Json, Line

ECS_VERSION: Final = "8.11.0"
OCSF_VERSION: Final = "1.3.0"
_OCSF_CLASS: Final = 6003
_DIGITS: Final = frozenset("0123456789")

# Outcomes are each step's own words; these are the ones that other schemas' readers can be told of.
_WELL: Final = frozenset(
    {"ok", "applied", "succeeded", "reconciled", "recovered", "done", "passed", "true", "restored"}
)
_BADLY: Final = frozenset(
    {"failed", "refused", "error", "not applied", "not-applied", "aborted", "escalated"}
)
_LABELS: Final = {
    "run": "run_id",
    "step": "step",
    "n": "attempt",
    "fence": "fence",
    "digest": "runbook_sha256",
    "scope": "scope",
    "server": "server",
    "outcome": "outcome",
    "state": "state",
    "obligation": "obligation",
    "question": "question",
}
_OCSF_ACTIVITY: Final = {"run.created": 1, "step.intent": 3, "step.result": 3, "guards.read": 2}
_OCSF_STATUS: Final = {"success": (1, "Success"), "failure": (2, "Failure"), "unknown": (0, "Unknown")}


class Format(StrEnum):
    JSONL = "jsonl"
    ECS = "ecs"
    OCSF = "ocsf"


def export(lines: Iterable[Line], form: Format) -> Iterator[str]:
    """Each line as one line of JSON, without its line feed."""
    make = _FORMS[form]
    for line in lines:
        yield canonical(make(line, json.loads(line.body)))


def _native(line: Line, body: Mapping[str, Json]) -> dict[str, Json]:
    return {"seq": line.seq, "at": line.at, "body": body, "prev": line.prev, "hash": line.hash}


def _outcome(body: Mapping[str, Json]) -> str:
    said = str(body.get("outcome") or body.get("state") or "").lower()
    if said in _WELL:
        return "success"
    return "failure" if said in _BADLY else "unknown"


def _host_and_pid(body: Mapping[str, Json]) -> tuple[str, int | None]:
    """From ``process``, which is ``host/pid/nonce``."""
    host, _, rest = str(body["process"]).partition("/")
    pid = rest.partition("/")[0]
    return host, int(pid) if pid and _DIGITS.issuperset(pid) else None


def _labels(body: Mapping[str, Json]) -> dict[str, str]:
    """ECS labels are flat, and text."""
    return {label: str(body[name]) for name, label in _LABELS.items() if body.get(name) is not None}


def _ecs(line: Line, body: Mapping[str, Json]) -> dict[str, Json]:
    host, pid = _host_and_pid(body)
    record: dict[str, Json] = {
        "@timestamp": line.at,
        "ecs": {"version": ECS_VERSION},
        "event": {
            "action": body["event"],
            "category": ["configuration"],
            "dataset": "pop-cockpit.journal",
            "hash": line.hash,
            "kind": "event",
            "module": "pop-cockpit",
            "original": line.body,
            "outcome": _outcome(body),
            "sequence": line.seq,
            "type": ["change" if body["event"] in ("step.intent", "step.result") else "info"],
        },
        "host": {"name": host},
        "labels": {**_labels(body), "origin": str(body["origin"]), "program": str(body["program"])},
        "message": _message(body),
        "user": {"name": body["operator"]},
    }
    if pid is not None:
        record["process"] = {"pid": pid}
    return record


def _ocsf(line: Line, body: Mapping[str, Json]) -> dict[str, Json]:
    host, pid = _host_and_pid(body)
    activity = _OCSF_ACTIVITY.get(body["event"], 99)
    status_id, status = _OCSF_STATUS[_outcome(body)]
    actor: dict[str, Json] = {"user": {"name": body["operator"]}}
    if pid is not None:
        actor["process"] = {"pid": pid}
    return {
        "activity_id": activity,
        "activity_name": {1: "Create", 2: "Read", 3: "Update"}.get(activity, body["event"]),
        "actor": actor,
        "api": {"operation": body["event"], "service": {"name": "pop-cockpit"}},
        "category_uid": _OCSF_CLASS // 1000,
        "class_uid": _OCSF_CLASS,
        "message": _message(body),
        "metadata": {
            "product": {"name": "POP cockpit", "vendor_name": "pop-cockpit", "version": body["program"]},
            "sequence": line.seq,
            "uid": line.hash,
            "version": OCSF_VERSION,
        },
        "raw_data": line.body,
        "resources": _resources(body),
        "severity_id": 1,
        "src_endpoint": {"hostname": host, "name": body["origin"]},
        "status": status,
        "status_id": status_id,
        "time": round(datetime.fromisoformat(line.at).timestamp() * 1000),
        "type_uid": _OCSF_CLASS * 100 + activity,
        "unmapped": _labels(body),
    }


def _resources(body: Mapping[str, Json]) -> list[Json]:
    kinds = (("server", "server"), ("scope", "scope"), ("run", "run"))
    return [{"name": str(body[name]), "type": kind} for name, kind in kinds if body.get(name)]


def _message(body: Mapping[str, Json]) -> str:
    """The command as sent, the words of a result, or what happened."""
    return str(body.get("command") or body.get("words") or body.get("ending") or body["event"])


_FORMS: Final[dict[Format, Callable[[Line, Mapping[str, Json]], dict[str, Json]]]] = {
    Format.JSONL: _native,
    Format.ECS: _ecs,
    Format.OCSF: _ocsf,
}
