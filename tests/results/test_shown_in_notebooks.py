"""What a notebook displays of a result: sentences in its language, nothing a theme can hide."""

import html5lib
import pandas as pd
import pytest

from analysis import wording
from analysis.causal import Options, evaluate
from analysis.report import Run
from analysis.results import Alert, Check, Claim, Estimate, Finding, StageResults, collect


@pytest.fixture(params=["zh_CN", "en"])
def language(request, monkeypatch):
    monkeypatch.setattr("analysis.wording.session._notebook", [request.param])
    return request.param


def panel():
    rows = [(f"s{i:02d}", t) for i in range(20) for t in range(24300, 24312)]
    frame = pd.DataFrame(rows, columns=["unit", "period"])
    number = frame["unit"].str[1:].astype(int)
    frame["cohort"] = (24306.0 + 0 * number).where(number < 10)
    frame["y"] = (
        number % 3
        + 0.1 * (frame["period"] * (number + 3) % 7)
        + (frame["period"] >= frame["cohort"])
    )
    return frame.assign(n=30)


@pytest.fixture(scope="module")
def found():
    return evaluate(
        panel(), outcome="csat_mean", unit="score_1_5", options=Options(simulated=True, draws=99)
    )


def read(text):
    """Parse strictly and return the words."""
    parser = html5lib.HTMLParser(strict=True)
    return " ".join(parser.parseFragment(text).itertext())


def test_an_estimate_tells_all_that_it_rests_on(found, language):
    text = found.overall._repr_html_()
    words = read(text)
    assert wording.text("report.simulated_label", language) in words
    assert wording.text("study.row.clusters", language) in words
    assert wording.text("terms.interval", language, level=0.95) in words
    assert "tracking." not in words
    for styled in ("<style", "class=", "color", "<script"):
        assert styled not in text


def test_an_estimate_without_value_says_why(language):
    reason = "causal.fault.one_layer"
    none = Estimate(
        id="tracking.a.att.overall", estimand="att_overall", indicator="csat_mean", n=0,
        unit="score_1_5", value=None, method="group_time_dr", reason=reason,
    )  # fmt: skip
    assert wording.text(reason, language) in read(none._repr_html_())


def test_alerts_and_findings_are_sentences(language):
    message = "monitoring.alert.declared_line"
    alert = Alert(
        id="monitoring.x", rule="declared_line", grade=2, subject="Lake", indicator="csat_mean",
        message=f"{message}.message", response=f"{message}.response", n=40, value=0.7,
        unit="share", params={"line": 0.85},
    )  # fmt: skip
    words = read(alert._repr_html_())
    assert wording.text(f"{message}.response", language) in words
    assert "Lake" in words
    told = {"value": 0.1, "unit": "score_1_5", "ci_low": 0.0, "ci_high": 0.2, "level": 0.95}
    told |= {"smallest": 0.2, "n_units": 9, "n_treated": 4}
    finding = Finding(
        id="f", claim=Claim.ABSENT, design="descriptive", strength="weak",
        params={"indicator": "csat_mean", **told},
    )  # fmt: skip
    assert wording.text("terms.strength.weak", language) in read(finding._repr_html_())


def test_checks_are_sentences_with_what_to_do(found, language):
    for check in found.checks():
        words = read(check._repr_html_())
        assert wording.text(f"terms.status.{check.status}", language) in words
        assert "causal." not in words
    whole = read(found._repr_html_())
    assert wording.text("report.rich.checks", language) in whole


def test_results_of_a_stage_name_their_tables(found, language):
    stage = found.results()
    words = read(stage._repr_html_())
    assert wording.text("terms.stage.tracking", language) in words
    assert "csat_mean_trends" in words
    assert len(words) < 6000
    assert read(StageResults(stage="tracking")._repr_html_())
    asked = found.checks()[0]
    many = [
        Check(id=f"tracking.c.{k}", topic=asked.topic, question=asked.question, status="caution",
              reason=asked.reason, params=asked.params, dims=asked.dims, n=asked.n)
        for k in range(40)
    ]  # fmt: skip
    told = read(collect("tracking", many)._repr_html_())
    assert wording.text("report.rich.more", language, n=28) in told


def test_a_run_folder_says_how_each_step_ended(tmp_path, language):
    steps = {"ingest": {"state": "done"}, "tracking": {"state": "failed"}}
    (tmp_path / "index.html").write_text("<p>", encoding="utf-8")
    run = Run(tmp_path, {"steps": steps, "client": "acme", "run_id": "r1"})
    words = read(run._repr_html_())
    assert wording.text("cli.state.failed", language) in words
    assert wording.text("report.rich.page", language) in words
    assert "acme" in repr(run)


def test_a_mistyped_table_names_the_near_ones(found):
    for results, near in ((found, "trends"), (found.results(), "csat_mean_trends")):
        with pytest.raises(KeyError, match=f"no table 'trend'; near: .*{near}"):
            results.table("trend")
        assert results.table_or_empty("trend").empty
