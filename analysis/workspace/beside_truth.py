"""What a simulated client's effects are estimated at, beside what is true in its world."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.causal import Evaluation

TRUTH = "truth.json"
"""Beside the client file of a simulated client; no other client has it."""

COLUMNS = ("indicator", "unit", "value", "ci_low", "ci_high", "truth", "covered", "n_units")


def read_truth(folder: Path) -> Mapping[str, Any]:
    """Return the true effects of a client's world by outcome; none where none are stored."""
    path = Path(folder) / TRUTH
    if not path.is_file():
        return {}
    return json.loads(path.read_text(encoding="utf-8"))["effects"]


def weighted_truth(
    evaluation: Evaluation, frame: pd.DataFrame, cells: pd.DataFrame
) -> float | None:
    """Average true effects over the site-months that the leading effect averages, as it does.

    Within a wave and month sites count by their exposure where a rate or a share leads and alike
    otherwise; waves and months count as in the overall effect.

    Parameters
    ----------
    evaluation : Evaluation
        Of one outcome, with a comparison.
    frame : DataFrame
        ``unit, period, cohort`` it was estimated from, with ``exposure`` for a rate or share.
    cells : DataFrame
        ``site_id``, ``period``, ``effect``.

    Returns
    -------
    float or None
        None where a cell that carries weight has no truth.
    """
    size = frame["exposure"] if evaluation.options.form != "mean" else 1.0
    observed = frame.dropna(subset=["y", "cohort"]).assign(size=size)
    known = observed.merge(
        cells[["site_id", "period", "effect"]],
        left_on=["unit", "period"],
        right_on=["site_id", "period"],
    )
    rounds = evaluation.options.rounds
    if rounds is not None:
        starts = {g: float(rounds.first_round(int(g))) for g in known["cohort"].unique()}
        months = {month: rounds.round_of(int(month)) for month in known["period"].unique()}
        known = known.assign(cohort=known["cohort"].map(starts), period=known["period"].map(months))
    known = known.assign(product=known["effect"] * known["size"])
    sums = known.groupby(["cohort", "period"])[["product", "size"]].sum()
    mean = sums["product"] / sums["size"]
    effects, weights = evaluation.effects, evaluation.aggregates["simple"].cell_weights[0]
    used = weights != 0
    places = pd.MultiIndex.from_arrays([effects.cohort[used].astype(float), effects.period[used]])
    truth = mean.reindex(places).to_numpy()
    return None if np.isnan(truth).any() else float(weights[used] @ truth / weights[used].sum())


def beside_truth(
    evaluations: Iterable[tuple[Evaluation, pd.DataFrame]], truth: Mapping[str, Any]
) -> pd.DataFrame:
    """Return a row an outcome with an effect and a truth: :data:`COLUMNS`.

    ``covered`` is ``covered``, ``missed``, or ``no_interval``.

    Parameters
    ----------
    evaluations : iterable of (Evaluation, DataFrame)
        Each with the frame it was estimated from.
    truth : Mapping
        As :func:`read_truth` returns it.
    """
    rows = []
    for evaluation, frame in evaluations:
        known, own = truth.get(evaluation.outcome), evaluation.overall
        if known is None or not evaluation.causal or own.value is None:
            continue
        value = weighted_truth(evaluation, frame, _cells(known))
        if value is None:
            continue
        if own.ci_low is None:
            covered = "no_interval"
        else:
            covered = "covered" if own.ci_low <= value <= own.ci_high else "missed"
        part = {name: getattr(own, name) for name in COLUMNS if name not in ("truth", "covered")}
        rows.append({**part, "truth": value, "covered": covered})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells(known: Mapping[str, Any]) -> pd.DataFrame:
    rows = [
        (site, int(period), effect)
        for site, months in known["cells"].items()
        for period, effect in months.items()
    ]
    return pd.DataFrame(rows, columns=["site_id", "period", "effect"])
