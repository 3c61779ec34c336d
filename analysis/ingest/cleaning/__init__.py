"""Turning cells as clients write them into values, every change of spelling counted by name.

``convert`` takes one raw column and a kind. It never guesses: what is ambiguous must be declared
by an option, and what does not fit is a fault at its position.
"""

from analysis.ingest.cleaning.convert import KINDS, OPTIONS, convert, without_value
from analysis.ingest.cleaning.converted import Converted
from analysis.ingest.cleaning.durations import SECONDS
from analysis.ingest.cleaning.locate import locate
from analysis.ingest.cleaning.numbers import label_in
from analysis.ingest.cleaning.rules import CONVERSIONS, RULES
from analysis.ingest.cleaning.spelling import MISSING_MARKERS, close, normalise, shown

__all__ = [
    "CONVERSIONS",
    "KINDS",
    "MISSING_MARKERS",
    "OPTIONS",
    "RULES",
    "SECONDS",
    "Converted",
    "close",
    "convert",
    "label_in",
    "locate",
    "normalise",
    "shown",
    "without_value",
]
