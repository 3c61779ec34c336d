"""What every stage hands on: frozen results with a JSON round trip.

An interval is fixed when the :class:`Estimate` is built; tables, plots and sentences read
the same object. Nothing here computes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from analysis.errors import SchemaError

Scalar = str | int | float | bool | None
Status = Literal["passed", "caution", "failed", "not_possible"]
DesignGrade = Literal["randomised", "quasi_experimental", "descriptive"]
Strength = Literal["strong", "moderate", "weak", "insufficient"]


def _finite(name: str, value: float | None) -> None:
    if value is not None and not math.isfinite(value):
        raise ValueError(f"{name} must be finite or None, got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
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
    level: float = 0.95
    p_value: float | None = None
    n_units: int | None = None
    n_clusters: int | None = None
    n_treated: int | None = None
    adjustment: str | None = None
    comparison: str | None = None
    causal: bool = False
    dims: Mapping[str, Scalar] = field(default_factory=dict)
    simulated: bool = False
    reason: str | None = None

    def __post_init__(self) -> None:
        for name in ("value", "se", "ci_low", "ci_high", "p_value"):
            _finite(name, getattr(self, name))
        if self.value is None and self.reason is None:
            raise ValueError(f"{self.id}: an estimate without a value must give its reason")
        if self.causal and self.comparison is None:
            raise ValueError(f"{self.id}: no causal estimate without a comparison group")
        if (self.ci_low is None) != (self.ci_high is None):
            raise ValueError(f"{self.id}: an interval has two ends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The answer to one question about data, design or result.

    ``question``, ``reason`` and ``remedy`` are wording keys; ``params`` fills their blanks.
    ``value`` was compared with ``threshold`` in ``unit``.
    """

    id: str
    question: str
    status: Status
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None
    n: int | None = None
    reason: str | None = None
    remedy: str | None = None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    dims: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _finite("value", self.value)
        if self.status == "not_possible" and self.reason is None:
            raise ValueError(f"{self.id}: a check that was not possible must say why")


