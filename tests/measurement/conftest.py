"""Published values that the project's numbers are held to, where they are at hand."""

import json

import pytest


@pytest.fixture(scope="session")
def reference(shared):
    path = shared / "reference" / "measurement.json"
    if not path.is_file():
        pytest.skip("published reference values are not at hand")
    return {entry["id"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}
