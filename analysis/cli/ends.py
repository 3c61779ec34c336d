"""How a command ends: its errors as messages and exit statuses."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from analysis.cli.faults import list_faults
from analysis.cli.voice import LANGUAGES, Voice

INTERRUPTED = 130


@contextmanager
def told_in_one_line(voice: Voice, client: str | None = None) -> Iterator[None]:
    """Turn this project's errors into messages and exit statuses."""
    from analysis.errors import (
        DemoNotWrittenError,
        EvaluationError,
        InputError,
        TooEarlyError,
    )

    try:
        yield
    except InputError as error:
        list_faults(voice, client or "", error.faults)
        sys.exit(1)
    except TooEarlyError as error:
        voice.say("run.too_early", err=True, day=error.day, first=error.first, least=error.least)
        sys.exit(1)
    except DemoNotWrittenError:
        voice.say("demo.not_written", err=True)
        sys.exit(1)
    except EvaluationError as error:
        if (path := held_file(error)) is not None:
            voice.say("run.held", err=True, path=path)
        else:
            click.echo(str(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        raise  # whoever read our output has had enough
    except OSError as error:
        if (path := held_file(error)) is not None:
            voice.say("run.held", err=True, path=path)
        else:
            reason = error.strerror or str(error)
            voice.say("run.disk", err=True, path=error.filename or "—", reason=reason)
        sys.exit(1)
    except KeyboardInterrupt:
        voice.say("run.interrupted", err=True)
        sys.exit(INTERRUPTED)
    except MemoryError:
        voice.say("run.memory", err=True)
        sys.exit(1)
    except Exception as error:
        if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
            raise
        tell_unexpected(voice, error)
        sys.exit(1)


def speaking_command(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its ``Voice``, and ``--lang`` after its name as well as before it."""

    @click.option("--lang", type=click.Choice(list(LANGUAGES)), help="Language of messages.")
    @click.pass_obj
    @functools.wraps(command)
    def speaking(voice: Voice, *args: Any, lang: str | None, **kwargs: Any) -> None:
        spoken = Voice(LANGUAGES[lang]) if lang else voice
        with told_in_one_line(spoken):
            command(spoken, *args, **kwargs)

    return speaking


def held_file(error: BaseException | None) -> Path | None:
    """Return the file that another program keeps from being read or replaced, if that is it."""
    from analysis.errors import FileInUseError

    if isinstance(error, FileInUseError):
        return error.path
    if os.name == "nt" and isinstance(error, PermissionError) and error.filename:
        path = Path(os.fsdecode(error.filename))
        return path if path.is_file() else None
    return None


def tell_unexpected(voice: Voice, error: BaseException) -> None:
    """Say in one line what nobody foresaw, and keep a file for whoever mends it."""
    from analysis import unexpected
    from analysis.errors import RunError
    from analysis.files import project_root

    try:
        root = project_root()
    except RunError:
        root = None
    context = click.get_current_context(silent=True)
    path = unexpected.keep(error, root, "" if context is None else context.command_path)
    voice.say("run.unexpected", err=True, error=unexpected.in_one_line(error), path=path)
