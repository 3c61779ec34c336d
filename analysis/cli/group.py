"""The group of all commands."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

import click

from analysis.cli.voice import LANGUAGES, Voice

# Builds parsers at import, 1.7 s, for a check of notebook metadata nobody needs.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--lang", type=click.Choice(list(LANGUAGES)), help="Language of messages; default: the locale."
)
@click.version_option(package_name="crmeval")
@click.pass_context
def main(context: click.Context, lang: str | None) -> None:
    """Did the CRM training work? From a client's exports to reports that say so.

    crmeval demo runs everything on a simulated client.
    """
    _start_in_utf8()
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe of another encoding shows escapes, where it would end the command.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from analysis import wording

    context.obj = Voice(LANGUAGES[lang] if lang else wording.language_of_session())


def _start_in_utf8() -> None:
    """Start anew in UTF-8 mode where the locale's encoding, e.g. GBK, cannot name every file.

    What is printed stays in the encoding of the terminal.
    """
    if os.name != "posix" or sys.getfilesystemencoding() == "utf-8":
        return
    import locale

    environment = {**os.environ}
    encoding = locale.getpreferredencoding(False)
    environment.setdefault("PYTHONIOENCODING", f"{encoding}:backslashreplace")
    arguments = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
    os.execve(sys.executable, arguments, environment)
