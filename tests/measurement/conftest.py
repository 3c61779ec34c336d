"""Published values that the project's numbers are held to, where they are at hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.measurement import Moments


@pytest.fixture(scope="session")
def reference(shared):
    path = shared / "reference" / "measurement.json"
    if not path.is_file():
        pytest.skip("published reference values are not at hand")
    return {entry["id"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}


@pytest.fixture(scope="session")
def schools():
    """Moments of nine ability tests in two schools (Holzinger & Swineford 1939)."""
    path = Path(__file__).parent / "holzinger_swineford.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    found = {}
    for name in ("Pasteur", "Grant-White"):
        school = stored["schools"][name]
        lower = np.zeros((9, 9))
        lower[np.tril_indices(9)] = np.concatenate(school["covariance"])
        covariance = lower + lower.T - np.diag(np.diag(lower))
        found[name] = Moments(
            tuple(stored["items"]), np.array(school["mean"]), covariance, school["n"]
        )
    return found


@pytest.fixture(scope="session")
def holzinger(schools):
    """Both schools together; moments add up exactly."""
    parts = list(schools.values())
    n = sum(part.n for part in parts)
    mean = sum(part.n * part.mean for part in parts) / n
    second = sum(part.n * (part.covariance + np.outer(part.mean, part.mean)) for part in parts) / n
    return Moments(parts[0].items, mean, second - np.outer(mean, mean), n)
