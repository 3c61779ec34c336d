from __future__ import annotations

import re
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def example() -> str:
    """The full example of the documentation."""
    guide = Path(__file__).parents[2] / "docs" / "client-file.md"
    return re.search(r"```yaml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)[1]


@pytest.fixture
def write(tmp_path):
    def _write(text: str, id: str = "greenwood") -> Path:
        path = tmp_path / "data" / id / "client.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return _write
