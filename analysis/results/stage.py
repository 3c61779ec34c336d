"""The results of a stage: of one of its steps, of several, or of all."""

from __future__ import annotations

import difflib
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.errors import SchemaError
from analysis.keywords import Named
from analysis.results.on_demand import StoredTables
from analysis.results.records import Alert, Check, Estimate, Finding
from analysis.results.shown import Shown

if TYPE_CHECKING:
    import pandas as pd

KINDS = {"estimates": Estimate, "checks": Check, "alerts": Alert, "findings": Finding}
"""Class of each kind of result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResults(Shown):
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
        for kind in KINDS:
            ids = [item.id for item in getattr(self, kind)]
            doubled = sorted(i for i, times in Counter(ids).items() if times > 1)
            if doubled:
                raise SchemaError(f"{self.stage}: {kind} share the ids {doubled}")
        for kind in ("facts", "tables"):
            given = getattr(self, kind)
            if not isinstance(given, StoredTables):
                given = Named(f"{kind.removesuffix('s')} of {self.stage}", given)
            object.__setattr__(self, kind, given)

    def __repr__(self) -> str:
        """Return how much of each kind there is; the thousands of values are in the attributes."""
        counts = [f"{len(getattr(self, kind))} {kind}" for kind in KINDS]
        states = Counter(check.status for check in self.checks)
        told = ", ".join(f"{n} {status}" for status, n in states.most_common())
        if told:
            counts[1] += f" ({told})"
        lines = [f"StageResults {self.stage!r}: {', '.join(counts)}"]
        lines += [f"  {kind}: {', '.join(names)}" for kind, names in
                  (("tables", self.tables), ("facts", self.facts)) if names]  # fmt: skip
        return "\n".join(textwrap.shorten(line, 400, placeholder=" …") for line in lines)

    def estimate(self, id: str) -> Estimate:
        """Return the estimate called ``id``; KeyError names the near ones."""
        for item in self.estimates:
            if item.id == id:
                return item
        known = [item.id for item in self.estimates]
        near = difflib.get_close_matches(id, known, n=5, cutoff=0.4)
        raise KeyError(f"{self.stage} has no estimate {id!r}; near: {near} of {len(known)}")

    def table(self, name: str) -> pd.DataFrame:
        """Return a stored table; KeyError names the near ones."""
        return stored_table(self.stage, name, self.tables)

    def table_or_empty(self, name: str) -> pd.DataFrame:
        """Return a stored table; one without rows where the stage could not make it."""
        import pandas as pd

        return self.tables[name] if name in self.tables else pd.DataFrame()

    def select(self, prefix: str) -> tuple[Estimate, ...]:
        """Return the estimates whose id starts with ``prefix``, in stored order."""
        return tuple(e for e in self.estimates if e.id.startswith(prefix))


def stored_table(owner: str, name: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a table by its name.

    Raises
    ------
    KeyError
        Names those that are near, or all.
    """
    if name in tables:
        return tables[name]
    near = difflib.get_close_matches(name, tables, n=5, cutoff=0.4) or sorted(tables)
    raise KeyError(f"{owner} has no table {name!r}; near: {', '.join(near) or 'it has none'}")


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
    bins: dict[str, list] = {kind: [] for kind in KINDS}
    taken_facts: dict[str, Any] = {}
    taken_tables: dict[str, pd.DataFrame] = {}

    def put(item: Any) -> None:
        if isinstance(item, StageResults):
            taken_facts.update(item.facts)
            taken_tables.update(item.tables)
            for kind in KINDS:
                bins[kind].extend(getattr(item, kind))
            return
        for kind, cls in KINDS.items():
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
        **{kind: tuple(i for part in whole for i in getattr(part, kind)) for kind in KINDS},
    )


def _union(stage: str, kind: str, parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in parts:
        if doubled := sorted(set(whole) & set(part)):
            raise SchemaError(f"{stage}: {kind} given twice: {doubled}")
        whole.update(part)
    return whole
