"""Names that a person types: a mistyped one is refused with the nearest, and Tab knows them all."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

C = TypeVar("C", bound=Callable[..., Any])
V = TypeVar("V")
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def meant(name: object, known: Iterable[str]) -> str:
    """Return ``; did you mean 'client'?``, empty where no known name is near.

    Examples
    --------
    >>> meant("clinet", ["client", "seed"])
    "; did you mean 'client'?"
    """
    near = difflib.get_close_matches(str(name), [*known], n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


class Named(dict[str, V]):
    """A dictionary that people look things up in by name.

    Parameters
    ----------
    what : str
        What it holds, for the error.
    known : Mapping[str, V]
        Its content.

    Examples
    --------
    >>> Named("results of a stage", {"tracking": 1})["traking"]
    Traceback (most recent call last):
    KeyError: "no results of a stage under 'traking'; did you mean 'tracking'?"
    """

    def __init__(self, what: str, known: Mapping[str, V]) -> None:
        super().__init__(known)
        self.what = what

    def __missing__(self, name: str) -> V:
        """Refuse a name with the nearest one.

        Raises
        ------
        KeyError
        """
        told = meant(name, self) or f"; there are: {', '.join(self) or 'none'}"
        raise KeyError(f"no {self.what} under {name!r}{told}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle with what it holds."""
        return type(self), (self.what, dict(self))


def refusing_typos(function: C) -> C:
    """Let a function refuse an unknown keyword with the nearest one; its signature stays.

    Raises
    ------
    TypeError
        On the call.
    """
    known = [p.name for p in inspect.signature(function).parameters.values() if p.kind in _NAMED]

    @functools.wraps(function)
    def called(*args: Any, **named: Any) -> Any:
        for name in named:
            if name not in known:
                title = function.__qualname__.removesuffix(".__init__")
                raise TypeError(
                    f"{title}() has no argument {name!r}{meant(name, known) or '.'} "
                    f"It takes {', '.join(name for name in known if name != 'self')}."
                )
        return function(*args, **named)

    return called  # type: ignore[return-value]


class _Planned:
    """Stands for a default that the caller's plan gives."""

    def __repr__(self) -> str:
        return "<as planned>"


def passing_on(options: type) -> Callable[[C], C]:
    """Let a method with ``**chosen`` show the fields of ``options`` in its place.

    Parameters
    ----------
    options : type
        Dataclass whose fields the method passes on; those it names itself stay as they are.
    """

    def signed(method: C) -> C:
        own = inspect.signature(method)
        kept = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        taken = {p.name for p in kept}
        more = [
            p.replace(kind=inspect.Parameter.KEYWORD_ONLY, default=_Planned())
            for p in inspect.signature(options).parameters.values()
            if p.name not in taken
        ]
        method.__signature__ = own.replace(parameters=[*kept, *more])  # type: ignore[attr-defined]
        return refusing_typos(method)

    return signed
