"""Clients side by side: pooled where comparable, made-up ones apart, never a ranking."""

from pathlib import Path

from analysis.report.portfolio import _figures
from analysis.report.run import Run
from analysis.results import Estimate, Finding, StageResults


def client(name, value, *, simulated=False):
    effect = Estimate(
        id="tracking.csat_mean.att.overall", estimand="att_overall", indicator="csat_mean",
        unit="score", value=value, se=0.05, ci_low=value - 0.1, ci_high=value + 0.1, n=900,
        n_units=30, method="group_time_dr", comparison="not_yet_treated", causal=True,
        simulated=simulated,
    )  # fmt: skip
    finding = Finding(
        id="finding.tracking.csat_mean", claim="findings.effect.better", design="randomised",
        strength="strong", estimates=(effect.id,),
    )  # fmt: skip
    run = Run(Path(name), names={"zh_CN": name, "en": name}, simulated=simulated)
    run.__dict__["results"] = {
        "tracking": StageResults(stage="tracking", estimates=(effect,), findings=(finding,))
    }
    return run


def test_comparable_clients_are_pooled_with_their_spread():
    html = _figures([client("甲", 0.1), client("乙", 0.2), client("丙", 0.6)], "en")
    assert "The 3 clients pooled" in html
    assert "Effect to expect at one more client" in html
    assert "Do the effects differ between clients?" in html


def test_one_client_is_not_pooled():
    assert "pooled" not in _figures([client("甲", 0.1)], "en")


def test_made_up_clients_stand_apart():
    html = _figures([client("甲", 0.1), client("乙", 0.2, simulated=True)], "en")
    assert html.count("<figure") == 2
    assert "pooled" not in html
