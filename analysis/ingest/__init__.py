"""Raw exports of a client become canonical tables here.

Reading (``readers``) and cleaning (``cleaning``) know nothing of a client; mapping follows the
client file. Nothing is guessed, nothing is lost without a count, and no direct identifier of a
person leaves this package.
"""

from analysis.ingest.additions import Added, add_exports
from analysis.ingest.database import Drawn, draw
from analysis.ingest.kept import KeptSheets
from analysis.ingest.person import Found, Kept, Looked, find_person
from analysis.ingest.proposal.headers import recognise
from analysis.ingest.proposal.readable import NEEDED, OUTCOMES, readable
from analysis.ingest.propose import new_client, propose
from analysis.ingest.record import (
    AcceptedRecord,
    ColumnRecord,
    FileRecord,
    IngestRecord,
    SourceRecord,
    TableRecord,
)
from analysis.ingest.run import Examined, check, examine, examine_in_part, ingest

__all__ = [
    "NEEDED",
    "OUTCOMES",
    "AcceptedRecord",
    "Added",
    "ColumnRecord",
    "Drawn",
    "Examined",
    "FileRecord",
    "Found",
    "IngestRecord",
    "Kept",
    "KeptSheets",
    "Looked",
    "SourceRecord",
    "TableRecord",
    "add_exports",
    "check",
    "draw",
    "examine",
    "examine_in_part",
    "find_person",
    "ingest",
    "new_client",
    "propose",
    "readable",
    "recognise",
]
