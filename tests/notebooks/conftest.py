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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests on one worker, which makes the run once."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("notebooks"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Finished:
    client = write_client(tmp_path_factory.mktemp("small"))
    result = client.run()
    assert result.state == "complete", result.error
    return Finished(client, result)
