"""One hash of all that a value holds: what a function could tell apart has different ones.

Types count: 1, 1.0 and True differ, and so do a frame's columns of text and of categories. The
order of keys of a dictionary counts, because a loop over them sees it; that of a set does not.
What is of no known type has no hash, so that nobody takes two different values for the same.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import inspect
import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from functools import partial, singledispatch
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any
from weakref import finalize, ref
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api import extensions
from pydantic import BaseModel

from analysis import reach
from analysis.keywords import Named

Put = Callable[[bytes], object]
"""Takes the next piece of what is hashed."""

_PACKAGE = __name__.partition(".")[0]
_DENSE = {str: pa.large_string(), dt.date: pa.date32(), float: pa.float64(), bool: pa.bool_()}
"""How objects of a type are hashed that stand together in a column."""
_columns: dict[int, tuple[ref[pa.ChunkedArray], bytes]] = {}
"""Hashes of Arrow columns by their identity: nobody can change one, and many frames share it."""
_held: dict[int, dict[Hashable, bytes]] = {}
"""Hashes of arrays by the memory they lie in, as long as nobody can write there (:func:`hold`)."""
_CHANGELESS = frozenset({*_DENSE, int, type(None), pd.Timestamp, type(pd.NaT)})
"""Types of objects of which an array is the same as long as it holds the same ones."""


class UnknownTypeError(TypeError):
    """A value, or a part of one, of a type whose content nothing here can read."""


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's content, the same in every process.

    Parameters
    ----------
    value : object
        None, numbers, texts, dates, members of enumerations, arrays, frames and their columns;
        lists, tuples, sets and dictionaries of them; dataclasses, models of pydantic, functions
        and classes of a module, partial calls. Functions and classes of this package count with
        the modules that they reach.

    Raises
    ------
    UnknownTypeError
        For anything else, also inside.
    """
    hasher = hashlib.sha256()
    try:
        _feed(value, hasher.update)
    except RecursionError as error:
        raise UnknownTypeError("a value that holds itself has no hash") from error
    return hasher.hexdigest()


def hold(frame: pd.DataFrame) -> None:
    """Hash the columns of a frame once at most, also in the frames that share their memory.

    Copy-on-Write holds what such a frame has when somebody writes into it: it gets memory of its
    own, as long as the frame given here lives.

    Parameters
    ----------
    frame : DataFrame
        Nobody writes into this one, nor gets hold of it but as ``frame.copy(deep=False)``.
    """
    owners = {}
    for _, column in frame.items():
        if (held := _memory_of(column.array)) is not None:
            owners[id(held)] = held
    _held.update({place: {} for place in owners})
    finalize(frame, _let_go, owners).atexit = False


def _let_go(owners: Mapping[int, np.ndarray]) -> None:
    for place in owners:  # they live until here, so that no other array has their places
        _held.pop(place, None)


def _memory_of(values: Any) -> np.ndarray | None:
    """Return the array in whose memory a column lies; None where it is hashed by other means."""
    if isinstance(values, pd.arrays.NumpyExtensionArray):
        return _owner(values.to_numpy())
    return _owner(values.asi8) if hasattr(values, "asi8") else None


