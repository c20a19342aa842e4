"""A survey goes round one server at a time, begins when it is wanted and again after a while."""

from __future__ import annotations

from datetime import UTC, datetime

from cockpit.exchange.model import DatabaseCopyStatus, ServerComponentState
from cockpit.fleet import events as e
from cockpit.fleet.picture import take
from cockpit.fleet.snapshot import FleetSnapshot
from cockpit.fleet.survey import SURVEY_SECONDS, Survey
from tests.fleet.builders import live

AT = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ["A", "B", "C"]


def rounds(survey: Survey, now: float) -> list[str]:
    found = []
    while name := survey.take(NAMES, now):
        found.append(name)
        survey.done()
    return found


def test_nobody_is_read_before_it_is_wanted_or_after() -> None:
    survey = Survey()
    assert rounds(survey, 0.0) == []
    survey.want(True, 0.0)
    assert survey.take(NAMES, 0.0) == "A"
    survey.want(False, 1.0)
    survey.done()
    assert rounds(survey, 2 * SURVEY_SECONDS) == []


def test_one_at_a_time_all_and_again_after_a_while() -> None:
    survey = Survey()
    survey.want(True, 5.0)
    assert survey.take(NAMES, 5.0) == "A"
    assert survey.take(NAMES, 6.0) == ""
    survey.done()
    assert rounds(survey, 7.0) == ["B", "C"]
    assert rounds(survey, 4.0 + SURVEY_SECONDS) == []
    assert rounds(survey, 5.0 + SURVEY_SECONDS) == NAMES


def test_one_that_has_gone_is_not_asked() -> None:
    survey = Survey()
    survey.want(True, 0.0)
    survey.take(NAMES, 0.0)
    survey.done()
    assert survey.take(["A", "C"], 1.0) == "C"


COPY = DatabaseCopyStatus("DB1\\EX01", "DB1", "EX01", "Mounted", True, "EX01", 1, False, 0, 0, "Healthy")
COMPONENT = ServerComponentState("EX01", "PopProxy", "Inactive")


def test_what_a_survey_could_not_read_stays_as_it_was() -> None:
    fleet = FleetSnapshot(servers={"EX01": live()})
    fleet = take(fleet, e.SurveyRead(AT, "EX01", (COMPONENT,), (COPY,)))
    fleet = take(fleet, e.SurveyRead(AT, "EX01", None, ()))
    server = fleet.servers["EX01"]
    assert (server.components, server.copies, server.surveyed_at) == ((COMPONENT,), (), AT)
    nothing = take(FleetSnapshot(servers={"EX01": live()}), e.SurveyRead(AT, "EX01", None, None))
    assert nothing.servers["EX01"].surveyed_at is None
