"""Runs a solution notebook and takes the texts of its key figures: what nbval will compare with."""

import hashlib
import json
import os
import tempfile

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from labkit.authoring.notebook import solution_notebook, text_cell_id
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError

_STAMP = "measured from"  # among the names of key figures, which hold no space
LONGEST = 4000  # characters; more is a data dump, not a figure's text


def read_texts(path):
    """Key figure -> text, from the committed file; empty when there is none yet.

    Raises LabkitError when it can't be read as that.
    """
    return {name: text for name, text in _read(path).items() if name != _STAMP}


def read_stamp(path):
    """`code_stamp` of the lab whose run gave the texts; "" when nobody knows."""
    return _read(path).get(_STAMP, "")


def write_texts(path, texts, stamp):
    """Write them for people to review: sorted, one figure a line.

    stamp: `code_stamp` of the lab that gave them.
    """
    write_text(path, as_json(texts, stamp))


def as_json(texts, stamp):
    """The text of the file that `write_texts` writes."""
    return json.dumps({**texts, _STAMP: stamp}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def code_stamp(cells):
    """A digest of what a run of the lab runs: its code cells, not its prose."""
    code = [[cell.role, cell.name, cell.text] for cell in cells if cell.kind == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()[:16]


def _read(path):
    if not path.is_file():
        return {}
    shown = "/".join(path.parts[-4:])
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise LabkitError(
            f"{shown}:{line}: not JSON ({error}). After a merge, make it anew: labkit build --reference "
            f"--lab {path.stem}"
        ) from error
    if not isinstance(said, dict) or not all(isinstance(text, str) for text in said.values()):
        raise LabkitError(f"{shown}:1: expected one text for each key figure, in one JSON object.")
    return said


def key_figures(lab):
    """The lab's key figure cells."""
    return [cell for cell in lab.cells if cell.role == "keyfigure"]


def run(notebook, root, timeout=600, allow_errors=False):
    """Run a notebook in a fresh kernel, in an empty folder, with the checkout's labkit; fills in outputs.

    timeout: seconds for one cell.  Raises LabkitError naming the cell that failed.
    """
    path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="python3",
            allow_errors=allow_errors,
            extra_arguments=["--log-level=ERROR"],  # the kernel warns about its own transport, not about us
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(env={**os.environ, "PYTHONPATH": path})
        except CellExecutionError as error:
            failed = next(
                c for c in notebook.cells if any(o.output_type == "error" for o in c.get("outputs", []))
            )
            raise LabkitError(f"cell {failed.id!r} failed: {error.ename}: {error.evalue}") from error
    return notebook


def solution_without_outputs(lab, project):
    """The solution notebook to be run: as it is before anything is known of what its cells give."""
    blank = {cell.name: "" for cell in key_figures(lab)}  # the cells that print the texts must be there
    notebook = solution_notebook(lab, project.address(), blank, project.passing)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def measure_texts(lab, project):
    """Run the lab's solution notebook; returns key figure -> text.

    Raises LabkitError when a cell fails or a key figure gives no usable text.
    """
    notebook = solution_without_outputs(lab, project)
    try:
        run(notebook, project.root)
    except LabkitError as error:
        raise LabkitError(f"{lab.slug}: {error}") from error
    outputs = {cell.id: cell.get("outputs", []) for cell in notebook.cells}
    return {
        cell.name: _text(outputs[text_cell_id(cell)], f"{lab.slug}: key figure {cell.name!r}")
        for cell in key_figures(lab)
    }


def _text(outputs, what):
    strange = [o.output_type for o in outputs if o.output_type != "stream" or o.name != "stdout"]
    text = "".join(o.text for o in outputs if o.output_type == "stream").rstrip("\n")
    if strange:
        raise LabkitError(f"{what}: expected nothing but printed text, got {', '.join(strange)} as well.")
    if not text or len(text) > LONGEST:
        raise LabkitError(f"{what}: expected a text of 1 to {LONGEST} characters, got {len(text)}.")
    return text
