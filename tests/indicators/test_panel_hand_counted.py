"""Every indicator against a count by hand, with the edge cases its definition names."""

import hand_counted as hand
import pandas as pd
import pytest
from hand_counted import APR, FEB, JAN, MAR

from analysis import indicators
from analysis.errors import DesignError, RunError, SchemaError


def build(tables, **options):
    return indicators.build_panel(
        tables,
        **{
            "client_timezone": hand.TIMEZONE,
            "first": hand.FIRST,
            "last": hand.LAST,
            **options,
        },
    )


@pytest.fixture(scope="module")
def panel():
    return build(hand.everything())


# (indicator, stratum): {(site, month): (value, n, total, total_sq, exposure)}
HOUR = 1.0
REPLIES = (1 / 2, 1801 / 3600, 1 / 12, 1 / 6)
EXPECTED = {
    ("csat_mean", ""): {
        ("A", JAN): (11 / 3, 3, 11, 25 + 16 + 4, 3),
        ("A", FEB): (3, 1, 3, 9, 1),
    },
    ("csat_top2", ""): {("A", JAN): (2 / 3, 3, 2, 2, 3), ("A", FEB): (0, 1, 0, 0, 1)},
    # Promoter, passive, detractor; then one promoter.
    ("nps", ""): {("A", JAN): (0, 3, 0, 20000, 3), ("A", FEB): (100, 1, 100, 10000, 1)},
    ("recommend_share", ""): {("A", JAN): (1 / 3, 3, 1, 1, 3), ("A", FEB): (1, 1, 1, 1, 1)},
    ("return_rate", ""): {
        ("A", JAN): (0.3, 10, 3, 3, 10),
        ("B", JAN): (0.2, 5, 1, 1, 5),
        ("B", FEB): (0, 5, 0, 0, 5),
    },
    # t01-t06; t07, t15, t16; t08, t09; t10, t11. B has no ticket in February.
    ("tickets_per_1000", ""): {
        ("A", JAN): (12, 500, 6, 6, 500),
        ("A", FEB): (6, 500, 3, 3, 500),
        ("A", MAR): (4, 500, 2, 2, 500),
        ("A", APR): (4, 500, 2, 2, 500),
        ("B", JAN): (4, 250, 1, 1, 250),
        ("B", FEB): (0, 250, 0, 0, 250),
        ("B", MAR): (4, 250, 1, 1, 250),
    },
    ("complaints_per_1000", ""): {
        ("A", JAN): (4, 500, 2, 2, 500),
        ("A", FEB): (6, 500, 3, 3, 500),
        ("A", MAR): (2, 500, 1, 1, 500),
        ("A", APR): (0, 500, 0, 0, 500),
        ("B", JAN): (0, 250, 0, 0, 250),
        ("B", FEB): (0, 250, 0, 0, 250),
        ("B", MAR): (0, 250, 0, 0, 250),
    },
    # January: t01 yes at 30:00, t02 no at 30:01, t03, t04 yes; t05 unknown, t06 praise.
    ("response_within_30min", ""): {
        ("A", JAN): (3 / 4, 4, 3, 3, 4),
        ("A", FEB): (1, 3, 3, 3, 3),
        ("A", MAR): (1 / 2, 2, 1, 1, 2),
        ("A", APR): (1, 1, 1, 1, 1),
        ("B", JAN): (1, 1, 1, 1, 1),
        ("B", MAR): (1, 1, 1, 1, 1),
    },
    # t08 was never answered; t10 is open for ten minutes only, so not yet known.
    ("response_after_24h", ""): {
        ("A", JAN): (0, 4, 0, 0, 4),
        ("A", FEB): (0, 3, 0, 0, 3),
        ("A", MAR): (1 / 2, 2, 1, 1, 2),
        ("A", APR): (0, 1, 0, 0, 1),
        ("B", JAN): (0, 1, 0, 0, 1),
        ("B", MAR): (0, 1, 0, 0, 1),
    },
    ("response_within_30min", "complaint"): {
        ("A", JAN): (1 / 2, 2, 1, 1, 2),
        ("A", FEB): (1, 3, 3, 3, 3),
        ("A", MAR): (0, 1, 0, 0, 1),
    },
    # January minutes 30, 30 and a second, 5, 10; t05 and t10 have no answer, t14 one before it.
    ("response_median_hours", ""): {
        ("A", JAN): (1 / 3, 4, sum(REPLIES), sum(r * r for r in REPLIES), 4),
        ("A", FEB): (1 / 60, 3, 3 / 60, 3 / 3600, 3),
        ("A", MAR): (1 / 3, 1, 1 / 3, 1 / 9, 1),
        ("A", APR): (1 / 60, 1, 1 / 60, 1 / 3600, 1),
        ("B", JAN): (601 / 3600, 1, 601 / 3600, (601 / 3600) ** 2, 1),
        ("B", MAR): (1 / 6, 1, 1 / 6, 1 / 36, 1),
    },
    # Position 0.9 * 3 = 2.7 of 5, 10, 30 minutes, and 30 minutes and a second.
    ("response_p90_hours", ""): {
        ("A", JAN): (0.5 + 0.7 / 3600, 4, sum(REPLIES), sum(r * r for r in REPLIES), 4),
        ("A", FEB): (1 / 60, 3, 3 / 60, 3 / 3600, 3),
        ("A", MAR): (1 / 3, 1, 1 / 3, 1 / 9, 1),
        ("A", APR): (1 / 60, 1, 1 / 60, 1 / 3600, 1),
        ("B", JAN): (601 / 3600, 1, 601 / 3600, (601 / 3600) ** 2, 1),
        ("B", MAR): (1 / 6, 1, 1 / 6, 1 / 36, 1),
    },
    ("response_median_hours", "complaint"): {
        ("A", JAN): (
            (1 / 12 + 1801 / 3600) / 2,
            2,
            1 / 12 + 1801 / 3600,
            1 / 144 + (1801 / 3600) ** 2,
            2,
        ),
        ("A", FEB): (1 / 60, 3, 3 / 60, 3 / 3600, 3),
    },
    # p1 stays; p2 leaves in February; p5 is never there on the first of a month.
    ("staff_turnover", ""): {
        ("A", JAN): (0, 2, 0, 0, 2),
        ("A", FEB): (1 / 2, 2, 1, 1, 2),
        ("A", MAR): (0, 1, 0, 0, 1),
        ("A", APR): (0, 1, 0, 0, 1),
        ("B", FEB): (0, 1, 0, 0, 1),
        ("B", MAR): (1, 1, 1, 1, 1),
    },
    # January hours 2, 4, 6, 10, 1; February 24, 1, 3.
    ("resolution_median_hours", ""): {
        ("A", JAN): (4, 5, 23, 4 + 16 + 36 + 100 + 1, 5),
        ("A", FEB): (3, 3, 28, 576 + 1 + 9, 3),
        ("A", MAR): (2, 1, 2, 4, 1),
        ("A", APR): (1, 1, 1, 1, 1),
        ("B", JAN): (24 + 1 / 3600, 1, 24 + 1 / 3600, (24 + 1 / 3600) ** 2, 1),
        ("B", MAR): (1, 1, 1, 1, 1),
    },
    # Linear between neighbours: position 0.9 * (5 - 1) = 3.6 of 1, 2, 4, 6, 10 is 6 + 0.6 * 4.
    ("resolution_p90_hours", ""): {
        ("A", JAN): (8.4, 5, 23, 157, 5),
        ("A", FEB): (3 + 0.8 * 21, 3, 28, 586, 3),
        ("A", MAR): (2, 1, 2, 4, 1),
        ("A", APR): (1, 1, 1, 1, 1),
        ("B", JAN): (24 + 1 / 3600, 1, 24 + 1 / 3600, (24 + 1 / 3600) ** 2, 1),
        ("B", MAR): (1, 1, 1, 1, 1),
    },
    ("resolution_median_hours", "complaint"): {
        ("A", JAN): (5, 2, 10, 52, 2),
        ("A", FEB): (3, 3, 28, 586, 3),
    },
    # Of complaints: January hours 4 and 6, February 1, 3 and 24.
    ("complaint_resolution_median_hours", ""): {
        ("A", JAN): (5, 2, 10, 52, 2),
        ("A", FEB): (3, 3, 28, 586, 3),
    },
    ("complaint_resolution_p90_hours", ""): {
        ("A", JAN): (4 + 0.9 * 2, 2, 10, 52, 2),
        ("A", FEB): (3 + 0.8 * 21, 3, 28, 586, 3),
    },
    ("resolution_open", ""): {
        ("A", JAN): (0, 5, 0, 0, 5),
        ("A", FEB): (0, 3, 0, 0, 3),
        ("A", MAR): (1 / 2, 2, 1, 1, 2),
        ("A", APR): (1 / 2, 2, 1, 1, 2),
        ("B", JAN): (0, 1, 0, 0, 1),
        ("B", MAR): (0, 1, 0, 0, 1),
        ("C", APR): (1, 1, 1, 1, 1),
    },
    # January: t01 yes; t02 no (t03); t03 no (t07 30 days to the second); t04 no (reopened);
    # t05 yes. February: t07 yes (t08 a second late), t15, t16 yes. March: t08 open, t09 unknown,
    # B's t13 yes. April is too late.
    ("fcr", ""): {
        ("A", JAN): (2 / 5, 5, 2, 2, 5),
        ("A", FEB): (1, 3, 3, 3, 3),
        ("B", JAN): (0, 1, 0, 0, 1),
        ("B", MAR): (1, 1, 1, 1, 1),
    },
    # January lies in the first 30 days. t07 repeats t03; t15, t16 do not; t08 a second late.
    ("repeat_complaint_30d", ""): {
        ("A", FEB): (1 / 3, 3, 1, 1, 3),
        ("A", MAR): (0, 1, 0, 0, 1),
    },
    # January: t01 5, t02 3, t03 4, t05 2 (t06 is praise); February: t07 5; March: t09 4.
    ("ticket_stars_mean", ""): {
        ("A", JAN): (14 / 4, 4, 14, 25 + 9 + 16 + 4, 4),
        ("A", FEB): (5, 1, 5, 25, 1),
        ("A", MAR): (4, 1, 4, 16, 1),
    },
    ("ticket_stars_high", ""): {
        ("A", JAN): (1 / 2, 4, 2, 2, 4),
        ("A", FEB): (1, 1, 1, 1, 1),
        ("A", MAR): (1, 1, 1, 1, 1),
    },
    # Of the resolved: January t01-t05 but t04; February t07 of three; March t09 (t08 is open).
    ("ticket_rated", ""): {
        ("A", JAN): (4 / 5, 5, 4, 4, 5),
        ("A", FEB): (1 / 3, 3, 1, 1, 3),
        ("A", MAR): (1, 1, 1, 1, 1),
        ("A", APR): (0, 1, 0, 0, 1),
        ("B", JAN): (0, 1, 0, 0, 1),
        ("B", MAR): (0, 1, 0, 0, 1),
    },
    # t08 is still open after 30 days.
    ("complaint_resolved_30d", ""): {
        ("A", JAN): (1, 2, 2, 2, 2),
        ("A", FEB): (1, 3, 3, 3, 3),
        ("A", MAR): (0, 1, 0, 0, 1),
    },
    ("complaint_closed_30d", ""): {
        ("A", JAN): (1 / 2, 2, 1, 1, 2),
        ("A", FEB): (2 / 3, 3, 2, 2, 3),
        ("A", MAR): (0, 1, 0, 0, 1),
    },
    ("household_churn", ""): {("A", JAN): (1 / 2, 2, 1, 1, 2), ("B", FEB): (0, 1, 0, 0, 1)},
    ("quality_fee_share", ""): {
        ("A", JAN): (0.75, 1, 450, 202500, 600),
        ("B", JAN): (0.5, 1, 55, 3025, 110),
    },
    ("fee_collection", ""): {
        ("A", JAN): (0.75, 1, 600, 360000, 800),
        ("A", FEB): (0.9, 1, 900, 810000, 1000),
        ("B", JAN): (1.1, 1, 110, 12100, 100),
    },
    ("crm_active_share", ""): {("A", JAN): (0.6, 10, 6, 6, 10), ("A", FEB): (0.8, 10, 8, 8, 10)},
    ("crm_weekly_login", ""): {("A", JAN): (0.45, 10, 4.5, 4.5**2 / 10, 10)},
    ("crm_active_days", ""): {("A", JAN): (4.5, 10, 45, 45**2 / 10, 10)},
    ("crm_records", ""): {
        ("A", JAN): (12, 10, 120, 120**2 / 10, 10),
        ("A", FEB): (20, 10, 200, 200**2 / 10, 10),
    },
    ("crm_functions", ""): {
        ("A", JAN): (7, 1, 7, 49, 1),
        ("A", FEB): (9, 1, 9, 81, 1),
        ("B", JAN): (3, 1, 3, 9, 1),
    },
    ("crm_profiles_complete", ""): {
        ("A", JAN): (0.4, 100, 40, 40, 100),
        ("A", FEB): (0.55, 100, 55, 55, 100),
    },
    ("crm_record_accuracy", ""): {("A", JAN): (0.9, 20, 18, 18, 20)},
    ("crm_call_backs", ""): {
        ("A", JAN): (3, 10, 30, 90, 10),
        ("A", FEB): (1.2, 10, 12, 14.4, 10),
    },
    ("attendance", ""): {("A", FEB): (2 / 3, 3, 2, 2, 3), ("", FEB): (1, 1, 1, 1, 1)},
    ("completion", ""): {
        ("A", FEB): (1.75 / 4, 4, 1.75, 1 + 0.25 + 0.0625, 4),
        ("", FEB): (1, 1, 1, 1, 1),
    },
    ("completion", "online"): {("A", FEB): (0.5, 1, 0.5, 0.25, 1)},
    ("course_csat", ""): {
        ("A", FEB): (2 / 3, 3, 2, 2, 3),
        ("B", FEB): (0, 1, 0, 0, 1),
        ("", FEB): (1, 1, 1, 1, 1),
    },
    ("course_csat", "m1"): {("A", FEB): (0.5, 2, 1, 1, 2), ("", FEB): (1, 1, 1, 1, 1)},
    ("test_pre", ""): {("A", FEB): (55, 2, 110, 6100, 2)},
    ("test_post", ""): {
        ("A", FEB): (75, 2, 150, 4900 + 6400, 2),
        ("A", MAR): (90, 1, 90, 8100, 1),
    },
    ("test_post", "written"): {
        ("A", FEB): (70, 1, 70, 4900, 1),
        ("A", MAR): (90, 1, 90, 8100, 1),
    },
    ("behaviour", "supervisor"): {("A", MAR): (4, 2, 8, 9 + 25, 2)},
    ("behaviour", "peer"): {("A", MAR): (4, 1, 4, 16, 1)},
    ("behaviour", "mystery_shopper"): {("A", MAR): (80, 1, 80, 6400, 1)},
}


