"""What a run depends on besides its inputs: notebooks, packages, revision, and code by step."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from analysis import reach
from analysis.parameters import StageDeclaration
from analysis.settings import Programme


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


_LAYOUT = "analysis.workspace.opening.redraw"
LAID_OUT = ("analysis.present", "analysis.report", _LAYOUT)
"""What lays out what is shown: nothing that is found comes of it."""
REPORT = ("analysis.report", "analysis.client", "analysis.workspace.opening.remembering")
"""What writes the pages, reads how the client wants them to look, and finds drawings again."""
_VIEWS = "analysis.present.views"
"""Declares which tables a page shows, and names them: a stage asks it."""


def of_ingest() -> str:
    """Return a hash of the code that reads and cleans exports and builds the panel."""
    return reach.digest("analysis.workspace.opening.prepare")


def of_stage(declared: StageDeclaration, programme: Programme) -> str:
    """Return a hash of the code that a stage can reach, without what only lays out its page."""
    from analysis import step_files

    own = [module for module, _ in declared.classes(programme)]
    code = reach.digest("analysis.workspace.entrance", *own, without=laid_out())
    return digest([code, step_files.read().views])


def laid_out() -> tuple[str, ...]:
    """Return the modules that lay out what is shown, but for those that declare views."""
    return tuple(
        module
        for module in reach.sources()
        if module.startswith(LAID_OUT) and not module.startswith(_VIEWS)
    )


def of_pages() -> str:
    """Return a hash of the code and sentences that lay out what a notebook shows."""
    return reach.digest(_LAYOUT) + reach.sentences()


def of_report() -> str:
    """Return a hash of the code and sentences of the pages."""
    return reach.digest(*REPORT) + reach.sentences()


def count_cells(path: Path) -> int:
    """Return the number of cells of a notebook."""
    return len(json.loads(path.read_text(encoding="utf-8"))["cells"])


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
