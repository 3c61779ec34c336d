"""A hash tells values apart that a function can tell apart, and knows a copy again anywhere."""

import copy
import dataclasses
import datetime as dt
import enum
import json
import os
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from analysis import contents
from analysis.contents import UnknownTypeError, digest
from analysis.indicators import registry
from analysis.keywords import Named
from analysis.results import Estimate, Topic

ZONE = ZoneInfo("Asia/Shanghai")


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Word(enum.StrEnum):
    RED = "red"


@dataclasses.dataclass(frozen=True)
class Point:
    x: float
    y: float


@dataclasses.dataclass(frozen=True)
class Spot:
    x: float
    y: float


class Model(BaseModel):
    n: int = 1
    words: tuple[str, ...] = ()


def double(x):
    return 2 * x


def halve(x):
    return x / 2


MOMENTS = pd.date_range("2024-01-01", periods=3, tz=ZONE, unit="us")
FRAME = pd.DataFrame({"site": ["a", "b", "c"], "n": [1, 2, 3], "y": [0.5, np.nan, -0.0]})


def frame(**columns):
    return FRAME.assign(**columns)


UNLIKE = {
    "none": None,
    "true": True,
    "one": 1,
    "one as a decimal": 1.0,
    "one as text": "1",
    "one as bytes": b"1",
    "one of numpy": np.int64(1),
    "a short one of numpy": np.int32(1),
    "one in a list": [1],
    "one in a tuple": (1,),
    "one in a set": {1},
    "one in a frozen set": frozenset({1}),
    "zero": 0.0,
    "minus zero": -0.0,
    "nan": float("nan"),
    "nothing": [],
    "nothing within": [[]],
    "two texts": ["ab", "c"],
    "two other texts": ["a", "bc"],
    "a member": Colour.RED,
    "another member": Colour.BLUE,
    "a member that is a text": Word.RED,
    "its text": "red",
    "keys": {"a": 1, "b": 2},
    "keys in another order": {"b": 2, "a": 1},
    "keys that cannot change": MappingProxyType({"a": 1, "b": 2}),
    "named keys": Named("key", {"a": 1, "b": 2}),
    "keys of another name": Named("name", {"a": 1, "b": 2}),
    "a day": dt.date(2024, 1, 1),
    "its first moment": dt.datetime(2024, 1, 1),
    "that moment elsewhere": dt.datetime(2024, 1, 1, tzinfo=ZONE),
    "that moment by its offset": dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=8))),
    "that moment of pandas": pd.Timestamp("2024-01-01"),
    "a span": dt.timedelta(days=1),
    "a span of pandas": pd.Timedelta(days=1),
    "a month": pd.Period("2024-01", "M"),
    "no moment": pd.NaT,
    "missing": pd.NA,
    "a point": Point(1, 2),
    "a point of decimals": Point(1.0, 2.0),
    "a spot": Spot(1, 2),
    "a model": Model(),
    "a model told its usual number": Model(n=1),
    "another model": Model(n=2),
    "a function": double,
    "another function": halve,
    "a class": Point,
    "a partial call": partial(double, 1),
    "another partial call": partial(double, 2),
    "a range": range(3),
    "the start of a range": slice(3),
    "numbers": np.arange(6.0),
    "numbers in rows": np.arange(6.0).reshape(2, 3),
    "numbers in columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "numbers in other rows": np.arange(6.0).reshape(3, 2),
    "objects": np.array([1, 2], dtype=object),
    "objects of two types": np.array([1, 2.0], dtype=object),
    "texts as objects": np.array(["a", "b"], dtype=object),
    "a type of numpy": np.dtype("float64"),
    "a frame": FRAME,
    "a frame of other rows": FRAME.set_axis([1, 2, 3]),
    "a frame of counted rows": FRAME.set_axis([0, 1, 2]),
    "a frame with a name": FRAME.rename(columns={"n": "m"}),
    "a frame in another order": FRAME[["n", "site", "y"]],
    "a frame of whole numbers": frame(n=FRAME["n"].astype("Int64")),
    "a frame with one missing": frame(n=FRAME["n"].astype("Int64").where([True, True, False])),
    "a frame of categories": frame(site=pd.Categorical(["a", "b", "c"])),
    "a frame of more categories": frame(site=pd.Categorical(["a", "b", "c"], list("abcd"))),
    "a frame of ordered ones": frame(site=pd.Categorical(["a", "b", "c"], ordered=True)),
    "a frame of objects": frame(site=FRAME["site"].astype(object)),
    "a frame of texts of Arrow": frame(site=FRAME["site"].astype(pd.ArrowDtype(pa.string()))),
    "a frame with a text missing": frame(site=["a", None, "c"]),
    "a frame with an empty text": frame(site=["a", "", "c"]),
    "a frame of shifted texts": frame(site=["ab", "", "c"]),
    "a frame of moments": frame(n=MOMENTS),
    "a frame of moments elsewhere": frame(n=MOMENTS.tz_convert("UTC")),
    "a frame of moments of no place": frame(n=MOMENTS.tz_localize(None)),
    "a frame of finer moments": frame(n=MOMENTS.as_unit("ns")),
    "a frame of months": frame(n=pd.period_range("2024-01", periods=3, freq="M")),
    "a frame of days": frame(n=[dt.date(2024, 1, d) for d in (1, 2, 3)]),
    "a frame of days of Arrow": frame(
        n=pd.array([dt.date(2024, 1, d) for d in (1, 2, 3)], pd.ArrowDtype(pa.date32()))
    ),
    "a frame of two minds": frame(n=["a", 1, None]),
    "a frame of spans": frame(n=pd.interval_range(0, 3)),
    "a frame of truths": frame(n=[True, False, True]),
    "a frame of truths of Arrow": frame(n=pd.array([True, False, True], pd.ArrowDtype(pa.bool_()))),
    "a column": FRAME["n"],
    "a column of another name": FRAME["n"].rename("m"),
    "an index": pd.Index(["a", "b"]),
    "an index of pairs": pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]),
    "an index of days": pd.DatetimeIndex(["2024-01-01", "2024-01-02"]),
    "an index of all days": pd.date_range("2024-01-01", periods=2),
}


