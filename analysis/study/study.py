"""The effect in a researcher's own panel, and what it prints as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import causal, wording
from analysis.causal import Options
from analysis.keywords import refusing_typos
from analysis.results import Check, Estimate
from analysis.study import figures as drawn
from analysis.study import words
from analysis.study.panel import Panel, read_panel
from analysis.study.periods import Calendar, PanelError, Step
from analysis.study.table import Table, etable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.causal.did.pooled_cells import Form
    from analysis.causal.options import Beside

_DEFAULT = Options()
MONTHLY_HORIZONS = _DEFAULT.horizons
"""Horizons of a monthly panel; other steps have none unless asked for."""


@dataclass(frozen=True, eq=False)
class Study:
    """An effect with all that it rests on; ``print`` shows it on one screen.

    Attributes
    ----------
    evaluation : Evaluation
        Estimates, checks, tables and group-time cells, for further work.
    panel : Panel
        The frame it was estimated on.
    y, unit, period : str
        Names of the columns.
    measured_in : str
        Unit of measurement, as typed.
    language : {"zh_CN", "en"}
    """

    evaluation: causal.Evaluation
    panel: Panel
    y: str
    unit: str
    period: str
    measured_in: str
    language: wording.Language

    @property
    def effect(self) -> Estimate:
        """The overall effect on the treated, or the change where nobody can be compared with."""
        return self.evaluation.overall

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks on data, design and result."""
        return self.evaluation.checks()

    @property
    def calendar(self) -> Calendar:
        """How periods are counted."""
        return self.panel.calendar

    def to_frame(self) -> pd.DataFrame:
        """Return all estimates, a row each.

        Returns
        -------
        DataFrame
            ``estimand`` (``att_overall``, ``att_event_time``, ``att_cohort``, ``att_calendar``,
            ``att_horizon``), ``estimator``, ``event_time``, ``cohort`` and ``period`` as the data
            write them, ``estimate``, ``std_error``, ``ci_low``, ``ci_high``, ``p_value``, ``n``,
            ``units``, ``treated_units``, ``clusters``, ``interval``; missing where there is none.
        """
        rows = [
            {
                "estimand": found.estimand,
                "estimator": found.method,
                "event_time": found.dims.get("event_time"),
                "cohort": self._label(found.dims.get("cohort")),
                "period": self._label(found.dims.get("period")),
                "estimate": found.value,
                "std_error": found.se,
                "ci_low": found.ci_low,
                "ci_high": found.ci_high,
                "p_value": found.p_value,
                "n": found.n,
                "units": found.n_units,
                "treated_units": found.n_treated,
                "clusters": found.n_clusters,
                "interval": found.interval_method,
            }
            for found in self.evaluation.estimates()
        ]
        frame = pd.DataFrame(rows)
        numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
        frame[numbers] = frame[numbers].astype(float)
        whole = ["event_time", "n", "units", "treated_units", "clusters"]
        frame[whole] = frame[whole].astype("Int64")
        return frame

    def _label(self, period: float | None) -> str | None:
        return None if period is None else self.calendar.label(period)

    def summary(self, language: wording.Language | None = None) -> str:
        """Write the effect, what it rests on and what to look out for, on one screen.

        Parameters
        ----------
        language : {"zh_CN", "en"}, optional
            That of the study by default.
        """
        return words.screen(self, self._in(language))

    def to_latex(self) -> str:
        """Write the effect as a LaTeX table, with booktabs' rules."""
        return self.table().to_latex()

    def to_markdown(self) -> str:
        """Write the effect as a Markdown table."""
        return self.table().to_markdown()

    def table(self) -> Table:
        """Return the effect as a table of one column; see :func:`etable`."""
        return etable([self], language=self.language)

    def plot(
        self,
        what: str = "event_study",
        *,
        ax: Axes | None = None,
        language: wording.Language | None = None,
    ) -> Axes:
        """Draw the study.

        Parameters
        ----------
        what : {"event_study", "cohorts", "calendar", "trends", "estimators", "sensitivity"}
            Effects by time since the start, by cohort or by period; mean outcomes of both arms;
            the estimators side by side; intervals where trends may differ (Rambachan, Roth 2023).
        ax : Axes, optional
            Where to draw; new axes by default.
        language : {"zh_CN", "en"}, optional

        Returns
        -------
        Axes
        """
        return drawn.draw(self, what, ax, self._in(language))

    def _in(self, language: str | None) -> wording.Language:
        return self.language if language is None else wording.read_language(language)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<Study of {self.y} by {self.panel.treatment}: {self.effect}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/plain": self.summary(),
            "text/html": words.as_html(self, self.language),
            "text/latex": self.to_latex(),
        }