@pytest.mark.parametrize(("indicator", "stratum"), EXPECTED)
def test_cells_are_those_counted_by_hand(panel, indicator, stratum):
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == stratum)]
    found = {
        (c.site_id, c.period): (c.value, c.n, c.total, c.total_sq, c.exposure)
        for c in cells.itertuples()
    }
    expected = EXPECTED[indicator, stratum]
    assert found.keys() == expected.keys()
    for cell, numbers in expected.items():
        assert found[cell] == pytest.approx(numbers, rel=1e-11), cell


def test_every_indicator_of_the_registry_is_counted(panel):
    assert {name for name, _ in EXPECTED} == set(indicators.load()) == set(panel["indicator"])


def test_panel_is_sorted_unique_and_free_of_missing_values(panel):
    key = ["indicator", "stratum", "site_id", "period"]
    pd.testing.assert_frame_equal(panel, panel.sort_values(key, ignore_index=True))
    assert not panel.duplicated(key).any()
    assert not panel.isna().to_numpy().any()
    assert panel.dtypes.astype(str).to_dict() == {
        **dict.fromkeys(["site_id", "indicator", "stratum"], "str"),
        **dict.fromkeys(["period", "n"], "int64"),
        **dict.fromkeys(["value", "total", "total_sq", "exposure"], "float64"),
    }


