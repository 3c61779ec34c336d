"""All canonical tables by name."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.tables import customers, management, programme
from analysis.tables.columns import Table

TABLES: Mapping[str, Table] = {
    table.name: table for room in (programme, customers, management) for table in room.TABLES
}
