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

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
    "chrome",
    "msedge",
)
"""Names on the path."""
_WINDOWS = (
    "Google/Chrome/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
    "Chromium/Application/chrome.exe",
)
_PROGRAMS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "LOCALAPPDATA")
"""Variables that name the folders of programs on Windows; neither browser is on the path there."""
_MACOS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "Chromium.app/Contents/MacOS/Chromium",
)
FOLDER = "pdf"
_SECONDS = 60
_NO_SANDBOX = "--no-sandbox"
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
    """Return the path of a Chromium on this machine; None where there is none.

    Looked for on the path, then in the folders that Windows and macOS install programs into.
    """
    if (found := next(filter(None, map(shutil.which, BROWSERS)), None)) is not None:
        return found
    return next((str(path) for path in _installed() if path.is_file()), None)


def _installed() -> list[Path]:
    """Return where installers of Windows and macOS put a Chromium."""
    programs = [Path(folder) for name in _PROGRAMS if (folder := os.environ.get(name))]
    applications = [Path("/Applications")]
    if home := os.environ.get("HOME"):
        applications.append(Path(home) / "Applications")
    return [
        *(folder / name for folder in programs for name in _WINDOWS),
        *(folder / name for folder in applications for name in _MACOS),
    ]


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
            "PDFs are printed by Chromium, and none was found. Correct: install chromium, Google "
            "Chrome or Microsoft Edge, or print the pages from any browser."
        )
    pages = [p for folder in FOLDERS.values() for p in sorted((run_dir / folder).glob("*.html"))]
    if not pages:
        raise RunError(f"{run_dir} has no pages. Correct: run the client first.")
    with tempfile.TemporaryDirectory(
        prefix="crmeval-print-", ignore_cleanup_errors=True
    ) as profile:
        return [_print(program, page, Path(profile)) for page in pages]


def _print(program: str, page: Path, profile: Path) -> Path:
    target = page.parent / FOLDER / f"{page.stem}.pdf"

    def write(path: Path) -> None:
        command = [
            program,
            *_QUIET,
            f"--user-data-dir={profile}",
            f"--print-to-pdf={path}",
            page.resolve().as_uri(),
        ]
        done, said = _start(page, command)
        if not done and _NO_SANDBOX in said:
            # Chromium refuses its sandbox to root and in some containers, and says so.
            done, said = _start(page, [*command[:-1], _NO_SANDBOX, command[-1]])
        if not done or not path.is_file():
            last = said.strip().splitlines()[-1:]
            raise RunError(f"{page} could not be printed: {' '.join(last)}")

    return replace_file(target, write)


def _start(page: Path, command: list[str]) -> tuple[bool, str]:
    """Run a browser to its end and return whether it ended well, and what it said."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise RunError(f"{page}: printing took more than {_SECONDS} seconds.") from error
    return done.returncode == 0, done.stderr.decode("utf-8", "replace")
