"""What a client file says of its reports: checked with line, rule and a correct example."""

import ast
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from analysis import client, wording
from analysis.client.appearance import sections
from analysis.client.identity import contrast_with_white
from analysis.errors import InputError
from analysis.parameters import STAGES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def load(example, write):
    """Load the example with another ``report``."""

    def load(said):
        kept = re.sub(r"(?m)^report: .*\n", "", example)
        path = write(f"{kept}report: {said}\n")
        folder = path.parent / "chapters"
        folder.mkdir(exist_ok=True)
        (folder / "tracking_weather.md").write_text("# Weather")
        figure = plt.figure(figsize=(1, 1))
        figure.savefig(folder / "logo.png")
        plt.close(figure)
        (folder / "drawing.png").write_text("<svg/>")
        return client.load(path)

    return load


def test_what_is_right_is_taken(load):
    said = load(
        "{logo: chapters/logo.png, colour: '#7A1F2B', contact: 0571 1234,"
        " order: {tracking: [weather, answer]}, leave_out: {design: [finances]}}"
    ).report
    assert said.colour == "#7a1f2b"
    assert said.contact == "0571 1234"
    assert said.order == {"tracking": ("weather", "answer")}


@pytest.mark.parametrize(
    ("said", "rule", "place", "right"),
    [
        ("{logo: chapters/lgo.png}", "picture_missing", "report.logo", "logo: chapters/logo.png"),
        ("{logo: chapters/drawing.png}", "picture_kind", "report.logo", "logo: chapters/logo.png"),
        ("{colour: red}", "client_value", "report.colour", "colour: '#0b5c8f'"),
        ("\n  colour: #0b5c8f", "client_value", "report.colour", "colour: '#0b5c8f'"),
        ("{colour: '#ffee00'}", "client_value", "report.colour", "colour: '#0b5c8f'"),
        ("{color: '#0b5c8f'}", "client_unknown_key", "report.color", "colour"),
        ("{order: {tracking: [wether]}}", "client_section_unknown", "report.order.tracking[0]",
         "weather"),
        ("{leave_out: {tracking: [undoes]}}", "client_section_unknown",
         "report.leave_out.tracking[0]", "behaviour"),
        ("{leave_out: {tracking: [undo]}}", "section_fixed", "report.leave_out.tracking[0]",
         "report: {leave_out: {tracking: [targets]}}"),
        ("{order: {traking: [answer]}}", "client_unknown_key", "report.order.traking", "tracking"),
        ("{order: {tracking: answer}}", "client_value", "report.order.tracking", "["),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_what_is_right(load, said, rule, place, right):
    with pytest.raises(InputError) as caught:
        load(said)
    (fault,) = caught.value.faults
    assert (fault.rule, fault.column) == (rule, place)
    assert fault.row
    for language in wording.LANGUAGES:
        words = wording.fault_sentence(fault, language)
        assert right in wording.fault_example(fault, language)
        assert "{" not in words


def test_contrast_is_that_of_wcag():
    assert contrast_with_white("#000000") == pytest.approx(21)
    assert contrast_with_white("#ffffff") == pytest.approx(1)
    assert contrast_with_white("#767676") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_the_sections_are_those_of_the_pages(stage):
    source = (ROOT / "analysis" / "workspace" / "pages" / f"{stage}.py").read_text("utf-8")
    opened = {
        text.value
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("section", "part")
        and ast.unparse(call.func.value) == "self"
        for text in ast.walk(call.args[0])
        if isinstance(text, ast.Constant)
    }
    if stage == "design":  # opened in a loop
        opened |= {"finances", "documents"}
    free, fixed = sections(stage)
    assert {name.removesuffix("_none") for name in opened} == {*free, *fixed}
    guide = (ROOT / "docs" / "chapters.md").read_text("utf-8")
    (row,) = re.findall(rf"\| `{stage}` \| (.*) \|", guide)
    assert {*re.findall(r"(?<!\*)`(\w+)`", row)} == {*free}
    assert {*re.findall(r"\*\*`(\w+)`\*\*", row)} == {*fixed}
