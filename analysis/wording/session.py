"""The language of whoever sits at this machine."""

from __future__ import annotations

import os

from analysis.wording.catalogue import Language


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