def test_behaviour_is_never_pooled_over_roles(panel):
    assert "" not in set(panel.loc[panel["indicator"] == "behaviour", "stratum"])


def test_month_follows_the_clients_zone_not_utc():
    in_utc = build({"tickets": hand.tickets(), "sites": hand.sites()}, client_timezone="UTC")
    january = in_utc.query("indicator == 'tickets_per_1000' and site_id == 'A'")
    # t01 is opened at midnight of 1 January in Shanghai: in December by UTC, out of the period;
    # t02 at 08:00, the first instant of January by UTC.
    assert january.set_index("period").loc[JAN, "total"] == 5


def test_durations_cross_a_change_of_clocks():
    # New York put its clocks forward at 02:00 of 10 March 2024: four hours on the wall, three real.
    opened, resolved = pd.to_datetime(["2024-03-10 05:00:00.9", "2024-03-10 08:00:00.1"], utc=True)
    ticket = {"ticket_id": ["t"], "site_id": ["A"], "opened_at": [opened]}
    given = {"tickets": pd.DataFrame({**ticket, "resolved_at": [resolved]})}
    panel = build(given, client_timezone="America/New_York")
    cells = panel.set_index(["indicator", "stratum"])
    assert cells.loc[("resolution_median_hours", ""), "value"] == 3


