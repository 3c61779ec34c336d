"""Reading a client's exports as they are, with the facts about each file.

``read`` is the one entrance: it tells the format and the encoding from the bytes, finds the
header, takes out rows that are not data, and says everything it did.
"""

from analysis.ingest.readers.raw import Dropped, RawTable, Source
from analysis.ingest.readers.read import read
from analysis.ingest.readers.rules import COUNTS, DROPPED, RULES

__all__ = ["COUNTS", "DROPPED", "RULES", "Dropped", "RawTable", "Source", "read"]