def _owner(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _feed(value: Any, put: Put) -> None:
    """Put the type of a value and what it holds."""
    kind = type(value)
    _text(f"{kind.__module__}.{kind.__qualname__}", put)
    if isinstance(value, Enum):  # also one that is a text or a number
        _class(kind, put)
        _text(value.name, put)
    else:
        _content(value, put)


def _text(text: str, put: Put) -> None:
    _bytes(text.encode("utf-8", errors="surrogatepass"), put)


def _bytes(content: Any, put: Put) -> None:
    """Put bytes after their number, so that pieces cannot run into each other."""
    put(b"%d:" % len(content))
    put(content)


def _all(values: Iterable[Any], put: Put) -> None:
    listed = list(values)
    put(b"[%d:" % len(listed))
    for value in listed:
        _feed(value, put)


def _exactly(value: Any, *known: type) -> None:
    """Refuse a class derived from a known one: it may hold more than that one shows."""
    if type(value) not in known:
        raise UnknownTypeError(f"{type(value).__qualname__} is of no type that can be hashed")


@singledispatch
def _content(value: Any, put: Put) -> None:
    if dataclasses.is_dataclass(value):
        _class(type(value), put)
        _all(((f.name, getattr(value, f.name)) for f in dataclasses.fields(value)), put)
    else:
        _exactly(value)


@_content.register
def _(value: None, put: Put) -> None:
    """Put nothing: the type says it."""


@_content.register(int)
@_content.register(bool)
def _(value: int, put: Put) -> None:
    _exactly(value, int, bool)
    _text(str(int(value)), put)


@_content.register(float)
@_content.register(complex)
def _(value: complex, put: Put) -> None:
    _exactly(value, float, complex)
    _bytes(np.asarray(value).tobytes(), put)  # −0.0 and 0.0 differ, NaN and NaN do not


@_content.register
def _(value: Decimal, put: Put) -> None:
    _exactly(value, Decimal)
    _text(str(value), put)


@_content.register
def _(value: str, put: Put) -> None:
    _exactly(value, str)
    _text(value, put)


@_content.register
def _(value: bytes, put: Put) -> None:
    _exactly(value, bytes)
    _bytes(value, put)


@_content.register
def _(value: range, put: Put) -> None:
    _all((value.start, value.stop, value.step), put)


@_content.register
def _(value: slice, put: Put) -> None:
    _all((value.start, value.stop, value.step), put)


@_content.register(list)
@_content.register(tuple)
def _(value: Any, put: Put) -> None:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        _class(type(value), put)
    else:
        _exactly(value, list, tuple)
    _all(value, put)


@_content.register(set)
@_content.register(frozenset)
def _(value: Any, put: Put) -> None:
    _exactly(value, set, frozenset)
    for one in sorted(digest(one) for one in value):
        _text(one, put)


@_content.register(dict)
@_content.register(MappingProxyType)
def _(value: Any, put: Put) -> None:
    _exactly(value, dict, Named, MappingProxyType)
    if isinstance(value, Named):
        _text(value.what, put)
    _all((part for item in value.items() for part in item), put)


@_content.register
def _(value: dt.date, put: Put) -> None:
    _exactly(value, dt.date)
    _text(value.isoformat(), put)


@_content.register
def _(value: dt.datetime, put: Put) -> None:
    _exactly(value, dt.datetime)
    _text(f"{value.replace(tzinfo=None).isoformat()} {value.fold}", put)
    _feed(value.tzinfo, put)


@_content.register
def _(value: dt.time, put: Put) -> None:
    _exactly(value, dt.time)
    _text(f"{value.replace(tzinfo=None).isoformat()} {value.fold}", put)
    _feed(value.tzinfo, put)


@_content.register
def _(value: dt.timedelta, put: Put) -> None:
    _exactly(value, dt.timedelta)
    _all((value.days, value.seconds, value.microseconds), put)


@_content.register(dt.timezone)
@_content.register(ZoneInfo)
def _(value: Any, put: Put) -> None:
    _exactly(value, dt.timezone, ZoneInfo)
    _text(str(value), put)


@_content.register(pd.Timestamp)
@_content.register(pd.Timedelta)
def _(value: Any, put: Put) -> None:
    _text(f"{value.unit} {value.value if value.unit == 'ns' else value._value}", put)
    if isinstance(value, pd.Timestamp):
        _text(str(value.fold), put)
        _feed(value.tzinfo, put)


@_content.register
def _(value: pd.Period, put: Put) -> None:
    _text(f"{value.freqstr} {value.ordinal}", put)


@_content.register(type(pd.NaT))
@_content.register(type(pd.NA))
def _(value: Any, put: Put) -> None:
    """Put nothing: the type says it."""


@_content.register
def _(value: np.dtype, put: Put) -> None:
    _text(repr(value.descr if value.fields else value.str), put)


@_content.register(np.generic)
@_content.register(np.str_)
@_content.register(np.bytes_)
def _(value: Any, put: Put) -> None:
    _array(np.asarray(value), put)


@_content.register
def _(value: np.ndarray, put: Put) -> None:
    _exactly(value, np.ndarray)
    # The order in which numbers lie is the order in which they are added up.
    by_columns = value.ndim > 1 and value.flags.f_contiguous and not value.flags.c_contiguous
    _text("F" if by_columns else "C", put)
    _array(value.T if by_columns else value, put)


def _array(value: np.ndarray, put: Put) -> None:
    _feed(value.dtype, put)
    _text(repr(value.shape), put)
    known = _held.get(id(_owner(value)), {})
    place = (value.__array_interface__["data"][0], value.dtype, value.shape, value.strides)
    if (found := known.get(place)) is None:
        hasher = hashlib.sha256()
        lasting = _elements(value, hasher.update)
        found = hasher.digest()
        if lasting:
            known[place] = found
    put(found)


def _elements(value: np.ndarray, put: Put) -> bool:
    """Put what an array holds; tell whether it lasts as long as nobody writes into the array."""
    if value.dtype == object:
        return _CHANGELESS.issuperset(_objects(value, put))
    if value.dtype.hasobject or value.dtype.kind == "T":
        raise UnknownTypeError(f"arrays of {value.dtype} have no hash")
    _bytes(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data, put)
    return True


def _objects(values: np.ndarray, put: Put) -> Collection[type]:
    """Put which type each object is of, then those of each type at once; return the types."""
    flat = values.reshape(-1)
    types = list(map(type, flat))
    kinds = {kind: code for code, kind in enumerate(dict.fromkeys(types))}
    put(b"%d:" % len(kinds))
    codes = np.zeros(0)
    if len(kinds) > 1:
        codes = np.fromiter(map(kinds.__getitem__, types), np.int64, len(types))
        _bytes(codes.data.cast("B"), put)
    for kind, code in kinds.items():
        own = flat[codes == code] if len(kinds) > 1 else flat
        _text(f"{kind.__module__}.{kind.__qualname__}", put)
        if (dense := _DENSE.get(kind)) is None:
            _all(own, put)
            continue
        try:
            column = pa.chunked_array([pa.array(own, dense, from_pandas=False)])
        except (UnicodeEncodeError, pa.ArrowException):  # half a sign, a number beyond all others
            _all(own, put)
        else:
            _arrow(column, put)
    return kinds.keys()


@_content.register
def _(value: pd.DataFrame, put: Put) -> None:
    _exactly(value, pd.DataFrame)
    _feed(value.attrs, put)
    _feed(value.columns, put)
    _feed(value.index, put)
    for _, column in value.items():
        _values(column.array, put)


@_content.register
def _(value: pd.Series, put: Put) -> None:
    _exactly(value, pd.Series)
    _feed(value.attrs, put)
    _feed(value.name, put)
    _feed(value.index, put)
    _values(value.array, put)


@_content.register
def _(value: pd.Index, put: Put) -> None:
    _all(value.names, put)
    if isinstance(value, pd.RangeIndex):
        _all((value.start, value.stop, value.step), put)
    elif isinstance(value, pd.MultiIndex):
        _all(value.levels, put)
        _all(map(np.asarray, value.codes), put)
    else:
        _text(str(getattr(value, "freqstr", None)), put)
        _values(value.array, put)


@_content.register
def _(value: extensions.ExtensionArray, put: Put) -> None:
    _values(value, put)


def _values(values: Any, put: Put) -> None:
    """Put one column's values and their type, however they are stored in pieces."""
    dtype = values.dtype
    _text(f"{type(values).__qualname__} {dtype!r}", put)
    if isinstance(values, pd.arrays.NumpyExtensionArray):
        _array(values.to_numpy(), put)
    elif isinstance(values, pd.Categorical):
        _feed(values.categories, put)
        _array(values.codes, put)
    elif isinstance(dtype, pd.ArrowDtype) or getattr(dtype, "storage", "") == "pyarrow":
        found = values.__arrow_array__()
        _arrow(found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found]), put)
    elif hasattr(values, "asi8"):  # moments, periods and spans of time
        _text(str(getattr(values, "freqstr", None)), put)
        _array(values.asi8, put)
    elif isinstance(values, pd.arrays.IntervalArray):
        _feed(values.left, put)
        _feed(values.right, put)
    elif hasattr(dtype, "numpy_dtype"):  # whole numbers and truths that may be missing
        _array(values.isna(), put)
        _array(values.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0)), put)
    elif isinstance(dtype, pd.StringDtype):
        _objects(values.to_numpy(dtype=object), put)
    else:
        raise UnknownTypeError(f"columns of {dtype!r} have no hash")


