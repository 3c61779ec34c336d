"""Every view is worded, its plot and its preparation exist, and an unknown one is refused."""

import pandas as pd
import pytest

from analysis import wording
from analysis.present import plots, sentences, tables, views
from analysis.results import Check, StageResults

ALL = sorted(views._load())


@pytest.mark.parametrize("name", ALL)
def test_a_view_says_everything_it_shows(name):
    view = views.get(name)
    assert wording.has(view.caption)
    if view.plot is None and view.handed:
        assert view.rows
    elif view.plot is None:
        assert view.columns
        headings = [key for key, _ in view.columns.values()]
        assert [key for key in headings if not wording.has(key)] == []
        specs = {spec.partition(":")[0] for _, spec in view.columns.values()}
        assert specs <= {*wording.SPECS, "label", "wave"}
    else:
        assert wording.has(view.alt)
        # The page hands the event study the answer to "does it last?".
        assert view.says or view.tells or name == "tracking.event_figure"
        assert callable(getattr(plots, view.plot))


@pytest.mark.parametrize("name", ALL)
def test_a_view_of_nothing_has_no_rows(name):
    assert views.get(name).of(StageResults(stage="design")).empty


@pytest.mark.parametrize("name", [n for n in ALL if views.get(n).columns])
def test_a_table_without_rows_can_be_shown(name):
    view = views.get(name)
    html = tables.frame_table(
        pd.DataFrame(), caption="c", columns=view.columns, anchor="a", language="en"
    )
    assert wording.text("report.empty_table", "en") in html


def test_a_figure_tells_what_it_shows_where_no_check_does():
    tornado = pd.DataFrame(
        {"indicator": ["csat_mean", "complaints_per_1000"], "input": ["effect", "money"],
         "low": [-0.1, 0.3], "high": [0.1, -0.3], "base": 0.0}
    )  # fmt: skip
    told = views.get("value.tornado_figure").tells
    key, filled = told(StageResults(stage="value", tables={"tornado": tornado}))
    assert filled["label"]["en"] == "Complaints per 1,000 household-months: price"
    said = sentences.sentence(key, "en", filled)
    assert said.endswith(
        "household-months: price”: 0.30 at its low value, −0.30 at its high value."
    )
    assert told(StageResults(stage="value")) is None


def test_what_was_not_possible_titles_no_figure():
    view = views.get("tracking.kinds_figure")
    asked = {"id": "k", "topic": view.says, "question": "causal.check.kinds", "reason": "r.s"}
    assert view.said([Check(**asked, status="not_possible")]) is None
    key, filled = view.said([Check(**asked, status="passed", params={"kinds": 3})])
    assert (key, filled["kinds"]) == ("r.s", 3)
    assert views.get("tracking.event_figure").said([Check(**asked, status="passed")]) is None


def test_an_unknown_view_names_the_known_ones():
    with pytest.raises(KeyError, match=r"design\.goals"):
        views.get("design.goal")


def test_earlier_actions_are_named_in_words():
    rows = pd.DataFrame(
        {
            "action_id": ["pass_rate_low:csat_mean", "7"],
            "finding": ["csat_mean", None],
            "action": ["monitoring.alert.pass_rate_low.response", "加开夜班"],
            "owner": ["value.owner.lecturer", "王工"],
            "due_on": ["2024-11-01", "2024-11-02"],
            "done_on": [None, "2024-11-01"],
            "state": ["overdue", "done"],
        }
    )
    found = StageResults(stage="value", tables={"earlier_actions": rows})
    view = views.get("value.earlier_actions")
    for language in wording.LANGUAGES:
        html = tables.frame_table(
            view.of(found), caption="c", columns=view.columns, anchor="a", language=language
        )
        assert "value." not in html
        assert wording.text("monitoring.alert.pass_rate_low.response", language) in html
        assert "csat_mean" not in html
        assert "加开夜班" in html
        assert "王工" in html


def test_a_label_for_any_number_of_months():
    from analysis import wording
    from analysis.present.views.words import labelled
    from analysis.results import Estimate

    common = {"indicator": "csat_mean", "value": 0.1, "unit": "score", "estimand": "att_horizon"}
    common |= {"method": "x", "causal": False, "n": 40}
    for months, words in ((0, "the month of the start"), (1, "1 month"), (7, "7 months")):
        named = Estimate(id=f"tracking.csat_mean.att.horizon.{months}", **common)
        ((key, _),) = labelled([named], "chapters.tracking.kpi")
        assert wording.text(key, "en", horizon=months).endswith(words)


def test_an_item_without_wording_is_called_by_its_identifier():
    import pandas as pd

    from analysis.present.views.instruments import worded
    from analysis.results import StageResults

    items = pd.DataFrame(
        {"instrument": "i", "item": ["q1", "q2", "q3"], "wording": ["总体", None, float("nan")]}
    )
    register = pd.DataFrame({"instrument": ["i"], "title_zh_CN": ["问卷"], "title_en": ["Survey"]})
    tables = {"instrument_items": items, "instrument_register": register}
    found = worded(StageResults(stage="baseline", tables=tables), items[["instrument", "item"]])
    assert found["wording"].tolist() == ["总体", "q2", "q3"]


@pytest.mark.parametrize(("language", "words"), [("en", "infinite"), ("zh_CN", "无穷大")])
def test_a_number_without_bound_is_a_word(language, words):
    frame = pd.DataFrame({"smd": [float("inf"), float("-inf"), 0.1]})
    columns = {"smd": ("measurement.column.smd", "num2")}
    html = tables.frame_table(frame, caption="c", columns=columns, anchor="a", language=language)
    assert words in html
    assert f"−{words}" in html
    assert "∞" not in html


def test_points_of_few_answers_are_drawn_in_no_chart():
    chart = pd.DataFrame(
        {"subject": "A", "period": [1, 2], "value": [0.5, 0.9], "few": [True, False]}
    )
    ranked = pd.DataFrame({"subject": ["A"], "worse": [1], "indicator": ["nps"]})
    found = StageResults(
        stage="monitoring",
        tables={
            "chart": chart,
            "chart_signals": ranked,
            "charts_nps": chart,
            "sites_ranked": ranked,
        },
    )
    for name in ("chart_figure", "multiples_figure"):
        assert views.get(f"monitoring.{name}").of(found)["value"].tolist() == [0.9]
    # A site most of whose points are hidden has no chart that could be read.
    mostly = pd.concat([chart, chart.head(1)], ignore_index=True)
    hidden = StageResults(
        stage="monitoring",
        tables={**found.tables, "chart": mostly, "charts_nps": mostly},
    )
    for name in ("chart_figure", "multiples_figure"):
        assert views.get(f"monitoring.{name}").of(hidden).empty
