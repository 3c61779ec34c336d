"""How the tables of the design report are put before the eye: rows chosen, cells put into words."""

from __future__ import annotations

import pandas as pd

from analysis.present.views.words import in_words, target


def power(table: pd.DataFrame) -> pd.DataFrame:
    """Return power by number of sites, a series by formula and one by simulation."""
    names = {"power_formula": "design.series.formula", "power_simulated": "design.series.simulated"}
    long = table.melt(
        id_vars="n_sites", value_vars=list(names), var_name="series", value_name="power"
    )
    return long.assign(series=long["series"].map(names))


def contradictions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the contradictions with the wording keys of question and chosen reading."""
    chosen = [
        "chapters.design.reading_open"
        if row.open
        else f"design.conflicts.{row.conflict}.{row.reading}"
        for row in table.itertuples()
    ]
    return table.assign(
        question=[f"design.conflicts.{id}.question" for id in table["conflict"]], reading=chosen
    )


def goals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the goals with their targets written as their reading asks."""
    return table.assign(target=in_words(table, target))
