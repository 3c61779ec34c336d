"""What the pages of a run need to know about it: client, stages, what went in."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import indicators, newest, parameters, results, wording
from analysis import manifest as manifests
from analysis.client import chapters
from analysis.errors import RunError, StoredFileError
from analysis.file_names import listed
from analysis.files import project_root
from analysis.indicators import Indicator, registry
from analysis.keywords import Named, meant
from analysis.present import people, rich
from analysis.present.precision import Earlier, Supported
from analysis.present.views import STAGES, View
from analysis.report import saved
from analysis.report.appearance import Appearance, appearance
from analysis.results import Shown, StageResults
from analysis.settings import LEVEL, MIN_CELL, TRAINING, Language, Programme

FOLDERS: dict[Language, str] = {"zh_CN": "zh", "en": "en"}
HTML_LANG = {"zh_CN": "zh-CN", "en": "en"}
CHANGES = "changes"
"""Name of the page that says what changed since the last report."""
SITES = "sites"
"""Folder of the pages by site, in that of a language."""


@dataclass(frozen=True)
class Run(Shown):
    """One run folder as the reports see it.

    Attributes
    ----------
    folder : Path
        ``reports/<client>/<run id>``.
    manifest : dict
        Content of ``manifest.json``; empty where there is none (a notebook run by itself).
    names : dict
        Client's name by language.
    simulated : bool
        Whether the client is made up.
    min_cell : int
        Smallest count of answers that is shown.
    level : float
        Coverage of intervals.
    until : date or None
        Last day on which anything was measured; None where an earlier version did not keep it.
    indicators : Mapping[str, Indicator] or None
        The client's registry; None where the run tells of no outcomes of its own.
    timezone : str
        IANA name; UTC where the run does not say.
    programme : {"training", "appraisal", "service"}
        Kind of programme; training where the run does not say.
    """

    folder: Path
    manifest: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    min_cell: int = MIN_CELL
    level: float = LEVEL
    until: dt.date | None = None
    indicators: Mapping[str, Indicator] | None = None
    timezone: str = "UTC"
    programme: Programme = TRAINING

    @contextmanager
    def spoken(self) -> Iterator[None]:
        """Let indicators, people and sentences be those of the run within a block."""
        with (
            registry.using(self.indicators),
            people.using(people.load(self.folder)),
            wording.of_programme(self.programme),
        ):
            yield

    @property
    def client(self) -> str:
        """Identifier of the client."""
        return self.manifest.get("client") or self.folder.parent.name

    @property
    def run_id(self) -> str:
        """Identifier of the run."""
        return self.manifest.get("run_id") or self.folder.name

    @property
    def fingerprint(self) -> str | None:
        """Start of one SHA-256 over the fingerprints of the inputs; None where none is known."""
        inputs = self.manifest.get("inputs", {})
        if not inputs:
            return None
        text = json.dumps(inputs, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"<Run {self.run_id!r} of {self.client!r}: {', '.join(self.results)}>"

    def _repr_html_(self) -> str:
        """Return how each step ended, with the page to open."""
        language = wording.language_of_notebook()
        steps = self.manifest.get("steps", {}) or self.results
        rows = [(_title(step, language), self._ended(step, language)) for step in steps]
        head = f"{self.name(language)} · {self.run_id}"
        page = self.folder / "index.html"
        words = wording.text("report.rich.page", language)
        link = f'<p><a href="{page.as_uri()}">{words}</a></p>' if page.is_file() else ""
        return rich.titled(head, rows) + link

    def _ended(self, step: str, language: Language) -> str:
        key = f"cli.state.{self.state(step)}"
        return wording.text(key, language) if wording.has(key) else "—"

    @property
    def panel(self) -> pd.DataFrame:
        """The panel of indicators by site and month that the run was made of."""
        return pd.read_parquet(self.folder / "panel.parquet")

    def name(self, language: Language) -> str:
        """Return the client's name."""
        return self.names.get(language, self.client)

    def notebook(self, stage: str) -> Path | None:
        """Return the executed notebook of a stage that ended well, None where there is none."""
        if self.state(stage) not in ("done", "skipped", "unknown"):
            return None
        found = listed(self.folder / "notebooks", f"*_{stage}.ipynb")
        return found[0] if found else None

    def state(self, stage: str) -> str:
        """Return how a stage ended: the manifest's word, or ``unknown``."""
        steps = self.manifest.get("steps", {})
        return steps.get(stage, {}).get("state", "unknown")

    def error(self, stage: str) -> str | None:
        """Return why a stage failed."""
        return self.manifest.get("steps", {}).get(stage, {}).get("error")

    def chapters(self, stage: str, language: Language) -> list[chapters.Chapter]:
        """Return the client's own chapters of a stage in a language, with their notebooks."""
        folder = self.folder / "notebooks" / chapters.FOLDER
        stems = (s.removeprefix(manifests.CHAPTER) for s in self.manifest.get("steps", {})
                 if s.startswith(manifests.CHAPTER))  # fmt: skip
        found = (chapters.of_name(stem, folder / f"{stem}.ipynb") for stem in stems)
        return [c for c in found if c and c.stage == stage and c.language in (None, language)]

    @cached_property
    def appearance(self) -> Appearance:
        """How the client's reports look."""
        return appearance(self.folder)

    @property
    def tells_sites(self) -> bool:
        """Whether there are pages by site."""
        found = self.results.get("monitoring")
        return found is not None and not found.table_or_empty("site_profiles").empty

    @cached_property
    def earlier(self) -> Earlier:
        """What earlier reports of the client showed."""
        return saved.load(self.folder)

    @cached_property
    def results(self) -> dict[str, StageResults]:
        """Stored results by stage, in the order of the stages."""
        folder = self.folder / "results"
        found = {
            stage: results.load(stage, folder)
            for stage in STAGES
            if (folder / f"{stage}.json").is_file() and self.state(stage) != "failed"
        }
        return Named("results of a stage", found)

    @cached_property
    def _views(self) -> dict[str, tuple[pd.DataFrame, Supported | None]]:
        """What views show of this run, as far as asked: as stored, and as it may be shown."""
        return {}

    def forget_views(self) -> None:
        """Let what views show be formed anew, and what they read of the catalogue be noted."""
        self._views.clear()

    def stored(self, name: str, view: View) -> pd.DataFrame:
        """Return what a view shows, as it is stored; without rows where its stage has none."""
        if name not in self._views:
            found = self.results.get(name.partition(".")[0])
            self._views[name] = (pd.DataFrame() if found is None else view.of(found)), None
        return self._views[name][0]

    def supported(self, name: str, view: View) -> Supported:
        """Return what a view shows as it may be shown: rounded, or withheld."""
        frame = self.stored(name, view)
        found = self._views[name][1]
        if found is None:
            found = view.supported(name, frame, self.min_cell, self.earlier)
            self._views[name] = frame, found
        return found


