"""Questions about many texts at once that their bytes answer, without a look at each by itself."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ZERO, _NINE = ord("0"), ord("9")


def all_of_form(texts: pa.Array, form: str) -> bool:
    """Return whether every text has a form of fixed length, in which 0 stands for any digit.

    Parameters
    ----------
    texts : pyarrow.Array of string
        NULL has any form.
    form : str
        Such as ``0000-00-00 00:00:00``, in ASCII.

    Examples
    --------
    >>> all_of_form(pa.array(["2024-03-05", None]), "0000-00-00")
    True
    >>> all_of_form(pa.array(["2024-03-05", "2024-3-05"]), "0000-00-00")
    False
    """
    if texts.null_count:
        texts = texts.drop_null()
    if not len(texts):
        return True
    lengths = pc.min_max(pc.binary_length(texts))
    if lengths["min"].as_py() != len(form) or lengths["max"].as_py() != len(form):
        return False
    _, held = _held(texts)
    cells = held.reshape(len(texts), len(form))
    return all(
        bool(
            ((cells[:, i] >= _ZERO) & (cells[:, i] <= _NINE)).all()
            if sign == "0"
            else (cells[:, i] == ord(sign)).all()
        )
        for i, sign in enumerate(form)
    )


def may_begin_with(texts: pa.Array, signs: str) -> bool:
    """Return False where no text begins with one of some ASCII signs, after white space or not.

    Parameters
    ----------
    texts : pyarrow.Array of string
        NULL is passed over.
    signs : str
        ASCII.
    """
    if texts.null_count:
        texts = texts.drop_null()
    if not len(texts):
        return False
    offsets, held = _held(texts)
    firsts = held[offsets[:-1][offsets[1:] > offsets[:-1]]]
    sought = np.zeros(256, bool)
    sought[[*signs.encode("ascii"), *b" \t\n\r\f\v"]] = True
    return bool(sought[firsts].any())


def may_hold(texts: pa.Array, words: Iterable[str]) -> bool:
    """Return False where no text holds one of some ASCII words, whatever the case of its letters.

    A word may be held where all its letters and digits stand anywhere in the texts.

    Parameters
    ----------
    texts : pyarrow.Array of string
        NULL is passed over.
    words : iterable of str
        ASCII; a word without letters and digits may always be held.
    """
    _, held = _held(texts)
    content, known = memoryview(held).tobytes() if len(held) else b"", {}

    def stands(letter: str) -> bool:
        if letter not in known:
            cases = {letter.lower().encode("ascii"), letter.upper().encode("ascii")}
            known[letter] = any(case in content for case in cases)
        return known[letter]

    return any(all(stands(sign) for sign in word.lower() if sign.isalnum()) for word in words)


_SAMPLE, _FEW = 20_000, 1_000


def distinct_if_few(texts: pa.Array) -> pa.Array:
    """Return the distinct texts of a long column where few are there, else the column.

    Whether they are few is told from its beginning. NULL may be among them.
    """
    first = texts.slice(0, _SAMPLE)
    if len(first) < _SAMPLE or len(first.unique()) > _FEW:
        return texts
    return texts.unique()


def _held(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return where each text begins and ends, and the bytes of all of them."""
    wide = pa.types.is_large_string(texts.type)
    _, places, content = texts.buffers()
    kind = np.int64 if wide else np.int32
    offsets = np.frombuffer(places, kind)[texts.offset : texts.offset + len(texts) + 1]
    if content is None:
        return np.zeros(len(texts) + 1, kind), np.empty(0, np.uint8)
    return offsets - offsets[0], np.frombuffer(content, np.uint8)[offsets[0] : offsets[-1]]
