"""The small client, run once through the real notebooks; every test of this folder reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from small_client import SmallClient, write_client

from analysis.pipeline import RunResult


@dataclass(frozen=True)
class Finished:
    """A client and the complete run of it."""

    client: SmallClient
    result: RunResult

    @property
    def folder(self) -> Path:
        return self.result.folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Finished:
    client = write_client(tmp_path_factory.mktemp("small"))
    result = client.run()
    assert result.state == "complete", result.error
    return Finished(client, result)
