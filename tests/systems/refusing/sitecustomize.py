"""Makes Python refuse what Windows refuses; read at the start of any Python with this folder on
its path. It is an emulation of the essentials, not Windows."""

import builtins
import errno
import fcntl
import io
import multiprocessing
import multiprocessing.context
import os
import pathlib
import stat
import sys

HELD = os.environ.get("HELD_OPEN", "")
"""A text file that lists, one a line, the files that another program has open."""


def held(path):
    listed = pathlib.Path(HELD).read_text(encoding="utf-8").splitlines() if HELD else []
    real = os.path.realpath(path)
    return any(name == real or name.startswith(real + "/") for name in listed)


def refuse(path):
    raise PermissionError(errno.EACCES, "The file is used by another process", os.fspath(path))


def guarded(name):
    real = getattr(os, name)

    def guard(*paths, **options):
        for path in paths:
            if isinstance(path, str | os.PathLike) and held(path):
                refuse(path)
        if name == "rename" and os.path.lexists(paths[1]):
            raise FileExistsError(errno.EEXIST, "The file exists", os.fspath(paths[1]))
        return real(*paths, **options)

    setattr(os, name, guard)


for name in ("replace", "rename", "unlink", "remove", "rmdir"):
    guarded(name)


def no_link(source, *_, **__):
    raise OSError(errno.EPERM, "A required privilege is not held by the client", source)


os.symlink = os.link = no_link
flush = os.fsync


def fsync(handle):
    number = handle if isinstance(handle, int) else handle.fileno()
    folder = stat.S_ISDIR(os.fstat(number).st_mode)
    if not folder and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "Bad file descriptor")
    flush(number)


os.fsync = fsync
os.linesep = "\r\n"
real_open = builtins.open


def translating(
    file,
    mode="r",
    buffering=-1,
    encoding=None,
    errors=None,
    newline=None,
    closefd=True,
    opener=None,
):
    writes = "w" in mode or "a" in mode
    caller = sys._getframe(1).f_globals.get("__name__", "")
    if writes and "b" not in mode and newline is None and caller.startswith(("analysis", "path")):
        newline = "\r\n"
    made_in = isinstance(file, int) or os.path.isdir(file)  # a temporary file without a name
    if ("r" not in mode or "+" in mode) and not made_in and held(file):
        refuse(file)
    return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)


builtins.open = io.open = translating


def write_text(self, data, encoding=None, errors=None, newline=None):
    ends = "\r\n" if newline is None else newline
    with real_open(self, "w", encoding=encoding, errors=errors, newline=ends) as handle:
        return handle.write(data)


pathlib.Path.write_text = write_text

multiprocessing.get_all_start_methods = lambda: ["spawn"]
for method in ("fork", "forkserver"):
    multiprocessing.context._concrete_contexts.pop(method, None)
