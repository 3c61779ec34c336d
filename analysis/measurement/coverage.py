"""Which module is meant to change what, and whether anything measures it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from analysis.measurement.columns import present
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import Rows, parts

READ = ("surveys", "ratings", "reactions", "enrolments", "assessments")
"""Canonical tables of which coverage reads anything."""

_COLUMNS = ["module", "behaviour", "indicator", "measured"]

Declared = Mapping[str, Mapping[str, Sequence[str]]]


def measured_items(given: Mapping[str, Rows]) -> set[str]:
    """Return the items with a score, as ``instrument.item``.

    Parameters
    ----------
    given : Mapping[str, DataFrame or Stored]
        Canonical tables by name.
    """
    found: set[str] = set()
    for name in ("surveys", "ratings", "reactions"):
        frame = given.get(name)
        if present(frame, "score", "instrument"):
            for part in parts(frame, ["instrument", "item", "score"]):
                pairs = part.loc[part["score"].notna(), ["instrument", "item"]].drop_duplicates()
                found |= {f"{i}.{k}" for i, k in pairs.astype(str).itertuples(index=False)}
    return found


def taught_modules(given: Mapping[str, pd.DataFrame]) -> list[str]:
    """Modules that anybody enrolled in, was tested in or was asked about, in their order."""
    names: set[str] = set()
    for name in ("enrolments", "assessments", "reactions"):
        if present(given.get(name), "module"):
            names |= set(given[name]["module"].dropna().astype(str))
    return sorted(names)


def coverage_matrix(declared: Declared, measured: Collection[str]) -> pd.DataFrame:
    """Write the declared chain module → behaviour → indicator as rows.

    Returns
    -------
    DataFrame
        ``module, behaviour, indicator, measured``; a behaviour without an indicator has one
        row with ``indicator`` empty.
    """
    rows = [
        (module, behaviour, indicator, indicator in measured)
        for module, behaviours in declared.items()
        for behaviour, indicators in behaviours.items()
        for indicator in (indicators or ("",))
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def level_coverage(given: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count what of each module is on record, whatever was declared.

    Returns
    -------
    DataFrame
        ``module, enrolments, reactions, pre, post``: rows in each table, tests before and
        after training apart.
    """
    modules = taught_modules(given)
    table = pd.DataFrame({"module": modules})
    for name in ("enrolments", "reactions"):
        table[name] = _rows(given.get(name), modules)
    tests = given.get("assessments")
    for occasion in ("pre", "post"):
        some = tests[tests["occasion"] == occasion] if present(tests, "occasion") else None
        table[occasion] = _rows(some, modules)
    return table


def _rows(frame: pd.DataFrame | None, modules: list[str]) -> list[int]:
    if not present(frame, "module"):
        return [0] * len(modules)
    return frame["module"].astype(str).value_counts().reindex(modules, fill_value=0).tolist()


def assess_coverage(
    given: Mapping[str, Rows],
    declared: Declared,
    *,
    measured: Collection[str] = (),
    goals: Collection[str] = (),
) -> StageResults:
    """Whether every module leads to something measured, and every goal starts from a module.

    Parameters
    ----------
    given : Mapping[str, DataFrame or Stored]
        Canonical tables by name; those of :data:`READ` are enough.
    declared : Mapping
        Module → behaviour → identifiers: indicators of the registry, or items as
        ``instrument.item``.
    measured : collection of str
        Indicators with a value in the panel.
    goals : collection of str
        Indicators of behaviour and results that have a goal; attendance, completion and marks
        are met by any module.

    Returns
    -------
    StageResults
        Checks ``baseline.coverage.modules`` (modules that lead to nothing measured) and
        ``baseline.coverage.indicators`` (goals and measured behaviour items that no module
        leads to); tables ``coverage``, ``coverage_levels``, ``coverage_gaps`` (``kind, name``).
    """
    levels = level_coverage(given)
    modules = list(dict.fromkeys([*declared, *levels["module"]]))
    question = "measurement.check.coverage.question"
    if not modules or not declared:
        reason = "measurement.reason.no_coverage" if modules else "measurement.reason.no_modules"
        missing = Check(
            id="baseline.coverage.modules",
            topic=Topic.COVERAGE,
            question=question,
            status="not_possible",
            reason=reason,
        )
        return collect("baseline", [missing], tables={"coverage_levels": levels})
    known = {*measured, *measured_items(given)}
    matrix = coverage_matrix(declared, known)
    served = set(matrix.loc[matrix["measured"], "module"])
    bare = [module for module in modules if module not in served]
    wanted = set(goals) | _behaviour_items(given)
    named = set(matrix["indicator"])
    orphans = sorted(wanted - named)
    rows = [("module", name) for name in bare] + [("indicator", name) for name in orphans]
    rows += [("unmeasured", name) for name in sorted(named - known - {""})]
    checks = [
        _check("modules", question, bare, len(modules), "coverage"),
        _check(
            "indicators",
            "measurement.check.coverage_goals.question",
            orphans,
            len(wanted),
            "coverage_goals",
        ),
    ]
    gaps = pd.DataFrame(rows, columns=["kind", "name"])
    tables = {"coverage": matrix, "coverage_levels": levels, "coverage_gaps": gaps}
    return collect("baseline", checks, tables=tables)


def _behaviour_items(given: Mapping[str, pd.DataFrame]) -> set[str]:
    ratings = given.get("ratings")
    return measured_items({"ratings": ratings}) if ratings is not None else set()


def _check(name: str, question: str, missing: list[str], of: int, key: str) -> Check:
    fine = not missing
    return Check(
        id=f"baseline.coverage.{name}",
        topic=Topic.COVERAGE,
        question=question,
        status="passed" if fine else "caution",
        value=float(len(missing)),
        threshold=0.0,
        unit="count",
        n=of,
        reason=None if fine else f"measurement.check.{key}.reason",
        remedy=None if fine else f"measurement.check.{key}.remedy",
        params={"missing": len(missing), "of": of, "example": missing[0] if missing else ""},
    )
