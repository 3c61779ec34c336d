"""Size of a 5 % test of outcomes that are not means, and of the balanced effect, with few sites.

Usage: ``nice -n 19 python benchmarks/forms.py [WORLDS] [MINUTES]``. Writes
``benchmarks/results/forms.csv``: one row per number of trained sites (of 40) and a form, with the
share of worlds without an effect in which the test rejects. ``linear_`` rows take linearised
influence (what a clustered covariance gives, weights as given), the others leave out sites, as
reported. Sites differ in size by a factor of nine and in level; shocks last (autocorrelation 0.5).
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import causal
from analysis.causal.inference.distributions import t_p_value
from analysis.causal.outcome_models.count_rate import poisson
from analysis.causal.outcome_models.saturated import by_arm, saturate
from analysis.causal.panel.frame import prepare

SITES, MONTHS, START = 40, 8, 4
TREATED = (4, 6, 10, 20)
RESULT = Path(__file__).parent / "results" / "forms.csv"


def world(seed: int, treated: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return unit, period, cohort; sizes (N,); and shocks in standard deviations (N, T)."""
    rng = np.random.default_rng(seed)
    cohort = np.full(SITES, np.nan)
    cohort[: treated // 2], cohort[treated // 2 : treated] = START, START + 2
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:02d}" for i in range(SITES)], MONTHS),
            "period": np.tile(np.arange(1, MONTHS + 1), SITES),
            "cohort": np.repeat(cohort, MONTHS),
        }
    )
    shock = rng.normal(size=(SITES, MONTHS))
    for t in range(1, MONTHS):
        shock[:, t] = 0.5 * shock[:, t - 1] + np.sqrt(0.75) * shock[:, t]
    size = np.exp(rng.uniform(np.log(1 / 3), np.log(3), SITES))
    return frame, size, shock + 1.5 * rng.normal(size=(SITES, 1))


def p_values(seed: int, treated: int) -> dict[str, float | None]:
    """Return the p-value of each form in one world without an effect."""
    frame, size, shock = world(seed, treated)
    rng = np.random.default_rng(10_000 + seed)
    options = causal.Options(draws=99)
    found: dict[str, float | None] = {}

    exposure = np.repeat(400 * size, MONTHS)
    count = rng.poisson(0.02 * exposure * np.exp(0.3 * shock.ravel()))
    counts = frame.assign(count=count, exposure=exposure)
    found["rate"] = causal.count_effect(counts, outcome="rate", options=options)[0].p_value
    found["linear_rate"] = _linear_rate(counts)

    asked = np.repeat(np.maximum(5, 25 * size).astype(int), MONTHS)
    latent = np.repeat(0.4 * shock.ravel(), asked) + rng.logistic(size=asked.sum())
    label = 1 + np.searchsorted([-2.0, -1.0, 0.3, 1.6], latent)
    answers = frame.loc[frame.index.repeat(asked)].assign(label=label).fillna({"cohort": -1.0})
    answers = answers.groupby(list(answers.columns)).size().rename("count").reset_index()
    answers["cohort"] = answers["cohort"].where(answers["cohort"] > 0)
    ordered = causal.ordered_effect(answers, outcome="score", options=options).estimates()
    found["ordered_log_odds"], found["ordered_mean"] = (e.p_value for e in ordered[:2])

    due = np.repeat(1e5 * size, MONTHS)
    paid = due / (1 + np.exp(-1.5 - 0.3 * shock.ravel()))
    fees = frame.assign(numerator=paid, denominator=due)
    found["ratio"] = causal.ratio_effect(fees, outcome="fees", options=options)[0].p_value

    hours = np.exp(2.5 + 0.3 * np.repeat(shock.ravel(), asked) + rng.normal(size=asked.sum()))
    rows = frame.loc[frame.index.repeat(asked)]
    kept = (rows["period"] < START) | (rows["period"] >= START + 2)
    rmst = causal.restricted_mean_difference(
        np.minimum(hours, 72.0)[kept],
        (hours < 72.0)[kept],
        rows.loc[kept, "cohort"].notna(),
        rows.loc[kept, "period"] >= START + 2,
        rows.loc[kept, "unit"],
        tau=72.0,
    )
    found["time_to_resolve"] = rmst.p_value

    score = frame.assign(y=4 + 0.2 * shock.ravel(), n=1.0)
    balanced = causal.balanced_effect(
        score,
        causal.baseline_means(score)[["level"]],
        outcome="score",
        unit="score_1_5",
        trim=0.0,
        options=options,
    )
    found["balanced"] = balanced.estimates()[0].p_value
    given = balanced.evaluation
    found["linear_balanced"] = None if given is None else given.overall.p_value
    return found


def _linear_rate(frame: pd.DataFrame) -> float:
    """Return the p-value of the usual clustered covariance, normal quantile."""
    panel = prepare(frame.assign(y=frame["count"]))
    design = saturate(panel, arms=False)
    exposure = frame["exposure"].to_numpy().reshape(SITES, MONTHS)
    try:
        coef, influence = poisson(panel.y, exposure, design)
    except causal.FrameError:
        return np.nan
    weight = design.average(by_arm(exposure, design.arm, len(design.cohorts)))
    own = influence @ weight
    return t_p_value(float(weight @ coef) / float(np.sqrt(own @ own)), np.inf)


def main(worlds: int, minutes: float) -> None:
    """Measure until the worlds or the minutes are used up; write the table."""
    until = time.monotonic() + 60 * minutes
    drawn: dict[tuple[int, str], list[float]] = defaultdict(list)
    for seed in range(worlds):
        if time.monotonic() > until:
            break
        for treated in TREATED:
            for form, p in p_values(seed, treated).items():
                if p is not None and np.isfinite(p):
                    drawn[treated, form].append(p < 0.05)
    rows = [
        {"trained": treated, "form": form, "size": np.mean(hits), "worlds": len(hits)}
        for (treated, form), hits in drawn.items()
    ]
    table = pd.DataFrame(rows)
    table.to_csv(RESULT, index=False, float_format="%.4f")
    print(table.pivot_table(index="trained", columns="form", values="size").round(3).to_string())
    print(table["worlds"].describe().to_string())


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    main(int(given[0]) if given else 400, given[1] if len(given) > 1 else 20.0)
