from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attacked import Home

from analysis import files


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "account"))
    return Home(tmp_path)


@pytest.fixture
def dead_process():
    """Return what names a file as a process that was killed would while it wrote."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    def name(target: str) -> str:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, "getpid", lambda: ended.pid)
            return files.beside(Path(target)).name

    return name
