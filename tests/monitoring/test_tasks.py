"""Practical tasks after the course, counted by hand."""

import pandas as pd
import pytest

from analysis.monitoring.training.tasks import assess_tasks

STAFF = pd.DataFrame(
    {
        "staff_id": ["p1", "p2", "p3", "p4"],
        "site_id": ["A", "A", "B", "B"],
        "role": ["desk", "desk", "guard", "desk"],
        "tier": ["middle", "middle", "middle", "frontline"],
        "left_on": [None] * 4,
    }
)
SITES = pd.DataFrame({"site_id": ["A", "B"], "site_name": ["East", "West"]})


def rows(marks, *, task, kind, item="b1", occasion="post", line=None, full=10.0):
    return pd.DataFrame(
        [
            {
                "staff_id": person,
                "task": task,
                "kind": kind,
                "occasion": occasion,
                "assessor_id": assessor,
                "item": item,
                "score": float(score),
                "full_score": full,
                "pass_score": line,
                "blinded": None,
                "video_consent": None,
            }
            for person, given in marks.items()
            for assessor, score in zip("KL", given, strict=False)
        ]
    )


BEFORE = rows({"p1": (8, 8), "p2": (7, 9), "p3": (9, 9)}, task="anger", kind="simulation",
              occasion="pre")  # fmt: skip
AFTER = rows({"p1": (3, 3), "p2": (4, 4), "p4": (2, 2)}, task="anger", kind="simulation")


def test_changes_are_of_people_scored_both_times():
    table = assess_tasks(pd.concat([BEFORE, AFTER]), STAFF, SITES).table("task_levels")
    before, after = table.to_dict("records")
    assert (before["occasion"], before["n"], before["value"]) == ("pre", 3, pytest.approx(25 / 3))
    assert (after["n"], after["value"], after["full"]) == (3, pytest.approx(3.0), 10.0)
    assert (after["paired"], after["change"]) == (2, pytest.approx(-4.5))
    assert after["change_low"] < -4.5 < after["change_high"]


def test_posts_and_sites_have_their_own_means():
    groups = assess_tasks(AFTER, STAFF, SITES).table("task_groups")
    known = {(r.by, r.group): (r.n, r.value) for r in groups.itertuples()}
    assert known == {
        ("post", "desk"): (3, pytest.approx(3.0)),
        ("site", "East"): (2, pytest.approx(3.5)),
        ("site", "West"): (1, pytest.approx(2.0)),
    }
    assert groups["ci_low"].ge(0).sum() + groups["ci_low"].isna().sum() == len(groups)


def test_tools_mastered_from_their_pass_marks():
    three = [
        rows({"p1": (4,), "p2": (4,), "p4": (1,)}, task="tools", kind="tool", item=item, line=3.0)
        for item in ("map", "list", "wall")
    ]
    weak = rows({"p3": (4,)}, task="tools", kind="tool", item="map", line=3.0)
    found = assess_tasks(pd.concat([*three, weak]), STAFF, SITES)
    table = found.table("tools").set_index("tier")
    assert table.loc["middle", ["n", "mastered"]].tolist() == [3, 2]
    assert table.loc["middle", "value"] == pytest.approx(2 / 3)
    assert table.loc["frontline", "mastered"] == 0
    check = next(c for c in found.checks if c.id == "monitoring.tools")
    assert (check.status, check.n, check.params["least"]) == ("caution", 3, 3)


def test_what_is_missing_is_said():
    assert assess_tasks(None, STAFF, SITES).checks[0].status == "not_possible"
    assert assess_tasks(AFTER, None, SITES).checks[0].status == "not_possible"
    unmarked = rows({"p1": (4,)}, task="tools", kind="tool")
    check = next(c for c in assess_tasks(unmarked, STAFF, SITES).checks if c.id.endswith("tools"))
    assert check.reason == "monitoring.check.tools.none"
