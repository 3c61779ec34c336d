"""Spill-over as an estimate: what happened at sites that were exposed but not trained.

Exposed sites are neither trained nor a clean comparison: same branch, same district, staff who
moved there. They become an arm of their own, compared from their first exposed month on with sites
never trained and never exposed; and the trained are compared with those clean sites alone.

References
----------
Butts (2023), Difference-in-differences with spatial spillovers, section 3; Berg, Reisinger,
Streitz (2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.causal.evaluation.evaluate import overall_effect
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.causal.panel.labels import labelled, starts
from analysis.memory import remembered
from analysis.results import Check, Estimate, Topic

#: Spill-over is called found below this p-value.
SIZE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Spillover:
    """Effects on exposed and on trained sites, both against clean sites.

    Attributes
    ----------
    exposed, clean : tuple of str
        Units of the two untrained groups.
    """

    exposed: tuple[str, ...]
    clean: tuple[str, ...]
    _estimates: tuple[Estimate, ...]
    _checks: tuple[Check, ...]

    def estimates(self) -> tuple[Estimate, ...]:
        """Return ``…spillover.exposed`` and ``…spillover.trained``."""
        return self._estimates

    def checks(self) -> tuple[Check, ...]:
        """Return the check whether the training spilled over."""
        return self._checks


def exposed_by_place(
    place: Mapping[str, str], cohort: Mapping[str, float | None]
) -> dict[str, float]:
    """Return the first exposed period of untrained units: the first start in their place.

    Parameters
    ----------
    place : Mapping
        Branch, district or neighbourhood of each unit.
    cohort : Mapping
        First treated period of each unit; None, NaN or inf for never.

    Returns
    -------
    dict
        Never-treated units whose place has a treated unit → that place's first cohort.
    """
    first = _first(cohort)
    where = {str(k): str(v) for k, v in place.items() if not pd.isna(v)}
    earliest: dict[str, float] = {}
    for name, start in first.items():
        if name in where:
            earliest[where[name]] = min(earliest.get(where[name], np.inf), start)
    return {
        name: earliest[where[name]]
        for name, start in sorted(first.items())
        if np.isinf(start) and np.isfinite(earliest.get(where.get(name, ""), np.inf))
    }


def exposed_by_moves(moves: pd.DataFrame, cohort: Mapping[str, float | None]) -> dict[str, float]:
    """Return the first exposed period of untrained units that trained staff moved to.

    Parameters
    ----------
    moves : DataFrame
        A row is one employee's move: ``from_unit``, ``to_unit``, ``period``.
    cohort : Mapping
        As :func:`exposed_by_place` takes it. A move counts when the employee left a unit at or
        after its cohort.
    """
    first = _first(cohort)
    found: dict[str, float] = {}
    for row in moves.itertuples():
        left, went, period = str(row.from_unit), str(row.to_unit), float(row.period)
        if period >= first.get(left, np.inf) and np.isinf(first.get(went, 0.0)):
            found[went] = min(found.get(went, np.inf), period)
    return dict(sorted(found.items()))


@remembered
def spillover(
    frame: pd.DataFrame,
    exposed: Mapping[str, float],
    *,
    outcome: str,
    unit: str,
    options: Options | None = None,
) -> Spillover:
    """Estimate the effect on exposed sites, and that on trained sites without them.

    Parameters
    ----------
    frame : DataFrame
        As :func:`analysis.causal.evaluate` takes it. Not modified.
    exposed : Mapping
        Unit → first exposed period, for units never trained.

    Returns
    -------
    Spillover
        Estimates ``…spillover.exposed`` (``effect_on_exposed``) and ``…spillover.trained``
        (``att_overall``, ``dims["variant"] = "clean_comparison"``); without clean sites or
        exposed ones the reason.

    Raises
    ------
    FrameError
        ``unknown_unit`` for an exposed unit not in the frame; ``exposed_and_treated`` for one that
        is trained itself.
    """
    options = options or Options()
    clean_only = replace(options, comparison="never_treated")
    frame = labelled(frame)[0]
    label = frame["unit"].astype(str)
    cohort = frame["cohort"].fillna(np.inf)
    first = cohort.groupby(label).min()
    known = starts(exposed, what="first exposed period")
    when = {k: v for k, v in known.items() if np.isfinite(v)}
    if unknown := sorted(set(when) - set(first.index)):
        raise FrameError("unknown_unit", f"not in the frame: {', '.join(unknown[:5])}")
    if both := [name for name in sorted(when) if np.isfinite(first[name])]:
        raise FrameError(
            "exposed_and_treated",
            f"{', '.join(both[:5])} are trained themselves; name untrained sites only",
        )
    touched = label.isin(list(when)).to_numpy()
    clean = tuple(name for name in first.index if np.isinf(first[name]) and name not in when)
    pure = label.isin(clean).to_numpy()
    rows = frame[touched | pure]
    rows = rows.assign(cohort=label[touched | pure].map(when).astype(float))
    stem = f"{options.prefix}.{outcome}.spillover"
    named = {"outcome": outcome, "unit": unit, "options": clean_only}
    reached = overall_effect(
        rows,
        id=f"{stem}.exposed",
        estimand="effect_on_exposed",
        dims={"beside": True, "arm": "exposed"},
        **named,
    )
    trained = overall_effect(
        frame[~touched],
        id=f"{stem}.trained",
        estimand="att_overall",
        dims={"beside": True, "variant": "clean_comparison"},
        **named,
    )
    check = _check(reached, stem, len(when), len(clean))
    return Spillover(tuple(sorted(when)), clean, (reached, trained), (check,))


def _first(cohort: Mapping[str, float | None]) -> dict[str, float]:
    """Return checked starts, infinite for never."""
    return {name: np.inf if np.isnan(first) else first for name, first in starts(cohort).items()}


def _check(reached: Estimate, stem: str, exposed: int, clean: int) -> Check:
    common = {
        "id": f"{stem}.check",
        "topic": Topic.SPILL_OVER,
        "indicator": reached.indicator,
        "question": "causal.check.spillover",
    }
    params = {"exposed": exposed, "clean": clean}
    if reached.value is None or reached.p_value is None:
        reason = reached.reason or "causal.reason.no_inference"
        return Check(status="not_possible", reason=reason, params=params, **common)
    found = reached.p_value < SIZE
    return Check(
        status="caution" if found else "passed",
        value=reached.p_value,
        threshold=SIZE,
        unit="p_value",
        n=exposed,
        reason=f"causal.why.spillover.{'found' if found else 'no_sign'}",
        remedy="causal.remedy.spillover" if found else None,
        params={
            **params,
            "effect": reached.value,
            "value": reached.p_value,
            "outcome_unit": reached.unit,
        },
        **common,
    )
