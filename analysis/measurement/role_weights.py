"""Ratings of behaviour by dimension and role, and what they come to under the roles' weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.measurement.agreement import rating_rows
from analysis.measurement.columns import present
from analysis.measurement.weighting import weighted_mean
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

WHOLE = ""
"""Dimension of all items together."""

OUTSIDE = ("self", "mystery_shopper")
"""Roles that take no part: one's own view, and shoppers, who rate sites and not people."""

ALIKE = 0.90
"""Rank correlation below which other weights would order people differently."""

LEAST_RANKED = 8
"""With fewer people a rank correlation says nothing."""


def by_dimension(
    rows: pd.DataFrame, dimensions: Mapping[tuple[str, str], str], *, level: float = LEVEL
) -> pd.DataFrame:
    """Return the level of each role's ratings by dimension of the questionnaire.

    Parameters
    ----------
    rows : DataFrame
        As of :func:`~analysis.measurement.agreement.rating_rows`.
    dimensions : Mapping
        Dimension by instrument and item; items without one are left out.
    level : float
        Coverage of intervals, which take sites as clusters.

    Returns
    -------
    DataFrame
        ``instrument, dimension, role, n`` (people, or sites where no person is named), ``raters``
        (mean number each), ``mean, ci_low, ci_high``.
    """
    named = rows.assign(dimension=_of_items(rows, dimensions)).dropna(subset=["dimension"])
    each = _per_subject(named, ["instrument", "dimension", "role"])
    out = []
    for key, mine in each.groupby(["instrument", "dimension", "role"], sort=True):
        out.append((*key, len(mine), float(mine["raters"].mean()), *_mean(mine, level)))
    columns = ["instrument", "dimension", "role", "n", "raters", "mean", "ci_low", "ci_high"]
    return pd.DataFrame(out, columns=columns)