def test_what_is_unlike_has_unlike_hashes():
    found = {name: digest(value) for name, value in UNLIKE.items()}
    assert len(set(found.values())) == len(found)


def test_attributes_of_a_frame_count():
    told = FRAME.copy()
    told.attrs["unit"] = "share"
    assert digest(told) != digest(FRAME)


@pytest.mark.parametrize("name", UNLIKE)
def test_a_copy_is_known_again(name):
    value = UNLIKE[name]
    kept = value if isinstance(value, MappingProxyType) else copy.deepcopy(value)
    assert digest(kept) == digest(value)
    if not isinstance(value, MappingProxyType):
        assert digest(pickle.loads(pickle.dumps(value, protocol=5))) == digest(value)


def test_a_value_is_known_again_in_a_process_with_other_hashes_of_texts():
    script = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import test_contents as t; "
        "print(json.dumps({n: t.digest(v) for n, v in t.UNLIKE.items()}))"
    )
    expected = None
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout)
        assert expected is None or found == expected
        expected = found


def test_the_order_of_a_set_does_not_count():
    texts = [f"site {n}" for n in range(50)]
    backwards = set()
    for text in reversed(texts):
        backwards.add(text)
    assert digest(set(texts)) == digest(backwards)


def test_chunks_and_slices_of_texts_do_not_count():
    long = pa.chunked_array([["x", "a", "bb"], [None, "c", "y"]], pa.large_string())
    sliced = long.slice(1, 4)
    whole = pa.chunked_array([["a", "bb", None, "c"]], pa.large_string())
    dtype = pd.ArrowDtype(pa.large_string())
    assert digest(pd.Series(sliced, dtype=dtype)) == digest(pd.Series(whole, dtype=dtype))
    numbers = pa.chunked_array([[1, None, 3], [None, 5]]).slice(1)
    same = pa.chunked_array([[None, 3, None, 5]])
    assert digest(pd.arrays.ArrowExtensionArray(numbers)) == digest(
        pd.arrays.ArrowExtensionArray(same)
    )


def test_what_lies_under_a_missing_number_does_not_count():
    mask = np.array([False, True])
    one = pd.arrays.IntegerArray(np.array([1, 7]), mask)
    other = pd.arrays.IntegerArray(np.array([1, 9]), mask.copy())
    assert digest(pd.Series(one)) == digest(pd.Series(other))


def test_a_changed_column_has_another_hash():
    known = pd.DataFrame({"site": ["a", "b", "c"]})
    before = digest(known)
    known.loc[1, "site"] = "z"
    assert digest(known) != before


def test_pieces_of_a_strided_array_are_hashed_by_what_they_hold():
    every = np.arange(10)
    assert digest(every[::2]) == digest(every[::2].copy())


