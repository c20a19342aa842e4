"""A day of polling with all that goes wrong in it: by ``pytest -m soak -n 0``; else a glimpse of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.polling import Course, Report, soak, summary
from tests.soak.troubles import TROUBLES, Trouble

SHORT = (
    "server down",
    "health manager down",
    "refused",
    "dropped",
    "sign-in refused",
    "garbage",
    "deletion lost",
)
"""Those that are over at once: nothing has to run into a time limit of real time."""


def chosen(names: tuple[str, ...]) -> tuple[Trouble, ...]:
    return tuple(trouble for trouble in TROUBLES if trouble.name in names)


def judged(report: Report) -> None:
    print(*summary(report), sep="\n")
    assert report.wrong == ()


@pytest.mark.matrix
def test_a_glimpse_of_the_day(tmp_path: Path) -> None:
    """One leg of eight minutes' work: everything is done once that the day does, but nothing is said of what
    grows."""
    course = Course(legs=1, minutes=8, servers=6, strikes=5, troubles=chosen(SHORT))
    lines: list[str] = []
    report = soak(tmp_path, course, lines.append)
    judged(report)
    assert len(report.looks) == course.legs
    assert report.looks[-1].answers >= course.wanted(course.legs)
    assert report.looks[-1].winrm_answers > 0
    assert sum(report.troubles.values()) >= 3
    assert report.peaks.shells > 0
    assert {look.cost.threads for look in report.looks} == {report.looks[0].cost.threads}
    assert all(look.winrm == 0 for look in report.looks)
    assert len(lines) == 1 + len(report.looks)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_the_day(tmp_path: Path) -> None:
    judged(soak(tmp_path, Course()))
