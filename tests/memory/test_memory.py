"""A remembered function gives what it gave before, and only as long as nothing changed."""

import re
import stat
import sys
import time
import types

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis import contents, memory, wording
from analysis.memory import Read, Store, remembered
from analysis.present import MIME, Display, people
from analysis.wording import catalogue

HERE, THERE = "terms.tier.frontline", "terms.tier.middle"
calls = []


@remembered
def squares(frame, *, power=2):
    calls.append("squares")
    return {"y": frame["x"].to_numpy() ** power, "frame": frame}


@remembered
def sentence(key):
    calls.append("sentence")
    return wording.text(key, "en")


@remembered
def outer(key):
    calls.append("outer")
    return [sentence(key)]


@remembered
def unpicklable():
    calls.append("unpicklable")
    return lambda: 1


@remembered
def failing():
    calls.append("failing")
    raise ValueError("no")


def store(folder, *, run="first", anew=False, ambient=lambda: ""):
    read = Read(
        reading=wording.reading,
        entries_hash=wording.entries_hash,
        note=wording.note_read,
        ambient=ambient,
    )
    return Store(folder=folder / "remembered", run=run, anew=anew, read=read)


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Put a store in force that keeps everything, however short it took."""
    monkeypatch.setattr(memory, "WORTH_SECONDS", 0.0)
    calls.clear()
    memory.keep_in(store(tmp_path))
    yield tmp_path / "remembered"
    memory.keep_in(None)


def frame():
    return pd.DataFrame({"x": [1.0, 2.0], "site": ["a", "b"]})


def test_the_same_arguments_give_the_value_without_computing_it_again():
    first, second = squares(frame()), squares(frame(), power=2)
    third = squares(frame=frame())
    assert calls == ["squares"]
    for found in (second, third):
        assert np.array_equal(found["y"], first["y"])
        pd.testing.assert_frame_equal(found["frame"], first["frame"])


def test_other_arguments_are_computed():
    squares(frame())
    squares(frame().assign(x=[1.0, 3.0]))
    squares(frame(), power=3)
    assert calls == ["squares"] * 3


def test_each_call_has_a_value_of_its_own():
    given = frame()
    first = squares(given)
    first["y"][0] = 99.0
    first["frame"].loc[0, "x"] = 99.0
    assert given.loc[0, "x"] == 1.0
    assert squares(frame())["y"][0] == 1.0


def test_without_a_store_everything_is_computed(kept):
    memory.keep_in(None)
    given = frame()
    assert squares(given)["frame"] is given
    squares(given)
    assert calls == ["squares"] * 2
    assert not kept.exists()


def test_what_took_no_time_is_not_kept(kept, monkeypatch):
    monkeypatch.setattr(memory, "WORTH_SECONDS", 60.0)
    squares(frame())
    assert not kept.exists()


def test_nobody_else_may_read_what_is_kept(kept):
    squares(frame())
    (path,) = kept.iterdir()
    if sys.platform != "win32":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [lambda b: b[:40], lambda b: b[:-1] + b"x", lambda b: b""])
def test_a_damaged_value_is_computed_again(kept, damage):
    squares(frame())
    (path,) = kept.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    squares(frame())
    assert calls == ["squares"] * 2
    squares(frame())
    assert calls == ["squares"] * 2
    assert [p.name for p in kept.iterdir()] == [path.name]


def test_a_value_of_a_class_that_is_gone_is_computed_again(kept):
    squares(frame())
    (path,) = kept.iterdir()
    gone = memory._unpacked(path.read_bytes())
    value = b"canalysis.memory\nNoSuchClass\n."
    path.write_bytes(
        memory._packed(
            memory._Kept(run=gone.run, read=gone.read, entries=gone.entries, value=value)
        )
    )
    squares(frame())
    assert calls == ["squares"] * 2


def test_a_changed_sentence_is_read_again(monkeypatch):
    assert sentence(HERE) == sentence(HERE) == "Frontline"
    assert calls == ["sentence"]
    change(monkeypatch, THERE, "Somebody else")
    assert sentence(HERE) == "Frontline"
    assert calls == ["sentence"]
    change(monkeypatch, HERE, "First line")
    assert sentence(HERE) == "First line"


def test_a_sentence_read_by_an_inner_function_counts_for_the_outer_one(monkeypatch):
    sentence(HERE)
    assert outer(HERE) == ["Frontline"]  # the inner value is kept already
    change(monkeypatch, HERE, "First line")
    assert outer(HERE) == ["First line"]


def change(monkeypatch, key, words):
    changed = catalogue._sentences() | {key: {"zh": words, "en": words}}
    monkeypatch.setattr(catalogue, "_sentences", lambda: changed)
    monkeypatch.setattr(
        catalogue, "_catalogue", lambda language: {k: w["en"] for k, w in changed.items()}
    )


def test_what_sentences_depend_on_besides_keys_counts(tmp_path):
    squares(frame())
    memory.keep_in(store(tmp_path, ambient=lambda: "appraisal"))
    squares(frame())
    assert calls == ["squares"] * 2


def test_anew_uses_what_the_same_run_computed_and_nothing_older(tmp_path):
    squares(frame())
    memory.keep_in(store(tmp_path, run="second", anew=True))
    squares(frame())
    squares(frame())
    assert calls == ["squares"] * 2
    memory.keep_in(store(tmp_path, run="third"))
    squares(frame())
    assert calls == ["squares"] * 2


def test_changed_code_within_reach_is_computed_and_other_code_is_not(monkeypatch):
    from analysis.measurement import levels

    monkeypatch.setattr(memory.contents.reach, "digest", lambda name: code[name])
    code = {levels.__name__: "one", "analysis.value.roi": "one"}
    seal = remembered(levels.seal)
    first = seal(frame())
    monkeypatch.setattr(levels, "hashlib", None)  # whoever computes now fails
    code["analysis.value.roi"] = "two"
    assert seal(frame()) == first
    code[levels.__name__] = "two"
    with pytest.raises(AttributeError):
        seal(frame())


def test_other_libraries_are_another_call(monkeypatch):
    squares(frame())
    monkeypatch.setattr(memory, "libraries", lambda: ("another",))
    squares(frame())
    assert calls == ["squares"] * 2


def test_arguments_that_have_no_hash_are_computed_as_usual(kept):
    class Table(pd.DataFrame):
        pass

    squares(Table(frame()))
    squares(Table(frame()))
    assert calls == ["squares"] * 2
    assert not kept.exists()
    assert isinstance(squares(Table(frame()))["frame"], Table)


def test_methods_and_inner_functions_are_computed_as_usual():
    class Some:
        def of(self, x):
            calls.append("of")
            return x

    one = Some()
    remembered(one.of)(1)
    remembered(one.of)(1)
    remembered(lambda x: calls.append("inner"))(1)
    remembered(lambda x: calls.append("inner"))(1)
    assert calls == ["of", "of", "inner", "inner"]


def test_values_that_cannot_be_kept_are_given_as_they_are(kept):
    assert unpicklable()() == 1
    assert unpicklable()() == 1
    assert calls == ["unpicklable"] * 2
    assert not kept.exists()


def test_errors_are_not_remembered():
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            failing()
    assert calls == ["failing"] * 2


def test_a_function_is_marked_once():
    assert remembered(squares) is squares


def test_the_values_used_last_stay(kept):
    for power in range(6):
        squares(frame(), power=power)
        time.sleep(0.01)
    squares(frame(), power=0)  # used again
    size = max(path.stat().st_size for path in kept.iterdir())
    calls.clear()
    memory.tidy(kept, most=3 * size)
    assert len(list(kept.iterdir())) == 3
    for power in (0, 5, 4):
        squares(frame(), power=power)
    assert calls == []
    squares(frame(), power=1)
    assert calls == ["squares"]
    memory.tidy(kept / "absent")


def test_code_is_hashed_with_the_functions_that_are_called():
    assert contents.digest(squares) != contents.digest(sentence)


def shown(data, **params):
    """What one figure gives to a page and to its notebook."""
    bundles = []
    show = Display("en", publish=bundles.append, pictures=True)
    show.figure(drawing, data, caption="views.design.power_figure.caption", alt=ALT, **params)
    return bundles


ALT = "views.design.power_figure.alt"


def drawing(data, *, language, width=2.0):
    calls.append(language)
    figure, axes = plt.subplots(figsize=(width, 1))
    axes.plot(data["x"])
    return figure


def test_a_figure_is_drawn_again_only_where_it_would_look_different(monkeypatch):
    first = shown(frame(), effect=0.1, unit="point")
    assert calls == ["zh_CN", "en"]
    assert shown(frame(), effect=0.1, unit="point") == first
    assert calls == ["zh_CN", "en"]
    assert shown(frame().assign(x=2.0), effect=0.1, unit="point") != first
    assert shown(frame(), effect=0.1, unit="point", width=3.0) != first
    assert len(calls) == 6
    monkeypatch.setitem(plt.rcParams, "lines.linewidth", 9)
    assert shown(frame(), effect=0.1, unit="point") != first
    assert len(calls) == 8


def test_a_drawing_serves_every_place():
    bundles = []
    show = Display("en", publish=bundles.append, pictures=True)
    for words in ("views.design.power_figure.caption", ALT):
        show.figure(drawing, frame(), caption=words, alt=words, effect=0.1, unit="point")
    assert calls == ["zh_CN", "en"]
    first, second = (set(re.findall(r' id="([^"]+)"', b[MIME]["en"])) for b in bundles)
    assert {name.replace("figure-1", "figure-2") for name in first} == second
    assert not first & second
    titles = [re.search("<title>(.*?)</title>", b[MIME]["en"])[1] for b in bundles]
    assert titles[0] != titles[1]


def test_who_is_hidden_counts_for_a_figure():
    shown(frame(), effect=0.1, unit="point")
    with people.using(people.Screen(lengths=(2,), names=frozenset({"a"}))):
        shown(frame(), effect=0.1, unit="point")
    assert calls == ["zh_CN", "en"] * 2


def test_what_a_notebook_defines_itself_is_computed(monkeypatch):
    own = types.ModuleType("__main__")
    exec("def mine(x):\n    return x", vars(own))
    monkeypatch.setitem(sys.modules, "__main__", own)
    with pytest.raises(contents.UnknownTypeError):
        contents.digest(own.mine)


def test_a_value_that_cannot_be_kept_is_given(kept, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(memory, "replace_file", full)
    assert squares(frame())["y"].tolist() == [1.0, 4.0]
    assert not list(kept.glob("*.value"))


def test_what_cannot_be_read_now_is_computed_and_stays(kept, monkeypatch):
    squares(frame())
    (path,) = kept.glob("*.value")

    def held(*_):
        raise PermissionError("in use")

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "read_bytes", held)
        patch.setattr(memory, "replace_file", held)
        squares(frame())
    assert path.is_file()
    assert calls == ["squares"] * 2
