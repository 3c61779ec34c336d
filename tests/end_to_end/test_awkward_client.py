"""A client with one awkward thing of each kind: its pages say what a reader must not miss."""

from __future__ import annotations

import pytest
from awkward import AWKWARD, awkward, perfect_site
from in_process import run_here
from one_truth import differing, on_several_pages, shown
from small_client import STAGES, write_client
from visible import stains, visible_text

from analysis import results
from analysis.present import sentences
from analysis.simulation import simulate

LANGUAGES = {"zh": "zh_CN", "en": "en"}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """The folder of the run."""
    client = write_client(tmp_path_factory.mktemp("awkward"), AWKWARD, change_world=awkward)
    result = run_here(client)
    assert result.state == "complete", f"{result.failed_step}: {result.error}"
    return result.folder


def of(ended, stage):
    return results.load(stage, ended / "results")


def test_no_number_has_two_values(ended):
    found = shown(ended)
    assert on_several_pages(found)
    assert differing(found) == {}


def test_every_page_is_written_in_words(ended):
    for language in LANGUAGES:
        for name in ("index", *STAGES):
            assert stains(ended / language / f"{name}.html") == []


def test_the_perfect_site_that_collapses_rings(ended):
    site = perfect_site(awkward(simulate(AWKWARD)))
    rung = [
        a for a in of(ended, "monitoring").alerts if (a.rule, a.subject) == ("weekly_in_time", site)
    ]
    assert rung
    for language in LANGUAGES:
        assert site in visible_text(ended / language / "monitoring.html")


def test_the_online_module_that_nobody_finished_rings(ended):
    rung = [a for a in of(ended, "monitoring").alerts if a.rule == "completion_low"]
    assert rung
    assert all(alert.value == 0 for alert in rung)


def test_waves_of_one_site_are_judged_by_randomisation_and_told_their_power(ended):
    power = of(ended, "design").table("power_sites")
    assert power["power_simulated"].between(0, 1).all()
    tracking = of(ended, "tracking")
    overall = next(e for e in tracking.estimates if e.id == "tracking.csat_mean.att.overall")
    assert overall.interval_method == "randomisation"


def said(ended, stage, check_id):
    """The check of an id; fails unless its sentence stands on the stage's page in each language."""
    (check,) = (c for c in of(ended, stage).checks if c.id == check_id)
    for folder, language in LANGUAGES.items():
        words = sentences.sentence(check.reason, language, sentences.check_params(check))
        assert words in visible_text(ended / folder / f"{stage}.html"), language
    return check


def test_the_item_that_was_not_turned_fails_by_name(ended):
    check = said(ended, "baseline", "baseline.items.surveys.csat_v1.direction")
    assert check.status == "failed"


def test_sites_of_one_type_each_are_the_worst_imbalance(ended):
    assert said(ended, "baseline", "baseline.balance.largest").status == "failed"
    assert said(ended, "tracking", "tracking.csat_mean.check.separated").status == "failed"
    claims = of(ended, "tracking").findings
    assert {c.strength for c in claims if c.claim != "findings.effect.not_possible"} == {"weak"}


def test_raters_of_one_mind_have_a_reliability_and_not_an_excuse(ended):
    found = [e for e in of(ended, "baseline").estimates if e.estimand.startswith("icc")]
    assert any(e.value is not None and e.value > 0.95 for e in found)


def test_the_return_is_told_by_month_and_no_payback_is_projected(ended):
    value = of(ended, "value")
    by_month = value.table("return_by_month")
    benefit = value.estimate("value.roi.benefit")
    assert by_month["benefit"].iloc[-1] == pytest.approx(benefit.value)
    payback = value.estimate("value.roi.payback_months")
    assert (payback.value, payback.reason) == (None, "value.reason.not_repaid")
    for folder, language in LANGUAGES.items():
        shown = visible_text(ended / folder / "value.html")
        assert sentences.sentence(payback.reason, language, payback.dims) in shown


def test_what_would_pay_is_told_before_training(ended):
    assert said(ended, "design", "design.outlook").status == "failed"


def test_two_pages_tell_one_power(ended):
    told = [of(ended, stage).select(f"{stage}.csat_mean.power") for stage in ("design", "baseline")]
    values = {e.value for found in told for e in found if e.method == "simulation_ar1"}
    assert len(values) == 1


def test_no_page_names_a_bootstrap_that_was_not_used(ended):
    few = said(ended, "tracking", "tracking.csat_mean.check.treated_clusters")
    assert few.reason == "causal.why.treated_clusters.few_randomised"