@_content.register(pa.ChunkedArray)
def _(value: pa.ChunkedArray, put: Put) -> None:
    _arrow(value, put)


def _arrow(column: pa.ChunkedArray, put: Put) -> None:
    """Put an Arrow column by what it holds, not by how it is sliced or split into chunks."""
    known, place = _columns.get(id(column)), id(column)
    if known is not None and known[0]() is column:
        put(known[1])
        return
    hasher = hashlib.sha256()
    _text(str(column.type), hasher.update)
    _cells(column, hasher.update)
    _columns[place] = ref(column, lambda gone: _columns.pop(place, None)), hasher.digest()
    put(hasher.digest())


def _cells(column: pa.ChunkedArray, put: Put) -> None:
    kind = column.type
    if pa.types.is_dictionary(kind):
        _cells(column.cast(kind.value_type), put)
        return
    put(b"%d:" % len(column))
    if column.null_count:
        there = column.is_valid().combine_chunks()
        _bytes(np.packbits(there.to_numpy(zero_copy_only=False)).data, put)
        column = column.drop_null()
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # without a chunk, or more than one can hold
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], kind)
    if pa.types.is_boolean(kind):
        whole = pc.cast(whole, pa.uint8())
        kind = whole.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        _strings(whole, np.int32, put)
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        _strings(whole, np.int64, put)
    elif pa.types.is_null(kind):
        return
    elif pa.types.is_primitive(kind) or pa.types.is_decimal(kind):
        width = kind.bit_width // 8
        held = whole.buffers()[1]
        content = memoryview(held or b"")
        _bytes(content[whole.offset * width : (whole.offset + len(whole)) * width], put)
    else:
        raise UnknownTypeError(f"Arrow columns of {kind} have no hash")


