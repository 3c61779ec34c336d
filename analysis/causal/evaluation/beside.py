"""The other estimators of the overall effect, each with the inference it can bear.

Imputation has the leading estimator's inferences by the same rule. The others have clustered
standard errors and t quantiles, as most software gives them, and none where those are known to
be too small (``docs/methods/estimators.md``).

All answer the leading estimator's question, or give no value and say so: months it leaves out for
want of a comparison are kept from them, and so are anticipated months. None of them adjusts for
covariates as the leading one does (a trend of its own for each value), so that with covariates
none is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from analysis.causal.did.aggregate import Aggregate
from analysis.causal.did.event_study import sun_abraham, twfe
from analysis.causal.did.imputation import imputation
from analysis.causal.did.lagged_outcome import lagged_outcome
from analysis.causal.did.two_by_two import two_by_two
from analysis.causal.evaluation.estimates import Builder, interval
from analysis.causal.inference.inference_rule import FEWEST_FOR_INFLUENCE
from analysis.causal.options import AIMS, Beside
from analysis.causal.panel.frame import FrameError, Prepared
from analysis.causal.resampling.few_clusters import wild_bootstrap
from analysis.causal.resampling.randomisation import among_draws
from analysis.causal.resampling.redrawn import redraw_imputation
from analysis.results import Estimate


def beside(builder: Builder, simple: Aggregate) -> tuple[Estimate, ...]:
    """Return the overall effect by the options' other estimators, or why one does not apply.

    Parameters
    ----------
    builder : Builder
    simple : Aggregate
        The leading estimator's overall effect.
    """
    panel = builder.panel
    common = builder.common(simple.cell_weights[0], "att_overall", {"beside": True})
    never = bool(np.isinf(panel.cohort).any())
    found = []
    for method in builder.options.alternatives:
        named = {"id": f"{builder.stem}.att.{method}"}
        compared = AIMS[method].comparison if never else AIMS[method].without_never
        named |= {**common, "method": method, "comparison": compared}
        if builder.options.covariates:
            named |= {"value": None, "causal": False, "reason": "causal.reason.not_adjusted"}
        elif not AIMS[method].differences and panel.count("always_treated_kept"):
            named |= {"value": None, "causal": False, "reason": "causal.reason.effect_in_level"}
        elif compared is None:
            named |= {"value": None, "causal": False, "reason": "causal.reason.no_never_treated"}
        else:
            try:
                named |= _FITS[method](builder, simple)
            except FrameError as fault:
                if fault.reason is None:
                    raise
                named |= {"value": None, "causal": False, "reason": f"causal.fault.{fault.rule}"}
        found.append(Estimate(**named))
    return tuple(found)


def asked(builder: Builder, simple: Aggregate) -> Prepared:
    """Return the panel of the cells that the leading mean averages, and of all untreated ones.

    Periods after the last of them are cut off; anticipated cells are taken out.
    """
    panel = builder.panel
    wanted = simple.cells[0]
    unwanted = panel.anticipated
    if builder.until(simple):
        chosen = np.zeros(panel.y.shape, bool)
        first = int(panel.periods[0])
        for g, t in zip(
            builder.effects.cohort[wanted], builder.effects.period[wanted], strict=True
        ):
            chosen[panel.cohort == g, t - first] = True
        unwanted = unwanted | (panel.treated & ~chosen)
        unwanted = unwanted | (panel.periods > builder.effects.period[wanted].max())
    if not unwanted.any():
        return panel
    last = int(np.flatnonzero(~unwanted.all(axis=0))[-1]) + 1
    y = np.where(unwanted, np.nan, panel.y)[:, :last]
    return replace(
        panel,
        periods=panel.periods[:last],
        y=y,
        n=np.where(np.isnan(y), 0.0, panel.n[:, :last]),
        covariates=panel.covariates[:, :last],
    )


def imputed(builder: Builder, simple: Aggregate) -> dict:
    """Return the fields of the imputation estimate, interval by the leading estimator's rule."""
    panel, options = asked(builder, simple), builder.options
    rule = builder.rule(simple.cell_weights[0])
    if rule.lead == "wild_bootstrap":
        guess = imputation(panel)
        found = wild_bootstrap(
            panel.y,
            guess.imputed,
            guess.omega,
            panel.observed & (guess.imputed | ~panel.treated),
            panel.cluster,
            weights=panel.weights,
            level=options.level,
            draws=options.draws,
            seed=options.seed,
        )
        if found is None:
            ends = {"interval_method": "none", "reason": "causal.reason.no_spread"}
        else:
            method = f"wild_{found.multipliers}"
            ends = interval(found.se, found.ci_low, found.ci_high, found.p_value, method)
    elif rule.lead == "randomisation":
        guess = imputation(panel)
        cells = np.flatnonzero(simple.cells[0])
        redrawn = redraw_imputation(builder.panel, draws=options.draws, seed=options.seed)
        where = builder.effects.cohort[cells], builder.effects.period[cells]
        found = among_draws(redrawn, *where, level=options.level)
        ends = interval(None, found.ci_low, found.ci_high, found.p_value, "randomisation")
    else:
        guess = imputation(panel, leave_one_out=True)
        ends = _clustered(builder, simple, guess.overall, guess.overall_se)
    if ends.get("ci_low") is None:
        ends = {"reason": "causal.reason.no_interval", **ends}
    return {"value": guess.overall, **ends}


def _clustered(builder: Builder, simple: Aggregate, value: float, se: float) -> dict:
    """Clustered t interval where the rule lets influence functions lead and waves are not small."""
    rule = builder.rule(simple.cell_weights[0])
    if rule.lead != "influence_function" or rule.waves_small or not se > 0:
        return {"reason": "causal.reason.few_clusters_beside"}
    return builder.t_interval(value, se, builder.panel.n_clusters - 1, "clustered_t")


def _plainly(
    fit: Callable[[Prepared], tuple[float, float]], *, against_last: bool = False
) -> Callable[..., dict]:
    """Give an estimator of value and standard error the clustered t interval.

    ``against_last``: whether it compares with the last to be trained alone, the never treated
    where there are any, who must then be enough.
    """

    def fields(builder: Builder, simple: Aggregate) -> dict:
        panel = asked(builder, simple)
        value, se = fit(panel)
        last = np.unique(panel.cluster[panel.cohort == panel.cohort.max()])
        if against_last and len(last) < FEWEST_FOR_INFLUENCE:
            return {"value": value, "reason": "causal.reason.few_clusters_beside"}
        return {"value": value, **_clustered(builder, simple, value, se)}

    return fields


def _two_by_two(panel: Prepared) -> tuple[float, float]:
    plain = two_by_two(panel)
    return plain.att, plain.se


def _twfe(panel: Prepared) -> tuple[float, float]:
    fit = twfe(panel)
    return float(fit.coef[0]), float(fit.se[0])


def _sun_abraham(panel: Prepared) -> tuple[float, float]:
    interaction = sun_abraham(panel)
    return interaction.overall, interaction.overall_se


def _lagged_outcome(panel: Prepared) -> tuple[float, float]:
    adjusted = lagged_outcome(panel)
    return adjusted.att, adjusted.se


_FITS: dict[Beside, Callable[[Builder, Aggregate], dict]] = {
    "two_by_two": _plainly(_two_by_two, against_last=True),
    "twfe": _plainly(_twfe),
    "imputation": imputed,
    "sun_abraham": _plainly(_sun_abraham, against_last=True),
    "lagged_outcome": _plainly(_lagged_outcome, against_last=True),
}
