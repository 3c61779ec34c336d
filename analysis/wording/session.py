"""The language of whoever sits at this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from analysis.wording.catalogue import Language

_FORMS: dict[str, Language] = {"zh_CN": "zh_CN", "zh": "zh_CN", "en": "en"}
_notebook: list[Language] = []


def read_language(language: str | None) -> Language:
    """Return a language by any of its names; that of the session for None.

    Raises
    ------
    ValueError
        Where it is none of ``zh_CN``, ``zh`` and ``en``.
    """
    if language is None:
        return language_of_notebook()
    if language not in _FORMS:
        raise ValueError(f"language={language!r} is not possible; language is 'zh_CN' or 'en'")
    return _FORMS[language]


def language_of_notebook() -> Language:
    """Return the language of the stage that a notebook opened, else that of the session."""
    return _notebook[0] if _notebook else language_of_session()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Let notebooks speak a language within a ``with`` block."""
    before = _notebook[:]
    speak(language)
    try:
        yield
    finally:
        _notebook[:] = before


def speak(language: Language) -> None:
    """Let what a notebook displays from now on be in a language."""
    _notebook[:] = [language]


def language_of_session() -> Language:
    """Return the language the locale asks for: Chinese, else English."""
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    chosen = next((name for name in names if name), "") or _language_of_windows()
    return "zh_CN" if chosen.lower().startswith(("zh", "chinese")) else "en"


def _language_of_windows() -> str:
    """Return the language Windows shows, e.g. ``zh_CN``; empty on other systems."""
    if os.name != "nt":
        return ""
    import ctypes
    import locale

    if (system := getattr(ctypes, "windll", None)) is not None:
        code = system.kernel32.GetUserDefaultUILanguage()
        return locale.windows_locale.get(code, "")
    return locale.getlocale()[0] or ""