def _strings(whole: pa.Array, offset: type[np.signedinteger], put: Put) -> None:
    """Put the lengths of texts, then their bytes; none of them is missing."""
    _, ends, held = whole.buffers()
    if not len(whole) or ends is None:
        return
    edges = np.frombuffer(ends, dtype=offset)[whole.offset : whole.offset + len(whole) + 1]
    _bytes(np.diff(edges).astype(np.int64).data.cast("B"), put)
    _bytes(memoryview(held or b"")[int(edges[0]) : int(edges[-1])], put)


@_content.register
def _(value: BaseModel, put: Put) -> None:
    _class(type(value), put)
    _all(sorted(value.model_fields_set), put)
    _all((vars(value), value.__pydantic_extra__, value.__pydantic_private__), put)


@_content.register
def _(value: partial, put: Put) -> None:
    _exactly(value, partial)
    _all((value.func, value.args, value.keywords), put)


@_content.register(FunctionType)
@_content.register(type(functools.cache(digest)))
@_content.register(type)
def _(value: Any, put: Put) -> None:
    _class(value, put)


def _class(value: Any, put: Put) -> None:
    """Put the name of a function or class of a module, and the code that stands behind it."""
    found: Any = sys.modules.get(value.__module__)
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is not value and (found is None or inspect.unwrap(found) is not value):
        raise UnknownTypeError(f"{value.__qualname__} cannot be reached by its name")
    _text(f"{value.__module__}.{value.__qualname__}", put)
    room = value.__module__.partition(".")[0]
    if room == _PACKAGE:
        _text(reach.digest(value.__module__), put)
    elif room not in sys.stdlib_module_names:
        _text(_file_hash(value.__module__), put)


@functools.cache
def _file_hash(module: str) -> str:
    """Return a hash of the file of a module of others; what a notebook's cell defines has none."""
    path = getattr(sys.modules[module], "__file__", None)
    if path is None:
        raise UnknownTypeError(f"the code of {module} is in no file")
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
