"""What every stage hands on: frozen results with a JSON round trip.

An interval is fixed when the :class:`Estimate` is built; tables, plots and sentences read
the same object. Nothing here computes.
"""

from analysis.results.claims import Claim
from analysis.results.records import (
    Agreement,
    Alert,
    Check,
    DesignGrade,
    Estimate,
    Finding,
    Scalar,
    Status,
    Strength,
    none_found,
)
from analysis.results.shown import Shown
from analysis.results.stage import StageResults, collect, merge, stored_table
from analysis.results.storage import from_json, load, save, to_json
from analysis.results.topics import Topic

__all__ = [
    "Agreement",
    "Alert",
    "Check",
    "Claim",
    "DesignGrade",
    "Estimate",
    "Finding",
    "Scalar",
    "Shown",
    "StageResults",
    "Status",
    "Strength",
    "Topic",
    "collect",
    "from_json",
    "load",
    "merge",
    "none_found",
    "save",
    "stored_table",
    "to_json",
]
