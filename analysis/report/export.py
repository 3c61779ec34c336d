"""One executed notebook becomes one page in one language."""

from __future__ import annotations

from pathlib import Path

from analysis.files import write_text
from analysis.present import people
from analysis.report import notebook, page, typeface
from analysis.report.run import FOLDERS, Run, open_run
from analysis.settings import Language


def export(
    notebook_path: Path, language: Language, target: Path, *, run: Run | None = None
) -> Path:
    """Write the page of one executed notebook.

    Parameters
    ----------
    notebook_path : Path
        Executed notebook in ``<run>/notebooks/``.
    language : {"zh_CN", "en"}
        Language of the page.
    target : Path
        File to write; its sibling in the other language's folder is what the switch opens.
    run : Run, optional
        The run it belongs to; found from the notebook's place when omitted.

    Returns
    -------
    Path
        ``target``.

    Raises
    ------
    RunError
        If a cell of the notebook failed or it shows no title.
    """
    run = open_run(Path(notebook_path).parent.parent) if run is None else run
    html = stage_page(run, Path(notebook_path), language)
    style = typeface.font_style(typeface.characters(html))
    return write_text(Path(target), html.replace(page.FONT_SLOT, style))


def stage_page(run: Run, path: Path, language: Language) -> str:
    """Return the page of one notebook, still without its font."""
    with people.using(people.load(run.folder)):
        content = notebook.read(path, language)
    stage = path.stem.partition("_")[2]
    return page.render(
        "\n".join(section.html(language) for section in content.sections),
        title=content.title,
        language=language,
        switch_href=f"../{FOLDERS[page.other(language)]}/{stage}.html",
        client=run.name(language),
        stages=page.stage_links(run, language, stage),
        contents=content.contents,
        simulated=run.simulated,
        provenance=page.provenance(run, language),
    )
