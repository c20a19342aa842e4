"""Guards before a POP3 service is restarted, and before protocol logging is turned on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange import recovery_model as r
from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.exchange.model import AlertValue, Role, Version
from cockpit.journal.records import Grade, Verdict
from cockpit.recovery.guards.service import FREE_BYTES, tier_services
from cockpit.recovery.readings import Read
from tests.recovery.builders import (
    EX01,
    EX02,
    case,
    component,
    healthy,
    passes,
    refusals,
    said,
    server,
    service,
    settings,
)

REFUSED = Verdict.REFUSED
BACK_ONLY = server(EX01, Version.E2013, frozenset({Role.MAILBOX}))


# --- service.right -------------------------------------------------------------------------------


def test_tiers_name_the_services_a_server_has() -> None:
    both = (FRONT_END_SERVICE, BACK_END_SERVICE)
    assert tier_services("front", both) == (FRONT_END_SERVICE,)
    assert tier_services("back", both) == (BACK_END_SERVICE,)
    assert tier_services("all", both) == both
    assert tier_services("front", (BACK_END_SERVICE,)) == ()


def test_a_disabled_service_is_a_stop() -> None:
    readings = healthy(services=(service(FRONT_END_SERVICE), service(BACK_END_SERVICE, "Disabled")))
    assert refusals("service.right", readings) == {BACK_END_SERVICE: (REFUSED, Grade.STOP)}
    assert f"Set-Service {BACK_END_SERVICE}" in said("service.right", readings)[1].helps


def test_the_other_tiers_service_does_not_matter() -> None:
    readings = healthy(services=(service(FRONT_END_SERVICE), service(BACK_END_SERVICE, "Disabled")))
    assert passes("service.right", readings, case(args={"tier": "front"}))


def test_a_service_that_is_not_there_is_hard() -> None:
    readings = healthy(services=(service(FRONT_END_SERVICE),))
    assert refusals("service.right", readings) == {BACK_END_SERVICE: (REFUSED, Grade.HARD)}


def test_a_server_without_any_pop3_service_is_hard() -> None:
    edge = server(EX01, roles=frozenset({Role.EDGE}))
    assert refusals("service.right", healthy(servers=(edge,), services=())) == {EX01: (REFUSED, Grade.HARD)}


def test_a_tier_the_role_does_not_have_is_nothing_to_restart() -> None:
    readings = healthy(servers=(BACK_ONLY,), services=(service(BACK_END_SERVICE),))
    (found,) = said("service.right", readings, case(args={"tier": "front"}))
    assert found.verdict is Verdict.PASSED
    assert "nothing to restart" in found.reading


# --- popproxy.active -----------------------------------------------------------------------------


def test_popproxy_inactive_names_who_voted_and_the_way_back() -> None:
    votes = (("HealthApi", "Inactive"), ("Functional", "Active"), ("Maintenance", "Inactive"))
    readings = healthy(components={EX01: (component("PopProxy", "Inactive", *votes),)})
    assert refusals("popproxy.active", readings) == {"PopProxy": (REFUSED, Grade.STOP)}
    (found,) = said("popproxy.active", readings)
    assert found.reading == "Inactive by HealthApi, Maintenance"
    assert found.helps.count("Set-ServerComponentState EX01 -Component PopProxy") == 2
    assert "Functional" not in found.helps


def test_inactive_without_a_vote_offers_no_command() -> None:
    (found,) = said("popproxy.active", healthy(components={EX01: (component("PopProxy", "Inactive"),)}))
    assert found.verdict is REFUSED
    assert "Set-ServerComponentState" not in found.helps
    assert "ServerWideOffline" in found.helps


def test_draining_is_not_active() -> None:
    assert not passes("popproxy.active", healthy(components={EX01: (component("PopProxy", "Draining"),)}))


def test_the_back_end_does_not_need_it() -> None:
    readings = healthy(components={EX01: (component("PopProxy", "Inactive"),)})
    assert passes("popproxy.active", readings, case(args={"tier": "back"}))


def test_no_component_at_all_is_unread_and_one_that_is_missing_passes() -> None:
    assert refusals("popproxy.active", healthy(components={EX01: ()})) == {EX01: (Verdict.UNREAD, Grade.STOP)}
    assert passes("popproxy.active", healthy(components={EX01: (component("HighAvailability"),)}))


# --- clients.noted, pool.others ------------------------------------------------------------------


def test_clients_are_counted_and_block_nothing() -> None:
    samples = (r.CounterSample("a", 3.0), r.CounterSample("b", 4.0))
    (found,) = said("clients.noted", healthy(connections=samples))
    assert (found.verdict, found.grade, found.reading) == (REFUSED, Grade.WARN, "7 POP3 connections")
    assert not found.blocks


def test_a_counter_that_is_not_there_is_told_and_one_that_cannot_be_read_too() -> None:
    (absent,) = said("clients.noted", healthy(connections=Read()))
    assert (absent.verdict, absent.reading) == (Verdict.PASSED, "the counter is not there")
    (unread,) = said("clients.noted", healthy(connections=Read(problem="refused")))
    assert (unread.verdict, unread.reading, unread.blocks) == (Verdict.UNREAD, "refused", False)


def test_a_pool_of_one_is_a_stop() -> None:
    assert refusals("pool.others", healthy(pool={})) == {EX01: (REFUSED, Grade.STOP)}


alerts = st.sampled_from([a for a in vars(AlertValue).values() if isinstance(a, str) and a[:1].isupper()])


@given(st.dictionaries(st.sampled_from(["EX02", "EX03", "EX04"]), alerts))
def test_a_pool_passes_only_with_one_that_serves(pool: dict[str, str]) -> None:
    serves = any(alert in (AlertValue.HEALTHY, AlertValue.DEGRADED) for alert in pool.values())
    assert passes("pool.others", healthy(pool=pool)) is serves


def test_a_pool_names_everyone_it_asked() -> None:
    (found,) = said("pool.others", healthy(pool={EX02: AlertValue.UNHEALTHY, "EX03": AlertValue.UNKNOWN}))
    assert found.reading == "EX02 Unhealthy, EX03 Unknown"


# --- logging -------------------------------------------------------------------------------------


def test_the_prior_value_of_logging_is_said_whichever_it_is() -> None:
    (off,) = said("logging.prior", healthy())
    (on,) = said("logging.prior", healthy(settings=settings(on=True)))
    assert "$false" in off.reading
    assert "stays on" in on.reading


def test_logging_without_its_prior_value_cannot_be_overridden() -> None:
    (found,) = said("logging.prior", healthy(settings=Read(problem="no answer")))
    assert found.blocks
    assert not found.overridable


def test_logging_whose_value_was_not_said_is_not_off() -> None:
    """It would be turned off at the end, whatever it was."""
    unsaid = replace(settings(), protocol_log_enabled=None)
    assert refusals("logging.prior", healthy(settings=unsaid)) == {EX01: (Verdict.UNREAD, Grade.HARD)}


@pytest.mark.parametrize(
    ("free", "passed"), [(FREE_BYTES, True), (FREE_BYTES - 1, False), (0, False), (None, False)]
)
def test_room_for_the_log(free: int | None, passed: bool) -> None:
    readings = healthy(volumes=(r.Volume("C:\\", 10**12, free),))
    assert passes("logging.space", readings) is passed
    assert {f.grade for f in said("logging.space", readings)} == {Grade.STOP}
    assert {f.object for f in said("logging.space", readings)} == {"C:\\Logs\\Pop3"}


def test_a_folder_on_no_known_volume_is_refused() -> None:
    (found,) = said("logging.space", healthy(volumes=(r.Volume("D:\\", 10**12, 10**12),)))
    assert found.verdict is REFUSED
    assert "unknown" in found.reading
