"""Compact drawings draw the same, and share what they have in common."""

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_svg import RendererSVG
from PIL import Image

from analysis.present import figures, notebooks, theme, vectors

STEP = re.compile(r"([MLQCmlqcz])([^MLQCmlqcz]*)")
PER_STEP = {"m": 1, "l": 1, "q": 2, "c": 3}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def points(path):
    """Every point of a path, in absolute coordinates."""
    at = start = np.zeros(2)
    found = []
    for letter, rest in STEP.findall(path):
        if letter == "z":
            at = start
            continue
        values = np.array([float(v) for v in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)])
        size = PER_STEP[letter.lower()]
        for pairs in values.reshape(-1, size, 2):
            placed = pairs + at if letter.islower() else pairs
            found += [*placed]
            at = placed[-1]
            start = at if letter in "mM" else start
    return np.array(found)


@pytest.mark.parametrize(
    "path",
    [
        "M 0 245.99 \nL 569.99 245.99 \nL 569.99 0 \nL 0 0 \nz\n",
        "M 1.04 1.04 \nC 1.31 0.93 -1.4 0.79 -1.5 0.62 \nL -0.04 0.01 \nM 8 8 \nQ 9 9.25 7 3 \nz\n",
    ],
)
def test_a_path_keeps_its_points(path):
    drawn = vectors.compact(f'<path d="{path}"/>')
    short = re.search(r'd="([^"]*)"', drawn)[1]
    assert len(short) < len(path)
    np.testing.assert_allclose(points(short), points(path), atol=0.051)


def test_rounding_does_not_add_up():
    path = "M 0 0 \n" + "".join(f"L {0.04 * n:.2f} 1.04 \n" for n in range(1, 1000))
    short = re.search(r'd="([^"]*)"', vectors.compact(f'<path d="{path}"/>'))[1]
    assert points(short)[-1] == pytest.approx([39.96, 1.04], abs=0.051)


@pytest.fixture
def page():
    """A page with two figures of the same words and marks."""
    theme.apply()
    drawn = []
    for anchor in ("figure-1", "figure-2"):
        figure, axes = plt.subplots()
        axes.plot([0, 1, 2], [1, 3, 2], marker="o")
        axes.set_title("满意度")
        drawn.append(figures.embed(figure, anchor=anchor, alt="a"))
    return "".join(drawn)


def test_glyphs_and_marks_stand_once(page):
    html = vectors.shared(page)
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'href="#([^"]+)"', html)) | set(re.findall(r"url\(#([^)]+)\)", html))
    assert used <= set(ids)
    assert len(html) < 0.75 * len(page)
    assert len(re.findall("<path", html)) < len(re.findall("<path", page))


def test_styles_that_many_lines_have_stand_once(page):
    html = vectors.shared(page)
    rules = dict(re.findall(r"\.(d\d+)\{([^}]*)\}", html))
    assert rules
    assert all(html.count(f'style="{style}"') == 0 for style in rules.values())
    # With each class written out, every line has the style it had; marks are those that stand once.
    written = re.sub(r' class="(d\d+)"', lambda found: f' style="{rules[found[1]]}"', html)
    assert styles_of_lines(written.partition("</style>")[2]) == styles_of_lines(page)


def styles_of_lines(html):
    drawn = "".join(re.findall("(?s)<svg.*?</svg>", f"<svg>{html}"))
    return sorted(re.findall(' style="([^"]*)"', re.sub(r"<path id=[^>]*/>", "", drawn)))


def test_a_page_without_figures_stays_as_it_is():
    assert vectors.shared("<p>a</p>") == "<p>a</p>"


