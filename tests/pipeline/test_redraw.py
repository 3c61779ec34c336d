"""A changed sentence lays pages out again and computes nothing."""

import json
import shutil
import threading
import time

import nbformat
import pytest
from in_process import cells_in_this_process, run_here
from small_client import NAME, SMALL, STAGES, write_client

from analysis import memory, reach, wording
from analysis.manifest import load
from analysis.present import recorded
from analysis.present.notebooks import MIME
from analysis.wording import catalogue
from analysis.workspace.opening import redraw as redrawing
from analysis.workspace.opening import remembering
from analysis.workspace.opening.redraw import draw_along, record_of, redraw

SAID = "chapters.monitoring.title"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    made = write_client(tmp_path_factory.mktemp("words"), SMALL)
    assert run_here(made).state == "complete"
    return made


@pytest.fixture
def reworded(monkeypatch):
    """Let a sentence be another one, as if its file had been edited."""

    def change(key, words):
        monkeypatch.setattr(reach, "sentences", lambda: f"with {words}")
        for language, short in (("zh_CN", "zh"), ("en", "en")):
            monkeypatch.setitem(catalogue._catalogue(language), key, words)
            monkeypatch.setitem(
                catalogue._sentences(), key, {**catalogue._sentences()[key], short: words}
            )

    return change


@pytest.fixture(scope="module")
def first(client):
    """The run in today's words."""
    return last(client)


def last(client):
    return (client.root / "reports" / NAME / "latest").resolve()


def cells_of(folder, stage):
    path = record_of(folder, stage).with_suffix(".ipynb")
    return nbformat.read(path, as_version=4).cells


def shown(folder, stage):
    """What the outputs of a stage show, in English."""
    return [
        output.data[MIME]["en"]
        for cell in cells_of(folder, stage)
        if cell.cell_type == "code"
        for output in cell.outputs
        if MIME in output.get("data", {})
    ]


def stored(folder):
    return {p.name: p.read_bytes() for p in sorted((folder / "results").rglob("*")) if p.is_file()}


def test_a_changed_sentence_lays_out_pages_and_computes_nothing(client, first, reworded):
    before = first
    kept, results = {s: shown(before, s) for s in STAGES}, stored(before)
    reworded(SAID, "What was watched at {client}")
    done = run_here(client)
    assert done.executed == ("report",)
    after = last(client)
    assert after != before
    assert stored(after) == results
    page = (after / "en" / "monitoring.html").read_text(encoding="utf-8")
    assert "<h1>What was watched at" in page
    assert "What was watched at" in shown(after, "monitoring")[0]
    for stage in STAGES:
        now = shown(after, stage)
        assert len(now) == len(kept[stage])
        assert [a for a, b in zip(now, kept[stage], strict=True) if a != b] == (
            [now[0]] if stage == "monitoring" else []
        )
    assert {s: shown(before, s) for s in STAGES} == kept  # an earlier run stays as it was
    record = load(after).steps["monitoring"]
    assert record.state == "skipped"
    assert record.taken_from


def test_what_was_laid_out_again_is_taken_over_as_it_is(client, reworded):
    reworded(SAID, "Once more")
    assert run_here(client).executed == ("report",)
    again = run_here(client)
    assert again.executed == ()


def test_a_stage_asked_for_by_name_is_laid_out_again_too(client, reworded):
    reworded(SAID, "Said anew")
    before = last(client)
    part = run_here(client, stages=["monitoring"])
    assert part.executed == ("report",)
    assert part.folder != before
    assert "Said anew" in shown(part.folder, "monitoring")[0]


def test_what_cannot_be_laid_out_fails_and_is_tried_again(client, reworded):
    reworded(SAID, "A blank that nobody fills: {nobody}")
    done = run_here(client)
    assert done.failed_step == "monitoring"
    assert "nobody" in done.error
    found = load(done.folder)
    assert (found.state, found.steps["monitoring"].state) == ("failed", "failed")
    reworded(SAID, "Filled again")
    again = run_here(client)
    assert again.state == "complete"
    assert again.executed == ("report",)
    assert "Filled again" in shown(again.folder, "monitoring")[0]


def test_an_earlier_record_is_not_written_into(first, tmp_path):
    path = record_of(first, "design")
    before = path.read_bytes()
    linked = tmp_path / "linked.shown"
    linked.hardlink_to(path)
    recorded.Recorder(linked)
    assert path.read_bytes() == before


