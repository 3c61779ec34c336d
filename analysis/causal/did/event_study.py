"""Two-way fixed effects: one coefficient, one a period since treatment, or one a cohort as well.

The first two mix cohorts with weights that can be negative once effects differ between cohorts
or change with time; they are reported beside the group-time effects, never instead of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.did.two_way import Regression, regress, regress_shared
from analysis.causal.panel.frame import FrameError, Prepared, by_cluster

#: Numbers in a matrix by unit, period and coefficient beyond which a panel with gaps is refused
#: (half a gigabyte, of which a regression holds several at once).
MOST_ENTRIES = 2**26


def twfe(panel: Prepared) -> Regression:
    """Regress the outcome on "under treatment" with unit and period effects.

    Anticipated periods are left out, as they are neither treated nor untouched.
    """
    observed = panel.observed & ~panel.anticipated
    X = (panel.treated & observed)[..., None].astype(float)
    return regress(panel.y, X, observed, panel.cluster, ("treated",), panel.weights)


def twfe_event_study(panel: Prepared, *, reference: int | None = None) -> Regression:
    """Regress the outcome on dummies of event time with unit and period effects.

    Parameters
    ----------
    panel : Prepared
    reference : int, optional
        Event time left out, the last untouched one if not given. Never-treated units have no
        dummy. Without never-treated units a linear trend is not identified, so the earliest event
        time is left out as well.

    Returns
    -------
    Regression
        ``names`` are the event times as text, ascending.

    References
    ----------
    Sun, Abraham (2021), eq. 3; Borusyak, Jaravel, Spiess (2024), section 3.2 on the second
    reference.
    """
    event = panel.event_time
    reference = last_untouched(panel) if reference is None else reference
    times = np.unique(event[panel.observed & np.isfinite(event)]).astype(int)
    left_out = {reference} if np.isinf(panel.cohort).any() else {reference, int(times.min())}
    times = np.array([e for e in times if e not in left_out])
    # Units of one cohort with the same gaps have the same dummies.
    alike = np.column_stack([panel.cohort, panel.observed])
    _, first, member = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    X = (event[first][..., None] == times).astype(float)
    names = tuple(str(e) for e in times)
    return regress_shared(
        panel.y, X, member.ravel(), panel.observed, panel.cluster, names, panel.weights
    )


@dataclass(frozen=True, slots=True, eq=False)
class SunAbraham:
    """Interaction-weighted effects: by event time and overall.

    ``event_time`` (J,), ``att`` (J,), ``se`` (J,); ``overall`` and ``overall_se`` weight
    treated cells by their observations.
    """

    event_time: np.ndarray
    att: np.ndarray
    se: np.ndarray
    overall: float
    overall_se: float
    n_clusters: int


def last_untouched(panel: Prepared) -> int:
    """Return the last event time that treatment cannot have moved, −1 without anticipation."""
    return -1 - panel.anticipation


def sun_abraham(panel: Prepared, *, reference: int | None = None) -> SunAbraham:
    """Estimate cohort × event-time effects in one regression and average them by cohort share.

    The reference is the last untouched event time if none is given. The comparison are the never
    treated; without any, the last cohort, whose treated periods are left out.
    A panel without gaps takes memory of its own size only.

    Raises
    ------
    FrameError
        ``no_cell`` when no cohort is observed after its start; ``too_many_sites`` for a panel with
        gaps whose regressors would not fit into memory.

    References
    ----------
    Sun, Abraham (2021), Estimating dynamic treatment effects in event studies, section 4.
    """
    cohorts, observed = panel.cohorts, panel.observed
    reference = last_untouched(panel) if reference is None else reference
    if np.isfinite(panel.cohort).all():
        observed = observed & (panel.periods < cohorts[-1] - panel.anticipation)[None, :]
        cohorts = cohorts[:-1]
    inside = observed.any(axis=0)
    observed, y, event = observed[:, inside], panel.y[:, inside], panel.event_time[:, inside]
    cells = [
        (g, int(e))
        for g in cohorts
        for e in np.unique(event[observed & (panel.cohort[:, None] == g)])
        if e != reference
    ]
    if not any(e >= 0 for _, e in cells):
        raise FrameError("no_cell", "no cohort is observed after its start beside another")
    if observed.all():
        return _from_means(panel, y, cells, reference)
    if y.size * len(cells) > MOST_ENTRIES:
        raise FrameError("too_many_sites", f"{y.size} site-months × {len(cells)} coefficients")
    return _from_regression(panel, y, observed, cells, event)


def _from_regression(
    panel: Prepared,
    y: np.ndarray,
    observed: np.ndarray,
    cells: list[tuple[float, int]],
    event: np.ndarray,
) -> SunAbraham:
    """Regress on a dummy of every cell, in memory of units × periods × cells."""
    X = np.stack(
        [(panel.cohort[:, None] == g) & (event == e) & observed for g, e in cells], axis=-1
    ).astype(float)
    names = tuple(f"{g:.0f}:{e}" for g, e in cells)
    fit = regress(y, X, observed, panel.cluster, names, panel.weights)
    size = np.einsum("itk,i->k", X, panel.weights)
    times = np.array([e for _, e in cells])
    keys = np.unique(times)
    found = [fit.combine(np.where(times == e, size, 0) / size[times == e].sum()) for e in keys]
    post = times >= 0
    overall = fit.combine(np.where(post, size, 0) / size[post].sum())
    return SunAbraham(
        event_time=keys,
        att=np.array([att for att, _ in found]),
        se=np.array([se for _, se in found]),
        overall=overall[0],
        overall_se=overall[1],
        n_clusters=fit.n_clusters,
    )


def _from_means(
    panel: Prepared, y: np.ndarray, cells: list[tuple[float, int]], reference: int
) -> SunAbraham:
    """Give the regression's answer on a panel without gaps, in memory of the panel's own size.

    With a coefficient in every cell but the reference the regression only compares means of
    cohorts, δ(g, t) = ȳ(g, t) − ȳ(g, r) − ȳ(c, t) + ȳ(c, r), and its residuals are a unit's
    distances from them. Columns by unit, period and coefficient would be needed otherwise.
    """
    N, T = y.shape
    cohorts = np.unique([g for g, _ in cells])
    compared = panel.cohort == panel.cohort.max()
    rows = {g: panel.cohort == g for g in cohorts}
    share, mean, error = {}, {}, np.zeros(y.shape)
    for g, members in [*rows.items(), (np.inf, compared)]:
        share[g] = panel.weights[members] / panel.weights[members].sum()
        mean[g] = share[g] @ y[members]
        error[members] = y[members] - mean[g]
    first = int(panel.periods[0])
    n_clusters = panel.n_clusters
    factor = n_clusters / (n_clusters - 1) * (N * T - 1) / (N * T - len(cells) - T)

    def combined(wanted: list[tuple[float, int]]) -> tuple[float, float]:
        """Mean of some coefficients by their cohorts' weights, and its clustered error."""
        size = np.array([panel.weights[rows[g]].sum() for g, _ in wanted])
        taken = {g: np.zeros(T) for g in cohorts}
        for (g, e), weight in zip(wanted, size / size.sum(), strict=True):
            taken[g][int(g) + e - first] += weight
            taken[g][int(g) + reference - first] -= weight
        score, all_taken, att = np.zeros(N), sum(taken.values()), 0.0
        for g, members in rows.items():
            att += float(taken[g] @ (mean[g] - mean[np.inf]))
            score[members] = share[g] * (error[members] @ taken[g])
        score[compared] = -share[np.inf] * (error[compared] @ all_taken)
        summed = by_cluster(score, panel.cluster)
        return att, float(np.sqrt(factor * summed @ summed))

    keys = np.unique([e for _, e in cells])
    found = [combined([cell for cell in cells if cell[1] == e]) for e in keys]
    overall = combined([cell for cell in cells if cell[1] >= 0])
    return SunAbraham(
        event_time=keys,
        att=np.array([att for att, _ in found]),
        se=np.array([se for _, se in found]),
        overall=overall[0],
        overall_se=overall[1],
        n_clusters=n_clusters,
    )
