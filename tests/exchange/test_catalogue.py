"""The catalogue says what Microsoft's table says, and who carries what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cockpit.exchange import catalogue
from cockpit.exchange.model import Role, Version

PAGE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "000_3c56a15d871b9e3f.txt"

CAS, MBX = Role.CLIENT_ACCESS, Role.MAILBOX


def test_every_probe_of_the_page_is_there_in_its_health_set() -> None:
    if not PAGE.exists():
        pytest.skip("the page is not beside this checkout")
    text = PAGE.read_text(encoding="utf-8")
    found = dict(re.findall(r"<p>(Pop\w+Probe)</p></td>\s*<td><p>([\w.]+)</p>", text))
    assert {name: p.health_set for name, p in catalogue.PROBES.items()} == found


def test_probe_identities() -> None:
    assert {p.identity for p in catalogue.PROBES.values()} == {
        "POP\\PopCTPProbe",
        "POP.Proxy\\PopProxyTestProbe",
        "POP.Protocol\\PopDeepTestProbe",
        "POP.Protocol\\PopSelfTestProbe",
    }


def test_the_average_time_monitor_has_no_probe_to_run() -> None:
    found = catalogue.monitor("averagecommandprocessingtimegt60smonitor")
    assert found is not None
    assert found.probe is None


def test_the_pages_own_spelling_is_found() -> None:
    found = catalogue.monitor("POPCTPMonitor")
    assert found is not None
    assert found.name == "PopCTPMonitor"
    assert catalogue.monitor("PopTestDeepMonitor") is None


@pytest.mark.parametrize(
    ("version", "roles", "sets", "services"),
    [
        (Version.E2013, {CAS}, ("POP", "POP.Proxy"), ("MSExchangePop3",)),
        (Version.E2013, {MBX}, ("POP", "POP.Protocol"), ("MSExchangePOP3BE",)),
        (Version.E2013, {CAS, MBX}, catalogue.POP_HEALTH_SETS, ("MSExchangePop3", "MSExchangePOP3BE")),
        (Version.E2016, {MBX}, catalogue.POP_HEALTH_SETS, ("MSExchangePop3", "MSExchangePOP3BE")),
        (Version.E2019, {MBX, CAS}, catalogue.POP_HEALTH_SETS, ("MSExchangePop3", "MSExchangePOP3BE")),
        (Version.E2019, {Role.EDGE}, (), ()),
    ],
)
def test_what_a_server_carries(
    version: Version, roles: set[Role], sets: tuple[str, ...], services: tuple[str, ...]
) -> None:
    assert catalogue.expected_health_sets(version, roles) == sets
    assert catalogue.services(version, roles) == services
