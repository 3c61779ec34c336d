"""The client's own templates: used where they can be read, refused in one sentence where not."""

from __future__ import annotations

import pytest
from docx import Document
from pptx import Presentation
from pptx.util import Inches

from analysis import office
from analysis.errors import InputError


@pytest.fixture
def templates(tmp_path):
    word = Document()
    word.sections[0].header.paragraphs[0].text = "House of Letters"
    word.add_paragraph("Text of the template")
    word.save(str(tmp_path / "own.docx"))
    slides = Presentation()
    slides.slide_width = Inches(10)
    slides.slides.add_slide(slides.slide_layouts[0]).shapes.title.text = "Text of the template"
    slides.save(str(tmp_path / "own.pptx"))
    return office.Templates(tmp_path / "own.docx", tmp_path / "own.pptx")


def test_styles_and_header_are_kept_and_the_text_is_not(folder, templates):
    made = office.export(folder, ("docx", "pptx"), ("zh_CN",), templates)
    documents = [Document(str(path)) for path in made.files if path.suffix == ".docx"]
    assert len(documents) == 4
    for document in documents:
        assert document.sections[0].header.paragraphs[0].text == "House of Letters"
        assert "Text of the template" not in [p.text for p in document.paragraphs]
    (deck,) = (Presentation(str(path)) for path in made.files if path.suffix == ".pptx")
    assert deck.slide_width == Inches(10)
    said = [s.text_frame.text for slide in deck.slides for s in slide.shapes if s.has_text_frame]
    assert "Text of the template" not in said
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left + shape.width <= deck.slide_width + 10


@pytest.mark.parametrize("kind", ["docx", "pptx"])
@pytest.mark.parametrize("content", [None, b"", b"no office file"])
def test_a_template_that_cannot_be_read_is_a_fault(folder, tmp_path, kind, content):
    path = tmp_path / f"own.{kind}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        office.export(folder, (kind,), ("en",), office.Templates(**{kind: path}))
    (fault,) = caught.value.faults
    assert fault.rule == ("template_missing" if content is None else "template_unreadable")
    assert fault.file == path.name
