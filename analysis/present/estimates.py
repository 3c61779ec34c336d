"""Estimates become a table: value, interval and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis import wording
from analysis.present import sentences, tables
from analysis.present.suppression import MARK, few
from analysis.results import Estimate
from analysis.settings import MIN_CELL, Language

_PLAIN_UNITS = ("CNY", "ratio", "people", "sites", "count")
"""Units of what describes no people."""


def estimates_table(
    estimates: Sequence[Estimate],
    *,
    caption: str,
    rows: str,
    anchor: str,
    language: Language,
    min_cell: int = MIN_CELL,
) -> str:
    """Build the table of estimates: value, interval and what they rest on.

    Parameters
    ----------
    estimates : Sequence of Estimate
        One a row, in order.
    caption : str
        Finished sentence.
    rows : str
        What heads a row: a name in ``dims``, or a field of :class:`Estimate`
        (``indicator``, ``method``, ``estimand``, ``comparison``), or two of them joined by ``+``.
    anchor, language : str
        Unique id; language.
    min_cell : int
        Smallest count behind a descriptive number that may be shown.
    """
    if not estimates:
        return tables.nothing(caption, anchor, wording.text("report.empty_table", language))
    parts = any(rows in estimate.dims for estimate in estimates)
    hidden = hide_estimates(estimates, min_cell, parts=parts)
    level = estimates[0].level
    optional = [
        ("terms.p_value", lambda e: e.p_value, "p"),
        ("terms.sites", lambda e: e.n_units, "int"),
        ("terms.observations", lambda e: e.n or None, "int"),
    ]
    used = [column for column in optional if any(column[1](e) is not None for e in estimates)]
    header = [
        sentences.label(f"report.column.{rows.partition('+')[0]}", language),
        wording.text("terms.estimate", language),
        wording.text("terms.interval", language, level=level),
        *(wording.text(key, language) for key, _, _ in used),
    ]
    body, raw, reasons = [], [], {}
    for estimate, hide in zip(estimates, hidden, strict=True):
        name = row_label(estimate, rows, language)
        extra = [read(estimate) for _, read, _ in used]
        if hide:
            body.append([name] + [MARK] * (len(header) - 1))
            raw.append(body[-1])
            continue
        if estimate.reason and (estimate.value is None or estimate.ci_low is None):
            reasons[estimate.reason] = sentences.sentence(
                estimate.reason, language, {**estimate.dims, "n": estimate.n}
            )
        written = [
            "—" if value is None else wording.format_value(value, spec, language)
            for value, (_, _, spec) in zip(extra, used, strict=True)
        ]
        shown = (
            sentences.value_text(estimate, language),
            sentences.interval_text(estimate, language),
        )
        body.append([name, *shown, *written])
        ends = (estimate.ci_low, estimate.ci_high)
        bounds = "" if ends[0] is None else f"{ends[0]!r} – {ends[1]!r}"
        raw.append([name, tables.number(estimate.value), bounds, *map(tables.number, extra)])
    notes = list(reasons.values())
    if any(hidden):
        notes.append(wording.text("report.suppressed_note", language, min_cell=min_cell))
    return tables.render(
        header,
        body,
        caption=caption,
        numeric=[False] + [True] * (len(header) - 1),
        anchor=anchor,
        language=language,
        notes=notes,
        raw=raw,
        of=[estimate.id for estimate in estimates],
    )


def hide_estimates(
    estimates: Sequence[Estimate], min_cell: int, *, parts: bool = False
) -> list[bool]:
    """Tell which estimates describe too few people to be shown.

    ``parts`` says that they are parts of one whole, so that a single hidden one needs a companion.
    Only values of an indicator describe people: effects, money and what is computed from them
    are always shown, except a difference of two described values of which one is hidden: with
    it, the other would give the hidden one away.
    """
    counts = [
        e.n
        if e.indicator and not e.causal and e.unit not in _PLAIN_UNITS and e.value is not None
        else None
        for e in estimates
    ]
    hidden = few(np.array(counts, float), min_cell, complementary=parts)
    between = np.array([e.n_smallest for e in estimates], float)
    return (hidden | few(between, min_cell, complementary=False)).tolist()


def row_label(estimate: Estimate, rows: str, language: Language) -> str:
    """Return what heads an estimate's row; ``a+b`` puts two of them side by side."""
    first, _, second = rows.partition("+")
    if second:
        label, more = (row_label(estimate, name, language) for name in (first, second))
        return wording.text("report.labelled", language, label=label, value=more)
    value = estimate.dims.get(rows, getattr(estimate, rows, None))
    if rows == "indicator" or (rows not in estimate.dims and rows == "id"):
        return sentences.indicator_title(estimate.indicator, language)
    for prefix in (f"terms.{rows}", f"causal.{rows}", f"report.{rows}"):
        if wording.has(f"{prefix}.{value}"):
            return wording.text(f"{prefix}.{value}", language)
    if rows in ("cohort", "period", "calendar") and isinstance(value, (int, float)):
        return wording.format_value(value, "month", language)
    return sentences.label(value, language, f"terms.{rows}")
