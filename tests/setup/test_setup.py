"""What a fresh machine gets: the environment files, the notebooks as committed, the targets."""

from __future__ import annotations

import ast
import json
import re
import runpy
import shutil
import subprocess
import sys
import tomllib

import nbformat
import pytest
from ipykernel.kernelspec import get_kernel_dict

# Written so that this file does not contain what it looks for.
REGISTRY_HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "anaconda" + ".org",
    "anaconda" + ".com",
    "registry" + ".npmjs",
    "index" + "-url",
    "mirrors" + ".aliyun",
    "tuna" + ".tsinghua",
]

MOST_LINES = 36
"""Code lines of the longest notebook, parameters included."""


@pytest.fixture(scope="module")
def pyproject(project_root) -> dict:
    return tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def kept_files(project_root):
    """Files of the repository, ignored ones left out."""
    if shutil.which("git") is None or not (project_root / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=project_root,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return [path for name in names if name and (path := project_root / name).is_file()]


def test_notebooks_stand_as_jupyter_saves_them(project_root):
    """Else a run in JupyterLab that changes nothing leaves a difference to commit."""
    paths = [*project_root.glob("notebooks/*.ipynb"), *project_root.glob("docs/gallery/*.ipynb")]
    assert len(paths) >= 15
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert text == nbformat.writes(nbformat.from_dict(json.loads(text))).rstrip("\n") + "\n", (
            path
        )


def test_environment_yml_is_the_generated_one(project_root, pyproject):
    generate = runpy.run_path(str(project_root / "tools" / "environment.py"))["conda_environment"]
    assert (project_root / "environment.yml").read_text(encoding="utf-8") == generate(pyproject)


def test_every_dependency_is_in_environment_yml(project_root, pyproject):
    text = (project_root / "environment.yml").read_text(encoding="utf-8").lower()
    for requirement in pyproject["project"]["dependencies"]:
        name = re.match(r"[\w.-]+", requirement).group().split("-framework")[0]
        assert re.sub("[-_.]", "", name) in re.sub("[-_.]", "", text), name


def test_every_dependency_is_pinned_with_a_hash(project_root, pyproject):
    lock = (project_root / "lock.txt").read_text(encoding="utf-8")
    pinned = {name.lower() for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    required = [*pyproject["project"]["dependencies"], *pyproject["dependency-groups"]["dev"]]
    missing = {re.match(r"[\w.-]+", line).group() for line in required} - pinned
    assert not missing, "run `make lock`"
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_no_file_names_a_registry_host(kept_files):
    found = {
        path.name: host
        for path in kept_files
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    }
    assert not found


def test_notebooks_are_kept_without_outputs(project_root):
    for path in sorted((project_root / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            assert not cell.get("outputs"), path.name
            assert cell.get("execution_count") is None, path.name
            assert "papermill" not in cell["metadata"], path.name
        assert "papermill" not in notebook["metadata"], path.name


def test_notebooks_tell_and_do_not_compute(project_root):
    computing = (ast.FunctionDef, ast.Lambda, ast.For, ast.While, ast.If, ast.comprehension)
    for path in sorted((project_root / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, computing)]
        assert not found, (path.name, [ast.unparse(node) for node in found])
        assert len([line for line in code.splitlines() if line.strip()]) <= MOST_LINES, path.name


def test_client_material_is_ignored(project_root):
    if shutil.which("git") is None or not (project_root / ".git").exists():
        pytest.skip("not a git checkout")
    for name in (
        "data/acme/raw/a.csv",
        "data/acme/client.yml",
        "reports/acme/run/index.html",
        "data/demo/raw/fees.xlsx",
        "data/demo/pseudonym.key",
    ):
        ignored = subprocess.run(["git", "check-ignore", "-q", name], cwd=project_root, check=False)
        assert ignored.returncode == 0, name


def test_make_help_lists_the_targets(project_root):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(
        ["make", "help"], cwd=project_root, capture_output=True, text=True, check=True
    )
    for target in ("demo", "test", "test-spark", "lab", "help", "setup"):
        assert f"make {target} " in done.stdout


def test_the_entry_points_can_be_loaded():
    from importlib.metadata import entry_points

    for group in ("jupyter_client.kernel_provisioners", "papermill.engine", "console_scripts"):
        own = [point for point in entry_points(group=group) if point.name.startswith("crmeval")]
        assert own, group
        for point in own:
            assert point.load() is not None


def test_outputs_never_reach_git(project_root):
    """What git stores of a notebook that was run is the notebook as committed."""
    makefile = (project_root / "Makefile").read_text(encoding="utf-8")
    unsaved = re.search(r"^UNSAVED := ((?:.*\\\n)*.*)", makefile, re.MULTILINE)[1]
    assert '--keep-id --extra-keys "$(UNSAVED)"' in makefile
    keys = " ".join(unsaved.replace("\\", " ").split())
    clean = [sys.executable, "-m", "nbstripout", "--keep-id", "--extra-keys", keys]
    for path in sorted((project_root / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for number, cell in enumerate(c for c in notebook["cells"] if c["cell_type"] == "code"):
            cell["execution_count"] = number + 1
            cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": ["a client"]}]
        # As JupyterLab saves it after a run, with the kernel of `make lab`.
        notebook["metadata"]["language_info"] = {
            "codemirror_mode": {"name": "ipython", "version": 3},
            "file_extension": ".py",
            "mimetype": "text/x-python",
            "name": "python",
            "nbconvert_exporter": "python",
            "pygments_lexer": "ipython3",
            "version": "3.11.7",
        }
        known = {**get_kernel_dict(), "name": "python3"}
        notebook["metadata"]["kernelspec"] = {
            key: known[key] for key in ("display_name", "language", "name")
        }
        run = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        stored = subprocess.run(clean, input=run.encode(), capture_output=True, check=True).stdout
        assert stored == path.read_bytes()
    attributes = (project_root / ".gitattributes").read_text(encoding="utf-8")
    assert "*.ipynb text eol=lf filter=nbstripout" in attributes
