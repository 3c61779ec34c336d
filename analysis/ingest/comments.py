"""Open comments to themes, before anything of them is kept: no text leaves this module."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.client import Client, ColumnMap
from analysis.ingest.cleaning import normalise
from analysis.ingest.places import place
from analysis.ingest.problems import Problem, fault
from analysis.ingest.readers import RawTable
from analysis.ingest.scales import Taken, no_reasons

TABLE = "comments"
CODED = ("themes", "first_coder", "second_coder")
"""Columns of the table that hold themes: those of the dictionary, and of two people."""
SEPARATOR = "+"
NONE = "none"
"""A comment in which nobody sees a theme."""
_BETWEEN = re.compile(r"[+、,;/|\s]+")


def is_coded(table: str, column: str) -> bool:
    """Return whether a canonical column takes themes instead of what its cells hold."""
    return table == TABLE and column in CODED


def by_dictionary(text: str, client: Client) -> str:
    """Return the themes whose words occur in a text, joined; :data:`NONE` without one.

    Widths and case are folded. Words of Latin letters count only where they stand by themselves.
    """
    said = normalise(text)[0].casefold()
    found = [
        name
        for name, theme in client.comments.themes.items()
        if any(_occurs(normalise(word)[0].casefold(), said) for word in theme.words)
    ]
    return SEPARATOR.join(sorted(found)) or NONE


def _occurs(word: str, said: str) -> bool:
    if not word.isascii():
        return word in said
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", said) is not None


def by_person(cell: str, client: Client) -> str | None:
    """Return the themes that a coder named, by name or title; None where one is not declared."""
    names = {}
    for name, theme in client.comments.themes.items():
        for spelled in (name, theme.title.zh_CN, theme.title.en):
            names[normalise(spelled)[0].casefold().replace(" ", "")] = name
    names[NONE] = names["无"] = ""
    whole = normalise(cell)[0].casefold()
    parts = [whole.replace(" ", "")]
    if parts[0] not in names:
        parts = [part for part in _BETWEEN.split(whole) if part]
    if not set(parts) <= set(names):
        return None
    return SEPARATOR.join(sorted({names[part] for part in parts} - {""})) or NONE


def themes(table: RawTable, mapping: ColumnMap, column: str, client: Client) -> Taken:
    """Return the themes of a raw column; faults name the row and never the cell.

    Parameters
    ----------
    table : RawTable
        Rows that count.
    mapping : ColumnMap
        Where the text, or a coder's themes, stands, by headers as the file spells them.
    column : str
        One of :data:`CODED`.
    client : Client
        Its ``comments`` hold the dictionary.
    """
    raw, header = place(table, mapping)
    coded: list[str | None] = []
    problems = []
    for position, cell in enumerate(raw):
        text = _text(cell)
        made = None
        if text:
            made = by_dictionary(text, client) if column == "themes" else by_person(text, client)
            if made is None:
                found = fault(
                    "theme_unknown",
                    params={"known": ", ".join(client.comments.themes)},
                    file=table.source.file,
                    sheet=table.source.sheet,
                    row=int(table.row_numbers[position]),
                    column=header,
                )
                problems.append(Problem(found, np.array([position]), column))
        coded.append(made)
    cells = pd.Series(coded, dtype=pd.ArrowDtype(pa.string()))
    known = int(cells.notna().sum())
    counts = {"label_mapped": known} if known else {}
    return Taken(cells=cells, reasons=no_reasons(len(cells)), problems=problems, counts=counts)


def _text(cell: Any) -> str:
    return "" if cell is None or cell is pd.NA or cell != cell else str(cell).strip()
