"""What the libraries raise on damaged files, turned into the fault of the one file."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import python_calamine
from lxml import etree

from analysis.errors import InputError
from analysis.ingest.readers.rules import fault

_DAMAGE = (
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    etree.LxmlError,
    pa.ArrowException,
    python_calamine.CalamineError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zip, XML, BIFF and Parquet readers raise when a file does not hold what it promises."""

_LONGEST = 160


@contextmanager
def told_as_damage(file: str) -> Iterator[None]:
    """Turn what is raised while a container is opened into ``file_damaged`` with its cause.

    Only around the opening of containers, where whatever goes wrong comes of the bytes. A panic
    of a compiled reader, which is no ``Exception``, is one of the ways.
    """
    try:
        with _panics_unprinted():
            yield
    except InputError:
        raise
    except python_calamine.PasswordError as error:
        raise InputError([fault("file_encrypted", file=file)]) from error
    except _DAMAGE as error:
        raise _damaged(error, file) from error
    except BaseException as error:
        if not _is_panic(error):
            raise
        raise _damaged(error, file) from error


@contextmanager
def _panics_unprinted() -> Iterator[None]:
    """Hold back what is written to standard error, and let it out unless a reader panics.

    A compiled reader prints its panic there before Python can catch it.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (AttributeError, OSError):  # a program without standard error
        yield
        return
    panicked = False
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except BaseException as error:
            panicked = _is_panic(error)
            raise
        finally:
            os.dup2(kept, 2)
            aside.seek(0)
            if not panicked and (said := aside.read()):
                os.write(kept, said)
            os.close(kept)


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"


def _damaged(error: BaseException, file: str) -> InputError:
    cause = next(iter(str(error).splitlines()), "") or type(error).__name__
    cause = "".join(sign if sign.isprintable() else "\ufffd" for sign in cause)[:_LONGEST]
    return InputError([fault("file_damaged", file=file, params={"cause": cause})])