def open_run(folder: Path) -> Run:
    """Read what a run folder says.

    Where it does not say who the client is, the client goes by its identifier, and counts as
    simulated when its estimates do. A run of an earlier version, which did not keep the smallest
    count to show or the level of intervals, has the default.

    Raises
    ------
    StoredFileError
        When what the run says of itself is damaged, or a newer version wrote it.
    """
    folder = Path(folder).resolve()
    written = (folder / manifests.FILE_NAME).is_file()
    manifest = asdict(manifests.load(folder)) if written else {}
    run = Run(folder=folder, manifest=manifest)
    path = folder / "client.json"
    if path.is_file():
        try:
            identity = json.loads(path.read_text(encoding="utf-8"))
            names = {language: identity["name"][language] for language in FOLDERS}
            settled = {name: identity[name] for name in ("min_cell", "level") if name in identity}
            until = identity.get("until")
            return Run(
                folder,
                manifest,
                names,
                identity["simulated"],
                **settled,
                until=None if until is None else dt.date.fromisoformat(until),
                indicators=_indicators(folder),
                timezone=identity.get("timezone", "UTC"),
                programme=identity.get("programme", TRAINING),
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StoredFileError(path) from error
    simulated = any(e.simulated for found in run.results.values() for e in found.estimates)
    return Run(folder, manifest, {}, simulated)


def _title(step: str, language: Language) -> str:
    key, told = wording.step_key(step)
    return wording.text(key, language, **told)


def newest_run(client: str) -> Run:
    """Open the newest complete run of a client.

    Parameters
    ----------
    client : str
        Folder name under ``reports/``.

    Raises
    ------
    RunError
        Where there is none.
    """
    reports = project_root() / "reports"
    folder = newest.latest(reports / client)
    if folder is None:
        known = [path.name for path in reports.glob("*") if newest.latest(path)]
        raise RunError(
            f"There is no complete run of {client!r}{meant(client, known) or '.'} "
            f"Correct: crmeval run {client}, or open a folder with analysis.report.open_run(folder)"
        )
    return open_run(folder)


def open_chapter(*, client: str, run_dir: str = "", language: str = "zh_CN") -> Run:
    """Open the run that a client's own chapter tells of.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    run_dir : str
        Run folder, as a run hands it to the chapter; empty in a notebook run by itself, which
        takes the newest complete run.
    language : {"zh_CN", "zh", "en"}
        Language of what the notebook displays.

    Raises
    ------
    RunError
        When a parameter has a wrong value, or there is no complete run.
    """
    given = {"client": client, "run_dir": run_dir, "language": language}
    wording.speak(parameters.validate(STAGES[0], given).language)
    return open_run(Path(run_dir)) if run_dir else newest_run(client)


def _indicators(folder: Path) -> Mapping[str, Indicator] | None:
    path = folder / "indicators.json"
    if not path.is_file():
        return None
    return indicators.read(json.loads(path.read_text(encoding="utf-8")))
