"""What a source asks of its lab: is each quiz question there and asked, each prediction compared?"""

import ast

_BY_KEY = ("quiz", "predict", "compare")


def asked_problems(cells, module):
    """Faults as a list of (line, message).

    cells: from `source.read_source`.  module: the lab's QUESTIONS.
    """
    calls = [call for cell in cells if cell.kind == "code" for call in _calls(cell)]
    keys = {what: {} for what in _BY_KEY}  # what -> key -> the line that says it first
    for line, what, argument in calls:
        if what in _BY_KEY and isinstance(argument, ast.Constant):
            keys[what].setdefault(argument.value, line)
    computed = {
        what for _, what, argument in calls if what in _BY_KEY and not isinstance(argument, ast.Constant)
    }
    there = [question.key for question in module.QUESTIONS]
    return _quiz_problems(keys["quiz"], there, "quiz" in computed) + _prediction_problems(
        keys["predict"], keys["compare"], computed
    )


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
    return found


def _calls(cell):
    """(line in the source, method, first argument) of each lab.METHOD(ARGUMENT, ...) in a cell."""
    try:
        tree = ast.parse(cell.text)
    except SyntaxError:
        return []
    return [
        (cell.first_line + node.lineno - 1, node.func.attr, node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "lab"
        and node.args
    ]
