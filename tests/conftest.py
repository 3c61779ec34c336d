"""Fixtures that several rooms' tests need."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("fixed", derandomize=True)
settings.register_profile("fresh", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
"""The same examples every time, so that a change is judged by what it changed; other examples are
looked for on purpose, with ``HYPOTHESIS_PROFILE=fresh make test``."""


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of published reference numbers and sample exports; absent on most machines."""
    folder = Path(os.environ.get("CRMEVAL_SHARED", ROOT.parent / "shared"))
    if not (folder / "reference").is_dir():
        pytest.skip("the reference folder is not on this machine")
    return folder


LONGEST_FIRST = ("test_windows", "end_to_end", "notebooks", "refusals", "safety", "recovery")
"""Files and folders whose tests run whole clients. Workers take files in order: what is long must
not be left for one of them at the end. (``make test`` says ``--no-loadscope-reorder``, or the files
with the most tests would come first, and those have the shortest.)"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, the others in their order."""

    def place(item: pytest.Item) -> int:
        names = {item.path.stem, *item.path.parts}
        ranks = (rank for rank, name in enumerate(LONGEST_FIRST) if name in names)
        return next(ranks, len(LONGEST_FIRST))

    items.sort(key=place)
