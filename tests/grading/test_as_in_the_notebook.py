"""What passes in the notebook passes here: an answer whose check passes in Run All gets its points.

Each case is a notebook of lab 02, unsolved but for what the case writes into it, in the ways that students
write. Beside it stand those that must not pass, however they are written.
"""

import json
import sys
from dataclasses import dataclass, field

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from labkit.authoring.notebook import student_notebook, to_text
from labkit.exercises import get
from labkit.grading.facts import facts
from labkit.grading.grader import Grader
from labkit.grading.marking import mark
from labkit.grading.splice import read_submission

NUMBER = "02"
MASK = "def causal_mask(T):\n    return torch.ones(T, T, dtype=torch.bool).tril()"
WRONG_MASK = "def causal_mask(T):\n    return torch.ones(T, T, dtype=torch.bool).triu()"
LOSS = """\
def next_token_loss(logits, input_ids):
    logits, targets = logits[:, :-1], input_ids[:, 1:]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())"""
WRONG_LOSS = "def next_token_loss(logits, input_ids):\n    return torch.tensor(1.0)"


@dataclass
class Case:
    """A notebook: texts put into cells, and cells put above or below others.

    write: id of a cell -> its text.  above, below: id -> cells (a str is a code cell).
    """

    name: str
    passes: str = "causal_mask"
    write: dict = field(default_factory=dict)
    above: dict = field(default_factory=dict)
    below: dict = field(default_factory=dict)

    def notebook(self, project):
        """Made of the student's notebook."""
        notebook = student_notebook(project.lab(get(NUMBER).SLUG), project.address())
        cells = []
        for cell in notebook.cells:
            cells += map(_cell, self.above.get(cell.id, ()))
            cell.source = self.write.get(cell.id, cell.source)
            cells.append(cell)
            cells += map(_cell, self.below.get(cell.id, ()))
        notebook.cells = cells
        return notebook


def _cell(text):
    return new_code_cell(text) if isinstance(text, str) else text


def in_its_cell(name, text, **more):
    return Case(name, write={"solution-causal_mask": text}, **more)


def loss_with(name, text=LOSS, **more):
    return Case(name, "next_token_loss", write={"solution-next_token_loss": text}, **more)


