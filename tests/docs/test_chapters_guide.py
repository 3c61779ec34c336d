"""The worked example of docs/chapters.md, run as it stands: on the page, in Word, on a slide."""

import json
import re
from dataclasses import replace
from pathlib import Path

import html5lib
import matplotlib.pyplot as plt
import nbformat
import pytest
import yaml
from nbformat import v4

from analysis import results
from analysis.client.chapters import chapters as of_folder
from analysis.manifest import Manifest, StepRecord
from analysis.office import contents, deck
from analysis.office.blocks import Picture, Table, Text
from analysis.parameters import StageParameters
from analysis.pipeline import chapters
from analysis.pipeline.notebooks import Kernel
from analysis.present import MIME
from analysis.report import open_run, run
from analysis.report.appearance import FILE_NAME
from analysis.report.chapters import own_section
from analysis.report.export import stage_page
from analysis.results import Estimate, StageResults

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "chapters.md").read_text(encoding="utf-8")
LOOK = yaml.safe_load(re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[1])["report"]
EFFECT = Estimate(
    id="tracking.csat_mean.att.overall", estimand="att_overall", indicator="csat_mean",
    unit="score", value=0.3, ci_low=0.1, ci_high=0.5, n=900, n_units=16, method="group_time_dr",
    comparison="not_yet_treated", causal=True, simulated=True,
)  # fmt: skip


def picture(path):
    figure = plt.figure(figsize=(1, 1))
    figure.savefig(path)
    plt.close(figure)
    return path


def stage_notebook(path):
    """Write an executed notebook of the tracking stage with three sections."""

    def shown(role, words, **more):
        html = f"<h1>{words}</h1>" if role == "title" else f"<h2 id='{more['anchor']}'>{words}</h2>"
        data = {MIME: {"zh_CN": html, "en": html, "role": role, **more}}
        return v4.new_code_cell(words, outputs=[v4.new_output("display_data", data=data)])

    names = ("development", "answer", "behaviour-none")
    sections = [shown("section", n, anchor=f"chapters-tracking-{n}") for n in names]
    path.parent.mkdir(parents=True)
    nbformat.write(v4.new_notebook(cells=[shown("title", "Tracking"), *sections]), path)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run folder whose tracking page holds the example, and a chapter that failed."""
    root = tmp_path_factory.mktemp("project")
    own = root / "data" / "acme" / "chapters"
    own.mkdir(parents=True)
    text = re.search(r"````markdown\n(.*?)````", GUIDE, re.DOTALL)[1]
    (own / "tracking_weather.md").write_text(text, encoding="utf-8")
    data = re.search(r"lie beside it:\n\n```\n(.*?)```", GUIDE, re.DOTALL)[1]
    (own / "weather.csv").write_text(data, encoding="utf-8")
    picture(own / "gauge.png")
    (own / "tracking_broken.md").write_text("# Breaks\n\n```{code-cell}\n1 / 0\n```\n")
    folder = root / "reports" / "acme" / "run"
    stage_notebook(folder / "notebooks" / "03_tracking.ipynb")
    results.save(StageResults(stage="tracking", estimates=(EFFECT,)), folder / "results")
    steps = {"tracking": StepRecord(state="done")}
    for found in of_folder(own.parent):
        steps[found.step] = StepRecord(state="done")
        try:
            kernel = Kernel(root=root, folder=own, warm=False)
            values = StageParameters(client="acme", language="en").model_dump(exclude={"run_dir"})
            chapters.execute(found, values, folder, kernel, lambda done, of: None)
        except Exception as error:
            steps[found.step] = StepRecord(state="failed", error=str(error))
    Manifest(client="acme", run_id="run", state="complete", steps=steps).save(folder)
    look = {"order": LOOK["order"], "leave_out": LOOK["leave_out"], "colour": LOOK["colour"],
            "contact": LOOK["contact"]}  # fmt: skip
    (folder / FILE_NAME).write_text(json.dumps(look), encoding="utf-8")
    return open_run(folder)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_it_stands_on_the_page_where_it_is_ordered(ran, language):
    page = stage_page(ran, ran.notebook("tracking"), language)
    html5lib.HTMLParser(strict=True).parse(page)
    headings = re.findall(r"<h2 id=[^>]*>(.*?)</h2>", page)
    assert headings == ["answer", "Was it the weather?", "development", "Breaks"]
    assert re.findall(r'<li><a href="#[^"]*">(.*?)</a>', page) == headings
    body = page.partition("<main")[2]
    assert body.count('src="data:image/png;base64,') == 2
    assert "behaviour-none" in body.rpartition('<p class="notice">')[2]
    assert "ZeroDivisionError" in body.rpartition('id="chapter-broken"')[2]
    assert not re.findall(r'(?:src|href)="(?!#|data:|\.\./|\w+\.html|index)[^"]*"', page)
    assert LOOK["colour"] in page
    assert LOOK["contact"][language] in page


def test_code_is_folded_and_results_speak_the_language_of_the_page(ran):
    weather = next(c for c in ran.chapters("tracking", "en") if c.name == "weather")
    english, chinese = (own_section(ran, weather, la) for la in ("en", "zh_CN"))
    assert english.title == "Was it the weather?"
    assert "open_chapter" in "".join(english.method)
    assert "open_chapter" not in "".join(english.shown)
    assert "95% interval" in "".join(english.shown)
    assert "区间" in "".join(chinese.shown)


def test_it_is_in_word_and_on_a_slide(ran):
    weather = next(c for c in ran.chapters("tracking", "en") if c.name == "weather")
    heading, *rest = contents.chapter(ran, weather, "en")
    assert heading == Text("h2", (("Was it the weather?", False),))
    kinds = [type(block) for block in rest]
    assert kinds.count(Picture) == 2
    assert kinds.count(Table) == 1
    (slide,) = (s for s in deck._chapters(ran, "en") if s.title == "Was it the weather?")
    assert isinstance(slide.shown, Picture)
    assert slide.texts
    (failed,) = (s for s in deck._chapters(ran, "zh_CN") if s.title == "Breaks")
    assert "ZeroDivisionError" in str(failed.texts[0])


def test_what_limits_an_answer_cannot_be_left_out(ran):
    look = replace(ran.appearance, leave_out={"tracking": ["undo", "behaviour"]})
    shown, gone = look.arranged("tracking", ["", "undo", "behaviour"], str)
    assert (shown, gone) == (["", "undo"], ["behaviour"])


def test_by_itself_it_opens_the_newest_run(monkeypatch):
    monkeypatch.setattr(run, "newest_run", lambda client: client)
    monkeypatch.setattr("analysis.wording.session._notebook", [])
    assert run.open_chapter(client="acme") == "acme"
    with pytest.raises(Exception, match="language"):
        run.open_chapter(client="acme", language="fr")
