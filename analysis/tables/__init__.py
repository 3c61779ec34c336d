"""The canonical tables: what a row is, its key, and each column's meaning, type and range.

Raw exports become these tables in ``analysis.ingest``; everything after reads only these.
Identifiers of people are keyed pseudonyms. Shares are 0-1, amounts CNY, scores on their
declared scale with the direction already turned so that more is better. Instants are UTC with
microseconds; which local month they fall in is decided with the client's time zone. Missing is
NULL, never NaN and never a code. Nothing derived is stored.
"""

from analysis.tables.columns import ARROW_TYPES, Column, Kind, Table
from analysis.tables.conform import conform
from analysis.tables.customers import DISPOSITIONS, REPORTED_BY, TICKET_KINDS
from analysis.tables.declared import TABLES
from analysis.tables.months import month_of, period_of, periods_of
from analysis.tables.programme import OF_TRAINING, RATER_ROLES
from analysis.tables.stored import MOST_ROWS, Rows, Sample, Stored, filled, parts, sample

__all__ = [
    "ARROW_TYPES",
    "DISPOSITIONS",
    "MOST_ROWS",
    "OF_TRAINING",
    "RATER_ROLES",
    "REPORTED_BY",
    "TABLES",
    "TICKET_KINDS",
    "Column",
    "Kind",
    "Rows",
    "Sample",
    "Stored",
    "Table",
    "conform",
    "filled",
    "month_of",
    "parts",
    "period_of",
    "periods_of",
    "sample",
]
