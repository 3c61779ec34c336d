"""Which modules of the package a module can reach by its imports, and one hash over them.

A step of a run is done again when code it can reach has changed, and not for any other line of the
package. Imports are read from the source, those within functions included. A name that a package
only hands on (``from analysis.monitoring import chart_sites``) leads to the module that it comes
from, not to all the others of that room: the packages run nothing but imports.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path

from analysis.file_names import listed

_ROOT = Path(__file__).resolve().parent
PACKAGE = _ROOT.name
_IMPORT = re.compile(
    rf"^[ \t]*(?:from[ \t]+({PACKAGE}[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)"
    rf"|import[ \t]+({PACKAGE}[\w.]*))",
    re.MULTILINE,
)
_NAME = re.compile(r"(\w+)(?:[ \t]+as[ \t]+(\w+))?")
_REMARK = re.compile(r"#.*")
_QUOTED = re.compile(rf'"(?:(\w+)": ")?({PACKAGE}(?:\.\w+)*)"')
_DYNAMIC = "import_module("
_GENERATED = {"__pycache__", ".ipynb_checkpoints"}
_SHOWS = f"{PACKAGE}.results.shown"
"""Looks up what shows results in a notebook; nothing that is computed comes of it."""
SENTENCES = ("wording/*.yml", "wording/**/*.yml", "**/*.step.yml")
"""Data files that hold sentences: they change what is said, never what is found."""


@dataclass(frozen=True)
class Source:
    """One module of the package as it lies on disk."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """Its source, line ends as Python reads them."""
        return self.path.read_text(encoding="utf-8")

    @property
    def is_package(self) -> bool:
        """Whether it is the ``__init__`` of a package."""
        return self.path.name == "__init__.py"

    @cached_property
    def imports(self) -> tuple[tuple[str, str, str], ...]:
        """What it imports of this package: module, name of it (or empty), name it has here."""
        found = []
        for module, names, plain in _IMPORT.findall(self.text):
            if plain:
                found.append((plain, "", ""))
            for name, alias in _NAME.findall(_REMARK.sub("", names)):
                found.append((module, name, alias or name))
        return tuple(found)

    @cached_property
    def bound(self) -> Mapping[str, tuple[str, str]]:
        """Where a name that it imports comes from, by the name it has here."""
        return {alias: (module, name) for module, name, alias in self.imports if name}

    @cached_property
    def attributes(self) -> Mapping[str, frozenset[str] | None]:
        """Of each imported package what it is asked for; None where it is used by itself."""
        packages = {
            alias
            for module, name, alias in self.imports
            if name and (inner := sources().get(f"{module}.{name}")) and inner.is_package
        }
        used: dict[str, set[str] | None] = {alias: set() for alias in packages}
        if packages:
            word = rf"(?<![\w.])({'|'.join(sorted(packages))})\b(?:\.(\w+)|(?![ \t]*=[^=]))"
            for alias, attribute in re.findall(word, _IMPORT.sub("", self.text)):
                if not attribute:
                    used[alias] = None
                elif (known := used[alias]) is not None:
                    known.add(attribute)
        return {alias: None if f is None else frozenset(f) for alias, f in used.items()}


@cache
def sources() -> Mapping[str, Source]:
    """Return all modules of the package by their dotted names."""
    found = {}
    for path in listed(_ROOT, "**/*.py"):
        if _GENERATED.intersection(path.parts):
            continue
        parts = (PACKAGE, *path.relative_to(_ROOT).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Source(name, path)
    return found


@cache
def _edges(name: str) -> frozenset[str]:
    """Return the modules whose code a module can run, as its own imports say."""
    own = sources()[name]
    found = {module for _, leads in _origins(name) for module in leads}
    if _DYNAMIC in own.text and name != _SHOWS:
        found |= {quoted for _, quoted in _QUOTED.findall(own.text) if quoted in sources()}
        if name != PACKAGE:
            found |= {module for module in sources() if module.startswith(f"{name}.")}
    return frozenset(found - {name})


@cache
def _origins(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each name that a module imports, with the modules it leads to."""
    own = sources()[name]
    found: dict[str, set[str]] = {}
    for module, wanted, alias in own.imports:
        if not wanted:
            found[module] = _whole(module)
        elif (inner := f"{module}.{wanted}") not in sources():
            found[inner] = _origin(module, wanted)
        elif (asked := own.attributes.get(alias)) is None:
            found[inner] = _whole(inner)
        else:
            found |= {f"{inner}.{one}": _origin(inner, one) for one in asked}
    return tuple((wanted, tuple(sorted(found[wanted]))) for wanted in sorted(found))


