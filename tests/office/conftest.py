"""An ordinary client: 12 sites, two survey rounds, run once; every test of this folder reads it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from in_process import run_here
from small_client import SMALL, SmallClient, write_client

from analysis import newest

ROUNDS = ("2023-09", "2024-07")
"""Months in which residents were asked."""


def in_two_rounds(world):
    """Keep the questionnaires of two months."""
    surveys = world.tables["surveys"]
    asked = surveys["answered_at"].dt.strftime("%Y-%m").isin(ROUNDS)
    tables = {**world.tables, "surveys": surveys[asked]}
    return dataclasses.replace(world, tables=tables)


@pytest.fixture(scope="session")
def client(tmp_path_factory) -> SmallClient:
    """Return the client after its run."""
    parameters = dataclasses.replace(SMALL, n_sites=12)
    made = write_client(tmp_path_factory.mktemp("ordinary"), parameters, change_world=in_two_rounds)
    done = run_here(made)
    assert done.state == "complete", done.error
    return made


@pytest.fixture(scope="session")
def folder(client) -> Path:
    """Return the folder of the run."""
    return newest.latest(client.reports)
