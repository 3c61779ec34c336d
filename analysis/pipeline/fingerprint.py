"""What a run depends on, as hashes: inputs, code, notebooks, packages."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from analysis.files import sha256

_CODE = Path(__file__).resolve().parent.parent
_NOT_INPUT = {".key"}
_NOT_CODE = {"__pycache__", ".ipynb_checkpoints"}


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def inputs(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a client's folder, by relative path.

    Hidden files and ``*.key`` files are left out: the hash of a pseudonym key belongs nowhere.
    """
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        relative.as_posix(): sha256(folder / relative)
        for relative in (path.relative_to(folder) for path in found)
        if relative.suffix not in _NOT_INPUT
        and not any(part.startswith(".") for part in relative.parts)
    }


def code() -> str:
    """Return one hash over every file of the ``analysis`` package."""
    paths = (path for path in sorted(_CODE.rglob("*")) if path.is_file())
    return digest(
        {
            path.relative_to(_CODE).as_posix(): sha256(path)
            for path in paths
            if not _NOT_CODE.intersection(path.parts) and path.suffix != ".pyc"
        }
    )


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
    names = {re.match(r"[\w.-]+", line).group() for line in required if "extra ==" not in line}
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
