r"""Make comparison sites alike before comparing: weighting, and sites without counterpart named.

* **Entropy balancing**: weights on comparison units, as even as possible, that give the treated
  units' covariate means exactly: :math:`w_i \propto e^{x_i'\lambda}`.
* **Propensity weighting**: :math:`w_i = p_i / (1 - p_i)` from a logit of ever being treated.
* **Trimming**: treated units with a propensity above 1 − ``TRIM`` have hardly any counterpart.
  Leaving them out changes the question: the effect is then that on the remaining treated units.

Covariates describe units before anybody was treated. Intervals carry the weighting: propensities,
trimming and weights are estimated again without each site
(:mod:`analysis.causal.inference.jackknife`).

References
----------
Hainmueller (2012), entropy balancing, eqs. 4–8; Zhao, Percival (2017), on its being doubly robust;
Hirano, Imbens, Ridder (2003); Crump, Hotz, Imbens, Mitnik (2009) for the threshold 0.1; Kish
(1965) for the effective size; Stuart (2010) for the 0.1 on standardised differences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis.causal.did.aggregate import aggregate
from analysis.causal.did.group_time import group_time
from analysis.causal.evaluation.evaluate import Evaluation, evaluate
from analysis.causal.inference.inference_rule import fewest_compared
from analysis.causal.inference.jackknife import jackknife
from analysis.causal.options import Options
from analysis.causal.outcome_models.saturated import clustered_t
from analysis.causal.panel.faults import one_of
from analysis.causal.panel.frame import FrameError, Prepared, prepare
from analysis.causal.panel.labels import labelled
from analysis.causal.weighting.entropy import entropy_weights
from analysis.measurement.propensity import CellError, logit, standardised
from analysis.memory import remembered
from analysis.results import Check, Estimate, Topic

Balancing = Literal["entropy", "propensity"]
#: Treated units with a propensity above 1 − this are left out.
TRIM = 0.1
#: A standardised difference above this is not balanced.
BALANCED = 0.1
#: Fewer comparison units than this, counted by Kish's effective size, are a caution
FEWEST_EFFECTIVE = 10.0
#: where the weights leave less than this share of them: that there are few is said elsewhere.
CARRIED = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Balanced:
    """Effect after balancing, with the weights and what they did.

    Attributes
    ----------
    evaluation : Evaluation or None
        On the kept units with their weights; None where they could not be balanced.
    weights : DataFrame
        One row per unit: ``unit``, ``treated``, ``propensity``, ``kept``, ``weight`` (1 for treated
        units; comparison weights sum to their number).
    differences : DataFrame
        One row per covariate: ``covariate``, ``before`` and ``after``: standardised mean difference
        (in standard deviations of the treated) before and after weighting; ``trimmed``: mean of
        the units left out less that of all treated, in the same unit.
    trimmed : tuple of str
        Treated units left out, named.
    """

    evaluation: Evaluation | None
    weights: pd.DataFrame
    differences: pd.DataFrame
    trimmed: tuple[str, ...]
    _estimates: tuple[Estimate, ...]
    _checks: tuple[Check, ...]

    def estimates(self) -> tuple[Estimate, ...]:
        """Return the overall effect after balancing."""
        return self._estimates

    def checks(self) -> tuple[Check, ...]:
        """Return the checks on overlap and on balance."""
        return self._checks


@remembered
def balanced_effect(
    frame: pd.DataFrame,
    covariates: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    method: Balancing = "entropy",
    trim: float = TRIM,
    options: Options | None = None,
) -> Balanced:
    """Balance covariates, then estimate the overall effect against the never treated.

    Parameters
    ----------
    frame : DataFrame
        As :func:`analysis.causal.evaluate` takes it. Not modified.
    covariates : DataFrame
        Index unit, one numeric column a covariate, measured before training. Units without a
        complete row are left out and counted. See :func:`baseline_means`.
    outcome, unit : str
        Registry id and unit of ``y``.
    method : {"entropy", "propensity"}
    trim : float
        0 keeps every treated unit.
    options : Options, optional

    Returns
    -------
    Balanced
        The estimate's estimand is ``att_overall``, or ``att_overlap`` when units were left out;
        its reason says why where there is none. ``dims``: ``variant``, ``covariates``,
        ``trimmed``, ``effective_comparison``.
    """
    one_of("method", method, Balancing)
    options = options or Options()
    names = tuple(str(c) for c in covariates.columns)
    maker = _Maker(outcome, unit, method, names, options)
    label = frame["unit"].astype(str)
    known = covariates.set_axis(covariates.index.astype(str)).astype(float)
    known = known[np.isfinite(known).all(axis=1)]
    rows = frame[label.isin(known.index).to_numpy()]
    try:
        panel = prepare(
            rows,
            covariates=options.covariates,
            cluster=options.cluster,
            stratum=options.stratum,
            anticipation=options.anticipation,
        )
        X = known.loc[list(panel.units)].to_numpy(float)
        sample = _Sample(panel, X, method, trim, options)
        everybody = np.ones(len(X), bool)
        propensity, kept, weight = sample.weigh(everybody)
        used = pd.Series(weight[kept], index=panel.units[kept])
        chosen = rows[label[rows.index].isin(used.index).to_numpy()]
        chosen = chosen.assign(balancing_weight=label[chosen.index].map(used))
        found = evaluate(chosen, outcome=outcome, unit=unit, options=_weighted(options))
        if not found.causal:
            return maker.nothing("no_comparison")
        value = sample.effect(everybody)
        influence = jackknife(value, sample.effect, panel.cluster, panel.cohort)[:, 0]
    except CellError as error:
        return maker.nothing(str(error))
    except FrameError as error:
        return maker.nothing(error.rule)
    table = pd.DataFrame(
        {
            "unit": panel.units,
            "treated": sample.treated,
            "propensity": propensity,
            "kept": kept,
            "weight": np.where(kept, weight, 0.0),
        }
    )
    ends = clustered_t(value, influence, panel, options.level)
    return maker.found(found, value, ends, table, X, label.nunique() - len(X))


def baseline_means(frame: pd.DataFrame, *, last: int = 6) -> pd.DataFrame:
    """Return what the frame itself says about units before anybody was treated.

    Returns
    -------
    DataFrame
        Index unit; ``level``: mean outcome of the ``last`` months before the first cohort;
        ``trend``: mean of the later half of them less mean of the earlier half.
    """
    frame = labelled(frame)[0]
    cohort = frame["cohort"]
    start = int(cohort.min())
    before = frame[frame["period"].between(start - last, start - 1)]
    late = before["period"] >= start - last // 2
    mean = before.groupby("unit")["y"].mean()
    trend = before[late].groupby("unit")["y"].mean() - before[~late].groupby("unit")["y"].mean()
    return pd.DataFrame({"level": mean, "trend": trend})


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Units with covariates, from which weights and effect are estimated together."""

    panel: Prepared
    X: np.ndarray
    method: Balancing
    trim: float
    options: Options

    @property
    def treated(self) -> np.ndarray:
        """(N,) bool, treated at some time."""
        return np.isfinite(self.panel.cohort)

    def weigh(self, among: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N,) each: propensity, whether kept, weight; estimated on the units ``among``."""
        D, X = self.treated[among], self.X[among]
        if not D.any() or D.all():
            raise CellError("empty_arm")
        score = logit(standardised(X), D.astype(float), np.ones(len(D)))[0]
        inside = ~D | (score <= 1 - self.trim) if self.trim else np.ones(len(D), bool)
        if not (inside & D).any():
            raise CellError("no_overlap")
        weight = np.ones(len(D))
        if self.method == "entropy":
            raw = entropy_weights(X[~D], X[D & inside].mean(axis=0))
        else:
            raw = score[~D] / (1 - score[~D])
        weight[~D] = np.maximum(raw / raw.mean(), 1e-9)
        found = np.full(len(among), np.nan), np.zeros(len(among), bool), np.zeros(len(among))
        for whole, part in zip(found, (score, inside, weight), strict=True):
            whole[among] = part
        return found

    def effect(self, among: np.ndarray) -> float:
        """Return the overall effect with weights estimated on the units ``among``."""
        try:
            _, kept, weight = self.weigh(among)
        except CellError as error:
            raise FrameError(str(error), "the units cannot be balanced") from error
        fields = ("units", "y", "n", "cohort", "covariates", "cluster", "stratum")
        part = replace(
            self.panel,
            weights=weight[kept] / weight[kept].mean(),
            **{name: getattr(self.panel, name)[kept] for name in fields},
        )
        effects = group_time(
            part,
            method=self.options.method,
            comparison="never_treated",
            base=self.options.base,
            unbalanced=self.options.unbalanced,
        )
        few = fewest_compared(self.panel.n_clusters)
        return float(aggregate(effects, "simple", fewest_compared=few).att[0])


def _weighted(options: Options) -> Options:
    """Return the options of the evaluation whose counts and checks are shown with the effect.

    Sites are weighted, so it is their means that are compared, whatever form leads.
    """
    return replace(
        options,
        form="mean",
        comparison="never_treated",
        weights="balancing_weight",
        inference="influence_function",
        alternatives=(),
        horizons=(),
    )


class _Maker:
    """Builds estimates and checks of one balancing."""

    def __init__(self, outcome, unit, method, names, options) -> None:
        self.outcome, self.unit, self.method = outcome, unit, method
        self.names, self.options = names, options
        self.stem = f"{options.prefix}.{outcome}"

    def nothing(self, rule: str) -> Balanced:
        reason = f"causal.fault.{rule}"
        estimate = Estimate(
            id=f"{self.stem}.variant.{self.method}",
            estimand="att_overall",
            indicator=self.outcome,
            unit=self.unit,
            value=None,
            n=0,
            method=f"{self.method}_balancing",
            level=self.options.level,
            simulated=self.options.simulated,
            dims={"beside": True, "variant": self.method},
            reason=reason,
        )
        check = Check(
            id=f"{self.stem}.check.balance.{self.method}",
            topic=Topic.BALANCED_WEIGHTS,
            indicator=self.outcome,
            question="causal.check.balance",
            status="not_possible",
            reason=reason,
        )
        empty = pd.DataFrame(columns=["unit", "treated", "propensity", "kept", "weight"])
        shown = pd.DataFrame(columns=["covariate", "before", "after", "trimmed"])
        return Balanced(None, empty, shown, (), (estimate,), (check,))

    def found(self, found: Evaluation, value: float, ends, table, X, missing: int) -> Balanced:
        D, kept = table["treated"].to_numpy(), table["kept"].to_numpy()
        trimmed = tuple(table.loc[~table["kept"], "unit"])
        w = table["weight"].to_numpy()[~D]
        spread = X[D].std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        all_treated, treated = X[D].mean(axis=0), X[D & kept].mean(axis=0)
        lost = X[~kept].mean(axis=0) - all_treated if trimmed else np.zeros(len(self.names))
        differences = pd.DataFrame(
            {
                "covariate": self.names,
                "before": (all_treated - X[~D].mean(axis=0)) / spread,
                "after": (treated - w @ X[~D] / w.sum()) / spread,
                "trimmed": lost / spread,
            }
        )
        effective = float(w.sum() ** 2 / (w @ w))
        own = found.overall
        nothing = dict.fromkeys(("se", "ci_low", "ci_high", "p_value", "reason"))
        estimate = replace(
            own,
            **{**nothing, **ends},
            value=value,
            id=f"{self.stem}.variant.{self.method}",
            estimand="att_overlap" if trimmed else "att_overall",
            method=f"{self.method}_balancing",
            dims={
                **own.dims,
                "beside": True,
                "variant": self.method,
                "covariates": ", ".join(self.names),
                "trimmed": len(trimmed),
                "effective_comparison": effective,
            },
        )
        balance = self._balance(differences, effective, len(w), missing)
        checks = (balance, self._trimming(trimmed, D))
        return Balanced(found, table, differences, trimmed, (estimate,), checks)

    def _balance(self, differences, effective, comparison, missing) -> Check:
        worst = float(differences["after"].abs().max())
        reason = None
        if worst > BALANCED:
            reason = "causal.why.balance.unequal"
        elif effective < min(FEWEST_EFFECTIVE, CARRIED * comparison):
            reason = "causal.why.balance.few_carry"
        return Check(
            id=f"{self.stem}.check.balance.{self.method}",
            topic=Topic.BALANCED_WEIGHTS,
            indicator=self.outcome,
            question="causal.check.balance",
            status="passed" if reason is None else "caution",
            value=worst,
            threshold=BALANCED,
            unit="standard_deviations",
            n=len(differences),
            reason=reason,
            remedy=None if reason is None else "causal.remedy.balance",
            params={
                "value": worst,
                "effective": effective,
                "comparison": comparison,
                "missing": missing,
            },
        )

    def _trimming(self, trimmed, D) -> Check:
        return Check(
            id=f"{self.stem}.check.trimming.{self.method}",
            topic=Topic.TRIMMING,
            indicator=self.outcome,
            question="causal.check.trimming",
            status="caution" if trimmed else "passed",
            value=float(len(trimmed)),
            threshold=0.0,
            unit="sites",
            n=int(D.sum()),
            reason="causal.why.trimming.left_out" if trimmed else None,
            remedy="causal.remedy.trimming" if trimmed else None,
            params={
                "value": len(trimmed),
                "treated": int(D.sum()),
                "sites": ", ".join(trimmed[:8]) + (" …" if len(trimmed) > 8 else ""),
            },
        )
