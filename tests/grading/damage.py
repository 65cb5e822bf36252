"""Damaged submissions: what is done to a solved notebook of lab 01, and what it must cost.

Each function takes the solved notebook and damages it in place, or returns what is handed in instead: bytes,
or {file name: bytes, or the Path that a link leads to}. Its decorator says which exercises lose their points,
and what of the reason the student must be able to read. Every other exercise keeps full points.
"""

import copy
import io
import json
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat

from labkit.grading.cells import LARGEST

NAMES = ("wordpiece", "encode_pair", "mask_tokens", "mlm_loss", "fill_mask", "cloze_accuracy")
ALL = NAMES
LOSS = "F.cross_entropy(logits.flatten(0, 1), labels.flatten())"


@dataclass(frozen=True)
class Damage:
    """One case.

    left: exercise -> points that are left of it; the others keep all.
    said: a regular expression for what the student reads.  labs: all that a grade is given for.
    """

    name: str
    damage: object
    left: dict
    said: str
    labs: tuple


CASES = []


def costs(*lost, said="", labs=("01",), **left):
    """Declare a case: the exercises that it loses, or what is left of them, and what the student reads."""

    def declare(function):
        CASES.append(Damage(function.__name__, function, dict.fromkeys(lost, 0) | left, said, labs))
        return function

    return declare


def cell(notebook, name):
    """The solution cell of an exercise."""
    return next(c for c in notebook.cells if c.id == f"solution-{name}")


def written(notebook):
    """The bytes of a notebook's file, in whatever state it is."""
    return json.dumps(notebook).encode()


