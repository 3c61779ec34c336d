"""The pages of a run as PDF, printed by whichever Chromium the machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from analysis.errors import RunError
from analysis.files import replace_file
from analysis.report.run import FOLDERS

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
FOLDER = "pdf"
_SECONDS = 60
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)


def browser() -> str | None:
    """Return the path of a Chromium on this machine; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def print_pages(run_dir: Path) -> list[Path]:
    """Print every page of a run, in both languages, to ``<language>/pdf/<page>.pdf``.

    Parameters
    ----------
    run_dir : Path
        Run folder with its pages.

    Returns
    -------
    list of Path
        The PDFs, A4, tagged.

    Raises
    ------
    RunError
        If there is no Chromium, no page, or a page could not be printed.
    """
    program = browser()
    if program is None:
        raise RunError(
            "PDFs are printed by Chromium, and none is on the path. Correct: install chromium, "
            "google-chrome or msedge, or print the pages from any browser."
        )
    pages = [p for folder in FOLDERS.values() for p in sorted((run_dir / folder).glob("*.html"))]
    if not pages:
        raise RunError(f"{run_dir} has no pages. Correct: run the client first.")
    with tempfile.TemporaryDirectory(prefix="crmeval-print-") as profile:
        return [_print(program, page, Path(profile)) for page in pages]


def _print(program: str, page: Path, profile: Path) -> Path:
    target = page.parent / FOLDER / f"{page.stem}.pdf"
    # Chromium refuses its sandbox to root, as in containers.
    sandbox = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()

    def write(path: Path) -> None:
        command = [
            program,
            *_QUIET,
            *sandbox,
            f"--user-data-dir={profile}",
            f"--print-to-pdf={path}",
            page.resolve().as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise RunError(f"{page}: printing took more than {_SECONDS} seconds.") from error
        if done.returncode or not path.is_file():
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise RunError(f"{page} could not be printed: {' '.join(last)}")

    return replace_file(target, write)
