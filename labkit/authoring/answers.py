"""Does tests/browser/answers/labNN.py name an exercise and a mistake of its lab? Read, not run."""

import ast

from labkit.messages.named import read_text

EXPECTED = 'expected ANSWER = Answer("EXERCISE", "THE NAME OF A MISTAKE", """def EXERCISE(...""")'


def answer_problems(root, number, module):
    """Faults as lines FILE:LINE: message; none where the file is missing, which is said elsewhere."""
    shown = f"tests/browser/answers/lab{number}.py"
    if not (root / shown).is_file():
        return []
    try:
        body = ast.parse(read_text(root / shown)).body
    except SyntaxError as error:
        return [f"{shown}:{error.lineno or 1}: not valid Python: {error.msg}"]
    calls = [
        node.value
        for node in body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ANSWER"
    ]
    if not calls or not isinstance(calls[0], ast.Call):
        return [f"{shown}:1: no ANSWER; {EXPECTED}"]
    given = dict(zip(("exercise", "mistake"), calls[0].args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in calls[0].keywords}
    exercise, mistake = given.get("exercise"), given.get("mistake")
    if not (isinstance(exercise, ast.Constant) and isinstance(mistake, ast.Constant)):
        return [f"{shown}:{calls[0].lineno}: ANSWER without two texts at its beginning; {EXPECTED}"]
    known = {task.name: [wrong.name for wrong in task.misconceptions] for task in module.EXERCISES}
    if exercise.value not in known:
        said = f"the lab has no exercise {exercise.value!r}; it has {', '.join(known)}"
        return [f"{shown}:{exercise.lineno}: {said}"]
    if mistake.value not in known[exercise.value]:
        names = ", ".join(known[exercise.value])
        said = f"{exercise.value} knows no mistake {mistake.value!r}; it knows {names}"
        return [f"{shown}:{mistake.lineno}: {said}"]
    return []
