"""Every column that the privacy sheet may list has a name in both languages."""

from __future__ import annotations

import pytest

from analysis import wording
from analysis.design.privacy import PERSONAL
from analysis.tables import TABLES

LISTED = sorted(
    {
        (table, column)
        for table, spec in TABLES.items()
        for column, about in spec.columns.items()
        if about.kind == "person" or column in PERSONAL.get(table, ())
    }
)


@pytest.mark.parametrize(("table", "column"), LISTED)
def test_table_and_column_are_worded(table, column):
    assert wording.has(f"measurement.table.{table}")
    assert wording.has(f"planning.person.{column}")
