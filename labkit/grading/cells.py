"""Whatever was handed in, as a list of cells: any nbformat, any damage that leaves some cells whole.

Nothing in a submission is trusted or run here. Outputs, metadata and execution counts are dropped.
"""

import json
import re
from dataclasses import dataclass, field

LARGEST = 200 * 1024**2  # bytes of a notebook file; saved outputs may be large, and are dropped at once
MOST_CELLS = 5000
LONGEST, MOST_TEXT = 500_000, 2_000_000  # characters of a cell that is read as code, and of all of them
SURROGATE = re.compile("[\ud800-\udfff]")
HEAD = 2000  # characters that are kept of a longer cell, to tell whose it was
# What is handed in by mistake under a notebook's name, by its first bytes.
MISTAKEN = {
    b"%pdf": "a PDF",
    b"pk\x03\x04": "a zip file that was renamed",
    b"<!doctype": "a web page (of the notebook, perhaps, instead of the notebook)",
    b"<html": "a web page (of the notebook, perhaps, instead of the notebook)",
}
AGAIN = "Open it in Jupyter; if that works, save it and hand it in again."


class Unreadable(Exception):
    """A submission that holds no notebook; the message says why, for the student."""

    def __init__(self, message, lab=None):
        super().__init__(message)
        self.lab = lab  # as Document's


@dataclass(frozen=True)
class Cell:
    """A cell's text; `kind` is code, markdown, raw or whatever the file says, `id` may be "".

    problem: why it can't be read as code, or "". Then `text` holds the first characters only.
    """

    kind: str
    text: str
    id: str = ""
    problem: str = ""

    @property
    def may_be_code(self):
        """Is it code, or may it have been code before it was given another type?"""
        return self.kind == "code" or "def " in self.text


@dataclass
class Document:
    """What could be read of a notebook file.

    lab: the number in its metadata, which may be of no lab, or None.
    python: the version of Python that it says it was written with, or "".
    notes: what had to be mended, for the student.
    """

    cells: list[Cell]
    lab: str | None = None
    python: str = ""
    notes: list[str] = field(default_factory=list)


def read_notebook(data):
    """The Document in a file's bytes. Raises Unreadable when there is no notebook in it."""
    notes = []
    content = _content(_text(data, notes), notes)
    lab = _lab(content)
    sheets = content.get("worksheets") if isinstance(content, dict) else None
    if isinstance(content, dict) and isinstance(content.get("cells"), list):
        raw = content["cells"]
    elif isinstance(sheets, list):  # nbformat 2 and 3
        raw = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
        notes.append(
            "The notebook has an old format (nbformat 3 or older); its cells were read all the same."
        )
    else:
        raise Unreadable(f"The file is JSON, but not a notebook: there are no cells in it. {AGAIN}", lab)
    cells = _within_bounds([_cell(item) for item in raw[:MOST_CELLS] if isinstance(item, dict)])
    if len(cells) < len(raw):
        notes.append(f"{len(raw) - len(cells)} damaged or surplus cells were left out.")
    if not cells:
        raise Unreadable("The notebook has no cells.", lab)
    return Document(cells, lab, _python(content), notes)


def too_large(size):
    """What the student reads whose file has `size` bytes."""
    return (
        f"The file has {size / 1e6:.0f} MB; the most is {LARGEST / 1e6:.0f} MB. "
        "Clear the outputs, save it and hand it in again."
    )


def _text(data, notes):
    if not data or data.isspace():
        raise Unreadable("The file is empty.")
    if len(data) > LARGEST:
        raise Unreadable(too_large(len(data)))
    for beginning, what in MISTAKEN.items():
        if data[:64].lstrip().lower().startswith(beginning):
            raise Unreadable(f"What was handed in is {what}, not a notebook (.ipynb).")
    encoding = json.detect_encoding(data)  # UTF-8, 16 or 32, with a mark or without
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
    if text.count("\ufffd") == len(text) - len(text.encode("ascii", "ignore")):
        notes.append("The file is not UTF-8; it was read as Latin-1.")
        return data.decode("latin-1")
    notes.append("The file is not UTF-8 throughout; letters that could not be read are shown as \ufffd.")
    return text