def test_row_order_and_files_do_not_matter(panel, tmp_path):
    from analysis import tables

    paths = {}
    for name, frame in hand.everything().items():
        import pyarrow.parquet as pq

        paths[name] = tmp_path / f"{name}.parquet"
        pq.write_table(tables.conform(name, frame.iloc[::-1].reset_index(drop=True)), paths[name])
    paths["dispositions"] = tmp_path / "dispositions.parquet"  # not there: an absent table
    pd.testing.assert_frame_equal(build(paths), panel, check_exact=True)


def test_input_frames_are_not_changed():
    before, given = hand.everything(), hand.everything()
    build(given)
    for name in before:
        pd.testing.assert_frame_equal(given[name], before[name])


def test_months_may_be_given_in_three_ways(panel):
    by_number = build({"fees": hand.fees()}, first=JAN, last=APR)
    by_day = build({"fees": hand.fees()}, first=hand.day("2024-01-31"), last=hand.day("2024-04-01"))
    pd.testing.assert_frame_equal(by_number, by_day)
    of_fees = panel["indicator"].isin(["fee_collection", "quality_fee_share"])
    assert len(by_number) == of_fees.sum()
    with pytest.raises(SchemaError, match="2024-13"):
        build({"fees": hand.fees()}, first="2024-13")
    with pytest.raises(DesignError, match="ends"):
        build({"fees": hand.fees()}, first="2024-05")