RIGHT = [
    in_its_cell("as it is", MASK),
    # Names of Python's own.
    *(
        in_its_cell(
            f"a helper called {name}",
            f"def {name}(T):\n    return torch.ones(T, T).tril() > 0\n\ndef causal_mask(T):\n    return {name}(T)",
        )
        for name in ("filter", "sum", "max", "input", "print", "range", "open", "exit", "display", "print_")
    ),
    in_its_cell(
        "variables called id, list and type",
        "id, list, type = torch.arange, torch.bool, 0\ndef causal_mask(T):\n"
        "    return (id(T)[:, None] >= id(T)[None]).to(list)",
    ),
    in_its_cell("a star import that shadows builtins", f"from math import *\nfrom torch import *\n{MASK}"),
    in_its_cell(
        "sum of torch's star import",
        "from torch import *\ndef causal_mask(T):\n    m = tril(ones(T, T, dtype=bool))\n"
        "    return m if sum(m) else m",
    ),
    # What IPython takes.
    in_its_cell("prompts of Python", ">>> " + MASK.replace("\n", "\n... ")),
    in_its_cell("prompts of IPython", "In [1]: " + MASK.replace("\n", "\n   ...: ")),
    in_its_cell("a magic above", f"%%time\n{MASK}"),
    in_its_cell("captured", f"%%capture out\n{MASK}"),
    in_its_cell("magics in the cell", f"%matplotlib inline\n!pip install torch\nfiles = !ls\n{MASK}\ncausal_mask?"),
    in_its_cell("timed in the cell", f"{MASK}\n%timeit -n1 -r1 causal_mask(3)\n%time m = causal_mask(4)"),
    in_its_cell("top-level await", f"import asyncio\nawait asyncio.sleep(0)\n{MASK}"),
    in_its_cell("indented as a whole", "    " + MASK.replace("\n", "\n    ")),
    in_its_cell("line ends of Windows", MASK.replace("\n", "\r\n")),
    # The course's own names.
    in_its_cell(
        "the notebook's bert", "def causal_mask(T):\n    assert bert.name\n    return torch.ones(T, T).tril() == 1"
    ),
    in_its_cell("labkit's own masks", "def causal_mask(T):\n    return labkit.masks.causal_mask(T)"),
    in_its_cell("lab is there", f"assert lab.number == '02'\n{MASK}"),
    Case(
        "lab.best of another exercise, our own advice",
        "combine_masks",
        write={
            "solution-causal_mask": WRONG_MASK,
            "solution-combine_masks": "def combine_masks(causal, padding):\n    lab.best(causal_mask)(3)\n"
            "    return causal & (padding == 1)[:, None, :]",
        },
    ),
    Case(
        "another exercise that is not written",
        "combine_masks",
        write={
            "solution-combine_masks": "def combine_masks(causal, padding):\n    causal_mask(3)\n"
            "    return causal & (padding == 1)[:, None, :]"
        },
    ),
    Case(
        "a demo's variable",
        "combine_masks",
        write={
            "solution-combine_masks": "ROWS = triangle(4)\ndef combine_masks(causal, padding):\n"
            "    return causal & (padding == ROWS[0, 0].int())[:, None, :]"
        },
    ),
    *(
        loss_with(
            f"a helper called {name}, as a demo's variable is",
            f"def {name}(logits):\n    return logits[:, :-1]\n\n"
            + LOSS.replace("logits[:, :-1]", f"{name}(logits)"),
        )
        for name in ("triangle", "M", "table", "text", "maps", "shares", "moved", "near", "figure", "peeks")
    ),
    # IPython's own machinery.
    Case(
        "%run of a file, and an answer below it",
        write={"solution-causal_mask": MASK},
        above={"solution-causal_mask": ["open('mine.py', 'w').write('KIND = 1')", "%run mine.py", "assert KIND"]},
    ),
    Case(
        "a module written by %%writefile",
        write={"solution-causal_mask": "from mymasks import causal_mask"},
        above={"solution-causal_mask": [f"%%writefile mymasks.py\nimport torch\n{MASK}"]},
    ),
    Case(
        "a module of constants written by %%file",
        write={"solution-causal_mask": "import constants_of_mine\ndef causal_mask(T):\n    return torch.ones(T, T).tril() > constants_of_mine.ZERO"},
        above={"solution-causal_mask": ["%%file constants_of_mine.py\nZERO = 0"]},
    ),
    in_its_cell("a file of its own", f"open('note.txt', 'w').write('0')\nZERO = float(open('note.txt').read())\n{MASK.replace('dtype=torch.bool).tril()', 'dtype=torch.int).tril() > ZERO')}"),
    in_its_cell("get_ipython imported", f"from IPython import get_ipython\nget_ipython().user_ns['KIND'] = torch.bool\n{MASK.replace('torch.bool', 'KIND')}"),
    in_its_cell("asks whether it is a notebook", f"import IPython\nassert IPython.get_ipython() and 'IPKernelApp' in get_ipython().config\n{MASK}"),
    in_its_cell("a magic of its own", f"from IPython.core.magic import register_line_magic\n@register_line_magic\ndef kind(line):\n    return torch.bool\nKIND = %kind\n{MASK.replace('torch.bool', 'KIND')}"),
    in_its_cell("a display that is updated", f"h = display('a', display_id=True)\nh.update('b')\n{MASK}"),
    in_its_cell("globals() asked for a module", f"assert 'torch' in globals() and globals()['lab'] is lab\n{MASK}"),
    in_its_cell("compiled by torch.jit", "@torch.jit.script\ndef lower(T: int):\n    return torch.ones(T, T).tril() > 0\ndef causal_mask(T):\n    return lower(T)"),
    in_its_cell("type hints that are looked up", f"import typing\n{MASK.replace('(T):', '(T: int) -> torch.Tensor:')}\nassert typing.get_type_hints(causal_mask)"),
    in_its_cell("joblib with two jobs", f"import joblib\nassert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(i) for i in (-1, -2)) == [1, 2]\n{MASK}"),
    # State.
    in_its_cell("a global that is counted", f"n = 0\n{MASK.replace('    return', '    global n; n += 1' + chr(10) + '    return')}"),
    in_its_cell(
        "setup() that sets a global",
        "def setup():\n    global KIND\n    KIND = torch.bool\nsetup()\ndef causal_mask(T):\n"
        "    return torch.ones(T, T, dtype=KIND).tril()",
    ),
    in_its_cell(
        "a course's list that is changed",
        "words.append('x')\ndef causal_mask(T):\n    assert words[-1] == 'x'\n    return torch.ones(T, T).tril() > 0",
    ),
    in_its_cell(
        "globals() and exec",
        "exec('def helper(T): return torch.ones(T, T)')\nglobals()['causal_mask'] = lambda T: helper(T).tril() > 0",
    ),
    in_its_cell("a loop that defines", f"for kind in (torch.int, torch.bool):\n    {MASK.replace(chr(10), chr(10) + '    ')}"),
    in_its_cell("under if", f"if True:\n    {MASK.replace(chr(10), chr(10) + '    ')}"),
    # Forms of a function.
    in_its_cell("a lambda", "causal_mask = lambda T: torch.ones(T, T).tril() > 0"),
    in_its_cell(
        "a right one put in a wrong one's place",
        f"{WRONG_MASK}\ndef better(T):\n    return torch.ones(T, T).tril() > 0\ncausal_mask = better",
    ),
    in_its_cell(
        "a partial function",
        "from functools import partial\ndef mask(T, kind):\n    return torch.ones(T, T, dtype=kind).tril()\n"
        "causal_mask = partial(mask, kind=torch.bool)\ncausal_mask.__name__ = 'causal_mask'",
    ),
    in_its_cell(
        "a method",
        "class Masks:\n    def causal_mask(self, T):\n        return torch.ones(T, T).tril() > 0\n"
        "causal_mask = Masks().causal_mask",
    ),
    in_its_cell("cached", f"import functools\n@functools.lru_cache(maxsize=None)\n{MASK}"),
    in_its_cell("decorated", f"@torch.no_grad()\n{MASK}"),
    in_its_cell("with a progress bar", f"from tqdm.auto import tqdm\n{MASK.replace('    return', '    for _ in tqdm(range(2)): pass' + chr(10) + '    return')}"),
    in_its_cell(
        "asks whether it writes to a terminal",
        MASK.replace("    return", "    import sys; sys.stdout.isatty(), sys.stdout.encoding\n    return"),
    ),
    in_its_cell("logs", MASK.replace("    return", "    import logging; logging.warning('T=%s', T)\n    return")),
    in_its_cell("warns", MASK.replace("    return", "    import warnings; warnings.warn('T')\n    return")),
    in_its_cell("numpy from the course's package", f"import numpy as np\n{MASK}"),
    in_its_cell("a wrong demo below", f"{MASK}\nprint(causal_mask('three'))"),
    in_its_cell("the check in the same cell", f"{MASK}\nlab.check(causal_mask)"),
    Case(
        "another name, told to the check",
        write={
            "solution-causal_mask": MASK.replace("causal_mask", "my_mask"),
            "check-causal_mask": "lab.check(my_mask, 'causal_mask')",
        },
    ),
    Case("checked through a variable", write={"solution-causal_mask": MASK, "check-causal_mask": "f = causal_mask\nlab.check(f)"}),
    # Other places.
    Case("in a new cell", above={"solution-causal_mask": [MASK]}),
    Case("in a new cell far below", below={"progress": [MASK]}),
    Case("in the first cell", write={"solution-causal_mask": ""}, above={"cell-code-1": [], "first-words": [MASK]}),
    Case(
        "helper in a cell of its own",
        write={"solution-causal_mask": "def causal_mask(T):\n    return lower(T)"},
        above={"solution-causal_mask": ["def lower(T):\n    return torch.ones(T, T).tril() > 0"]},
    ),
    Case(
        "a helper defined anew further down, in another meaning",
        write={"solution-causal_mask": "def helper(T):\n    return torch.ones(T, T).tril() > 0\ndef causal_mask(T):\n    return helper(T)"},
        below={"check-causal_mask": ["def helper(a, b):\n    return None"]},
    ),
    Case(
        "a constant set anew further down",
        write={"solution-causal_mask": "KIND = torch.bool\ndef causal_mask(T):\n    return torch.ones(T, T, dtype=KIND).tril()"},
        below={"check-causal_mask": ["KIND = torch.float"]},
    ),
    Case(
        "a helper that stands below the check",
        write={"solution-causal_mask": "def causal_mask(T):\n    return lower(T)"},
        below={"check-causal_mask": ["def lower(T):\n    return torch.ones(T, T).tril() > 0"]},
    ),
    Case(
        "a wrong one above, the right one further down",
        write={"solution-causal_mask": WRONG_MASK},
        below={"check-causal_mask": [MASK, "lab.check(causal_mask)"]},
    ),
    Case(
        "right where it was checked, broken at the end",
        write={"solution-causal_mask": MASK},
        below={"progress": [WRONG_MASK]},
    ),
    # An old attempt that is not run.
    *(
        Case(
            f"an old attempt in a {kind} cell",
            write={"solution-causal_mask": MASK},
            below={"check-causal_mask": [new(WRONG_MASK)]},
        )
        for kind, new in (("Markdown", new_markdown_cell), ("raw", new_raw_cell))
    ),
    *(
        Case(
            f"an old attempt under {magic}",
            write={"solution-causal_mask": MASK},
            below={"check-causal_mask": [f"{magic}\n{WRONG_MASK}"]},
        )
        for magic in ("%%script false", "%%writefile old.py", "%%bash", "%%html", "%%latex", "%%javascript")
    ),
    Case("an old attempt in a comment", write={"solution-causal_mask": f"# {WRONG_MASK.replace(chr(10), chr(10) + '# ')}\n{MASK}"}),
    Case("an old attempt in a text", write={"solution-causal_mask": f"'''\n{WRONG_MASK}\n'''\n{MASK}"}),
    # Other cells that go wrong.
    Case(
        "a cell that fails above",
        write={"solution-causal_mask": MASK},
        above={"solution-causal_mask": ["1 / 0", "undefined_name", "raise SystemExit", "exit()"]},
    ),
    Case(
        "a cell that is no Python above",
        write={"solution-causal_mask": MASK},
        above={"solution-causal_mask": ["def broken(:\n    pass"]},
    ),
    Case(
        "a cell that ends the process",
        write={"solution-causal_mask": MASK},
        below={"check-causal_mask": ["import os\nos._exit(0)"]},
    ),
    Case(
        "another exercise that ends the process",
        write={"solution-causal_mask": MASK, "solution-attention": "def attention(q, k, v, mask):\n    import os; os._exit(1)"},
    ),
    Case("a changed demo", write={"solution-causal_mask": MASK, "compare-triangle": "triangle = lab.best(causal_mask)\nprint(triangle(5))"}),
    Case("predictions filled in", write={"solution-causal_mask": MASK, "predict-triangle": "lab.predict('triangle', 21)"}),
    Case("seeds set", write={"solution-causal_mask": f"torch.manual_seed(0)\nimport random; random.seed(1)\n{MASK}"}),
    Case("its cell cut in two", write={"solution-causal_mask": MASK.split("\n")[0]}, below={"solution-causal_mask": [MASK.split("\n")[1]]}),
    Case(
        "annotations with names that are imported",
        write={"solution-causal_mask": "from typing import Optional\ndef causal_mask(T: int) -> Optional[torch.Tensor]:\n    return torch.ones(T, T).tril() > 0"},
    ),
    *(
        in_its_cell(f"a type hint that is evaluated by nobody, {hint}", MASK.replace("(T):", f"(T: {hint}) -> {hint}:"))
        for hint in ("Tensor", "Optional[int]", "torch.tensr", "1 / 0", "'Tensor'")
        if sys.version_info >= (3, 14) or hint.startswith("'")  # before, they are evaluated at the definition
    ),
    Case("a type made with dataclass", write={"solution-causal_mask": f"from dataclasses import dataclass\n@dataclass\nclass Size:\n    T: int\n{MASK.replace('torch.ones(T, T', 'torch.ones(Size(T).T, T')}"}),
    loss_with("bert and gpt used inside", LOSS.replace("    logits, t", "    assert gpt.name != bert.name\n    logits, t")),
    loss_with("another answer used", "def shift(x): return x[:, 1:]\n" + LOSS.replace("input_ids[:, 1:]", "shift(input_ids)")),
]  # fmt: skip

