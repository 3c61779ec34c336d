"""A small client in a project of its own: the demo's exports and client file, cut down."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import simulation
from analysis.pipeline import RunResult, run
from analysis.simulation import (
    DEMO,
    PlantedEvents,
    World,
    WorldParameters,
)

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("design", "baseline", "monitoring", "tracking", "value")
NAME = "acme"

SMALL = dataclasses.replace(
    DEMO,
    seed=8,
    n_sites=16,
    n_months=20,
    wave_months=(dt.date(2023, 11, 1), dt.date(2024, 2, 1)),
    n_staff=96,
    invited=12.0,
    tickets_per_1000=4.0,
    n_late=1,
    n_spill_over=1,
    planted=PlantedEvents(falling_site_from=dt.date(2024, 2, 1)),
)
"""Every table of the demo: 16 sites, 20 months, two waves, about five answers a site-month."""


@dataclass(frozen=True)
class SmallClient:
    """A client under ``root``, which holds ``data/``, ``notebooks/`` and, in time, ``reports/``."""

    root: Path

    @property
    def raw(self) -> Path:
        return self.root / "data" / NAME / "raw"

    @property
    def reports(self) -> Path:
        return self.root / "reports" / NAME

    def run(self, **options: Any) -> RunResult:
        """Run the real notebooks."""
        return run(NAME, root=self.root, **options)


def write_client(
    root: Path,
    parameters: WorldParameters = SMALL,
    *,
    change_world: Callable[[World], World] = lambda world: world,
    change_file: Callable[[dict], object] = lambda document: None,
) -> SmallClient:
    """Write a simulated client's exports, and the demo's client file for the tables it has.

    ``change_world`` is given the simulated tables before they are exported, ``change_file`` the
    parsed client file before it is written.
    """
    simulation.write_client(
        root, NAME, parameters, change_world=change_world, change_file=change_file
    )
    (root / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    return SmallClient(root)
