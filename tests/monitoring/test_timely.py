"""What is asked for can still be done: no class is left to suspend, no control site is trained."""

import dataclasses
import datetime as dt

import pytest

from analysis import wording
from analysis.monitoring import is_over, timely
from analysis.monitoring.alerts.timely import NEXT_ROUND, WAITING
from analysis.results import Alert

LAST = dt.date(2024, 11, 1)
ALERT = Alert(
    id="monitoring.alert.lecturer_low.l1", rule="lecturer_low", grade=1, message="m",
    response="monitoring.alert.lecturer_low.response", subject="l1", due_on="2026-01-07",
)  # fmt: skip


@pytest.mark.parametrize(
    ("classes", "on", "coming", "over"),
    [
        ([LAST], LAST + dt.timedelta(days=60), False, False),  # a pause between classes
        ([LAST], LAST + dt.timedelta(days=61), False, True),
        ([LAST], LAST + dt.timedelta(days=400), True, False),  # the next wave is planned
        ([LAST, dt.date(2026, 3, 1)], dt.date(2026, 1, 1), False, False),  # a class is planned
        ([dt.date(2026, 3, 1)], dt.date(2026, 1, 1), False, False),
        ([], LAST, False, False),  # no days of classes are known
    ],
)
def test_a_programme_is_over_when_no_class_is_held_or_planned(classes, on, coming, over):
    assert is_over(classes, on=on, coming=coming) is over


def test_nothing_is_suspended_after_the_last_class():
    (during,) = timely([ALERT], over=False)
    (after,) = timely([ALERT], over=True)
    assert during == ALERT
    assert (after.response, after.grade, after.due_on) == (NEXT_ROUND[ALERT.rule], 3, None)
    assert (after.id, after.value, after.message) == (ALERT.id, ALERT.value, ALERT.message)


def test_a_site_that_waits_is_not_trained():
    late = dataclasses.replace(
        ALERT, rule="complaint_late", subject="云栖家园", grade=2,
        response="monitoring.alert.complaint_late.response",
    )  # fmt: skip
    waiting, trained = timely(
        [late, dataclasses.replace(late, subject="翠湖天境")], over=True, waiting={"云栖家园"}
    )
    assert waiting.response == WAITING["complaint_late"]
    assert trained == dataclasses.replace(late, subject="翠湖天境")


@pytest.mark.parametrize("key", sorted({*NEXT_ROUND.values(), *WAITING.values()}))
def test_every_response_has_its_words(key):
    for language in wording.LANGUAGES:
        assert not wording.text(key, language).endswith((".", "。"))
