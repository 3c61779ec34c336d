"""What a client file says of its reports, held against the sections and files there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis import packaged
from analysis.client.chapters import chapter_faults, chapters
from analysis.client.faults import nearest, place
from analysis.client.lines import Lines
from analysis.client.pictures import MOST_BYTES, picture_fault
from analysis.errors import Fault
from analysis.files import expanded

_FILE = Path(__file__).with_name("sections.yml")
_LOGO = "report: {logo: chapters/logo.png}"
_PICTURES = {
    "picture_missing": "There is no such file.",
    "picture_large": f"The picture has more than {MOST_BYTES // 1_000_000} MB.",
    "picture_kind": "The file is no PNG and no JPEG.",
}


def sections(stage: str) -> tuple[list[str], list[str]]:
    """Return the sections of a stage's page that may be left out, and those that may not."""
    declared = packaged.content(_FILE)[stage]
    return declared["free"], declared["fixed"]


def report_faults(raw: Mapping[str, Any], folder: Path, *, name: str, lines: Lines) -> list[Fault]:
    """Return the faults of ``report`` and of the chapters beside the client file.

    Parameters
    ----------
    raw : Mapping
        Content of the client file; what has the wrong type is told by the model.
    folder : Path
        The client's folder.
    name, lines :
        Name and lines of the client file.
    """
    where = {"name": name, "lines": lines}
    said = raw.get("report")
    said = said if isinstance(said, dict) else {}
    faults = [*chapter_faults(folder), *_logo(said.get("logo"), folder, where)]
    for key in ("order", "leave_out"):
        by_stage = said.get(key)
        for stage, names in by_stage.items() if isinstance(by_stage, dict) else ():
            if stage not in packaged.content(_FILE):
                faults.append(_unknown_stage(key, str(stage), where))
            elif isinstance(names, list):
                faults += _names(key, stage, names, folder, where)
    return faults


def _unknown_stage(key: str, word: str, where: Mapping[str, Any]) -> Fault:
    known = list(packaged.content(_FILE))
    near = nearest(word, known) or ""
    message = "There is no key {word} here" + ("; the nearest is {near}." if near else ".")
    example = "{near}" if near else "one of: {known}"
    told: dict[str, Any] = {"word": word, "near": near, "known": ", ".join(known)}
    return place("client_unknown_key", message, example, **where, path=("report", key, word),
                 **told)  # fmt: skip


def _logo(logo: Any, folder: Path, where: Mapping[str, Any]) -> Iterator[Fault]:
    if isinstance(logo, str) and (rule := picture_fault(folder / expanded(Path(logo)))):
        path = ("report", "logo")
        yield place(rule, _PICTURES[rule], _LOGO, **where, path=path, value=logo)


def _names(
    key: str, stage: str, names: Sequence[Any], folder: Path, where: Mapping[str, Any]
) -> Iterator[Fault]:
    free, fixed = sections(stage)
    own = [c.name for c in chapters(folder) if c.stage == stage]
    known = [*free, *fixed, *own] if key == "order" else free
    for number, word in enumerate(names):
        path = ("report", key, stage, number)
        told = {"word": word, "known": ", ".join(known), "stage": stage}
        if key == "leave_out" and word in fixed:
            message = "The section {word} may not be left out."
            example = f"report: {{leave_out: {{{stage}: [{free[0]}]}}}}"
            yield place("section_fixed", message, example, **where, path=path, **told,
                        right=free[0])  # fmt: skip
        elif word not in known:
            near = nearest(str(word), known)
            message = "There is no section {word}" + ("; the nearest is {near}." if near else ".")
            example = "{near}" if near else "one of: {known}"
            yield place("client_section_unknown", message, example, **where, path=path,
                        near=near or "", **told)  # fmt: skip