@pytest.mark.parametrize(
    "value",
    [
        object(),
        Path("x"),
        lambda: None,
        (n for n in ()),
        [1, [Path("x")]],
        {"frame": pd.DataFrame({"x": [object()]})},
        "".join,
        type("Local", (dict,), {})(),
        pd.arrays.SparseArray([0, 1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_nobody_can_read_has_no_hash(value):
    with pytest.raises(UnknownTypeError):
        digest(value)


def test_a_value_that_holds_itself_has_no_hash():
    value = []
    value.append(value)
    with pytest.raises(UnknownTypeError):
        digest(value)


def test_types_of_the_package_are_known():
    indicators = registry.load()
    assert digest(dict(indicators)) == digest(pickle.loads(pickle.dumps(dict(indicators))))
    assert digest(Topic.REFUSED) != digest(str(Topic.REFUSED))
    assert digest(Estimate) != digest(Topic)


def test_a_function_of_the_package_counts_with_what_it_reaches(monkeypatch):
    before, own = digest(registry.load), digest(double)
    monkeypatch.setattr(contents.reach, "digest", lambda name: "changed")
    assert digest(registry.load) != before
    assert digest(double) == own


ANY_PACE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines are loaded: how long an example took to make says nothing."""

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


def said(value):
    """Write a value so that whatever differs in type or content reads differently."""
    if isinstance(value, float):
        return f"float {np.float64(value).tobytes().hex()}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({','.join(map(said, value))})"
    if isinstance(value, dict):
        return f"dict({','.join(f'{said(k)}:{said(v)}' for k, v in value.items())})"
    return f"{type(value).__name__} {value!r}"


@ANY_PACE
@given(plain, plain)
def test_hashes_are_equal_where_values_are(one, other):
    assert (digest(one) == digest(other)) == (said(one) == said(other))
    assert digest(copy.deepcopy(one)) == digest(one)


cells = st.none() | st.text(max_size=2) | st.floats(width=16) | st.dates() | st.booleans()


@ANY_PACE
@given(st.lists(cells, max_size=6), st.lists(cells, max_size=6))
def test_columns_of_objects_are_told_apart_cell_by_cell(one, other):
    first, second = pd.Series(one, dtype=object), pd.Series(other, dtype=object)
    assert (digest(first) == digest(second)) == (said(one) == said(other))


texts = st.lists(st.none() | st.text(max_size=3), max_size=8)


@ANY_PACE
@given(texts, texts, st.integers(0, 8))
def test_columns_of_texts_are_told_apart_however_they_are_cut(one, other, cut):
    dtype = pd.StringDtype("pyarrow", na_value=np.nan)
    whole, second = pd.Series(one, dtype=dtype), pd.Series(other, dtype=dtype)
    joined = pd.concat([whole[:cut], whole[cut:]])
    assert digest(joined) == digest(pd.Series(one, dtype=dtype))
    assert (digest(whole.array) == digest(second.array)) == (one == other)


def written(table):
    table.loc[1, "y"] = 7.0


def written_column(table):
    column = table["y"]
    column.iloc[1] = 7.0  # in a copy: the table stays


def added(table):
    table["more"] = 1


def written_at(table):
    table.iloc[0, table.columns.get_loc("y")] = 7.0


WRITERS = [written, written_at, written_column, added]
held_columns = {
    "y": st.lists(st.floats(width=16), min_size=2, max_size=2),
    "day": st.lists(st.dates() | st.none(), min_size=2, max_size=2),
    "at": st.lists(st.sampled_from(list(MOMENTS)), min_size=2, max_size=2),
    "site": st.lists(st.text(max_size=2), min_size=2, max_size=2),
}


@ANY_PACE
@given(st.fixed_dictionaries(held_columns), st.sampled_from(WRITERS))
def test_a_table_that_is_held_has_the_hash_of_what_it_holds(columns, write):
    objects = pd.Series(columns["day"], dtype=object)
    read = pd.DataFrame({**columns, "day": objects})
    other = read.copy()
    before = digest(other)
    contents.hold(read)
    given = read.copy(deep=False)
    assert digest(given) == digest(read.copy(deep=False)) == before
    assert digest(given[::-1]) == digest(other[::-1])
    assert digest(given[["y", "day"]]) == digest(other[["y", "day"]])
    for table in (given, other):
        write(table)
    assert digest(given) == digest(other)
    assert digest(read) == before


def test_what_is_held_is_hashed_once_and_let_go_with_its_table(monkeypatch):
    hashed, elements = [], contents._elements
    monkeypatch.setattr(
        contents, "_elements", lambda value, put: hashed.append(len(value)) or elements(value, put)
    )
    read = pd.DataFrame({"y": np.arange(5.0), "at": pd.date_range("2024-01-01", periods=5)})
    contents.hold(read)
    for _ in range(3):
        digest(read.copy(deep=False))
    assert hashed == [5, 5]
    left = read.copy(deep=False)
    del read
    digest(left)
    assert hashed == [5] * 4
    left.loc[0, "y"] = 9.0  # alone with its memory now
    assert digest(left) != digest(left.assign(y=np.arange(5.0)))


def test_objects_that_can_change_are_hashed_each_time():
    read = pd.DataFrame({"x": pd.Series([[1], [2]], dtype=object)})
    contents.hold(read)
    before = digest(read)
    read["x"][0].append(3)
    assert digest(read) != before