def none_found(id: str, stem: str, found: int, *, n: int, params: Mapping[str, Any]) -> Check:
    """Return a check that asks for caution as soon as one of ``n`` things was found.

    Parameters
    ----------
    id : str
        Id of the check.
    stem : str
        Wording key under which ``question``, ``reason`` and ``remedy`` stand.
    found, n : int
        Things found, of how many looked at.
    params : Mapping
        Fills the sentences.
    """
    return Check(
        id=id,
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
class Alert:
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
    params: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("value", "ci_low", "ci_high", "p_value", "false_alarm_rate"):
            _finite(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A graded claim: what is said, how it was identified, how strong it is.

    ``claim`` and ``action`` are wording keys filled from ``params``; ``estimates`` and
    ``checks`` are the identifiers of the evidence.
    """

    id: str
    claim: str
    design: DesignGrade
    strength: Strength
    params: Mapping[str, Scalar] = field(default_factory=dict)
    estimates: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    action: str | None = None


_KINDS = {"estimates": Estimate, "checks": Check, "alerts": Alert, "findings": Finding}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResults:
    """All that one stage found: results by kind, plain facts, and data tables.

    ``facts`` holds JSON scalars, lists and objects (dates, choices, plan hash …); ``tables``
    holds tidy frames that are stored as Parquet beside the JSON.
    """

    stage: str
    estimates: tuple[Estimate, ...] = ()
    checks: tuple[Check, ...] = ()
    alerts: tuple[Alert, ...] = ()
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in _KINDS:
            ids = [item.id for item in getattr(self, kind)]
            doubled = sorted({i for i in ids if ids.count(i) > 1})
            if doubled:
                raise SchemaError(f"{self.stage}: {kind} share the ids {doubled}")

    def estimate(self, id: str) -> Estimate:
        """Return the estimate called ``id``; KeyError names the near ones."""
        for item in self.estimates:
            if item.id == id:
                return item
        raise KeyError(
            f"{self.stage} has no estimate {id!r}; it has {[e.id for e in self.estimates]}"
        )

    def table(self, name: str) -> pd.DataFrame:
        """Return a stored table; one without rows where the stage could not make it."""
        return self.tables.get(name, pd.DataFrame())

    def select(self, prefix: str) -> tuple[Estimate, ...]:
        """Return the estimates whose id starts with ``prefix``, in stored order."""
        return tuple(e for e in self.estimates if e.id.startswith(prefix))


def collect(stage: str, items: Iterable[Any], *, facts=None, tables=None) -> StageResults:
    """Sort results of any kind into a :class:`StageResults`.

    Parameters
    ----------
    stage : str
        Stage name.
    items : Iterable
        Estimates, checks, alerts and findings, mixed; nested iterables are flattened, and
        so are other :class:`StageResults`, whose facts and tables are taken over.
    facts, tables : Mapping, optional
        As in :class:`StageResults`; they win over those taken over.
    """
    bins: dict[str, list] = {kind: [] for kind in _KINDS}
    taken_facts: dict[str, Any] = {}
    taken_tables: dict[str, pd.DataFrame] = {}

    def put(item: Any) -> None:
        if isinstance(item, StageResults):
            taken_facts.update(item.facts)
            taken_tables.update(item.tables)
            for kind in _KINDS:
                bins[kind].extend(getattr(item, kind))
            return
        for kind, cls in _KINDS.items():
            if isinstance(item, cls):
                bins[kind].append(item)
                return
        if isinstance(item, Iterable) and not isinstance(item, (str, bytes, Mapping)):
            for part in item:
                put(part)
            return
        raise TypeError(f"{stage}: not a result: {type(item).__name__}")

    put(list(items))
    return StageResults(
        stage=stage,
        facts={**taken_facts, **(facts or {})},
        tables={**taken_tables, **(tables or {})},
        **{kind: tuple(found) for kind, found in bins.items()},
    )


def merge(stage: str, items: Iterable[Any], *, facts=None, tables=None) -> StageResults:
    """Put the results of a stage's steps into one.

    Parameters
    ----------
    stage : str
        Stage name.
    items : Iterable
        StageResults of steps, or single results as :func:`collect` takes them.
    facts, tables : Mapping, optional
        Added to those of the steps; the same name twice is an error.
    """
    steps = [item for item in items if isinstance(item, StageResults)]
    single = collect(
        stage,
        [item for item in items if not isinstance(item, StageResults)],
        facts=facts,
        tables=tables,
    )
    whole = [*steps, single]
    return StageResults(
        stage=stage,
        facts=_union(stage, "facts", [part.facts for part in whole]),
        tables=_union(stage, "tables", [part.tables for part in whole]),
        **{kind: tuple(i for part in whole for i in getattr(part, kind)) for kind in _KINDS},
    )


def _union(stage: str, kind: str, parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in parts:
        if doubled := sorted(set(whole) & set(part)):
            raise SchemaError(f"{stage}: {kind} given twice: {doubled}")
        whole.update(part)
    return whole


def to_json(results: StageResults) -> str:
    """Serialise all but the tables; keys sorted, so equal results are equal bytes."""
    body = {
        "stage": results.stage,
        "facts": dict(results.facts),
        "tables": sorted(results.tables),
        **{kind: [asdict(item) for item in getattr(results, kind)] for kind in _KINDS},
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def from_json(text: str, tables: Mapping[str, pd.DataFrame] | None = None) -> StageResults:
    """Rebuild what :func:`to_json` wrote; an unknown field raises SchemaError."""
    body = json.loads(text)
    parts: dict[str, tuple] = {}
    for kind, cls in _KINDS.items():
        known = {f.name for f in fields(cls)}
        items = []
        for raw in body.get(kind, []):
            if unknown := set(raw) - known:
                raise SchemaError(f"{body['stage']}: {kind} with unknown fields {sorted(unknown)}")
            items.append(cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}))
        parts[kind] = tuple(items)
    return StageResults(
        stage=body["stage"], facts=body.get("facts", {}), tables=tables or {}, **parts
    )


def save(results: StageResults, folder: Path) -> Path:
    """Write ``<stage>.json`` and ``<stage>/<table>.parquet`` under ``folder``, atomically."""
    from analysis.files import replace_file

    folder = Path(folder)
    for name, frame in results.tables.items():
        replace_file(
            folder / results.stage / f"{name}.parquet",
            lambda path, frame=frame: frame.to_parquet(path, index=False),
        )
    target = folder / f"{results.stage}.json"
    text = to_json(results)
    replace_file(target, lambda path: path.write_text(text, encoding="utf-8"))
    return target


def load(stage: str, folder: Path) -> StageResults:
    """Read what :func:`save` wrote."""
    folder = Path(folder)
    text = (folder / f"{stage}.json").read_text(encoding="utf-8")
    names = json.loads(text)["tables"]
    frames = {name: pd.read_parquet(folder / stage / f"{name}.parquet") for name in names}
    return from_json(text, frames)
