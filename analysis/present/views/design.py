"""How the tables of the design report are put before the eye: rows chosen, cells put into words."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.present.views.value import money, quantity
from analysis.present.views.words import in_words, target
from analysis.settings import Language


def power(table: pd.DataFrame) -> pd.DataFrame:
    """Return power by number of sites, a series by formula and one by simulation."""
    names = {"power_formula": "design.series.formula", "power_simulated": "design.series.simulated"}
    long = table.melt(
        id_vars="n_sites", value_vars=list(names), var_name="series", value_name="power"
    )
    return long.assign(series=long["series"].map(names))


def estimators(table: pd.DataFrame) -> pd.DataFrame:
    """Return the estimators with the wording keys of their names and of which one leads."""
    return table.assign(
        mde=_written(table["mde"], "num2"),
        ratio=_written(table["ratio"], "pct"),
        label=[f"design.estimator.{name}" for name in table["estimator"]],
        role=[f"design.lead.{str(bool(leads)).lower()}" for leads in table["leads"]],
    )


def outlook(table: pd.DataFrame) -> pd.DataFrame:
    """Return the priced outcomes with gains, price and quantity in words."""

    def gain(column: str) -> Any:
        def written(row: Any, language: Language) -> str:
            value, unit = getattr(row, column), registry.get(row.indicator).unit
            return (
                "—" if pd.isna(value) else wording.format_value(value, "size", language, unit=unit)
            )

        return written

    return table.assign(
        break_even=in_words(table, gain("break_even")),
        target=in_words(table, gain("target")),
        money=in_words(table, money),
        exposure=in_words(table, quantity),
    )


def contradictions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the contradictions with the wording keys of question and chosen reading."""
    chosen = [
        "chapters.design.reading_open"
        if row.open
        else f"design.conflicts.{row.conflict}.{row.reading}"
        for row in table.itertuples()
    ]
    return table.assign(
        question=[f"design.conflicts.{id}.question" for id in table["conflict"]],
        moves=[f"design.conflicts.{id}.moves" for id in table["conflict"]],
        reading=chosen,
    )


def documents(table: pd.DataFrame) -> pd.DataFrame:
    """Return the documents asked for in the reader's words; the client's own keep their titles."""

    def title(row: Any, language: Language) -> str:
        key = f"planning.document.{row.document}"
        return wording.text(key, language) if row.document else str(row.title)

    known = {name: table[name].fillna("—") for name in ("version", "approved_by")}
    return table.assign(title=in_words(table, title), **known)


def ahead(table: pd.DataFrame) -> pd.DataFrame:
    """Return the measurements that are still to come."""
    return table[table["state"] != "past"]


def figures(table: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of the source documents with the wording keys of what they state."""
    return table.assign(label=[f"planning.figure.{name}" for name in table["requirement"]])


def chain(table: pd.DataFrame) -> pd.DataFrame:
    """Return the goals with their chain: aim, behaviour, indicator, start and target in words."""
    empty = dict.fromkeys(wording.LANGUAGES, "—")
    words = {
        name: [json.loads(cell) if isinstance(cell, str) else empty for cell in table[name]]
        for name in ("aim", "behaviour")
    }
    return table.assign(
        **words, target=in_words(table, target), start_level=in_words(table, _start_level)
    )


def _start_level(row: Any, language: Language) -> str:
    stated = row.baseline if pd.notna(row.baseline) else row.measured
    if pd.isna(stated):
        return "—"
    return wording.in_unit(stated, registry.get(row.indicator).unit, language)


def designs(table: pd.DataFrame) -> pd.DataFrame:
    """Return the designs with the wording keys of name, assumption, verdict and reason."""
    state = [
        "planning.design_state.recommended"
        if row.recommended
        else "planning.design_state.possible"
        if row.admissible
        else f"planning.refused.{row.refused}"
        for row in table.itertuples()
    ]
    return table.assign(
        label=[f"planning.design.{name}" for name in table["design"]],
        assumption=[f"planning.assumption.{name}" for name in table["design"]],
        state=state,
        power=_written(table["power"], "chance"),
        mde=_written(table["mde"], "num2"),
        cost=_written(table["cost"], "cny"),
    )


def _written(values: pd.Series, spec: str) -> list[dict[str, str]]:
    """Write numbers in both languages, a dash where none can be given."""
    return [
        {
            language: "—" if pd.isna(value) else wording.format_value(value, spec, language)
            for language in wording.LANGUAGES
        }
        for value in values
    ]


def short_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the sites in the order of what they lack."""
    lack = table["needed"] - pd.to_numeric(table["answered"]).fillna(0)
    written = ("households", "answered", "staff_needed", "frontline", "middle", "senior")
    counts = {name: _written(table[name], "int") for name in written}
    return table.assign(**counts, lack=lack).sort_values("lack", ascending=False)


def roles(table: pd.DataFrame) -> pd.DataFrame:
    """Return the roles with the wording keys of name and of what each judges."""
    return table.assign(
        label=[f"planning.role.{role}" for role in table["role"]],
        judges=[f"planning.judges.{role}" for role in table["role"]],
        planned=_written(table["planned"], "int"),
        weight=_written(table["weight"], "pct"),
        raters=_written(table["raters"], "int"),
    )


def risks(table: pd.DataFrame) -> pd.DataFrame:
    """Return the starting risks with the wording keys of their words."""
    return table.assign(
        label=[f"planning.risk.{risk}.name" for risk in table["risk"]],
        trigger=[f"planning.risk.{risk}.trigger" for risk in table["risk"]],
        response=[f"planning.risk.{risk}.response" for risk in table["risk"]],
    )


def next_visits(table: pd.DataFrame) -> pd.DataFrame:
    """Return the visits with the wording keys of their time of day."""
    return table.assign(time=[f"planning.time.{time}" for time in table["time"]])


def sheet(table: pd.DataFrame) -> pd.DataFrame:
    """Return the privacy sheet with what each column serves."""
    serves = [
        "planning.privacy.serves.indicator" if count else "planning.privacy.serves.linking"
        for count in table["indicators"]
    ]
    return table.assign(
        table=[f"measurement.table.{name}" for name in table["table"]],
        column=[f"planning.person.{name}" for name in table["column"]],
        kind=[f"planning.privacy.kind.{kind}" for kind in table["kind"]],
        serves=serves,
    )
