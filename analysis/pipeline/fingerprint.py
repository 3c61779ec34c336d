"""What a run depends on besides its inputs and the code: notebooks, packages, revision."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def notebook(path: Path) -> str:
    """Return a hash of a notebook's cells; outputs and editor metadata do not count."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return digest(
        [
            [cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", [])]
            for cell in cells
        ]
    )


def count_cells(path: Path) -> int:
    """Return the number of cells of a notebook."""
    return len(json.loads(path.read_text(encoding="utf-8"))["cells"])


def packages() -> dict[str, str]:
    """Return the installed versions of the packages this one depends on."""
    required = metadata.requires("crmeval") or []
    names = {re.split(r"[^\w.-]", line)[0] for line in required if "extra ==" not in line}
    return {name: metadata.version(name) for name in sorted(names)}


def revision(root: Path) -> str | None:
    """Return the git revision of the project, with ``+changes`` when files differ from it.

    None outside a repository or where git is not installed.
    """
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+changes" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
