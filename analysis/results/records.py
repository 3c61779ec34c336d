"""Single results: an estimate, a check, an alert, a finding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from analysis.results.claims import Claim
from analysis.results.shown import Shown
from analysis.results.topics import Topic
from analysis.settings import LEVEL

Scalar = str | int | float | bool | None
Status = Literal["passed", "caution", "failed", "not_possible"]
DesignGrade = Literal["randomised", "quasi_experimental", "descriptive", "not_estimated"]
Strength = Literal["strong", "moderate", "weak", "insufficient"]


class Agreement(StrEnum):
    """Whether methods that aim at one and the same effect give one and the same answer."""

    NOT_ASKED = "not_asked"
    AGREE = "agree"
    DISAGREE = "disagree"


def _finite(name: str, value: float | None) -> None:
    if value is not None and not math.isfinite(value):
        raise ValueError(f"{name} must be finite or None, got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Shown):
    """One number with everything needed to believe or doubt it.

    Attributes
    ----------
    id : str
        Unique within a run, dotted: ``tracking.csat_mean.att.overall``.
    estimand : str
        What is estimated, in the field's term: ``att_overall``, ``att_event_time``,
        ``mean``, ``proportion``, ``difference`` …
    indicator : str or None
        Registry identifier of the outcome.
    unit : str
        Unit of ``value`` as in the registry (``score_1_5``, ``share``, ``minutes``, ``CNY`` …).
    value : float or None
        Point estimate; None when it could not be computed (``reason`` says why).
    se, ci_low, ci_high, p_value : float or None
        Uncertainty; the interval has coverage ``level`` and was built by ``interval_method``.
    n : int
        Observations behind the number.
    n_units, n_clusters, n_treated : int or None
        Units, clusters of inference, and treated clusters.
    method : str
        Estimator, e.g. ``group_time_dr``.
    interval_method : str
        How the interval was built, e.g. ``influence_function``, ``wilson``.
    adjustment : str or None
        ``uniform`` or ``romano_wolf`` where the interval covers a family, None when pointwise.
    comparison : str or None
        Comparison group: ``never_treated``, ``not_yet_treated``; None where there is none.
    causal : bool
        Whether the number may be called an effect. Requires ``comparison``.
    dims : Mapping
        What distinguishes it from its sisters, e.g. ``{"event_time": 3}``.
    simulated : bool
        Whether it was computed from simulated data.
    reason : str or None
        Wording key: why there is no value.
    agreement : Agreement
        Whether the other methods of the same effect agree with this one. Where they do not, the
        number alone is not to be read, priced or held against a target.
    methods_low, methods_high : float or None
        Lowest and highest value by any of the methods, this one among them.
    n_smallest : int or None
        People in the smallest of the groups whose described values it sets side by side; a
        difference of values that are not shown is not shown either.
    """

    id: str
    estimand: str
    unit: str
    value: float | None
    n: int
    method: str
    interval_method: str = "none"
    indicator: str | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    level: float = LEVEL
    p_value: float | None = None
    n_units: int | None = None
    n_clusters: int | None = None
    n_treated: int | None = None
    adjustment: str | None = None
    comparison: str | None = None
    causal: bool = False
    dims: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    reason: str | None = None
    agreement: Agreement = Agreement.NOT_ASKED
    methods_low: float | None = None
    methods_high: float | None = None
    n_smallest: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "agreement", Agreement(self.agreement))
        for name in ("value", "se", "ci_low", "ci_high", "p_value", "methods_low", "methods_high"):
            _finite(name, getattr(self, name))
        if self.disputed and (self.methods_low is None or self.methods_high is None):
            raise ValueError(f"{self.id}: where methods disagree, their range must be told")
        if self.value is None and self.reason is None:
            raise ValueError(f"{self.id}: an estimate without a value must give its reason")
        if self.causal and self.comparison is None:
            raise ValueError(f"{self.id}: no causal estimate without a comparison group")
        if (self.ci_low is None) != (self.ci_high is None):
            raise ValueError(f"{self.id}: an interval has two ends")

    @property
    def disputed(self) -> bool:
        """Whether methods disagree on this number."""
        return self.agreement is Agreement.DISAGREE

    @property
    def one_sided(self) -> bool:
        """Whether methods agree at least on the direction."""
        low, high = self.methods_low, self.methods_high
        if not self.disputed or low is None or high is None:
            return not self.disputed
        return low > 0 or high < 0

    def __str__(self) -> str:
        """Return the estimate in one line: value, interval, unit, n, units, comparison."""
        told = [f"n = {self.n:,}"]
        if self.n_units is not None:
            treated = "" if self.n_treated is None else f" ({self.n_treated} treated)"
            told.append(f"{self.n_units} units{treated}")
        told += [f"against {self.comparison}"] if self.comparison else []
        told += ["simulated"] if self.simulated else []
        if self.value is None:
            return f"{self.id}: no value ({self.reason}); {', '.join(told)}"
        no_interval = self.ci_low is None or self.ci_high is None
        interval = "" if no_interval else f" [{self.ci_low:.4g}, {self.ci_high:.4g}]"
        return f"{self.id}: {self.value:.4g}{interval} {self.unit}; {', '.join(told)}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the one line in IPython and Jupyter."""
        printer.text("…" if cycle else str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Shown):
    """The answer to one question about data, design or result.

    ``topic`` says what it is about: grades, readiness and pages go by it, an id only tells checks
    apart. ``indicator`` names the outcome it is asked of. ``question``, ``reason`` and ``remedy``
    are wording keys; ``params`` fills their blanks, of which a list holds running months.
    ``value`` was compared with ``threshold`` in ``unit``.
    """

    id: str
    topic: Topic
    question: str
    status: Status
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None
    n: int | None = None
    reason: str | None = None
    remedy: str | None = None
    indicator: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    dims: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "topic", Topic(self.topic))
        _finite("value", self.value)
        if self.status == "not_possible" and self.reason is None:
            raise ValueError(f"{self.id}: a check that was not possible must say why")

    def refuses(self, step: str) -> bool:
        """Tell whether this says why a step was refused."""
        return self.topic is Topic.REFUSED and self.dims.get("topic") == step

    def __str__(self) -> str:
        """Return the check in one line: state, value against threshold, n."""
        unit = "" if self.unit is None else f" {self.unit}"
        told = [] if self.value is None else [f"{self.value:.4g}{unit}"]
        told += [] if self.threshold is None else [f"threshold {self.threshold:.4g}"]
        told += [] if self.n is None else [f"n = {self.n:,}"]
        told += [f"why: {self.reason}"] if self.reason and self.status != "passed" else []
        return f"{self.id}: {self.status}" + (f"; {', '.join(told)}" if told else "")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the one line in IPython and Jupyter."""
        printer.text("…" if cycle else str(self))


def none_found(
    id: str, topic: Topic, stem: str, found: int, *, n: int, params: Mapping[str, Any]
) -> Check:
    """Return a check that asks for caution as soon as one of ``n`` things was found.

    Parameters
    ----------
    id : str
        Id of the check.
    topic : Topic
        What it is about.
    stem : str
        Wording key under which ``question``, ``reason`` and ``remedy`` stand.
    found, n : int
        Things found, of how many looked at.
    params : Mapping
        Fills the sentences.
    """
    return Check(
        id=id,
        topic=topic,
        question=f"{stem}.question",
        status="caution" if found else "passed",
        value=float(found),
        threshold=0.0,
        unit="count",
        n=n,
        reason=f"{stem}.reason",
        remedy=f"{stem}.remedy" if found else None,
        params=params,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Shown):
    """A monitoring rule that fired, with its noise test.

    ``grade`` is 1 (act today) to 3 (watch). ``false_alarm_rate`` is the computed probability
    of this alert on a null process. ``message`` and ``response`` are wording keys.
    """

    id: str
    rule: str
    grade: Literal[1, 2, 3]
    message: str
    response: str
    subject: str
    indicator: str | None = None
    unit: str | None = None
    value: float | None = None
    threshold: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n: int | None = None
    p_value: float | None = None
    false_alarm_rate: float | None = None
    owner: str | None = None
    due_on: str | None = None
    state: Literal["open", "acknowledged", "closed"] = "open"
    requirement: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("value", "ci_low", "ci_high", "p_value", "false_alarm_rate"):
            _finite(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Shown):
    """A graded claim: what is said, how it was identified, how strong it is.

    ``claim`` (its value is a wording key) and ``action``, a wording key, are filled from
    ``params``; ``estimates`` and ``checks`` are the identifiers of the evidence. ``agreement`` is
    that of the methods behind it;
    where they disagree, ``params`` hold their range (``methods_low``, ``methods_high``).
    """

    id: str
    claim: Claim
    design: DesignGrade
    strength: Strength
    params: Mapping[str, Any] = field(default_factory=dict)
    estimates: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    action: str | None = None
    agreement: Agreement = Agreement.NOT_ASKED

    def __post_init__(self) -> None:
        object.__setattr__(self, "claim", Claim(self.claim))
        object.__setattr__(self, "agreement", Agreement(self.agreement))

    @property
    def disputed(self) -> bool:
        """Whether methods disagree on what is claimed."""
        return self.agreement is Agreement.DISAGREE