@refusing_typos
def evaluate(
    data: pd.DataFrame,
    *,
    y: str,
    unit: str,
    period: str,
    treated: str | None = None,
    cohort: str | None = None,
    measured_in: str = "",
    n: str | None = None,
    form: Form = _DEFAULT.form,
    exposure: str | None = None,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    weights: str | None = None,
    stratum: str | None = None,
    method: causal.options.Method = _DEFAULT.method,
    comparison: causal.options.Comparison = _DEFAULT.comparison,
    base: causal.options.Base = _DEFAULT.base,
    unbalanced: causal.options.Unbalanced = _DEFAULT.unbalanced,
    shares: causal.options.Shares = _DEFAULT.shares,
    drawn_by_lot: bool = _DEFAULT.drawn_by_lot,
    anticipation: int = _DEFAULT.anticipation,
    always_treated: causal.options.AlwaysTreated = _DEFAULT.always_treated,
    level: float = _DEFAULT.level,
    draws: int = _DEFAULT.draws,
    seed: int = _DEFAULT.seed,
    horizons: Sequence[int] | None = None,
    pretrend_periods: int = _DEFAULT.pretrend_periods,
    alternatives: Sequence[Beside] = _DEFAULT.alternatives,
    inference: causal.options.Lead | None = _DEFAULT.inference,
    simulated: bool = _DEFAULT.simulated,
    language: wording.Language | None = None,
) -> Study:
    """Estimate the effect of a treatment that starts at different times, from a tidy panel.

    Where periods are missing for every unit (two survey rounds, every second year) those that were
    measured are compared in their order, and labelled as they are.

    Parameters
    ----------
    data : DataFrame
        A row is one unit in one period. Not modified.
    y, unit, period : str
        Columns: outcome, unit, period (whole numbers, dates, ``Period``, or text such as 2023-05).
    treated : str, optional
        Column of 0 and 1, whether the unit is treated in the period.
    cohort : str, optional
        Column with the first treated period, missing or 0 for never. Exactly one of both.
    measured_in : str
        Unit of measurement, as it is to be written.
    n : str, optional
        Column: observations behind the outcome.
    form : {"mean", "rate", "share"}
        ``mean``: units count alike by ``y``. ``rate`` and ``share``: ``y`` is a count (complaints)
        or a numerator (paid), and the outcome is it divided by ``exposure``; every unit and period
        weighs by that, and periods multiply (a rate) or add (a share).
    exposure : str, optional
        Column: what a count is of (household-months), or the denominator of a share (due).
    covariates : sequence of str
        Columns measured before the treatment to adjust for.
    cluster, weights, stratum : str, optional
        Columns: cluster of inference (the unit by default), weights of units, stratum of the
        lottery.
    horizons : sequence of int, optional
        Periods after the first treated one at which the effect is asked for; months 1, 3, 6 and 12
        of a monthly panel by default, none of another.
    language : {"zh_CN", "en"}, optional
        That of the notebook's stage, else of the session's locale, by default.
    method, comparison, base, unbalanced, shares, drawn_by_lot, anticipation, always_treated
        As in :class:`analysis.causal.Options`, with its defaults.
    level, draws, seed, pretrend_periods, alternatives, inference, simulated
        Likewise.

    Returns
    -------
    Study

    Raises
    ------
    PanelError
        Where a column is not there or cannot be read.
    FrameError, OptionError
        As :func:`analysis.causal.evaluate`.

    References
    ----------
    Callaway, Sant'Anna (2021); Roth, Sant'Anna (2023) for ``drawn_by_lot``.
    """
    language = wording.read_language(language)
    if (form == "mean") != (exposure is None):
        raise PanelError(
            "form='rate' and form='share' take exposure=, the column that y is a count of, and no "
            "other form does; e.g. form='rate', y='complaints', exposure='households'"
        )
    kept = [*covariates, *(name for name in (cluster, weights, stratum) if name is not None)]
    own = "unit" if cluster == unit else cluster
    if exposure is not None:
        measured_in = measured_in or f"{y} / {exposure}"
    panel = read_panel(
        data,
        y=y,
        unit=unit,
        period=period,
        treated=treated,
        cohort=cohort,
        n=n,
        exposure=exposure,
        keep=list(dict.fromkeys(name for name in kept if name != unit)),
    )
    if horizons is None:
        horizons = MONTHLY_HORIZONS if panel.calendar.step is Step.MONTH else ()
    frame, rounds = causal.to_rounds(panel.frame, joined=panel.calendar.step is Step.MONTH)
    if rounds is not None:
        anticipation = rounds.anticipated(anticipation, panel.frame["cohort"])
    options = Options(
        method=method,
        comparison=comparison,
        base=base,
        unbalanced=unbalanced,
        shares=shares,
        drawn_by_lot=drawn_by_lot,
        anticipation=anticipation,
        always_treated=always_treated,
        covariates=tuple(covariates),
        cluster=own,
        weights=weights,
        stratum=stratum,
        level=level,
        draws=draws,
        seed=seed,
        horizons=tuple(horizons),
        pretrend_periods=pretrend_periods,
        alternatives=tuple(alternatives),
        inference=inference,
        form=form,
        simulated=simulated,
        rounds=rounds,
        prefix="study",
    )
    found = causal.evaluate(frame, outcome=y.replace(".", "_"), unit=measured_in, options=options)
    return Study(found, panel, y, unit, period, measured_in, language)