class TestAbsence:
    def test_no_table_at_all(self):
        assert build({}).empty

    def test_coverage_names_table_and_column(self):
        given = {"tickets": hand.tickets(), "sites": hand.sites()}
        given["tickets"]["reopened"] = pd.array([None] * len(given["tickets"]), dtype="Int64")
        given["sites"]["households"] = pd.array([None] * 3, dtype="Int64")
        panel = build(given)
        found = indicators.coverage(given, panel).set_index("indicator")
        assert list(found.index) == list(indicators.load())
        assert found.loc["fcr", "missing"] == "tickets.reopened"
        assert found.loc["tickets_per_1000", "missing"] == "sites.households"
        assert found.loc["csat_mean", "missing"] == "surveys, instruments"
        assert found.loc["response_within_30min", "computed"]
        assert found.loc["response_within_30min", "missing"] == ""
        assert set(found.index[found["computed"]]) == set(panel["indicator"])

    def test_empty_table_is_an_absent_one(self):
        given = {"fees": hand.fees().iloc[:0]}
        found = indicators.coverage(given, build(given)).set_index("indicator")
        assert found.loc["fee_collection", "missing"] == "fees"

    def test_answers_without_any_score(self):
        given = hand.everything()
        given["surveys"]["score"] = pd.array([None] * len(given["surveys"]), dtype="Float64")
        panel = build(given)
        assert not set(panel["indicator"]) & {"csat_mean", "csat_top2", "nps"}
        assert "return_rate" in set(panel["indicator"])
        found = indicators.coverage(given, panel).set_index("indicator")
        assert found.loc["csat_mean", "missing"] == "surveys.score"

    @pytest.mark.parametrize(
        ("role", "computed"),
        [("overall", {"csat_mean", "csat_top2"}), ("nps", {"nps", "recommend_share"})],
    )
    def test_questionnaire_with_one_of_the_two_items(self, role, computed):
        given = {name: hand.everything()[name] for name in ("instruments", "surveys")}
        given["instruments"] = given["instruments"].query("role == @role")
        assert set(build(given)["indicator"]) == computed

    def test_unknown_kinds_do_not_pass_for_no_complaints(self):
        given = {"tickets": hand.tickets().assign(kind=None), "sites": hand.sites()}
        panel = build(given)
        assert "complaints_per_1000" not in set(panel["indicator"])
        assert "tickets_per_1000" in set(panel["indicator"])

    def test_unknown_reopening_leaves_repeats_countable(self):
        given = {"tickets": hand.tickets().assign(household_id=None), "sites": hand.sites()}
        panel = build(given)
        cells = panel.query("indicator == 'fcr' and stratum == '' and period == @JAN")
        # By reopening alone: of t01-t05 only t04 was reopened; B's t12 was not.
        assert cells.set_index("site_id")["value"].to_dict() == {"A": 0.8, "B": 1.0}


