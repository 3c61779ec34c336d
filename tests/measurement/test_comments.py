"""Themes of comments are counted by arm and time; agreement is Cohen's kappa."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.measurement.comments import assess_comments, coder_agreement, theme_counts

TITLES = {
    "parking": {"zh_CN": "停车", "en": "Parking"},
    "slow": {"zh_CN": "响应慢", "en": "Slow response"},
}
STARTS = pd.DataFrame(
    {"site_id": ["A", "B"], "arm": ["treated", "comparison"], "start": [24288.0, 24288.0]}
)
JANUARY, DECEMBER = dt.date(2024, 1, 9), dt.date(2023, 12, 9)  # month 24288 is January 2024


def comments(*cells, codes=()):
    """Return comments from (site, day, themes, how many)."""
    rows = [(site, day, said) for site, day, said, many in cells for _ in range(many)]
    frame = pd.DataFrame(rows, columns=["site_id", "written_on", "themes"])
    first, second = zip(*codes, strict=True) if codes else ((), ())
    empty = [None] * (len(frame) - len(codes))
    return frame.assign(first_coder=[*first, *empty], second_coder=[*second, *empty])


def test_shares_by_arm_and_time_by_hand():
    found = theme_counts(
        comments(
            ("A", DECEMBER, "parking+slow", 3), ("A", DECEMBER, "none", 9),
            ("A", JANUARY, "parking", 10), ("B", DECEMBER, "slow", 9),
        ),
        STARTS, list(TITLES),
    ).set_index(["arm", "when", "theme"])  # fmt: skip
    before = found.loc[("treated", "before")]
    assert before["hits"].to_dict() == {"parking": 3, "slow": 3, "none": 9}
    assert before["value"].to_dict() == {"parking": 0.25, "slow": 0.25, "none": 0.75}
    assert (before["ci_low"] < before["value"]).all()
    assert found.loc[("treated", "since", "parking"), "value"] == 1.0
    assert "comparison" not in found.index.get_level_values("arm")  # nine are too few to tell of


def test_kappa_of_two_people_by_hand():
    codes = [("parking", "parking")] * 40 + [("none", "none")] * 40
    codes += [("parking", "none")] * 10 + [("none", "parking")] * 10
    table = coder_agreement(comments(("A", JANUARY, "parking", 100), codes=codes), list(TITLES))
    mine = table[(table["pair"] == "coders") & (table["theme"] == "parking")]
    assert mine["value"].tolist() == pytest.approx([0.6])  # (0.8 - 0.5) / (1 - 0.5)
    assert mine["n"].tolist() == [100]
    half = 1.959964 * np.sqrt(0.8 * 0.2 / (100 * 0.5**2))
    assert mine["ci_low"].tolist() == pytest.approx([0.6 - half], abs=0.01)
    assert "slow" not in set(table["theme"])  # nobody saw it: 0/0


def test_check_by_what_people_made_of_a_sample():
    fine = [("parking", "parking")] * 10 + [("none", "none")] * 10
    cells = (("A", JANUARY, "parking", 10), ("A", JANUARY, "none", 10))
    (check,) = assess_comments(comments(*cells, codes=fine), STARTS, TITLES).checks
    assert (check.status, check.value) == ("passed", 1.0)
    assert check.reason == "measurement.check.comments.alike"
    assert not {"low", "high"} & set(check.params)  # no number, so none is stored
    doubtful = [("parking", "none")] * 6 + [("parking", "parking")] * 4 + [("none", "none")] * 10
    (check,) = assess_comments(comments(*cells, codes=doubtful), STARTS, TITLES).checks
    assert check.status == "caution"
    (check,) = assess_comments(comments(*cells), STARTS, TITLES).checks
    assert (check.status, check.reason) == ("caution", "measurement.check.comments.unchecked")


def test_one_comment_none_and_no_table():
    (check,) = assess_comments(comments(("A", JANUARY, "slow", 1)), STARTS, TITLES).checks
    assert (check.status, check.value) == ("not_possible", None)
    for nothing in (None, comments()):
        (check,) = assess_comments(nothing, STARTS, {}).checks
        assert (check.reason, check.remedy) == ("measurement.check.comments.none", None)
