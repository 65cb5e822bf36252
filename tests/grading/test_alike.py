"""Answers that are alike: what is found, what is not, and that no code can do anything to who compares it."""

import csv
import io
import textwrap
import time

import pytest

from labkit import exercises
from labkit.grading.alike import SMALLEST, Alike, alike, alike_table, fingerprint, known_shape
from labkit.grading.feedback import feedback
from labkit.grading.grades import Grade

ANSWER = '''
def mlm_loss(logits, labels):
    """The mean of -log p."""
    total, count = 0.0, 0
    for row, wanted in zip(logits, labels):
        for scores, label in zip(row, wanted):
            if label != -100:  # hidden
                probs = torch.softmax(scores, dim=-1)
                total = total - probs[label].log()
                count += 1
    if count == 0:
        return torch.tensor(0.0)
    return total / count
'''
RENAMED = """
def mlm_loss(l: torch.Tensor, y: list[int]) -> "float":

    s, n = 0.0, 0
    for a, b in zip(l, y):
        for c, d in zip(a, b):
            if (d != -100):
                p = torch.softmax(c,
                                  dim=-1)
                s = s - p[d].log()
                n += 1
    if n == 0: return torch.tensor(0.0)
    # the mean
    return s / n
"""
HELPER = ANSWER.replace("probs[label].log()", "surprise(probs, label=label)")
HELPER += "\n\ndef surprise(p, label):\n    return -p[label].log()\n"
IMPORTED = ANSWER.replace("    total, count", "    import torch as t\n    total, count").replace(
    "torch.", "t."
)


def graded(codes, name="mlm_loss", status="passed", **more):
    """A class in which each student has handed in one of these codes."""
    return [
        Grade(student, "01", exercises=[{"exercise": name, "status": status, "code": code, **more}])
        for student, code in codes.items()
    ]


@pytest.mark.parametrize(
    "other",
    [
        ANSWER,
        RENAMED,
        ANSWER.replace("    ", "\t"),
        IMPORTED,
        "import torch\nx = 3\nprint(x)\n" + ANSWER,
        "%matplotlib inline\n!ls\n" + ANSWER,
        ANSWER.replace("def mlm_loss", "def mine") + "\nmlm_loss = mine\n",
        "def mlm_loss(a, b):\n    raise NotImplementedError\n" + RENAMED,
    ],
    ids="same renamed tabs imported more-cells magics another-name defined-twice".split(),
)
def test_answers_that_differ_in_names_and_layout_are_alike(other):
    (group,) = alike(graded({"bob": ANSWER, "ann": other, "cat": ANSWER.replace("-100", "-1")}))
    assert (group.lab, group.exercise, group.students) == ("01", "mlm_loss", ("ann", "bob"))
    assert group.size >= SMALLEST


def test_the_helpers_of_an_answer_belong_to_it():
    names = (
        HELPER.replace("surprise", "h")
        .replace("def h(p, label)", "def h(q, r)")
        .replace("label=label", "r=label")
    )
    names = names.replace("-p[label]", "-q[r]")
    assert [g.students for g in alike(graded({"a": HELPER, "b": names}))] == [("a", "b")]
    assert alike(graded({"a": HELPER, "b": HELPER.replace("-p[label]", "-p[0]")})) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("softmax", "log_softmax"),  # another function of torch's
        ("-1", "1"),
        ("zip(row", "map(row"),  # a name that the answer uses and did not give
        ("0.0, 0", "0.0, 1"),
        ("count += 1", "count -= 1"),
        ("dim=", "axis="),
        (".log()", ".exp()"),
        ("total - probs", "probs - total"),
        ("return total / count", "return count / total"),
    ],
)
def test_answers_that_do_something_else_are_not_alike(old, new):
    assert old in ANSWER
    assert alike(graded({"a": ANSWER, "b": ANSWER.replace(old, new)})) == []


