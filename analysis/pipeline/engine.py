"""The papermill engine of this project.

Papermill loads its engines while it is itself being imported, so this module must not import
it; the work is in :mod:`analysis.pipeline.execution`.
"""

from __future__ import annotations

from typing import Any

ENGINE_NAME = "crmeval"


class RecordingEngine:
    """Execute a notebook and record how it really ended (``papermill --engine crmeval``).

    Beside the executed notebook ``<name>.ipynb`` it keeps ``<name>.outcome.json``
    (:class:`analysis.pipeline.outcome.Outcome`).
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Execute the notebook node and return it; options as of ``execution.execute``."""
        from analysis.pipeline.execution import execute

        return execute(nb, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return papermill's choice of kernel name for the notebook."""
        from papermill.utils import nb_kernel_name

        return nb_kernel_name(nb, name)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return papermill's choice of language for the notebook."""
        from papermill.utils import nb_language

        return nb_language(nb, language)
