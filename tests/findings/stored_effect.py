"""The effect from which the cases of grades and sentences are made."""

from analysis.results import Estimate

EFFECT = Estimate(
    id="tracking.csat_mean.att.overall",
    estimand="att_overall",
    indicator="csat_mean",
    unit="score",
    value=0.2,
    ci_low=0.1,
    ci_high=0.3,
    n=900,
    n_units=40,
    n_treated=20,
    method="group_time_dr",
    interval_method="influence_function",
    comparison="not_yet_treated",
    causal=True,
)
