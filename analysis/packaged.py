"""YAML files of the package, read by libyaml where it is there: ten times as fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def content(path: Path) -> Any:
    """Return what a YAML file of the package holds."""
    return yaml.load(path.read_text(encoding="utf-8"), _LOADER)