def test_a_drawing_is_as_large_as_what_is_on_it():
    theme.apply()
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.text(1.3, 0.5, "beyond the edge", transform=axes.transAxes, clip_on=False)
    axes.set_in_layout(False)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight")
    drawn, reached = vectors.drawing(figure)
    for svg in (buffer.getvalue(), drawn):
        assert svg.count("<path") > 10
    as_matplotlib = box_of(buffer.getvalue())
    assert box_of(drawn)[2:] == pytest.approx(as_matplotlib[2:], abs=3)  # less leading
    x, y, wide, high = box_of(drawn)
    paper = re.search(r'<path d="M ([-\d.]+) ([-\d.]+) L ([-\d.]+)', drawn)
    assert [float(found) for found in paper.groups()] == pytest.approx([x, y + high, x + wide])
    assert (reached.width, reached.height) == pytest.approx((wide, high), abs=0.1)


def test_what_is_not_cut_off_at_the_axes_counts():
    theme.apply()
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.set_in_layout(False)
    axes.plot([1.3], [0.5], "o", markersize=20, transform=axes.transAxes, clip_on=False)
    axes.scatter([0.5], [1.4], s=400, transform=axes.transAxes, clip_on=False)
    axes.plot([-0.4, 0], [0, 0], transform=axes.transAxes, clip_on=False)
    _, reached = vectors.drawing(figure)
    box = axes.get_window_extent()
    assert reached.x1 > box.x0 + 1.3 * box.width + 10
    assert reached.y1 > box.y0 + 1.4 * box.height + 10
    assert reached.x0 < box.x0 - 0.4 * box.width


def test_a_figure_keeps_its_layout_for_the_next_drawing():
    theme.apply()
    figure, axes = plt.subplots(figsize=(6, 3))
    axes.set_ylabel("higher is better")
    before = figure.get_layout_engine()
    wide, box = vectors.drawing(figure)
    places = axes.get_position().bounds
    vectors.png(figure, box)
    assert axes.get_position().bounds == places
    assert figure.get_layout_engine() is before
    figure.set_size_inches(4, 3)
    vectors.drawing(figure)
    assert axes.get_position().bounds != places
    figure.set_size_inches(6, 3)
    assert vectors.drawing(figure)[0] == wide


def test_a_picture_shows_what_the_drawing_shows():
    theme.apply()
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.text(1.3, 0.5, "beyond the edge", transform=axes.transAxes, clip_on=False)
    axes.set_in_layout(False)
    _, box = vectors.drawing(figure)
    picture = Image.open(io.BytesIO(vectors.png(figure, box)))
    assert picture.size == pytest.approx(
        (box.width / 72 * notebooks.DPI, box.height / 72 * notebooks.DPI), abs=2
    )
    inked = np.flatnonzero((np.asarray(picture.convert("L")) < 200).any(axis=0))
    assert 0 < picture.width - inked[-1] < 0.15 * notebooks.DPI


@pytest.mark.parametrize("words", ["满意度", "Satisfied customers (%)", "gy"])
@pytest.mark.parametrize("angle", [0, 90])
def test_words_have_the_room_that_matplotlib_gives_them(words, angle):
    theme.apply()
    figure, axes = plt.subplots(figsize=(4, 3))
    text = axes.text(0.5, 0.5, words, rotation=angle)
    vectors.drawing(figure)
    own = text.get_window_extent(figure.canvas.get_renderer())
    buffer = io.StringIO()
    plain = text.get_window_extent(RendererSVG(288, 216, buffer, image_dpi=72))
    assert own.bounds == pytest.approx(plain.bounds)


def box_of(svg):
    return [float(side) for side in re.search(r'viewBox="([^"]+)"', svg)[1].split()]


def test_a_figure_seen_at_once_is_drawn_narrow_too():
    theme.apply()
    figure, _ = plt.subplots(figsize=(theme.WIDTH, 3))
    html = figures.embed(figure, anchor="figure-1", alt="a", narrow=True)
    wide, narrow = (
        float(re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+)', part)[1])
        for part in re.findall(r"<svg.*?</svg>", html, flags=re.S)
    )
    assert narrow < 0.65 * wide
    assert '<div class="narrow">' in html
