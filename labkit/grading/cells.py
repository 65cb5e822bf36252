"""Whatever was handed in, as a list of cells: any nbformat, any damage that leaves the text readable.

Nothing in a submission is trusted or run here. Outputs, metadata and execution counts are dropped.
"""

import json
from dataclasses import dataclass

LARGEST = 512 * 1024**2  # bytes of a notebook file; saved outputs may be large, and are dropped at once
MOST_CELLS = 5000


class Unreadable(Exception):
    """A submission that holds no notebook; the message says why, for the student."""


@dataclass(frozen=True)
class Cell:
    """A cell's text; `kind` is code, markdown, raw or whatever the file says, `id` may be ""."""

    kind: str
    text: str
    id: str = ""


def read_cells(data):
    """The cells of a notebook file's bytes, and what had to be mended: (list of Cell, list of str).

    Raises Unreadable when there is no notebook in it.
    """
    notes = []
    document = _json(_text(data, notes))
    if not isinstance(document, dict):
        raise Unreadable("The file is JSON, but not a notebook: there are no cells in it.")
    sheets = document.get("worksheets")
    if isinstance(document.get("cells"), list):
        raw = document["cells"]
    elif isinstance(sheets, list):  # nbformat 2 and 3
        raw = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
        notes.append(
            "The notebook has an old format (nbformat 3 or older); its cells were read all the same."
        )
    else:
        raise Unreadable("The file is JSON, but not a notebook: there are no cells in it.")
    cells = [_cell(item) for item in raw[:MOST_CELLS] if isinstance(item, dict)]
    if len(cells) < len(raw):
        notes.append(f"{len(raw) - len(cells)} damaged or surplus cells were left out.")
    if not cells:
        raise Unreadable("The notebook has no cells.")
    return cells, notes


def lab_of(data):
    """The lab number in the notebook's metadata, or None."""
    try:
        number = json.loads(data.decode("utf-8", "replace"))["metadata"]["labkit"]["lab"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return number if isinstance(number, str) else None


def _text(data, notes):
    if not data.strip():
        raise Unreadable("The file is empty.")
    if len(data) > LARGEST:
        raise Unreadable(f"The file has {len(data) / 1e6:.0f} MB; the most is {LARGEST / 1e6:.0f} MB.")
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    notes.append("The file is not UTF-8; letters that could not be read are shown as \ufffd.")
    return data.decode("utf-8", "replace")


def _json(text):
    try:
        return json.loads(text)
    except RecursionError:
        raise Unreadable("The file is nested too deeply to be a notebook.") from None
    except ValueError as error:
        raise Unreadable(f"The file is not a notebook: it is not JSON ({error}).") from None


def _cell(item):
    text = item.get("source", item.get("input", ""))
    if isinstance(text, list):
        text = "".join(line for line in text if isinstance(line, str))
    kind, ident = item.get("cell_type"), item.get("id")
    if not isinstance(ident, str):
        grader = item["metadata"].get("nbgrader") if isinstance(item.get("metadata"), dict) else None
        grade_id = grader.get("grade_id") if isinstance(grader, dict) else None
        solution = isinstance(grader, dict) and grader.get("solution") is True
        ident = f"solution-{grade_id}" if solution and isinstance(grade_id, str) else ""
    return Cell(kind if isinstance(kind, str) else "", text if isinstance(text, str) else "", ident)


def _list(value):
    return value if isinstance(value, list) else []
