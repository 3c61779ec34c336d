"""One client in a process of its own: ``python -m analysis.pipeline.worker REQUEST``.

``REQUEST`` is a JSON object of the arguments of :func:`analysis.pipeline.runner.run`; the last
line written to standard output is a :class:`analysis.pipeline.batch.ClientOutcome` as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from analysis import unexpected
from analysis.errors import EvaluationError, FileInUseError


def work(request: dict[str, Any]) -> dict[str, Any]:
    """Run the client and describe how it ended.

    Parameters
    ----------
    request : dict
        ``client``, ``root`` and options of :func:`analysis.pipeline.runner.run`.
    """
    from analysis.pipeline.runner import run

    root = Path(request.pop("root"))
    try:
        result = run(**request, root=root)
    except EvaluationError as error:
        line = str(error).splitlines()[0]
        answer = {"state": "failed", "folder": None, "step": None, "error": line}
        return {**answer, "held": _held(error)}
    except Exception as error:
        return {
            "state": "failed",
            "folder": None,
            "step": None,
            "error": _unforeseen(error, root, request["client"]),
            "held": None,
        }
    said = result.error
    if result.exception is not None and not unexpected.foreseen(result.exception):
        said = _unforeseen(result.exception, root, request["client"])
    return {
        "state": result.state,
        "folder": str(result.folder),
        "step": result.failed_step,
        "error": said,
        "held": _held(result.exception),
        "failed_chapters": dict(result.failed_chapters),
    }


def _unforeseen(error: BaseException, root: Path, client: str) -> str:
    kept = unexpected.keep(error, root, f"run {client}")
    return f"{unexpected.in_one_line(error)} ({kept})"


def _held(error: BaseException | None) -> str | None:
    return str(error.path) if isinstance(error, FileInUseError) else None


def end_with_caller(pid: int) -> None:
    """End when the process that asked does: on a cluster another begins this client anew."""
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait()
    os._exit(1)


if __name__ == "__main__":
    watch = threading.Thread(target=end_with_caller, args=(os.getppid(),), daemon=True)
    watch.start()
    answer = work(json.loads(sys.argv[1]))
    print(json.dumps(answer))
    sys.exit(answer["state"] == "failed")
