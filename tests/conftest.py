"""Fixtures that several rooms' tests need."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


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
