"""Effects and return of a simulated client beside what is true in its world."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.causal import Evaluation
from analysis.results import Estimate

TRUTH = "truth.json"
"""Beside the client file of a simulated client; no other client has it."""

COLUMNS = (
    "indicator",
    "stratum",
    "unit",
    "value",
    "ci_low",
    "ci_high",
    "truth",
    "covered",
    "n_units",
    "n",
)


class Covered(StrEnum):
    """What became of an outcome's interval beside the truth."""

    COVERED = "covered"
    MISSED = "missed"
    NO_INTERVAL = "no_interval"
    NO_TRUTH = "no_truth"
    NO_EFFECT = "no_effect"


def read_truth(folder: Path) -> pd.DataFrame:
    """Return the true effects of a client's world; without rows where none are stored.

    Returns
    -------
    DataFrame
        ``indicator``, ``stratum``, ``site_id``, ``period``, ``effect``, as
        :attr:`analysis.simulation.Truth.cells` has them.
    """
    path, rows = Path(folder) / TRUTH, []
    known = json.loads(path.read_text(encoding="utf-8"))["effects"] if path.is_file() else {}
    for name, effects in known.items():
        indicator, _, stratum = name.removesuffix("]").partition("[")
        rows += [
            (indicator, stratum, site, int(period), effect)
            for site, months in effects["cells"].items()
            for period, effect in months.items()
        ]
    return pd.DataFrame(rows, columns=["indicator", "stratum", "site_id", "period", "effect"])


def true_cells(truth: pd.DataFrame, indicator: str, stratum: str = "") -> pd.DataFrame | None:
    """Return ``site_id, period, effect`` of an outcome; None where its truth is not known.

    Parameters
    ----------
    truth : DataFrame
        As :func:`read_truth` returns it.
    indicator, stratum : str
        Registry id, and the breakdown, e.g. a rater role.
    """
    mine = (truth["indicator"] == indicator) & (truth["stratum"] == stratum)
    return truth.loc[mine, ["site_id", "period", "effect"]] if mine.any() else None


