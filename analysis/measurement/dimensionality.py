"""Does each questionnaire measure what it is meant to? Factor fit, omega, dimensions."""

from __future__ import annotations

from functools import partial

import pandas as pd

from analysis.measurement.covariance_structure import Factors, Moments, moments, usable
from analysis.measurement.factor import (
    FactorFit,
    ParallelAnalysis,
    confirm,
    parallel_analysis,
)
from analysis.measurement.sheets import Sheets, answer_sheets
from analysis.refusals import Asked
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL

CFI_GOOD, CFI_FAIR = 0.95, 0.90
RMSEA_LEVEL = 0.90
"""Level at which the ends of RMSEA are told, by convention (Steiger 1990)."""
RMSEA_GOOD, RMSEA_FAIR = 0.06, 0.10
SRMR_LINE = 0.08
"""Hu & Bentler (1999) for good fit; Browne & Cudeck (1993) and Bentler (1990) for fair fit.

RMSEA is judged by the lower end of its 90 % interval: with few items its value is noise."""

LEAST_SHEETS = 100
"""Fewer complete sheets give fit indices that say little (Anderson & Gerbing 1984)."""


def assess_factors(
    answers: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    seed: int,
    sheet: str = "response_id",
    source: str = "surveys",
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Fit the declared factors of each instrument and compare them with parallel analysis.

    Dimensions declared with two items or more each are the factors, otherwise all items make
    one. Sheets with an unanswered item are left out and counted, items whose answers are all
    equal are left out too. A solution with a loading above 1, and a dimension with an item that
    runs against the others, has no omega and no variance extracted: the check fails and says why.

    Parameters
    ----------
    answers : DataFrame or None
        One row per sheet and item: ``sheet``, ``instrument, item, score``.
    instruments : DataFrame or None
        Canonical ``instruments``, for the dimensions.
    seed : int
        Seed of the parallel analysis.
    sheet : str
        Column that tells the sheets.
    source : str
        Table the answers are of, for ids and table names.
    simulated : bool
        Whether the results are of a simulated world.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.omega.<source>.<instrument>.<factor>``, ``baseline.ave…`` and
        ``baseline.cfa.<source>.<instrument>.{cfi,rmsea,srmr}`` (RMSEA with its 90 % interval);
        checks ``baseline.cfa.<source>.<instrument>`` and ``baseline.dimensions…``; tables
        ``loadings_<source>`` and ``eigenvalues_<source>``.
    """
    items: list = []
    loadings, eigenvalues = [], []
    asked = Asked("baseline")
    for sheets in answer_sheets(answers, instruments, sheet=sheet):
        id = f"{source}.{sheets.instrument}"
        varying, factors = _varying(sheets)
        complete = varying.dropna()
        fit = partial(_fit, complete, factors, level=level)
        fitted, data, reason = asked.ask("factors", fit, (None, None, None), about=id)
        noise = None
        if fitted is not None:
            draw = partial(parallel_analysis, data, seed=seed)
            noise = asked.ask("dimensions", draw, None, about=id)
        if reason is not None:
            items.append(_impossible(id, reason, len(complete), sheets.instrument))
        if fitted is not None:
            dims = {"source": source, "instrument": sheets.instrument}
            items += _estimates(id, fitted, dims, simulated)
            items.append(_fit_check(id, fitted, sheets, factors, len(complete)))
            loadings.append(fitted.loadings.assign(instrument=sheets.instrument))
        if noise is not None:
            items.append(_dimension_check(id, noise, sheets.instrument, len(factors), data))
            eigenvalues.append(_eigenvalues(noise).assign(instrument=sheets.instrument))
    items += asked.checks
    if not items:
        items = [_impossible(source, "measurement.reason.no_instrument", 0, source)]
    parts = {f"loadings_{source}": loadings, f"eigenvalues_{source}": eigenvalues}
    tables = {name: pd.concat(own, ignore_index=True) for name, own in parts.items() if own}
    return collect("baseline", items, tables=tables)


def _varying(sheets: Sheets) -> tuple[pd.DataFrame, Factors]:
    """Scores and dimensions without the items whose answers are all equal.

    A dimension left with one item is given up, and all items make one.
    """
    complete = sheets.scores.dropna()
    flat = (
        set(complete.columns[(complete.min() == complete.max()).to_numpy()])
        if len(complete)
        else set()
    )
    if not flat or len(flat) == sheets.scores.shape[1]:
        return sheets.scores, sheets.factors
    left = {name: tuple(i for i in each if i not in flat) for name, each in sheets.factors.items()}
    if min(map(len, left.values())) < 2:
        left = {"all": tuple(i for each in left.values() for i in each)}
    return sheets.scores[[i for i in sheets.scores if i not in flat]], left


def _fit(
    complete: pd.DataFrame, factors: Factors, level: float
) -> tuple[FactorFit | None, Moments | None, str | None]:
    """Return the fitted factors and their moments, or the reason why there are none."""
    if len(complete) < LEAST_SHEETS:
        return None, None, "measurement.reason.few_sheets"
    data = moments(complete)
    if not usable(data):
        return None, data, "measurement.reason.no_variation"
    fitted = confirm(data, factors, level=level)
    if fitted is None or not fitted.converged:
        return None, data, "measurement.reason.no_factors"
    return fitted, data, None


def _estimates(id: str, fitted: FactorFit, dims: dict, simulated: bool) -> list[Estimate]:
    fit = fitted.fit
    common = {"unit": "coefficient", "n": fit.n, "simulated": simulated}
    out = []
    for row in fitted.reliability.to_dict("records"):
        mine = {**dims, "factor": row["factor"], "items": row["n_items"]}
        known = row["omega"] == row["omega"]
        bounded = row["omega_low"] == row["omega_low"]
        reason = "items_against" if fitted.proper else "improper"
        reason = None if known else f"measurement.reason.{reason}"
        out.append(
            Estimate(
                id=f"baseline.omega.{id}.{row['factor']}",
                estimand="mcdonald_omega",
                value=row["omega"] if known else None,
                reason=reason,
                ci_low=row["omega_low"] if bounded else None,
                ci_high=row["omega_high"] if bounded else None,
                level=fitted.level,
                method="cfa_ml",
                interval_method="delta_logit" if bounded else "none",
                dims=mine,
                **common,
            )
        )
        out.append(
            Estimate(
                id=f"baseline.ave.{id}.{row['factor']}",
                estimand="average_variance_extracted",
                value=row["ave"] if known else None,
                reason=reason,
                method="cfa_ml",
                dims=mine,
                **common,
                level=fitted.level,
            )
        )
    for name in ("cfi", "rmsea", "srmr"):
        value = getattr(fit, name)
        interval = name == "rmsea" and value is not None
        out.append(
            Estimate(
                id=f"baseline.cfa.{id}.{name}",
                estimand=name,
                value=value,
                ci_low=fit.rmsea_low if interval else None,
                ci_high=fit.rmsea_high if interval else None,
                level=RMSEA_LEVEL if interval else fitted.level,
                method="cfa_ml",
                interval_method="noncentral_chi2" if interval else "none",
                reason=None if value is not None else "measurement.reason.saturated",
                dims=dims,
                **common,
            )
        )
    return out


def _fit_check(
    id: str, fitted: FactorFit, sheets: Sheets, factors: Factors, complete: int
) -> Check:
    fit = fitted.fit
    against, beyond = fitted.against, fitted.beyond_one
    if fit.df == 0 and fitted.proper and not against:
        return _impossible(id, "measurement.reason.saturated", complete, sheets.instrument)
    status, told = "failed", "reason"
    if fit.df and fit.cfi >= CFI_FAIR and fit.rmsea_low <= RMSEA_FAIR and fit.srmr <= SRMR_LINE:
        good = fit.cfi >= CFI_GOOD and fit.rmsea_low <= RMSEA_GOOD
        status = "passed" if good else "caution"
    remedy = None if status == "passed" else "measurement.check.cfa.remedy"
    if against:
        status, told = "failed", "against"
        remedy = "measurement.check.item_direction.not_turned"
    elif not fitted.proper:
        status = "caution" if fit.df == 0 or status == "passed" else status
        told = "beyond_one" if beyond else "one_dimension"
        remedy = f"measurement.check.cfa.admissible.{told}"
    return Check(
        id=f"baseline.cfa.{id}",
        topic=Topic.DIMENSIONS,
        question="measurement.check.cfa.question",
        status=status,
        value=fit.cfi,
        threshold=CFI_GOOD,
        unit="coefficient",
        n=fit.n,
        reason=f"measurement.check.cfa.{told}",
        remedy=remedy,
        params={
            "instrument": sheets.instrument,
            "factors": len(factors),
            "count": sum(map(len, factors.values())),
            "items": ", ".join(against or beyond),
            "left_out": len(sheets.scores) - complete,
            "cfi": fit.cfi,
            "rmsea": fit.rmsea,
            "srmr": fit.srmr,
        },
    )


def _dimension_check(
    id: str, noise: ParallelAnalysis, instrument: str, declared: int, data: Moments
) -> Check:
    as_declared = noise.dimensions == declared
    return Check(
        id=f"baseline.dimensions.{id}",
        topic=Topic.DIMENSIONS,
        question="measurement.check.dimensions.question",
        status="passed" if as_declared else "caution",
        value=float(noise.dimensions),
        threshold=float(declared),
        unit="count",
        n=data.n,
        reason="measurement.check.dimensions.reason",
        remedy=None if as_declared else "measurement.check.dimensions.remedy",
        params={"instrument": instrument, "found": noise.dimensions, "declared": declared},
    )


def _eigenvalues(noise: ParallelAnalysis) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dimension": range(1, len(noise.eigenvalues) + 1),
            "eigenvalue": noise.eigenvalues,
            "noise": noise.noise,
        }
    )


def _impossible(id: str, reason: str, n: int, instrument: str) -> Check:
    return Check(
        id=f"baseline.cfa.{id}",
        topic=Topic.DIMENSIONS,
        question="measurement.check.cfa.question",
        status="not_possible",
        threshold=CFI_GOOD,
        unit="coefficient",
        n=n,
        reason=reason,
        params={"instrument": instrument, "n": n, "least": LEAST_SHEETS},
    )