def test_without_a_change_the_same_outputs_come_again(first, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(first, folder)
    with cells_in_this_process():
        for stage in STAGES:
            before = shown(folder, stage)
            assert redraw(folder, stage)
            assert shown(folder, stage) == before


@pytest.fixture
def languages_drawn(tmp_path, monkeypatch):
    """Remember values in a folder, and tell the languages of the drawings that are made anew."""
    made, real = [], memory._computed

    def counting(store, key, make):
        made.append(make.args[2]["language"])
        return real(store, key, make)

    read = memory.Read(
        reading=wording.reading,
        entries_hash=wording.entries_hash,
        note=wording.note_read,
        ambient=remembering._ambient,
    )
    monkeypatch.setattr(memory, "_computed", counting)
    monkeypatch.setattr(memory, "WORTH_SECONDS", 0.0)
    memory.keep_in(memory.Store(folder=tmp_path / "kept", run="r", anew=False, read=read))
    yield made
    memory.keep_in(None)


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_drawings_of_one_language_are_found_that_another_process_made(
    first, languages_drawn, monkeypatch, language
):
    made_with, calls = recorded.load(record_of(first, "monitoring"))
    made_with = {**made_with, "language": language}
    plain = redrawing._shown(first, made_with, calls, pictures=True)
    both = languages_drawn.copy()
    assert both.count("en") == both.count("zh_CN") > 0
    for path in memory._in_force[0].folder.iterdir():
        path.unlink()
    languages_drawn.clear()
    monkeypatch.setattr(recorded, "follow", lambda path: iter([made_with, *calls]))
    draw_along(first, "monitoring")
    assert languages_drawn == ["en"] * both.count("en")
    languages_drawn.clear()
    assert redrawing._shown(first, made_with, calls, pictures=True) == plain
    assert languages_drawn == ["zh_CN"] * both.count("zh_CN")


def test_a_record_is_read_while_it_is_written(tmp_path):
    path = tmp_path / "notebooks" / f"n{recorded.SUFFIX}"
    calls = recorded.follow(path)
    recorder = recorded.Recorder(path)
    recorder.begin({"language": "en"})
    assert next(calls) == {"language": "en"}
    recorder.keep("title", ("a",), {"n": 1})
    assert next(calls).name == "title"
    before = path.read_bytes()
    recorder.keep("prose", ("b" * 100_000,), {})
    rest = path.read_bytes()[len(before) :]
    path.write_bytes(before)
    later = threading.Thread(target=write_bit_by_bit, args=(path, rest))
    later.start()
    assert next(calls).args == ("b" * 100_000,)
    later.join()


def write_bit_by_bit(path, content):
    for start in range(0, len(content), 40_000):
        time.sleep(0.02)
        with open(path, "ab") as file:
            file.write(content[start : start + 40_000])


def test_a_sentence_within_a_result_runs_its_stage(client, reworded, monkeypatch):
    key = recorded_key(client)
    reworded(key, wording.text(key, "en") + " (said otherwise)")
    executed = run_here(client).executed
    assert "baseline" in executed
    assert "design" not in executed


def recorded_key(client):
    """A sentence that the baseline read for its results, and the design did not."""
    read = {
        stage: {k for call in recorded.load(record_of(last(client), stage))[1] for k in call.read}
        for stage in ("baseline", "design")
    }
    there = {key for key in read["baseline"] - read["design"] if key in wording.keys("en")}
    return min(there)


@pytest.mark.parametrize("damage", ["removed", "cut", "other"])
def test_without_a_whole_record_nothing_is_changed(client, tmp_path, damage):
    folder = tmp_path / "run"
    shutil.copytree(last(client), folder)
    path = record_of(folder, "design")
    before = path.with_suffix(".ipynb").read_bytes()
    if damage == "removed":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    else:
        path.write_bytes(b"no pickle")
    assert not redraw(folder, "design")
    assert path.with_suffix(".ipynb").read_bytes() == before


def test_a_notebook_that_shows_more_is_run_again(client, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(last(client), folder)
    path = record_of(folder, "design").with_suffix(".ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    own = {"output_type": "display_data", "metadata": {}, "data": {MIME: {"role": "added"}}}
    code[-1]["outputs"].append(own)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert not redraw(folder, "design")
