"""Canonical tables → site x month panel of indicators, on DuckDB or Spark."""

from analysis.indicators.declared import of_client, own, read
from analysis.indicators.engine import Engine, connect
from analysis.indicators.outcome import cohorts, known_in_part, outcome
from analysis.indicators.panel import KeptCells, build_panel, coverage
from analysis.indicators.panel import load as load_panel
from analysis.indicators.panel import save as save_panel
from analysis.indicators.registry import Indicator, Mark, get, load
from analysis.indicators.requests import requests
from analysis.indicators.silence import silent_in, silent_months

__all__ = [
    "Engine",
    "Indicator",
    "KeptCells",
    "Mark",
    "build_panel",
    "cohorts",
    "connect",
    "coverage",
    "get",
    "known_in_part",
    "load",
    "load_panel",
    "of_client",
    "outcome",
    "own",
    "read",
    "requests",
    "save_panel",
    "silent_in",
    "silent_months",
]