def test_what_is_short_or_the_references_own_says_nothing(monkeypatch):
    short = "def mlm_loss(logits, labels):\n    return logits.mean()\n"
    assert alike(graded({"a": short, "b": short})) == []
    assert alike(graded({"a": ANSWER, "b": ANSWER}, status="missing")) == []
    assert alike(graded({"a": ANSWER, "b": ""})) == []
    assert alike([Grade(n, "01", exercises=[{"exercise": "x", "status": "passed"}]) for n in "ab"]) == []
    for lab in exercises.labs():
        for task in exercises.get(lab).EXERCISES:
            assert known_shape(lab, task.name)
    shape = fingerprint(ANSWER, "mlm_loss")[0]
    monkeypatch.setattr("labkit.grading.alike.known_shape", lambda lab, name: shape)
    assert alike(graded({"a": ANSWER, "b": RENAMED})) == []


BODY = "def mlm_loss(logits, labels):\n    y = {}\n    return y\n"
HOSTILE = {
    "minus": "-" * 18_000 + "1",
    "not": "not " * 4_500 + "1",
    "plus": "a" + "+a" * 9_000,
    "attributes": "a" + ".a" * 9_000,
    "calls": "a" + "()" * 9_000,
    "lambdas": "lambda:" * 2_500 + "1",
    "powers": "1" + "**1" * 6_000,
    "conditions": "1" + " if 1 else 1" * 1_500,
    "brackets": "(" * 99 + ")" * 99,
    "more brackets": "[" * 5_000 + "]" * 5_000,
    "open": "{" * 100,
    "mixed": "({[" * 33,
    "generators": "f(a for " * 90,
    "a number": "0x" + "f" * 18_000,
    "digits": "9" * 18_000,
    "long": "1 +" * 700_000 + "1",
    "NUL": "\0",
    "surrogate": "'\ud800'",
    "strings": "f'{1}' " * 2_800,
    "warns": "'\\d' is 1",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_code_does_anything_to_who_compares_it(kind, recwarn, capfd):
    began = time.perf_counter()
    code = BODY.format(HOSTILE[kind])
    groups = alike(graded({"a": code, "b": code, "c": ANSWER, "d": RENAMED}))
    assert ("c", "d") in [group.students for group in groups]
    assert time.perf_counter() - began < 5
    assert not recwarn.list and capfd.readouterr() == ("", "")


def test_indents_without_end_are_left_out():
    deep = (
        "def mlm_loss(a, b):\n"
        + "".join(" " * k + "if 1:\n" for k in range(1, 500))
        + " " * 500
        + "return 1\n"
    )
    assert fingerprint(deep, "mlm_loss") == ("", 0)


def test_the_groups_come_in_order_and_each_student_has_a_row():
    tasks = [task.name for task in exercises.get("01").EXERCISES]
    code = {name: ANSWER.replace("mlm_loss", name) for name in tasks}
    class_ = [
        Grade(
            student,
            "01",
            exercises=[{"exercise": name, "status": "wrong", "code": code[name]} for name in tasks],
        )
        for student in ["zoe", "=1+1", "ann"]
    ]
    groups = alike(class_)
    assert [group.exercise for group in groups] == tasks and alike(class_[::-1]) == groups
    rows = list(csv.DictReader(io.StringIO(alike_table(groups[:2]))))
    assert [row["student"] for row in rows] == ["'=1+1", "ann", "zoe"] * 2
    assert [row["group"] for row in rows] == ["1"] * 3 + ["2"] * 3 and rows[0]["students"] == "3"
    assert alike_table([]).count("\n") == 1


def test_students_are_told_nothing_of_it():
    code = textwrap.dedent(ANSWER)
    more = {"points": 0, "max_points": 3, "properties": [], "problem": "", "hints": [], "printed": ""}
    pages = [feedback(grade) for grade in graded({"ann": code, "bob": code}, **more)]
    assert all("alike" not in text.lower() for text in pages) and "bob" not in pages[0]
    assert Alike("01", "x", ("a", "b"), 70).students == ("a", "b")
