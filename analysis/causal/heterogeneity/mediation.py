r"""By which way: how much of an effect goes with the change of something in between. Exploratory.

With site changes from before the first start to after the last, Δm of the mediator and Δy of the
outcome, a is the effect on Δm and b the slope of Δy on Δm among sites of one arm:

.. math:: indirect = a\,b, \qquad direct = total - a\,b .

Nobody assigned the mediator. Whatever moves both Δm and Δy makes b wrong, so nothing here is called
an effect; the sensitivity :math:`\rho` says how strongly the two would have to be correlated for
other reasons to leave no indirect part at all.

References
----------
Imai, Keele, Yamamoto (2010), section 5, theorem 4 and its corollary for ρ; MacKinnon (2008).
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd

from analysis.causal.inference.inference_rule import FEWEST_FOR_BOOTSTRAP
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError, prepare
from analysis.memory import remembered
from analysis.results import Estimate


@remembered
def mediation(
    frame: pd.DataFrame,
    mediator: pd.DataFrame,
    *,
    outcome: str,
    through: str,
    unit: str,
    options: Options | None = None,
) -> tuple[Estimate, ...]:
    """Split the change of an outcome into a part that goes with a mediator and the rest.

    Parameters
    ----------
    frame, mediator : DataFrame
        Estimation frames of outcome and mediator; units in both, seen before the first and after
        the last start, count. Not modified.
    outcome, through : str
        Registry ids of outcome and mediator.
    unit : str
        Unit of the outcome.
    options : Options, optional
        ``level``, ``draws`` and ``seed`` of the bootstrap of sites within arms.

    Returns
    -------
    tuple of Estimate
        ``…mediation.<through>.total``, ``.indirect`` (``indirect_part``), ``.direct``
        (``direct_part``), ``.share`` and ``.rho`` (``mediation_rho``: correlation that would
        leave no indirect part). None is called causal. An outcome that did not
        change has no share. With fewer than four sites in an arm there is no interval.

    Raises
    ------
    FrameError
        As :func:`prepare`; ``no_never_treated``, ``empty``, ``no_variation`` of the mediator.
    """
    options = options or Options()
    changes = (
        _changes(frame).add_suffix("_y").join(_changes(mediator).add_suffix("_m"), how="inner")
    )
    if changes.empty:
        raise FrameError("empty", "no unit has both outcome and mediator before and after")
    D = changes["treated_y"].to_numpy(bool)
    dy, dm = changes["change_y"].to_numpy(), changes["change_m"].to_numpy()
    sizes = (int(D.sum()), int((~D).sum()))
    if min(sizes) < 2:
        raise FrameError("empty_arm", "an arm has fewer than two sites")
    own = _parts(dy[D], dm[D], dy[~D], dm[~D])
    if own is None:
        raise FrameError("no_variation", "the mediator changes alike at every site of an arm")
    ends = _bootstrap(dy, dm, D, options) if min(sizes) >= FEWEST_FOR_BOOTSTRAP else None
    stem = f"{options.prefix}.{outcome}.mediation.{through}"
    found = []
    for k, (name, estimand) in enumerate(
        (
            ("total", "total_change"),
            ("indirect", "indirect_part"),
            ("direct", "direct_part"),
            ("share", "indirect_share"),
            ("rho", "mediation_rho"),
        )
    ):
        value: float | None = float(own[k])
        interval = {"reason": "causal.reason.no_inference"}
        if not math.isfinite(own[k]):
            value, interval = None, {"reason": "causal.reason.nothing_to_split"}
        elif ends is not None and np.isfinite(ends[:, k]).all():
            interval = {
                "se": float(ends[2, k]),
                "ci_low": float(ends[0, k]),
                "ci_high": float(ends[1, k]),
                "interval_method": "cluster_bootstrap",
            }
        found.append(
            Estimate(
                id=f"{stem}.{name}",
                estimand=estimand,
                indicator=outcome,
                unit=unit if k < 3 else "share" if name == "share" else "correlation",
                value=value,
                n=len(changes),
                n_units=len(changes),
                n_clusters=len(changes),
                n_treated=sizes[0],
                method="product_of_coefficients",
                comparison="never_treated",
                level=options.level,
                dims={"through": through, "exploratory": True},
                simulated=options.simulated,
                **interval,
            )
        )
    return tuple(found)


def _changes(frame: pd.DataFrame) -> pd.DataFrame:
    """Change of each unit from before the first start to after the last one."""
    panel = prepare(frame)
    never = np.isinf(panel.cohort)
    if not never.any():
        raise FrameError("no_never_treated", "the comparison needs units never trained")
    before = panel.y[:, panel.periods < panel.cohorts.min()]
    after = panel.y[:, panel.periods >= panel.cohorts.max()]
    seen = (~np.isnan(before)).any(axis=1) & (~np.isnan(after)).any(axis=1)
    change = np.nanmean(after[seen], axis=1) - np.nanmean(before[seen], axis=1)
    return pd.DataFrame({"treated": ~never[seen], "change": change}, index=panel.units[seen])


def _parts(y1, m1, y0, m0) -> tuple[float, ...] | None:
    """Total, indirect, direct, share and ρ; None when the mediator does not vary."""
    total, a = y1.mean() - y0.mean(), m1.mean() - m0.mean()
    ry = np.concatenate([y1 - y1.mean(), y0 - y0.mean()])
    rm = np.concatenate([m1 - m1.mean(), m0 - m0.mean()])
    spread = rm @ rm
    if not spread > 1e-24 * max(1.0, float(m1 @ m1)):
        return None
    indirect = a * (rm @ ry) / spread
    rho = (rm @ ry) / np.sqrt(spread * max(ry @ ry, 1e-300))
    return total, indirect, total - indirect, indirect / total if total else np.nan, rho


def _bootstrap(dy, dm, D, options) -> np.ndarray | None:
    """Draw sites within arms; percentile ends and standard deviations, None without any draw."""
    rng = np.random.default_rng(options.seed)
    arms = np.flatnonzero(D), np.flatnonzero(~D)
    drawn = []
    for _ in range(options.draws):
        one, two = (rng.choice(arm, len(arm)) for arm in arms)
        part = _parts(dy[one], dm[one], dy[two], dm[two])
        if part is not None:
            drawn.append(part)
    if not drawn:
        return None
    tail = (1 - options.level) / 2
    values = np.array(drawn)
    with warnings.catch_warnings():  # a part that no draw has
        warnings.simplefilter("ignore", RuntimeWarning)
        ends = np.nanquantile(values, [tail, 1 - tail], axis=0)
        return np.vstack([ends, np.nanstd(values, axis=0, ddof=1)])
