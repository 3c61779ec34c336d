"""A client's own chapters in a run: where and when they run, and that they stop nothing."""

from __future__ import annotations

import base64

import matplotlib.pyplot as plt
import nbformat
import pytest
from nbformat import v4

from analysis import manifest
from analysis.client import chapters as named
from analysis.errors import RunError
from analysis.pipeline import chapters, outcome

WEATHER = """---
kernelspec: {name: python3}
---
# Was it the weather?

```{code-cell}
print(client, language, open("rain.txt").read())
```

```python
never = 1 / 0
```
"""


@pytest.fixture
def own(project):
    """Folder of chapters with one text, and the file that it reads."""
    folder = project.root / "data" / "acme" / "chapters"
    folder.mkdir()
    (folder / "tracking_weather.md").write_text(WEATHER)
    (folder / "rain.txt").write_text("rain")
    return folder


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Run notebooks without kernels but for the one that a test asks for."""
    monkeypatch.setattr(
        "analysis.pipeline.steps.run_notebook",
        lambda source, target, values, kernel, on_cell: (
            target.parent.mkdir(exist_ok=True),
            target.write_text("{}"),
        ),
    )


def picture(path):
    figure = plt.figure(figsize=(1, 1))
    figure.savefig(path)
    plt.close(figure)
    return base64.b64encode(path.read_bytes()).decode()


def said(folder, stem):
    path = folder / "notebooks" / "chapters" / f"{stem}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    return [o.text for c in cells if c.cell_type == "code" for o in c.outputs if "text" in o]


def test_it_runs_after_its_stage_in_its_own_folder_and_language(project, own):
    (own / "value_words.en.md").write_text("```{code-cell}\nprint(language, seed)\n```\n")
    done = project.run()
    assert done.state == "complete"
    assert done.failed_chapters == {}
    order = list(done.executed)
    assert order.index("chapter.tracking_weather") == order.index("tracking") + 1
    assert order.index("chapter.value_words.en") == order.index("value") + 1
    assert said(done.folder, "tracking_weather") == ["acme zh_CN rain\n"]
    assert said(done.folder, "value_words.en") == ["en 20240101\n"]
    assert outcome.load(done.folder / "notebooks/chapters/tracking_weather.ipynb").ok


def test_a_change_runs_it_and_the_report_again_and_nothing_else(project, own):
    project.run()
    assert project.run().executed == ()
    (own / "rain.txt").write_text("snow")
    again = project.run()
    assert list(again.executed) == ["chapter.tracking_weather", "report"]
    assert said(again.folder, "tracking_weather") == ["acme zh_CN snow\n"]
    project.notebook("value", "print('changed')")
    assert list(project.run().executed) == ["value", "report"]
    project.notebook("tracking", "print('changed')")
    assert "chapter.tracking_weather" in project.run().executed
    (own / "tracking_weather.md").unlink()
    gone = project.run()
    assert list(gone.executed) == ["report"]
    assert "chapter.tracking_weather" not in manifest.load(gone.folder).steps


def test_a_changed_file_runs_the_chapters_that_may_read_it(project, own):
    (own / "snow.csv").write_text("1")
    (own / "gauge 1.csv").write_text("1")
    (own / "places.py").write_text("WHERE = 'snow.csv'\n")
    cell = "```{code-cell}\n%s\n```\n"
    (own / "value_plain.md").write_text("# Nothing read\n\nA rainy gauge.csv and some snow.\n")
    (own / "value_module.md").write_text(cell % "import places; print(open(places.WHERE).read())")
    (own / "value_made.md").write_text(cell % "n = 1; print(open(f'gauge {n}.csv').read())")
    (own / "value_all.md").write_text(cell % "from pathlib import Path; list(Path().iterdir())")

    def ran():
        return {name.removeprefix("chapter.") for name in project.run().executed} - {"report"}

    project.run()
    (own / "__pycache__").mkdir(exist_ok=True)  # as importing a module leaves it
    (own / "__pycache__" / "places.cpython-311.pyc").write_bytes(b"1")
    for name, runs in {
        "rain.txt": {"tracking_weather", "value_all"},
        "snow.csv": {"value_module", "value_made", "value_all"},
        "places.py": {"value_module", "value_all"},
        "value_plain.md": {"value_plain"},
        # No chapter names it: each may read it.
        "gauge 1.csv": {
            "tracking_weather",
            "value_module",
            "value_made",
            "value_all",
            "value_plain",
        },
    }.items():
        with (own / name).open("a") as file:
            file.write(" ")
        assert ran() == runs, name


def test_how_reports_look_makes_only_the_pages_anew(project):
    file = project.root / "data" / "acme" / "client.yml"
    file.write_text("client: acme\n")
    project.run()
    file.write_text("client: acme\nreport:\n  colour: '#7a1f2b'\n\n  contact: us\n")
    assert list(project.run().executed) == ["report"]
    file.write_text("client: acme\nreport:\n  colour: '#7a1f2b'\n\n  contact: us\nperiod: other\n")
    assert project.run().executed[0] == "ingest"


def test_one_that_fails_is_told_and_stops_nothing(project, own):
    (own / "tracking_broken.md").write_text("```{code-cell}\n1 / 0\n```\n")
    done = project.run()
    assert done.state == "complete"
    assert done.ok
    assert done.failed_chapters == {
        "chapter.tracking_broken": "cell 3 of 3: ZeroDivisionError: division by zero"
    }
    assert {"value", "report", "chapter.tracking_weather"} <= set(done.executed)
    again = project.run()
    assert list(again.executed) == ["chapter.tracking_broken", "report"]
    assert again.failed_chapters
    (own / "tracking_broken.md").write_text("mended")
    assert project.run().failed_chapters == {}


def test_a_stage_that_is_asked_for_runs_its_chapters(project, own):
    (own / "value_later.md").write_text("later")
    done = project.run(stages=["tracking"])
    assert done.state == "partial"
    assert list(done.executed)[-2:] == ["chapter.tracking_weather", "report"]


def test_a_name_that_says_no_stage_is_refused(own):
    (own / "traking_weather.ipynb").write_text("{}")
    (fault,) = named.chapter_faults(own.parent)
    assert (fault.rule, fault.file) == ("chapter_name", "chapters/traking_weather.ipynb")
    assert fault.example == "chapters/tracking_weather.ipynb"


def test_two_of_one_name_are_refused(own):
    (own / "tracking_weather.ipynb").write_text("{}")
    (fault,) = named.chapter_faults(own.parent)
    assert (fault.rule, fault.example) == ("chapter_twice", "chapters/tracking_weather_2.md")


def test_its_pictures_are_in_it(own):
    content = picture(own / "雨 量.png")
    (own / "tracking_weather.md").write_text("![rain](<雨 量.png>)\n\n`![code](no.png)`")
    _, cell = chapters.opened(own / "tracking_weather.md").cells
    (held,) = cell.attachments.values()
    assert held == {"image/png": content}


@pytest.mark.parametrize("named", ["none.png", "https://x.example/a.png", "../../../etc/a.png"])
def test_a_picture_that_cannot_be_in_it_is_named(own, named):
    (own / "tracking_weather.md").write_text(f"![rain]({named})")
    with pytest.raises(RunError, match="cannot be put into the page"):
        chapters.opened(own / "tracking_weather.md")


def test_a_file_that_is_no_notebook_is_named(own):
    path = own / "tracking_weather.ipynb"
    path.write_text("{")
    with pytest.raises(RunError, match=r"tracking_weather.ipynb cannot be read as a notebook"):
        chapters.opened(path)


def test_outputs_that_were_saved_are_not_taken(own):
    path = own / "tracking_weather.ipynb"
    old = v4.new_code_cell("1", outputs=[v4.new_output("stream", text="old")], execution_count=3)
    nbformat.write(v4.new_notebook(cells=[old]), path)
    *_, cell = chapters.opened(path).cells
    assert cell.outputs == []
    assert nbformat.read(path, as_version=4).cells[0].outputs
