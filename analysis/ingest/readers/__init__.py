"""Reading a client's exports as they are, with the facts about each file.

``read`` is the one entrance: it tells the format and the encoding from the bytes, finds the
header, takes out rows that are not data, and says everything it did.
"""

from analysis.ingest.readers.bounds import Limits
from analysis.ingest.readers.grid import is_empty
from analysis.ingest.readers.raw import Dropped, OtherSheet, RawTable, Source
from analysis.ingest.readers.read import read, stable_bytes, stable_digest
from analysis.ingest.readers.rules import COUNTS, DROPPED, RULES
from analysis.ingest.readers.totals import MARKERS, SUSPICIOUS, TotalWords

__all__ = [
    "COUNTS",
    "DROPPED",
    "MARKERS",
    "RULES",
    "SUSPICIOUS",
    "Dropped",
    "Limits",
    "OtherSheet",
    "RawTable",
    "Source",
    "TotalWords",
    "is_empty",
    "read",
    "stable_bytes",
    "stable_digest",
]
