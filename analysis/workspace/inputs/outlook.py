"""The forecast of the return from the plan, as the design stage shows it and value compares it."""

from __future__ import annotations

from functools import partial

from analysis import indicators, value
from analysis.results import StageResults
from analysis.workspace.opening.stage import Stage


def forecast(stage: Stage) -> StageResults:
    """Say which effects would pay for the training, and what its targets would return.

    Parameters
    ----------
    stage : Stage
        Opened for design or value: plan, goals, prices and levels before training are the same.

    Returns
    -------
    StageResults
        As of :func:`analysis.value.assess_outlook`, of the stage.
    """
    rules, sites = stage.client.value, stage.sites.dropna(subset=["households"])
    exposure = value.planned_exposure(
        indicators.cohorts(stage.waves),
        sites.set_index("site_id")["households"].astype("float64").to_dict(),
        months=rules.months_counted,
        discount_rate=rules.discount_rate,
    )
    return stage.step(
        "outlook",
        partial(value.assess_outlook, stage=stage.name),
        rules.benefits,
        [goal for goal in stage.client.goals if not goal.stratum],
        stage.table("costs"),
        registry=stage.registry,
        baselines=stage.mean_levels(before=stage.first_wave),
        exposure=exposure,
        margin=rules.margin,
    )
