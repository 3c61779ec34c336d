"""What the tracking report says first is right in worlds of which the truth is known."""

from __future__ import annotations

import runpy
from functools import cache
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "first_screens.py"
screens = runpy.run_path(str(SCRIPT), run_name="loaded")
PAGE = screens["PAGE"].read_text(encoding="utf-8")
LANGUAGES = ("en", "zh_CN")
CAUSAL_WORDS = {
    "en": (
        "The training raised",
        "The training cut",
        "because of the training",
        "effect",
        "improved",
        "caused",
    ),
    "zh_CN": ("效果", "培训使", "培训改善", "导致", "提升了"),
}


@cache
def told(name: str, whole: bool = False):
    return screens["tell"](name, whole=whole)


@pytest.mark.parametrize("name", screens["CASES"])
def test_the_page_quotes_what_is_said(name):
    if name in WHOLE:
        pytest.skip("told with its page below")
    _quoted(told(name), name)


WHOLE = ("attrition", "no comparison")
"""Worlds whose whole page is built, because something below the first screen is looked at."""


@pytest.mark.parametrize("name", WHOLE)
def test_the_page_quotes_what_is_said_above_a_whole_page(name):
    _quoted(told(name, whole=True), name)


def _quoted(said, name):
    assert f"### {screens['CASES'][name].title}" in PAGE
    for language in LANGUAGES:
        for sentence in said.first_screen(language):
            assert sentence in PAGE, f"run: python benchmarks/{SCRIPT.name}"
    for reason in said.reasons("en"):
        assert reason in PAGE


def test_a_plain_effect_is_claimed_with_the_strength_of_its_design():
    assert told("plain").finding.claim == "findings.effect.better"
    assert told("plain").finding.strength == "strong"
    assert told("chosen").finding.claim == "findings.effect.better"
    assert told("chosen").finding.strength == "moderate"
    for name in ("plain", "chosen"):
        params = told(name).finding.params
        assert params["ci_low"] <= told(name).truth <= params["ci_high"]


def test_no_effect_is_not_claimed():
    said = told("none")
    assert said.finding.claim == "findings.effect.absent"
    assert "large enough to matter is ruled out" in said.sentence(0, "en")
    assert "没有值得关注的影响" in said.sentence(0, "zh_CN")
    assert said.lines[2].sentence == "findings.lasts.nothing"


def test_fading_is_said_with_numbers():
    said = told("fading")
    assert said.sentence(2, "en").startswith("It fades")
    assert said.sentence(2, "zh_CN").startswith("效果在减退")
    params = said.lines[2].params
    assert params["left_low"] <= 0.38 <= params["left_high"] < 1


def test_changed_respondents_take_the_claim_away_and_the_bounds_are_shown():
    said = told("attrition", whole=True)
    assert said.truth == 0
    assert said.finding.claim == "findings.effect.undone"
    assert said.finding.strength == "weak"
    assert said.finding.params["bound_low"] <= 0 <= said.finding.params["bound_high"]
    assert "Lee bounds" in said.html["en"]
    assert "Lee 界限" in said.html["zh_CN"]
    bounds = [e for e in said.results.estimates if e.method == "lee_bounds"]
    assert {e.dims.get("end") for e in bounds} == {"lower", "upper", None}


def test_exposed_sites_change_the_estimate_and_it_is_said():
    said = told("spill-over")
    (check,) = (c for c in said.checks if c.id.endswith("spill_over"))
    assert check.status in ("caution", "failed")
    assert check.params["sites"] == screens["SPILLED"]
    assert check.params["without"] > check.params["effect"]
    (reason,) = (r for r in said.reasons("en") if "Without these sites" in r)
    assert f"{check.params['without']:+.2f}" in reason


def test_one_treated_site_without_donors_has_an_effect_without_interval():
    said = told("one site")
    assert said.finding.claim == "findings.effect.unbounded"
    assert said.finding.strength == "insufficient"
    assert "p could not fall below 1.00" in said.sentence(0, "en")
    assert "too few sites to say how far chance alone" in said.sentence(3, "en")
    assert "p 都不可能小于 1.00" in said.sentence(0, "zh_CN")


def test_one_treated_site_with_donors_rests_on_randomisation():
    said = told("one of twenty-four")
    overall = next(e for e in said.results.estimates if e.estimand == "att_overall")
    assert overall.interval_method == "randomisation"
    assert said.finding.strength != "strong"


def test_what_cannot_be_checked_lowers_the_grade():
    said = told("one month before")
    (check,) = (c for c in said.checks if c.id.endswith("check.pretrend"))
    assert check.status == "not_possible"
    assert (told("chosen").finding.strength, said.finding.strength) == ("moderate", "weak")
    assert any("too few months before training to test" in r for r in said.reasons("en"))


def test_without_a_comparison_no_causal_word_appears():
    said = told("no comparison", whole=True)
    assert (said.finding.design, said.finding.strength) == ("descriptive", "weak")
    assert all(not e.causal for e in said.results.estimates)
    for language in LANGUAGES:
        for sentence in said.first_screen(language):
            for word in CAUSAL_WORDS[language]:
                assert word not in sentence


def test_the_rule_that_chose_the_method_is_printed():
    html = told("attrition", whole=True).html
    assert "The method follows a rule fixed before the results were seen" in html["en"]
    assert "Here: Efficient estimator under random timing" in html["en"]
    assert "Training order was drawn by lottery and every wave has enough sites" in html["en"]
    assert "方法按事先定好的规则选择" in html["zh_CN"]
    assert "培训顺序由抽签决定" in html["zh_CN"]
    described = told("no comparison", whole=True).html
    assert "Here: Before and after, no comparison." in described["en"]
    assert "There is nothing to compare with" in described["en"]


def test_estimates_stand_beside_the_truth_of_a_simulated_world():
    said = told("attrition", whole=True)
    table = said.results.table("truth").set_index("indicator")
    row = table.loc["csat_mean"]
    own = said.finding.params  # in the digits that are shown
    assert row["value"] == pytest.approx(own["value"], abs=1e-3)
    assert row["ci_low"] == pytest.approx(own["ci_low"], abs=1e-3)
    assert row["truth"] == pytest.approx(0)  # whoever answers changed, so the interval misses it
    assert row["covered"] == "missed"
    for language, words in (
        ("en", ("Simulated data: each estimate against the true effect", "misses the truth")),
        ("zh_CN", ("模拟数据：各项效果的估计值与模拟世界中真实值的对照", "不包含")),
    ):
        for word in words:
            assert word in said.html[language]
    assert told("no comparison", whole=True).results.table_or_empty("truth").empty