def zipped(members):
    """A zip file's bytes.  members: {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


# Files that are no notebook


@costs(*ALL, said="not JSON")
def junk_bytes(notebook):
    return bytes(range(256)) * 20


@costs(*ALL, said="The file is empty")
def empty_file(notebook):
    return b""


@costs(*ALL, said="a PDF, not a notebook")
def a_pdf_under_another_name(notebook):
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"


@costs(*ALL, said="a web page")
def the_page_instead_of_the_file(notebook):
    return b"\n<!DOCTYPE html>\n<html><body>lab 01</body></html>"


@costs(*ALL, said=r"no notebook \(\.ipynb\) in what was handed in: lab01.py")
def no_notebook_at_all(notebook):
    return {"lab01.py": b"def wordpiece(word, vocab): ..."}


@costs(*ALL, said="JSON, but not a notebook")
def json_list(notebook):
    return b'["wordpiece", 4]'


@costs(*ALL, said="JSON, but not a notebook")
def json_null(notebook):
    return b"null"


@costs(*ALL, said="JSON, but not a notebook")
def cells_are_a_dict(notebook):
    notebook["cells"] = {str(k): c for k, c in enumerate(notebook["cells"])}
    return written(notebook)


@costs(*ALL, said="nested too deeply")
def deep_recursion(notebook):
    return b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@costs(*ALL, said="has no cells")
def no_cells(notebook):
    notebook.cells = []


# Files that hold a notebook all the same


@costs(said="old format")
def nbformat_3(notebook):
    cells = [
        {"cell_type": c.cell_type, "metadata": {}, "outputs": [], "input": c.source} for c in notebook.cells
    ]
    return json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


@costs(said="old format")
def nbformat_2(notebook):
    cells = [
        {"cell_type": c.cell_type, "language": "python", "input": c.source.splitlines(keepends=True)}
        for c in notebook.cells
    ]
    sheets = [{"cells": cells[:20]}, {"cells": cells[20:]}]
    return json.dumps({"nbformat": 2, "worksheets": sheets}).encode()


@costs("fill_mask", "cloze_accuracy", said="(?s)damaged: it is not JSON.*no function fill_mask")
def truncated(notebook):
    text = written(notebook)
    return text[: text.index(b'"solution-fill_mask"') + 300]


@costs("mlm_loss", said="(?s)damaged: it is not JSON.*no function mlm_loss")
def marks_of_a_merge(notebook):
    lines = json.dumps(notebook, indent=1).split("\n")
    place = next(k for k, line in enumerate(lines) if '"solution-mlm_loss"' in line)
    lines[place:place] = ["<<<<<<< HEAD", '   "execution_count": 3,', "=======", ">>>>>>> theirs"]
    return "\n".join(lines).encode()


@costs(said="damaged: it is not JSON")
def something_behind_the_notebook(notebook):
    return written(notebook) + b"\n}\n"


@costs()
def utf_8_with_a_mark(notebook):
    return b"\xef\xbb\xbf" + written(notebook)


@costs()
def utf_16(notebook):
    return written(notebook).decode().encode("utf-16")


@costs(said="read as Latin-1")
def latin_1(notebook):
    cell(notebook, "mlm_loss").source += "\n\ngr\u00f6\u00dfe = 3  # \u00fc"
    notebook.cells = [c for c in notebook.cells if c.cell_type == "code"]
    return json.dumps(notebook, ensure_ascii=False).encode("latin-1", "replace")


@costs()
def not_a_number_in_the_file(notebook):
    notebook.metadata["score"] = float("nan")
    return written(notebook)


@costs()
def duplicate_keys(notebook):
    """The last of two counts, as it does in Jupyter."""
    text = written(notebook)
    return text.replace(
        b'"id": "solution-mlm_loss"', b'"id": "old", "source": "?", "id": "solution-mlm_loss"'
    )


@costs()
def a_hundred_megabytes_of_output(notebook):
    flood = b'"outputs": [{"output_type": "stream", "name": "stdout", "text": "' + b"x" * 10**8 + b'"}]'
    return written(notebook).replace(b'"outputs": []', flood, 1)


@costs("mlm_loss", said="characters; more than .* are not read")
def a_huge_cell(notebook):
    cell(notebook, "mlm_loss").source += "\nnumbers = [" + "0, " * 10**6 + "]"


@costs(said="damaged or surplus cells")
def cells_that_are_none(notebook):
    notebook = json.loads(written(notebook))
    notebook["cells"][0:0] = [None, 7, "text", []]
    return json.dumps(notebook).encode()


@costs("mlm_loss", said="The cell of mlm_loss is empty")
def source_is_null(notebook):
    cell(notebook, "mlm_loss").source = None
    return written(notebook)


@costs(said="does not say which lab")
def metadata_missing(notebook):
    del notebook["metadata"]
    for c in notebook.cells:
        c.metadata = None
    return written(notebook)


# Cells that are not where, or what, they were


@costs()
def cells_moved(notebook):
    notebook.cells.reverse()


@costs()
def ids_lost(notebook):
    for c in notebook.cells:
        del c["id"]
        c.metadata = {}
    notebook.nbformat_minor = 4
    return written(notebook)


@costs(said="mlm_loss stands in a markdown cell; it was read as code")
def code_became_markdown(notebook):
    cell(notebook, "mlm_loss").cell_type = "markdown"
    cell(notebook, "wordpiece").cell_type = "raw"
    return written(notebook)


@costs()
def markdown_became_code(notebook):
    for c in notebook.cells:
        c.cell_type = "code"
    return written(notebook)


@costs()
def cells_merged(notebook):
    source = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    notebook.cells = [nbformat.v4.new_code_cell(source)]


@costs(said="The cell of mlm_loss was cut in two")
def a_cell_split_within_a_function(notebook):
    place = notebook.cells.index(cell(notebook, "mlm_loss"))
    head, _, tail = notebook.cells[place].source.rpartition("\n    return")
    notebook.cells[place].source = head
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(f"    return{tail}"))


@costs()
def a_cell_split_between_helper_and_function(notebook):
    place = notebook.cells.index(cell(notebook, "mlm_loss"))
    notebook.cells[place].source = "def mlm_loss(logits, labels):\n    return price(logits, labels)"
    helper = f"import torch.nn.functional as F\ndef price(logits, labels):\n    return {LOSS}"
    notebook.cells.insert(place, nbformat.v4.new_code_cell(helper))


@costs(said=r"mlm_loss is defined several times; the one in cell \d+ counts")
def answered_twice_the_last_right(notebook):
    place = notebook.cells.index(cell(notebook, "mlm_loss"))
    notebook.cells.insert(place, nbformat.v4.new_code_cell("def mlm_loss(logits, labels):\n    return 0"))


@costs(said=r"wordpiece is defined several times; the one in cell \d+ counts")
def answered_twice_the_last_wrong(notebook):
    wrong = "def wordpiece(word, vocab):\n    vocab.clear()\n    return word.no_such_thing"
    notebook.cells.append(nbformat.v4.new_code_cell(wrong))


@costs(said="A later mlm_loss can't be read")
def answered_twice_the_last_broken(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell("def mlm_loss(logits, labels:\n    return 0"))


@costs()
def the_same_cells_twice(notebook):
    notebook.cells += copy.deepcopy(notebook.cells)
    return written(notebook)


@costs(*[name for name in NAMES if name != "wordpiece"], said="has not been written: it is the stub still")
def one_answer_and_stubs(notebook):
    for name in NAMES[1:]:
        head = cell(notebook, name).source.split(":\n")[0]
        cell(notebook, name).source = f'{head}:\n    raise NotImplementedError("write {name} here")'


@costs()
def the_stubs_line_left_below_the_answer(notebook):
    cell(notebook, "mlm_loss").source += '\n    raise NotImplementedError("write mlm_loss here")'


# Answers that are broken, or written in another way


@costs("mlm_loss", said=r"SyntaxError: .* in the line: def mlm_loss\(logits, labels:")
def syntax_error(notebook):
    cell(notebook, "mlm_loss").source = "def mlm_loss(logits, labels:\n    return 0"


@costs("mlm_loss", said="TabError: inconsistent use of tabs and spaces")
def tabs_and_spaces(notebook):
    cell(notebook, "mlm_loss").source = "def mlm_loss(logits, labels):\n\tx = 1\n        return x"


@costs("mlm_loss", said="SyntaxError: duplicate argument")
def an_argument_twice(notebook):
    cell(notebook, "mlm_loss").source = "def mlm_loss(logits, logits):\n    return 0"


@costs("mlm_loss", said="null bytes")
def null_bytes(notebook):
    cell(notebook, "mlm_loss").source += "\x00"


@costs("mlm_loss", said="The cell does not run: NameError: name 'Tensor' is not defined")
def a_type_hint_without_its_import(notebook):
    source = "def mlm_loss(logits: Tensor, labels: Tensor) -> Tensor:\n    return 0"
    cell(notebook, "mlm_loss").source = source


@costs("mlm_loss", said="NameError: name 'np' is not defined")
def an_import_missing(notebook):
    cell(notebook, "mlm_loss").source = "def mlm_loss(logits, labels):\n    return np.mean(logits)"


@costs("mlm_loss", said="its cell defines mlm_los")
def renamed(notebook):
    cell(notebook, "mlm_loss").source = cell(notebook, "mlm_loss").source.replace("mlm_loss(", "mlm_los(")


@costs("mlm_loss", said="stands inside something else")
def nested_in_a_class(notebook):
    inner = cell(notebook, "mlm_loss").source.replace("\n", "\n    ")
    cell(notebook, "mlm_loss").source = f"class Answers:\n    {inner}"


@costs("mlm_loss", said="type")
def a_class_instead_of_a_function(notebook):
    cell(
        notebook, "mlm_loss"
    ).source = "class mlm_loss:\n    def __init__(self, logits, labels):\n        pass"


@costs(mlm_loss=0, said="coroutine")
def an_async_function(notebook):
    cell(notebook, "mlm_loss").source = "async def mlm_loss(logits, labels):\n    return 0"


@costs()
def a_lambda(notebook):
    source = f"import torch.nn.functional as F\nmlm_loss = lambda logits, labels: {LOSS}"
    cell(notebook, "mlm_loss").source = source


@costs()
def decorated_with_hints_and_helpers_elsewhere(notebook):
    imports = "from functools import wraps\nfrom torch import Tensor\nfrom torch.nn.functional import *"
    helper = (
        "def checked(function):\n    @wraps(function)\n    def inner(*args):\n"
        "        return function(*args)\n    return inner"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(f"{imports}\n{helper}"))
    cell(notebook, "mlm_loss").source = (
        "@checked\ndef mlm_loss(logits: Tensor, labels: Tensor) -> Tensor:\n"
        "    return cross_entropy(logits.flatten(0, 1), labels.flatten())"
    )


@costs()
def a_global_that_is_filled_in_a_loop(notebook):
    table = "AXES = [9]\nAXES.clear()\nfor k in range(2):\n    AXES += [k]\nEND = 5"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"import torch.nn.functional as F\n{table}"))
    cell(
        notebook, "mlm_loss"
    ).source = f"def mlm_loss(logits, labels):\n    assert AXES == [0, 1] and END == 5\n    return {LOSS}"


@costs()
def the_name_used_for_a_result(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell('wordpiece = wordpiece("player", {"play", "##er"})'))


@costs()
def magics_around_an_answer(notebook):
    source = cell(notebook, "mlm_loss").source
    cell(notebook, "mlm_loss").source = f"%%time\n%matplotlib inline\n!pip list\nmlm_loss?\n{source}"


@costs()
def windows_line_endings(notebook):
    for c in notebook.cells:
        c.source = c.source.replace("\n", "\r\n")


@costs()
def an_indented_cell(notebook):
    """Jupyter runs it."""
    source = cell(notebook, "mlm_loss").source
    cell(notebook, "mlm_loss").source = "    " + source.replace("\n", "\n    ")


# What is not the student's to change


@costs("wordpiece", said="0 of 4 points")
def checks_edited_and_results_forged(notebook):
    cell(notebook, "wordpiece").source = "def wordpiece(word, vocab):\n    vocab.clear()\n    return None"
    for c in list(notebook.cells):
        if c.id == "check-wordpiece":
            c.source = "# NBVAL_SKIP\nprint('wordpiece: passed, 4 of 4 points')"
            c.metadata = {"tags": ["nbval-skip"], "nbgrader": {"locked": False, "points": 400}}
            forged = {"application/vnd.labkit.check+json": {"status": "passed", "points": 400}}
            c.outputs = [nbformat.v4.new_output("display_data", data=forged)]
            notebook.cells.append(copy.deepcopy(c))
        elif c.id.startswith("check-"):
            notebook.cells.remove(c)
    return written(notebook)


@costs("wordpiece", said="0 of 4 points")
def code_between_the_answers(notebook):
    """What stands outside of an answer is not run at all."""
    cell(notebook, "wordpiece").source = "def wordpiece(word, vocab):\n    vocab.clear()\n    return None"
    attack = (
        "import atexit, builtins\natexit.register(print)\nbuiltins.print = None\n"
        "get_ipython().events.register('post_run_cell', print)\nlab.check = lambda f: f\nraise SystemExit"
    )
    notebook.cells.insert(1, nbformat.v4.new_code_cell(attack))


# What was handed in along with it, or in its place


@costs(labs=("01", "02"))
def two_labs_in_one_file(notebook, second):
    notebook.cells += second.cells
    return written(notebook)


@costs(labs=("02",))
def another_lab(notebook, second):
    return written(second)


@costs(*ALL, said="No exercise of any lab was found")
def a_notebook_of_no_lab(notebook):
    notebook.cells = notebook.cells[:2]
    del notebook.metadata["labkit"]


@costs(*ALL, said="link to another file")
def a_link(notebook):
    return {"lab01.ipynb": Path("/etc/hostname")}


@costs(said=r"(?s)lab01\.zip!good\.ipynb counts")
def a_zip_that_leads_elsewhere(notebook):
    link = zipfile.ZipInfo("link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return {
        "lab01.zip": zipped({link: b"/etc/passwd", "../../up.ipynb": b"{}", "good.ipynb": written(notebook)})
    }


@costs(*ALL, said="the most is")
def a_zip_bomb(notebook):
    return {"lab01.zip": zipped({"lab01.ipynb": b" " * (LARGEST + 1)})}


@costs()
def a_zip_in_a_zip(notebook):
    return {"lab01.zip": zipped({"mine.zip": zipped({"lab01.ipynb": written(notebook)})})}


@costs(*ALL, said="Zip files within zip files within zip files are not read")
def a_zip_in_a_zip_in_a_zip(notebook):
    inner = zipped({"b.zip": zipped({"lab01.ipynb": written(notebook)})})
    return {"lab01.zip": zipped({"a.zip": inner})}


@costs(said="More than 20 notebooks were handed in")
def too_many_notebooks(notebook):
    return {f"lab01-{k:02}.ipynb": written(notebook) for k in range(25)}


@costs()
def a_name_that_the_browser_made_longer(notebook):
    return {"lab01.ipynb.txt": written(notebook)}
