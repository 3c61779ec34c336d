"""What the notebooks say of their methods stands in both languages."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from style_list import faults

from analysis.present import MIME
from analysis.report import notebook

NOTES = [
    (f"{path.stem}:{cell['id']}", "".join(cell["source"]), cell["metadata"])
    for path in sorted((Path(__file__).parents[2] / "notebooks").glob("0*.ipynb"))
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    if cell["cell_type"] == "markdown"
]
CODE = re.compile(r"(?<![`\w])`([^`]+)`|(\$[^$]+\$)|\]\(([^)]+)\)|^#+", re.MULTILINE)


@pytest.mark.parametrize(("english", "metadata"), [note[1:] for note in NOTES], ids=lambda _: "")
def test_a_note_stands_in_both_languages(english, metadata):
    assert metadata["tags"] == ["method"]
    chinese = metadata["zh_CN"]
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert set(CODE.findall(chinese)) == set(CODE.findall(english))
    assert faults("en", CODE.sub("x", english)) == []
    assert faults("zh_CN", CODE.sub("x", chinese)) == []


def test_a_page_shows_the_note_of_its_language(tmp_path):
    bundle = {"role": "title", "anchor": "t", "en": "<h1>T</h1>", "zh_CN": "<h1>题</h1>"}
    note = new_markdown_cell("How it is done", metadata={"tags": ["method"], "zh_CN": "怎样做"})
    shown = new_code_cell("show", outputs=[new_output("display_data", data={MIME: bundle})])
    path = tmp_path / "told.ipynb"
    nbformat.write(new_notebook(cells=[note, shown]), path)
    for language, said, other in (("en", "How", "怎样"), ("zh_CN", "怎样", "How")):
        (section,) = notebook.read(path, language).sections
        assert said in section.html(language)
        assert other not in section.html(language)
