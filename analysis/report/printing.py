"""The pages of a run as PDF, printed by whichever Chromium the machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import RunError
from analysis.files import replace_file
from analysis.report.run import FOLDERS, SITES

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
_PHONE, _SCALE = 720, 1.5
_TALLEST = 10_000
"""Points; about what Chromium draws at most."""
_MARGIN = 24
_PICTURED = (
    "<style>.switch,nav,.screen,.download,.skip,.about{display:none!important}"
    ".brief .part::details-content{content-visibility:visible;block-size:auto}"
    ".brief .imprint{display:block!important} .crm.table table{font-size:.8rem}"
    ".crm .num,.crm .whole{white-space:normal!important} .crm .drawn{display:none}</style>"
)
"""Leaves of a page what is printed, with tables that fit the width."""
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
    """Print every page of a run, in both languages, to ``pdf/<page>.pdf`` beside it.

    Pages by site lie in ``<language>/sites``, their PDFs in ``<language>/sites/pdf``.

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
    program = _program()
    places = (place for f in FOLDERS.values() for place in (run_dir / f, run_dir / f / SITES))
    pages = [page for place in places for page in sorted(place.glob("*.html"))]
    if not pages:
        raise RunError(f"{run_dir} has no pages. Correct: run the client first.")
    with _profile() as profile:
        return [_print(program, page, profile) for page in pages]


def _program() -> str:
    program = browser()
    if program is None:
        raise RunError(
            "PDFs and pictures are made by Chromium, and none was found. Correct: install "
            "chromium, Google Chrome or Microsoft Edge, or print the pages from any browser."
        )
    return program


def print_page(page: Path, target: Path) -> None:
    """Print one page to a PDF; :func:`print_pages` says how, and what can go wrong."""
    with _profile() as profile:
        _open(_program(), page, target, profile, f"--print-to-pdf={target}")


def picture_page(page: Path, target: Path) -> None:
    """Take one long picture of what of a page is printed, as wide as a telephone shows it.

    Parameters
    ----------
    page : Path
        A page of a run.
    target : Path
        The picture, PNG, :data:`_PHONE` points wide at :data:`_SCALE` pixels a point.

    Raises
    ------
    RunError
        If there is no Chromium, or the picture could not be taken.
    """
    from PIL import Image, ImageChops

    program = _program()
    with _profile() as profile:
        shown = profile / "picture.html"
        html = page.read_text(encoding="utf-8")
        shown.write_text(html.replace("</head>", f"{_PICTURED}</head>", 1), encoding="utf-8")
        raw = profile / "picture.png"
        size = f"--window-size={_PHONE},{_TALLEST}"
        how = (size, f"--force-device-scale-factor={_SCALE}", "--hide-scrollbars")
        _open(program, shown, raw, profile, *how, f"--screenshot={raw}")
        with Image.open(raw) as taken:
            picture = taken.convert("RGB")
        ground = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
        box = ImageChops.difference(picture, ground).getbbox() or (0, 0, 0, picture.height)
        margin = int(_MARGIN * _SCALE)
        whole = picture.crop((0, 0, picture.width, min(box[3] + margin, picture.height)))
        whole.save(target, format="PNG", optimize=True)


@contextmanager
def _profile() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="crmeval-print-", ignore_cleanup_errors=True) as path:
        yield Path(path)


def _print(program: str, page: Path, profile: Path) -> Path:
    target = page.parent / FOLDER / f"{page.stem}.pdf"
    return replace_file(
        target, lambda path: _open(program, page, path, profile, f"--print-to-pdf={path}")
    )


def _open(program: str, page: Path, target: Path, profile: Path, *how: str) -> None:
    """Let a browser make ``target`` of a page."""
    command = [program, *_QUIET, f"--user-data-dir={profile}", *how, page.resolve().as_uri()]
    done, said = _start(page, command)
    if not done and _NO_SANDBOX in said:
        # Chromium refuses its sandbox to root and in some containers, and says so.
        done, said = _start(page, [*command[:-1], _NO_SANDBOX, command[-1]])
    if not done or not target.is_file():
        last = said.strip().splitlines()[-1:]
        raise RunError(f"{page} could not be printed: {' '.join(last)}")


def _start(page: Path, command: list[str]) -> tuple[bool, str]:
    """Run a browser to its end and return whether it ended well, and what it said."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise RunError(f"{page}: printing took more than {_SECONDS} seconds.") from error
    return done.returncode == 0, done.stderr.decode("utf-8", "replace")
