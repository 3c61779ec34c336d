"""The three domains of a course questionnaire, counted by hand."""

import pandas as pd
import pytest

from analysis.measurement.course_domains import assess_course_domains, satisfied_by_domain

ITEMS = pd.DataFrame(
    [
        ("c", "c1", "overall"),
        ("c", "c2", "useful"),
        ("c", "c3", "lecturer"),
        ("c", "c4", "lecturer"),
        ("c", "c5", "organisation"),
    ],
    columns=["instrument", "item", "role"],
).assign(scale_min=1.0, scale_max=5.0)


def answers(*rows):
    columns = ["response_id", "item", "score"]
    return pd.DataFrame(rows, columns=columns).assign(instrument="c")


ALL = answers(
    ("r1", "c2", 5.0), ("r1", "c3", 5.0), ("r1", "c4", 2.0), ("r1", "c5", 4.0), ("r1", "c1", 5.0),
    ("r2", "c2", 3.0), ("r2", "c3", 5.0), ("r2", "c4", 3.0), ("r2", "c5", None), ("r2", "c1", 5.0),
)  # fmt: skip


def test_a_questionnaire_counts_once_in_each_domain():
    table = satisfied_by_domain(ALL, ITEMS).set_index("domain")
    assert table["n"].to_dict() == {"useful": 2, "lecturer": 2, "organisation": 1}
    # the lecturer of r1 has 3.5 of two items, that of r2 4.0
    assert table["value"].to_dict() == pytest.approx(
        {"useful": 0.5, "lecturer": 0.5, "organisation": 1.0}
    )


def test_a_domain_without_an_answered_item_calls_for_caution():
    (check,) = assess_course_domains(ALL, ITEMS).checks
    assert (check.status, check.value) == ("passed", 3.0)
    (check,) = assess_course_domains(ALL[ALL["item"] != "c5"], ITEMS).checks
    assert (check.status, check.value) == ("caution", 2.0)
    assert not assess_course_domains(None, ITEMS).checks
