"""Answers in the sandbox: right ones pass, wrong ones fail as in the notebook, hostile ones gain nothing."""

import shutil

import pytest

from labkit.exercises import get, labs
from labkit.exercises.engine import check
from labkit.grading.answers import standalone
from labkit.grading.grader import Grader
from labkit.grading.pool import WarmPython
from labkit.grading.splice import grading_code, own_program, read_submission
from labkit.messages import LabkitError

from .conftest import needs_sandbox


@pytest.fixture(params=["shut_in", "not_shut_in"])
def python(request):
    """A warm Python, in the sandbox and not: grades must be the same."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("number", labs())
def test_every_labs_solutions_get_full_points(python, project, number):
    """So every exercise can be graded over the border: what its properties ask for is plain data."""
    lab = project.lab(get(number).SLUG)
    grader = Grader(number, seed=5, python=python)
    for cell in lab.cells:
        if cell.role == "solution":
            report = grader.grade(cell.name, standalone(cell.text, own_program(number, project)))
            assert report.passed, report.text


WORDPIECE = """
def wordpiece(word, vocab):
    return [word]
"""
PAIR = """
def encode_pair(pieces_a, pieces_b, vocab, max_length):
    pieces = ["[CLS]", *pieces_a, "[SEP]", *pieces_b, "[SEP]"]
    padding = max_length - len(pieces)
    return {
        "input_ids": [vocab[piece] for piece in pieces] + [vocab["[PAD]"]] * padding,
        "token_type_ids": [0] * (len(pieces_a) + 1) + [1] * (len(pieces_b) + 2) + [0] * padding,
        "attention_mask": [1] * len(pieces) + [0] * padding,
    }
"""


@pytest.mark.parametrize(("name", "code"), [("wordpiece", WORDPIECE), ("encode_pair", PAIR)])
def test_a_wrong_answer_gets_the_same_points_and_hints_as_in_the_notebook(python, name, code):
    space = {}
    exec(code, space)
    exercise = next(e for e in get("01").EXERCISES if e.name == name)
    here = check(space[name], exercise, attempt=99, seed=3)
    there = Grader("01", seed=3, python=python).grade(name, code)
    assert (there.status, there.points, there.misconception) == (here.status, here.points, here.misconception)
    assert there.hints == here.hints
    assert [r.message for r in there.results] == [r.message for r in here.results]


MLM = "def mlm_loss(logits, labels):\n    {body}\n"
WRONG_VALUE = "import torch\n    return torch.tensor(1.0)"


@needs_sandbox
@pytest.mark.parametrize(
    "attack",
    [
        "import labkit\nlabkit.start('01').check = lambda f: None",
        "import labkit.lab\nlabkit.lab.Lab.check = lambda self, f: print('passed')",
        "import torch\ntorch.equal = torch.allclose = torch.isclose = lambda *a, **k: True",
        "import numpy\nnumpy.allclose = numpy.array_equal = lambda *a, **k: True",
        "import builtins\nbuiltins.print = builtins.abs = builtins.all = lambda *a: True",
        "import sys\nfor name in list(sys.modules):\n    if name.startswith('labkit'): sys.modules.pop(name)",
        "import labkit.exercises.values as v\nv.same = lambda *a, **k: True\nv.unchanged = lambda *a: True",
        "import labkit.exercises.engine as e\ne._alike = lambda *a: True\ne.judge = lambda *a: True",
        "import labkit.grading.plain as p\np.encode = lambda *a: {'kind': 'other', 'shown': 'right'}",
        "import atexit\natexit.register(lambda: print('points: 5'))",
        "class Yes(float):\n    __eq__ = lambda a, b: True\n    __hash__ = None",
        "import gc\nfor x in gc.get_objects():\n    if type(x).__name__ == 'Report': x.status = 'passed'",
    ],
    ids=lambda text: text[:40],
)
def test_patching_gains_nothing(shut_in, attack):
    code = attack + "\n" + MLM.format(body=WRONG_VALUE)
    report = Grader("01", seed=3, python=shut_in).grade("mlm_loss", code)
    assert not report.passed and report.points <= 2  # what a constant gets without any attack


@needs_sandbox
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import os; os._exit(0)", "ended the whole process"),
        ("import ctypes; ctypes.string_at(0)", "ended the whole process"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL); os.abort()", "ended the whole process"),
        ("return [0] * 10**7", "expected"),
        ("return bytearray(5 * 10**9)", "MemoryError"),
        ("import os\n    while True: os.fork()", "not permitted|PermissionError"),
        ("import subprocess; subprocess.run(['ls'])", "not permitted|PermissionError"),
        ("return open('/etc/passwd').read()", "FileNotFoundError"),
        ("import os; return os.listdir(os.path.expanduser('~root'))", "Error|expected"),
        ("open('/grades.csv', 'w')", "Read-only|PermissionError"),
        ("import socket; socket.create_connection(('1.1.1.1', 80), 2)", "Error"),
        ("input()", "input"),
        ("exit()", "SystemExit|NameError"),
        ("import os; os.write(3, b'forged'); return 0", "expected|Error|unreadable|ended"),
    ],
    ids=lambda text: text[:40],
)
def test_behaviour_costs_the_exercise_and_nobody_else(shut_in, body, said):
    import re

    grader = Grader("01", seed=3, python=shut_in)
    report = grader.grade("mlm_loss", MLM.format(body=body))
    assert report.points <= 2 and re.search(said, report.text), report.text
    right = "import torch\n" + MLM.format(
        body="return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())"
    )
    assert grader.grade("mlm_loss", right).passed


@needs_sandbox
def test_output_floods_and_threads_are_borne(shut_in):
    code = """
import threading, time, torch
def mlm_loss(logits, labels):
    for _ in range(10**5):
        print("flood " * 100)
    threading.Thread(target=time.sleep, args=(600,)).start()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
"""
    assert Grader("01", seed=3, python=shut_in).grade("mlm_loss", code).passed


@needs_sandbox
def test_an_endless_loop_ends_with_its_time(shut_in, monkeypatch):
    from dataclasses import replace

    grader = Grader("01", seed=3, python=shut_in)
    monkeypatch.setattr("labkit.grading.grader.MARGIN", 1.0)
    grader.tasks["mlm_loss"] = replace(grader.tasks["mlm_loss"], seconds=1.0)
    body = "while True:\n        try:\n            while True: pass\n        except BaseException: pass"
    report = grader.grade("mlm_loss", MLM.format(body=body))
    assert report.points == 0 and "in time" in report.text


def test_one_answer_cannot_see_anothers_files(shut_in):
    write = "open('mine.txt', 'w').write('x')\n    import torch\n    return torch.tensor(1.0)"
    look = "import os\n    raise ValueError(os.listdir('.'))"
    grader = Grader("01", seed=3, python=shut_in)
    assert "expected" in grader.grade("mlm_loss", MLM.format(body=write)).text
    assert "ValueError: []" in grader.grade("mlm_loss", MLM.format(body=look)).text


def test_without_bubblewrap_it_refuses_and_says_how_to_go_on(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(LabkitError, match="apt-get install bubblewrap.*(\n.*)*--no-sandbox"):
        WarmPython()


def test_a_submissions_code_brings_the_notebooks_variables(solved, handed_in, project):
    for cell in solved.cells:
        if cell.id == "solution-wordpiece":
            cell.source = "def wordpiece(word, vocab):\n    return bert.tokenizer.tokenize(word)"
    submission = read_submission(handed_in(solved), project)
    code = grading_code(submission, "wordpiece", project)
    assert 'bert = labkit.load("bert")' in code and "import labkit" in code and "gpt" not in code