def composites(
    rows: pd.DataFrame,
    dimensions: Mapping[tuple[str, str], str],
    weights: Mapping[str, float],
    *,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return the composite of the roles' ratings, as weighted and under other weights.

    Only people whom every weighted role of the instrument rated count, so that all rows of a
    dimension are about the same people.

    Parameters
    ----------
    rows : DataFrame
        As of :func:`~analysis.measurement.agreement.rating_rows`.
    dimensions : Mapping
        Dimension by instrument and item.
    weights : Mapping
        Weight by role. Roles that rated nobody are left out and the others brought to 1; roles
        weigh the same where none is given.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``instrument, dimension`` (empty: all items), ``weighting`` (``stated``, ``equal``,
        ``without.<role>``), ``roles`` (number), ``n, mean, ci_low, ci_high`` and ``alike``
        (Spearman's correlation of people's composites with those under the stated weights; NaN
        with fewer than eight people).
    """
    named = rows.assign(dimension=_of_items(rows, dimensions))
    parts = [named.assign(dimension=WHOLE)]
    for _, mine in named.dropna(subset=["dimension"]).groupby("instrument"):
        # A single dimension is the whole sheet once more.
        parts += [mine] if len(set(mine["dimension"])) > 1 else []
    each = _per_subject(pd.concat(parts), ["instrument", "dimension", "role"])
    out = []
    for (instrument, dimension), mine in each.groupby(["instrument", "dimension"], sort=True):
        wide = mine.pivot_table(index="subject", columns="role", values="score")
        stated = _stated(list(wide.columns), weights)
        if len(stated) < 2:
            continue
        wide = wide[list(stated)].dropna()
        site = mine.drop_duplicates("subject").set_index("subject")["site"].reindex(wide.index)
        lead = wide @ pd.Series(stated)
        for name, used in _variants(stated):
            score = wide[list(used)] @ pd.Series(used)
            ranked = len(wide) >= LEAST_RANKED and min(score.std(), lead.std()) > 0
            alike = float(score.corr(lead, method="spearman")) if ranked else np.nan
            found = _mean(pd.DataFrame({"score": score, "site": site}), level)
            out.append((instrument, dimension, name, len(used), len(wide), *found, alike))
    columns = ["instrument", "dimension", "weighting", "roles", "n", "mean", "ci_low", "ci_high"]
    return pd.DataFrame(out, columns=[*columns, "alike"])


def assess_role_weights(
    ratings: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    weights: Mapping[str, float],
    *,
    before: pd.Timestamp | str | None = None,
    level: float = LEVEL,
) -> StageResults:
    """Weigh the roles of the raters, and ask whether other weights would order people differently.

    Parameters
    ----------
    ratings, instruments : DataFrame or None
        Canonical tables.
    weights : Mapping
        Weight by role, as the plan states them.
    before : Timestamp or str, optional
        Only ratings before this day.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Check ``baseline.role_weights`` (``caution`` where ranks under other weights correlate with
        those under the stated ones by less than 0.90); tables ``role_dimensions`` and
        ``role_composites``.
    """
    common = {
        "id": "baseline.role_weights",
        "topic": Topic.ROLE_WEIGHTS,
        "question": "measurement.check.role_weights.question",
        "threshold": ALIKE,
        "unit": "coefficient",
    }
    rows = rating_rows(ratings, before) if present(ratings, "score") else pd.DataFrame()
    rows = rows[~rows["role"].isin(OUTSIDE)] if len(rows) else rows
    if rows.empty:
        none = Check(**common, status="not_possible", reason="measurement.reason.no_ratings")
        return collect("baseline", [none])
    dimensions = _declared(instruments)
    tables = {
        "role_dimensions": by_dimension(rows, dimensions, level=level),
        "role_composites": composites(rows, dimensions, weights, level=level),
    }
    found = tables["role_composites"]
    judged = found[(found["dimension"] == WHOLE) & (found["weighting"] != "stated")]
    judged = judged[judged["alike"].notna()]
    if judged.empty:
        few = Check(**common, status="not_possible", reason="measurement.reason.one_role")
        return collect("baseline", [few], tables=tables)
    worst = judged.loc[judged["alike"].idxmin()]
    lead = found[
        (found["instrument"] == worst["instrument"])
        & (found["dimension"] == WHOLE)
        & (found["weighting"] == "stated")
    ].iloc[0]
    fine = worst["alike"] >= ALIKE
    check = Check(
        **common,
        status="passed" if fine else "caution",
        value=float(worst["alike"]),
        n=int(worst["n"]),
        reason="measurement.check.role_weights.reason",
        remedy=None if fine else "measurement.check.role_weights.remedy",
        params={
            "people": int(worst["n"]),
            "roles": int(lead["roles"]),
            "mean": float(lead["mean"]),
            "least": float(judged["mean"].min()),
            "most": float(judged["mean"].max()),
            "alike": float(worst["alike"]),
            "line": ALIKE,
        },
    )
    return collect("baseline", [check], tables=tables)


def _declared(instruments: pd.DataFrame | None) -> dict[tuple[str, str], str]:
    if not present(instruments, "dimension"):
        return {}
    kept = instruments[instruments["dimension"].notna()]
    keys = zip(kept["instrument"], kept["item"], strict=True)
    return dict(zip(keys, kept["dimension"].astype(str), strict=True))


def _of_items(rows: pd.DataFrame, dimensions: Mapping[tuple[str, str], str]) -> list[str | None]:
    keys = zip(rows["instrument"], rows["item"], strict=True)
    return [dimensions.get(key) for key in keys]


def _per_subject(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return mean score, raters and site of every subject within groups."""
    return rows.groupby([*by, "subject"], as_index=False).agg(
        score=("score", "mean"), raters=("rater", "nunique"), site=("site", "first")
    )


def _stated(roles: list[str], weights: Mapping[str, float]) -> dict[str, float]:
    """Weights of the roles that rated, brought to a sum of 1."""
    known = {role: weights.get(role, 0.0) if weights else 1.0 for role in roles}
    known = {role: weight for role, weight in known.items() if weight > 0}
    return {role: weight / sum(known.values()) for role, weight in known.items()}


def _variants(stated: Mapping[str, float]) -> list[tuple[str, dict[str, float]]]:
    """Stated weights, equal ones, and those without each role in turn."""
    found = [("stated", dict(stated)), ("equal", dict.fromkeys(stated, 1 / len(stated)))]
    for role in stated:
        rest = {name: weight for name, weight in stated.items() if name != role}
        total = sum(rest.values())
        found.append((f"without.{role}", {name: w / total for name, w in rest.items()}))
    return found


def _mean(people: pd.DataFrame, level: float) -> tuple[float, float, float]:
    """Mean over people with an interval over sites, over people where all are of one site."""
    if people.empty:
        return (np.nan,) * 3
    clusters = people["site"] if len(set(people["site"])) > 1 else None
    found = weighted_mean(people["score"].to_numpy(float), clusters=clusters, level=level)
    return (found.value, *(np.nan if end is None else end for end in (found.low, found.high)))
