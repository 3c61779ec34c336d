from __future__ import annotations

import pytest
from attacked import Home


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "account"))
    return Home(tmp_path)
