"""A world in which methods disagree on a priced outcome with a target: every page says so.

Complaints at sites without training are a third of those elsewhere, and fall everywhere to a third
from the first wave on. They fall alike as rates, which the leading method compares; as differences
between sites the trained ones fall by far more, and imputation says so.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from in_process import run_here
from small_client import SMALL, write_client
from visible import stains, visible_text

from analysis import findings, results, wording
from analysis.present import sentences
from analysis.results import Agreement, Topic

WORLD = dataclasses.replace(SMALL, tickets_per_1000=40.0, n_sites=24)
DISPUTED = "complaints_per_1000"
FOLDERS = {"en": "en", "zh_CN": "zh"}


def _fewer_complaints(world):
    tickets, waves = world.tables["tickets"], world.tables["waves"]
    rng = np.random.default_rng(1)
    trained = tickets["site_id"].isin(waves.loc[waves["wave"] > 0, "site_id"])
    late = tickets["opened_at"] >= pd.Timestamp("2023-11-01", tz="Asia/Shanghai")
    kept = trained | (rng.random(len(tickets)) < 0.33)
    kept &= ~late | (rng.random(len(tickets)) < 0.35)
    tickets = tickets[(tickets["kind"] != "complaint") | kept].reset_index(drop=True)
    return dataclasses.replace(world, tables={**world.tables, "tickets": tickets})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    client = write_client(
        tmp_path_factory.mktemp("disagree"), WORLD, change_world=_fewer_complaints
    )
    made = run_here(client)
    assert made.state == "complete", made.error
    return made.folder


@pytest.fixture(scope="module")
def tracking(run):
    return results.load("tracking", run / "results")


@pytest.fixture(scope="module")
def value(run):
    return results.load("value", run / "results")


@pytest.fixture(scope="module")
def disputed(tracking):
    return next(e for e in tracking.estimates if e.id == f"tracking.{DISPUTED}.att.overall")


def page(run, language, name):
    return visible_text(run / FOLDERS[language] / f"{name}.html")


def found(stage, id):
    return next(f for f in stage.findings if f.id == id)


def test_the_grade_falls(tracking, disputed):
    assert disputed.disputed
    assert disputed.methods_low < disputed.methods_high
    own = found(tracking, f"finding.{disputed.id}")
    assert own.claim == "findings.effect.disputed"
    assert own.strength == "weak"
    alone = dataclasses.replace(
        disputed, agreement=Agreement.NOT_ASKED, methods_low=None, methods_high=None
    )
    asked = [c for c in tracking.checks if c.id in own.checks]
    others = [c for c in asked if not c.id.endswith("estimator_agreement")]
    assert len(others) == len(asked) - 1
    without = findings.effect_finding(
        alone, others, assigned_by=["randomised"], direction="down", subject=DISPUTED
    )
    asked_too = findings.strength(alone, asked, "randomised")
    higher = ("weak", "moderate", "strong")
    assert higher.index(asked_too) < higher.index(findings.strength(alone, others, "randomised"))
    assert without.claim != own.claim


def test_nothing_is_priced_and_no_target_judged(value):
    amounts = {e.id: e.value for e in value.estimates if e.id.startswith("value.roi.")}
    assert amounts.pop("value.roi.cost") > 0
    assert len(amounts) == 6
    assert set(amounts.values()) == {None}
    benefits = value.table("benefits").set_index("indicator")
    assert not benefits.loc[DISPUTED, "priced"]
    assert pd.isna(benefits.loc[DISPUTED, "amount"])
    goals = value.table("scorecard").set_index("indicator")
    assert goals.loc[DISPUTED, "verdict"] == "not_assessed"
    assert pd.isna(goals.loc[DISPUTED, "probability"])
    assert pd.isna(goals.loc[DISPUTED, "value"])
    assert goals.loc[DISPUTED, "methods_low"] >= -1


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("name", ["index", "value", "finance"])
def test_pages_about_money_say_why_no_return_is_stated(run, value, language, name):
    money = found(value, "finding.value.roi")
    assert money.claim == "findings.money.disputed"
    text = page(run, language, name)
    assert sentences.sentence(money.claim, language, money.params) in text
    if name == "index":  # One advice for the whole: what to do next, by the leading effect.
        (step,) = (c for c in value.checks if c.topic is Topic.NEXT_STEP)
        words = sentences.sentence(step.reason, language, sentences.check_params(step))
    else:
        words = sentences.sentence(money.action, language)
    assert words in text
    assert text.count(wording.text("report.same_reason", language)) == (0 if name == "index" else 5)


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("name", ["index", "value", "finance", "vendor"])
def test_the_range_stands_in_the_place_of_the_number(run, disputed, language, name):
    text = page(run, language, name)
    if name == "vendor":  # Its table of targets gives the change as a share.
        ends = wording.text("report.by_methods", language, low="#", high="#").split("#")
        assert ends[-1] in text
    else:
        low, high = (
            wording.format_value(end, "effect", language, unit=disputed.unit).split(" ")[0]
            for end in (disputed.methods_low, disputed.methods_high)
        )
        assert low in text
        assert high in text
    if name != "index":
        assert wording.text("value.reason.methods_disagree", language) in text


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_owners_read_the_range_and_no_effect(run, tracking, disputed, language):
    own = found(tracking, f"finding.{disputed.id}")
    text = page(run, language, "owners")
    assert sentences.sentence(own.claim, language, own.params) in text


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("name", ["index", "value", "finance", "vendor", "owners", "evaluation"])
def test_no_page_quotes_the_leading_number_alone(run, disputed, language, name):
    alone = dataclasses.replace(
        disputed, agreement=Agreement.NOT_ASKED, methods_low=None, methods_high=None
    )
    assert sentences.interval_text(alone, language) not in page(run, language, name)
    assert not stains(run / FOLDERS[language] / f"{name}.html")