WRONG = [
    in_its_cell("wrong", WRONG_MASK),
    in_its_cell("only in a comment", "# " + MASK.replace("\n", "\n# ")),
    in_its_cell("only in a string", f"answer = '''\n{MASK}\n'''"),
    in_its_cell("under if False", f"if False:\n    {MASK.replace(chr(10), chr(10) + '    ')}"),
    in_its_cell("inside another function", f"def outer():\n    {MASK.replace(chr(10), chr(10) + '    ')}"),
    in_its_cell(
        "another check than its own", f"{MASK}\nlab.check(causal_mask, 'attention')", passes="attention"
    ),
    in_its_cell(
        "a report made up", "lab.check = lambda *a: None\nlab.solved['causal_mask'] = 1\n" + WRONG_MASK
    ),
    in_its_cell("a verdict sent by itself", WRONG_MASK + "\nlab._sitting.examine = lambda *a: True"),
]


@pytest.fixture(scope="module")
def graded(project, not_shut_in):
    """A function: Case -> {exercise: plain report}."""
    grader = Grader(NUMBER, 5, not_shut_in, facts(project)[NUMBER]["statements"])

    def grade(case):
        data = to_text(case.notebook(project)).encode()
        reports, _ = mark(read_submission(data, project, NUMBER), grader)
        return {report["exercise"]: report for report in reports}

    return grade


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)
def test_what_passes_in_the_notebook_passes_here(graded, case):
    report = graded(case)[case.passes]
    assert report["status"] == "passed", report["text"]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_what_does_not_pass_there_does_not_pass_here(graded, case):
    assert graded(case)[case.passes]["status"] != "passed"