def _whole(name: str) -> set[str]:
    return {name} if name in sources() else set()


def _origin(module: str, name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the module that a name of a module comes from, through packages that hand it on."""
    if (inner := f"{module}.{name}") in sources():
        return {inner}
    own = sources().get(module)
    if own is None or module in seen:
        return set()
    if own.is_package:
        if name in own.bound:
            return _origin(*own.bound[name], seen | {module})
        lazily = {key: quoted for key, quoted in _QUOTED.findall(own.text) if key}
        if name in lazily:
            return _origin(lazily[name], name, seen | {module})
    return {module}


def reach(*names: str, without: Iterable[str] = ()) -> frozenset[str]:
    """Return the modules that modules can reach by imports, themselves included.

    Parameters
    ----------
    *names : str
        Dotted names, ``analysis.causal``.
    without : iterable of str
        Modules and packages that are left out, with what only they reach.

    Raises
    ------
    KeyError
        For a name that is no module of the package.
    """
    left_out = frozenset(without)
    below = tuple(f"{name}." for name in left_out)
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or name in left_out or name.startswith(below):
            continue
        if name not in sources():
            raise KeyError(f"{name} is no module of {PACKAGE}")
        found.add(name)
        waiting += _edges(name)
    return frozenset(found)


@cache
def _data() -> Mapping[Path, tuple[Path, ...]]:
    """Return the data files by the folder of the package that they belong to."""
    said = {path for pattern in SENTENCES for path in _ROOT.glob(pattern)}
    packages = {source.path.parent for source in sources().values()}
    found: dict[Path, list[Path]] = {}
    for path in listed(_ROOT, "**/*"):
        if path.suffix == ".py" or path in said or _GENERATED.intersection(path.parts):
            continue
        if path.is_file():
            home = next(folder for folder in path.parents if folder in packages)
            found.setdefault(home, []).append(path)
    return {home: tuple(sorted(paths)) for home, paths in found.items()}


@cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


@cache
def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _of(paths: Iterable[Path]) -> str:
    lines = sorted(f"{_name(path)}\0{_hash(path)}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@cache
def digest(*names: str, without: tuple[str, ...] = ()) -> str:
    """Return one SHA-256 over what modules can reach, with the data files beside it.

    Files of sentences (:data:`SENTENCES`) do not count; :func:`sentences` is their hash.

    Parameters
    ----------
    *names, without
        As of :func:`reach`.
    """
    reached = reach(*names, without=without)
    paths = {sources()[name].path for name in reached}
    data = {path for folder in {p.parent for p in paths} for path in _data().get(folder, ())}
    # A package may hand on a name from another module than before.
    leads = repr([(name, _origins(name)) for name in sorted(reached)])
    return hashlib.sha256((leads + _of(paths | data)).encode()).hexdigest()


def packages() -> dict[str, str]:
    """Return the installed versions of the packages this one depends on."""
    required = metadata.requires("crmeval") or []
    names = {re.split(r"[^\w.-]", line)[0] for line in required if "extra ==" not in line}
    return {name: metadata.version(name) for name in sorted(names)}


@cache
def sentences() -> str:
    """Return one SHA-256 over all files of sentences."""
    return _of({path for pattern in SENTENCES for path in _ROOT.glob(pattern)})
