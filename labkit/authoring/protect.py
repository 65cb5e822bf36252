"""Is there a student's work in a notebook? `labkit build` asks before it writes one.

A student opens the very file that the builder generates. So the builder stamps each notebook with a
digest of its cells. A notebook whose cells still give that digest, and that was never run, is as the
builder left it, whichever version built it: it may be replaced. Anything else may be somebody's work.

For students: your work stays where it is, but git will not pull a newer version over it. Save your copy
under another name (File > Save Notebook As, `01_mine.ipynb`), then
`git checkout notebooks/01_*.ipynb` and pull.
"""

import hashlib
import json

import nbformat

UNKNOWN = "labkit build did not write it"


def stamp(notebook):
    """A digest of what the cells say: kinds and sources, not ids, outputs or metadata.

    JupyterLab and Colab rewrite metadata when they save; that alone is no work.
    """
    said = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def work_in(text):
    """Why the notebook in `text` may hold somebody's work, in words; "" when it certainly does not."""
    try:
        notebook = nbformat.reads(text, as_version=4)
        cells = notebook.cells
    except Exception:  # whatever nbformat stumbles over: not readable means not known to be ours
        return "it cannot be read as a notebook"
    ours = notebook.metadata.get("labkit", {}).get("stamp")
    if ours is None:
        return UNKNOWN
    code = [cell for cell in cells if cell.cell_type == "code"]
    if stamp(notebook) != ours:
        return "cells in it have been changed"
    if any(cell.get("outputs") or cell.get("execution_count") is not None for cell in code):
        return "it has been run and holds outputs"
    return ""