def _content(text, notes):
    try:
        return json.loads(text, strict=False, parse_int=_small)
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError as error:
        problem = f"it is not JSON ({error})"
    cells = _whole_cells(text)
    if not cells:
        raise Unreadable(f"The file is not a notebook: {problem}. {AGAIN}")
    notes.append(f"The file is damaged: {problem}. Only those cells were read that are whole ({len(cells)}).")
    claimed = re.search(r'"labkit"\s*:\s*\{\s*"lab"\s*:\s*"(\d\d)"', text)
    return {"cells": cells, "metadata": {"labkit": {"lab": claimed[1]}} if claimed else {}}


def _whole_cells(text):
    """The cells in a text that is no JSON as a whole: cut off, or with the marks of a merge in it."""
    decoder, cells, failed, end = json.JSONDecoder(strict=False, parse_int=_small), [], 0, 0
    start = re.compile(r'\{\s*"(?:cells|attachments|cell_type|execution_count|id|metadata|source)"\s*:')
    while failed < MOST_CELLS and len(cells) < MOST_CELLS and (found := start.search(text, end)):
        try:
            item, end = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            failed, end = failed + 1, found.end()
            continue
        if isinstance(item.get("cells"), list):  # the whole notebook, and something behind it
            cells += item["cells"]
        elif "cell_type" in item and ("source" in item or "input" in item):
            cells.append(item)
    return cells


def _lab(content):
    try:
        number = content["metadata"]["labkit"]["lab"]
    except (LookupError, TypeError):
        return None
    # Whatever else stands there is no lab's number, and must not travel on.
    return number if isinstance(number, str) and re.fullmatch(r"[0-9]{2}", number) else None


def _python(content):
    try:
        version = content["metadata"]["language_info"]["version"]
    except (LookupError, TypeError):
        return ""
    return version if isinstance(version, str) and re.fullmatch(r"3\.\d{1,3}(\.\d{1,3})?", version) else ""


def _cell(item):
    text = item.get("source", item.get("input", ""))
    if isinstance(text, list):
        text = "".join(line for line in text if isinstance(line, str))
    if isinstance(text, str) and SURROGATE.search(text):  # half a character; nothing can be written of it
        text = SURROGATE.sub("\ufffd", text)
    kind, ident = item.get("cell_type"), item.get("id")
    if not isinstance(ident, str):
        grader = item["metadata"].get("nbgrader") if isinstance(item.get("metadata"), dict) else None
        grade_id = grader.get("grade_id") if isinstance(grader, dict) else None
        solution = isinstance(grader, dict) and grader.get("solution") is True
        ident = f"solution-{grade_id}" if solution and isinstance(grade_id, str) else ""
    kind = kind if isinstance(kind, str) else ""
    return Cell(_plain(kind), text if isinstance(text, str) else "", _plain(ident))


def _plain(text):
    return SURROGATE.sub("\ufffd", text[:100])


def _within_bounds(cells):
    """The cells, those cut short that are longer than anything that a person writes."""
    kept, total = [], 0
    for cell in cells:
        size = len(cell.text) if cell.may_be_code else 0
        if size > LONGEST:
            problem = f"The cell has {size:,} characters; more than {LONGEST:,} are not read."
        elif total + size > MOST_TEXT:
            problem = f"The notebook has more than {MOST_TEXT:,} characters of code; this cell was not read."
        else:
            problem, total = "", total + size
        kept.append(Cell(cell.kind, cell.text[:HEAD], cell.id, problem) if problem else cell)
    return kept


def _small(digits):
    """A number in a notebook, none of which matters here; Python refuses to read one of many digits."""
    return int(digits[:18])


def _list(value):
    return value if isinstance(value, list) else []
