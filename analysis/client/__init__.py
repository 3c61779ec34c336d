"""The client file: who the client is, what its exports mean, what is to be answered."""

from analysis.client.anchors import anchors_of, codes_of
from analysis.client.base import IDENTIFIER, Bilingual, Period, is_identifier
from analysis.client.database import Database
from analysis.client.document import Client
from analysis.client.identity import Identity, Privacy
from analysis.client.in_part import InPart, load_in_part
from analysis.client.load import load, no_client
from analysis.client.outcomes import Boxes, Line, Outcome
from analysis.client.plan import (
    Benefit,
    Design,
    Finances,
    Goal,
    Instrument,
    Item,
    Scale,
    Value,
)
from analysis.client.readings import READINGS, Conflict
from analysis.client.sources import (
    Accept,
    Aggregate,
    ColumnMap,
    Duplicates,
    Source,
    Unpivot,
    Wide,
)

__all__ = [
    "IDENTIFIER",
    "READINGS",
    "Accept",
    "Aggregate",
    "Benefit",
    "Bilingual",
    "Boxes",
    "Client",
    "ColumnMap",
    "Conflict",
    "Database",
    "Design",
    "Duplicates",
    "Finances",
    "Goal",
    "Identity",
    "InPart",
    "Instrument",
    "Item",
    "Line",
    "Outcome",
    "Period",
    "Privacy",
    "Scale",
    "Source",
    "Unpivot",
    "Value",
    "Wide",
    "anchors_of",
    "codes_of",
    "is_identifier",
    "load",
    "load_in_part",
    "no_client",
]
