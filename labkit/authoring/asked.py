"""What a source asks of its lab: is each quiz question there and asked, each prediction compared?"""

import ast

_BY_KEY = ("quiz", "predict", "compare")


def asked_problems(cells, module):
    """Faults as a list of (line, message).

    cells: from `source.read_source`.  module: the lab's QUESTIONS.
    """
    calls = sorted(
        (call for cell in cells if cell.kind == "code" for call in _calls(cell)), key=lambda call: call[0]
    )
    keys = {what: {} for what in _BY_KEY}  # what -> key -> the line that says it first
    found = []
    for line, what, argument, answer in calls:
        if what == "predict" and isinstance(argument, ast.Constant):
            found += _one_prediction_problems(line, argument.value, answer, keys["predict"])
        if what in _BY_KEY and isinstance(argument, ast.Constant):
            keys[what].setdefault(argument.value, line)
    computed = {
        what for _, what, argument, _ in calls if what in _BY_KEY and not isinstance(argument, ast.Constant)
    }
    there = [question.key for question in module.QUESTIONS]
    found += _quiz_problems(keys["quiz"], there, "quiz" in computed)
    return found + _prediction_problems(keys["predict"], keys["compare"], computed)


def _one_prediction_problems(line, key, answer, before):
    """A prediction is asked once, and left to the student. before: key -> line of those above."""
    found = []
    if key in before:
        found.append((line, f"a second lab.predict({key!r}, ...); the first is in line {before[key]}"))
    if not (isinstance(answer, ast.Constant) and answer.value is None):
        given = ast.unparse(answer) if answer is not None else "nothing"
        said = (
            f"lab.predict({key!r}, {given}): expected lab.predict({key!r}, None), for the student to fill in"
        )
        found.append((line, said))
    return found


def _quiz_problems(asked, there, computed):
    known = ", ".join(there) or "none"
    found = [
        (line, f"lab.quiz({key!r}): the lab's QUESTIONS have no such key; they have {known}")
        for key, line in asked.items()
        if key not in there
    ]
    if not computed:
        found += [
            (1, f"question {key!r} is never asked: no lab.quiz({key!r})") for key in there if key not in asked
        ]
    return found


def _prediction_problems(predicted, compared, computed):
    """A prediction is held against a measurement, and what is compared was predicted."""
    found = []
    if "compare" not in computed:
        found += [
            (line, f"lab.predict({key!r}) is never held against a measurement: no lab.compare({key!r}, ...)")
            for key, line in predicted.items()
            if key not in compared
        ]
    if "predict" not in computed:
        found += [
            (line, f"lab.compare({key!r}, ...) has no lab.predict({key!r}, None) to compare with")
            for key, line in compared.items()
            if key not in predicted
        ]
    found += [
        (line, f"lab.compare({key!r}, ...) stands above its lab.predict, in line {predicted[key]}")
        for key, line in compared.items()
        if key in predicted and line < predicted[key]
    ]
    return found


def _calls(cell):
    """(line in the source, method, first argument, second or None) of each lab.METHOD(...) in a cell."""
    try:
        tree = ast.parse(cell.text)
    except SyntaxError:
        return []
    return [
        (cell.first_line + node.lineno - 1, node.func.attr, node.args[0], _second(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "lab"
        and node.args
    ]


def _second(call):
    """What is given second, by place or by name; None without it."""
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    return given[0] if given else None