def test_the_code_that_is_shown_is_the_code_that_counted(graded):
    case = Case("two", write={"solution-causal_mask": WRONG_MASK}, below={"check-causal_mask": [MASK]})
    assert graded(case)["causal_mask"]["code"] == MASK


def test_a_newer_pythons_syntax_is_told_as_that(project, not_shut_in):
    notebook = in_its_cell("newer", "def causal_mask(T):\n    match T {\n").notebook(project)
    notebook.metadata["language_info"]["version"] = "3.99.1"
    grader = Grader(NUMBER, 5, not_shut_in, facts(project)[NUMBER]["statements"])
    reports, _ = mark(read_submission(nbformat.writes(notebook).encode(), project, NUMBER), grader)
    assert "Python 3.99.1" in reports[0]["text"] and "grader runs Python 3." in reports[0]["text"]
    assert reports[0]["ended"] == "syntax"


def test_the_same_notebook_gives_the_same_report(graded):
    case = loss_with("chance", "def next_token_loss(logits, input_ids):\n    return torch.rand(())")
    first, second = (json.dumps(graded(case)["next_token_loss"]) for _ in range(2))
    assert first == second


def test_shell_lines_are_told_where_something_went_wrong(project, not_shut_in):
    grader = Grader(NUMBER, 5, not_shut_in, facts(project)[NUMBER]["statements"])
    for line in ("!echo 1 > ones.txt", "ones = !echo 1", "%%bash\necho 1 > ones.txt", "%sx echo 1"):
        case = Case("shell", write={"solution-causal_mask": MASK}, above={"solution-causal_mask": [line]})
        data = to_text(case.notebook(project)).encode()
        reports, notes = mark(read_submission(data, project, NUMBER), grader)
        assert reports[0]["status"] == "passed" and any("Shell lines" in note for note in notes)


def test_a_cell_that_failed_is_named_by_its_beginning(project, not_shut_in):
    grader = Grader(NUMBER, 5, not_shut_in, facts(project)[NUMBER]["statements"])
    case = Case(
        "fails",
        write={"solution-causal_mask": WRONG_MASK},
        above={"solution-causal_mask": ["answer = 42\n1 / 0"]},
    )
    data = to_text(case.notebook(project)).encode()
    _, notes = mark(read_submission(data, project, NUMBER), grader)
    assert any("the cell that begins “answer = 42” ended so: ZeroDivisionError" in note for note in notes)