def weighted_truth(
    evaluation: Evaluation, frame: pd.DataFrame, cells: pd.DataFrame
) -> float | None:
    """Average true effects over the site-months that the leading effect averages, as it does.

    Within a wave and month sites count by their exposure where a rate or a share leads and alike
    otherwise; waves and months count as in the overall effect. Where outcomes are measured in
    rounds, months are counted as those rounds.

    Parameters
    ----------
    evaluation : Evaluation
        Of one outcome, with a comparison.
    frame : DataFrame
        ``unit, period, cohort`` in months that it was estimated from, with ``exposure`` for a
        rate or share.
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
    known = _as_evaluated(evaluation, known.assign(product=known["effect"] * known["size"]))
    sums = known.groupby(["cohort", "period"])[["product", "size"]].sum()
    mean = sums["product"] / sums["size"]
    effects, weights = evaluation.effects, evaluation.aggregates["simple"].cell_weights[0]
    used = weights != 0
    places = pd.MultiIndex.from_arrays([effects.cohort[used].astype(float), effects.period[used]])
    truth = mean.reindex(places).to_numpy()
    return None if np.isnan(truth).any() else float(weights[used] @ truth / weights[used].sum())


def exposed_truth(evaluation: Evaluation, sizes: pd.DataFrame, cells: pd.DataFrame) -> float | None:
    """Average true effects over what a benefit is counted for, site by site.

    Only waves and months count for which there is an estimate: what was not compared is not
    priced, and so is not asked of the truth either.

    Parameters
    ----------
    evaluation : Evaluation
        Of the priced outcome, with a comparison.
    sizes : DataFrame
        ``unit``, ``period``, ``cohort``, ``size``: what each site-month counts, and
        ``stands_in``, the month whose effect is taken for it.
    cells : DataFrame
        ``site_id``, ``period``, ``effect``.

    Returns
    -------
    float or None
        None where a site-month that counts has no truth.
    """
    effects = evaluation.effects
    estimated = effects.estimated & (effects.event_time >= 0)
    places = pd.MultiIndex.from_arrays(
        [effects.cohort[estimated].astype(float), effects.period[estimated]]
    )
    counted = sizes.assign(month=sizes["period"], period=sizes["stands_in"])
    counted = _as_evaluated(evaluation, counted)
    here = pd.MultiIndex.from_frame(counted[["cohort", "period"]]).isin(places)
    counted = counted[here & (counted["size"] > 0).to_numpy()]
    known = cells.set_index(["site_id", "period"])["effect"]
    effect = known.reindex(pd.MultiIndex.from_frame(counted[["unit", "month"]])).to_numpy()
    if counted.empty or np.isnan(effect).any():
        return None
    return float(effect @ counted["size"] / counted["size"].sum())


def beside_truth(
    evaluations: Iterable[tuple[Evaluation, pd.DataFrame, str]], truth: pd.DataFrame
) -> pd.DataFrame:
    """Return a row per outcome: :data:`COLUMNS`; no rows without any truth, or without any effect.

    ``covered`` is one of :class:`Covered`; ``no_truth`` where the world holds none of the
    outcome, or not of all that the effect averages, ``no_effect`` where none was estimated.

    Parameters
    ----------
    evaluations : iterable of (Evaluation, DataFrame, str)
        Each with the frame it was estimated from, in months, and its stratum.
    truth : DataFrame
        As :func:`read_truth` returns it.
    """
    if truth.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = []
    for evaluation, frame, stratum in evaluations:
        own, value = evaluation.overall, None
        estimated = evaluation.causal and own.value is not None
        cells = true_cells(truth, evaluation.outcome, stratum)
        if estimated and cells is not None:
            value = weighted_truth(evaluation, frame, cells)
        covered = against(own, value) if estimated else Covered.NO_EFFECT
        rows.append(
            {
                **_told(own, estimated),
                "indicator": evaluation.outcome,
                "stratum": stratum,
                "truth": value,
                "covered": covered.value,
            }
        )
    told = any(row["covered"] != Covered.NO_EFFECT for row in rows)
    return pd.DataFrame(rows if told else [], columns=list(COLUMNS))


def return_beside_truth(
    estimates: Iterable[Estimate], truths: Mapping[str, float] | None
) -> pd.DataFrame:
    """Return a row per amount of money or ratio: :data:`COLUMNS`, ``indicator`` its estimand.

    Parameters
    ----------
    estimates : iterable of Estimate
        Of what the training was worth.
    truths : Mapping or None
        What is true by estimand; None where it is not known, and no rows then but for ``no_truth``.
    """
    rows = []
    for own in estimates:
        value = None if truths is None else truths.get(own.estimand)
        covered = against(own, value) if own.value is not None else Covered.NO_EFFECT
        told = _told(own, own.value is not None)
        named = {"indicator": own.estimand, "stratum": "", "truth": value}
        rows.append({**told, **named, "covered": covered.value})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def against(estimate: Estimate, truth: float | None) -> Covered:
    """Say whether an estimate's interval holds the truth."""
    if truth is None:
        return Covered.NO_TRUTH
    if estimate.ci_low is None:
        return Covered.NO_INTERVAL
    held = estimate.ci_low <= truth <= estimate.ci_high
    return Covered.COVERED if held else Covered.MISSED


def _told(own: Estimate, estimated: bool) -> dict[str, Any]:
    names = ("value", "ci_low", "ci_high", "n_units")
    numbers = {name: getattr(own, name) if estimated else None for name in names}
    return {**numbers, "n": own.n_smallest or own.n if estimated else None, "unit": own.unit}


def _as_evaluated(evaluation: Evaluation, rows: pd.DataFrame) -> pd.DataFrame:
    """Count ``cohort`` and ``period`` as the evaluation does: in rounds where it has rounds."""
    rounds = evaluation.options.rounds
    if rounds is None:
        return rows
    starts = {g: float(rounds.first_round(int(g))) for g in rows["cohort"].unique()}
    months = {month: rounds.round_of(int(month)) for month in rows["period"].unique()}
    return rows.assign(cohort=rows["cohort"].map(starts), period=rows["period"].map(months))