class TestScales:
    def test_two_scales_in_use_are_refused(self):
        given = hand.everything()
        given["surveys"].loc[0, "instrument"] = "owner_v0"
        with pytest.raises(SchemaError, match=r"owner_v0/q_all 1-10.*client.yml"):
            build(given)

    @pytest.mark.parametrize(
        ("low", "high", "share"), [(1, 7, 1 / 3), (0, 10, 1 / 3), (0, 100, None)]
    )
    def test_top_two_boxes_of_other_scales(self, low, high, share):
        given = {name: hand.everything()[name] for name in ("instruments", "surveys")}
        owner = given["instruments"]["item"] == "q_all"
        given["instruments"].loc[owner, ["scale_min", "scale_max"]] = [low, high]
        scored = given["surveys"].index[given["surveys"]["item"] == "q_all"]
        given["surveys"].loc[scored[:3], "score"] = [high - 1, high - 2, low]
        panel = build(given)
        cells = panel.query("indicator == 'csat_top2' and period == @JAN")
        if share is None:
            assert cells.empty
        else:
            assert cells["value"].tolist() == pytest.approx([share])

    def test_net_promoter_needs_0_to_10(self):
        given = hand.everything()
        given["instruments"].loc[given["instruments"]["role"] == "nps", "scale_min"] = 1
        with pytest.raises(SchemaError, match="0-10"):
            build(given)

    def test_one_role_on_two_scales_is_refused(self):
        given = hand.everything()
        given["ratings"].loc[given["ratings"]["rating_id"] == "g4", "rater_role"] = "peer"
        with pytest.raises(SchemaError, match="peer"):
            build(given)


def test_panel_survives_a_round_trip(panel, tmp_path):
    path = indicators.save_panel(panel, tmp_path / "panel.parquet")
    pd.testing.assert_frame_equal(indicators.load_panel(path), panel)


def test_engine_faults_say_what_is_right():
    with pytest.raises(RunError, match="Asia/Shanghai"):
        indicators.connect(timezone="Asia/Shangai")
    with pytest.raises(RunError, match="spark://host:7077"):
        indicators.connect("sqlite", timezone="UTC")
    with pytest.raises(KeyError, match="ticket"):
        build({"ticket": hand.tickets()})


def test_no_open_connection_is_left_behind(tmp_path):
    with indicators.connect(timezone="UTC", temp_directory=tmp_path) as engine:
        indicators.build_panel(
            {"fees": hand.fees()}, client_timezone="UTC", first=JAN, last=APR, engine=engine
        )
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
