"""Tidy tables written as messily as clients write them, and read again by the ingest.

``tidy`` makes a small table of which every value is known; ``cells``, ``shapes`` and ``rows`` hold
the ways to make a mess of it; ``writing`` writes what has become of it as files; ``judge`` reads
them and compares. An example is settled by its seed and the names of its messes alone.
"""

from messy.judge import Verdict, judge
from messy.messes import MESSES, Mess, example, names, random_kinds

__all__ = ["MESSES", "Mess", "Verdict", "example", "judge", "names", "random_kinds"]
