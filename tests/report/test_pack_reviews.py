"""The page of a period counts criteria of stage reviews as the value report settled them."""

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.report import packs
from analysis.results import StageResults

SPAN = {"first": pd.Timestamp("2025-01-01"), "last": pd.Timestamp("2025-12-31")}


def gates(*states):
    return pd.DataFrame(
        {
            "goal": "M12",
            "measure": ["attendance", "csat_change", "pass_rate"],
            "state": states,
            "due_on": pd.Timestamp("2025-10-25"),
        }
    )


def run(**tables):
    found = {
        stage: StageResults(stage=stage, tables={"gates": table}) for stage, table in tables.items()
    }
    return SimpleNamespace(results=found)


OPEN = gates("just_met", "elsewhere", "missed")
SETTLED = gates("just_met", "just_missed", "missed")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "of 3 criteria, 1 met and 2 missed"), ("zh_CN", "3 项标准中达到 1 项，未达到 2 项")],
)
def test_what_another_report_judges_is_counted_where_it_did(language, words):
    assert words in packs._reviews(run(monitoring=OPEN, value=SETTLED), SPAN, language)


def test_before_it_did_the_criterion_is_open():
    said = packs._reviews(run(monitoring=OPEN), SPAN, "en")
    assert "1 met, 1 missed and 1 not decided" in said


def test_what_was_missed_is_to_be_adjusted_next_year():
    said = packs._next_year(run(monitoring=OPEN, value=SETTLED), SPAN, "en")
    assert said.count("M12 missed") == 2
