"""Answers that are alike but for names, layout, comments and docstrings: a hint to the instructor.

A student's code is only read here, never run: what is long, deep or no Python is left out. Two answers are
alike when the same tokens are left of their syntax trees, with every name that the answer itself gives
replaced by its number. Names that it uses and does not give (`torch`, `len`), attributes, the keywords of
calls and constants stay.
"""

import ast
import functools
import hashlib
import inspect
import re
import textwrap
import warnings
from dataclasses import dataclass

from labkit import exercises
from labkit.grading.spreadsheet import cell, csv_text

LONGEST, DEEPEST = 20_000, 100  # characters of an answer that is compared; brackets or indents within another
SMALLEST = 60  # parts of a syntax tree: a shorter answer has few ways to be right
LEFT_OUT = ("annotation", "returns", "type_comment", "type_params", "kind")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SHELL = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)  # what IPython takes and Python does not
HEADER = ["lab", "exercise", "group", "students", "size", "student"]


@dataclass(frozen=True)
class Alike:
    """Students whose answers to an exercise are alike.  size: parts of the syntax tree that they share."""

    lab: str
    exercise: str
    students: tuple[str, ...]
    size: int


def alike(grades):
    """The groups of answers that are alike, by lab, in the exercises' order, the largest groups first."""
    found = {}
    for grade in grades:
        for place, report in enumerate(grade.exercises):
            if report["status"] in ("passed", "wrong") and report.get("code"):
                try:
                    digest, size = fingerprint(report["code"], report["exercise"])
                except Exception:  # whatever a student's code does to us: it is like no other
                    continue
                if size >= SMALLEST and digest != known_shape(grade.lab, report["exercise"]):
                    key = (grade.lab, place, report["exercise"], digest, size)
                    found.setdefault(key, set()).add(grade.student)
    groups = [(key, tuple(sorted(students))) for key, students in found.items() if len(students) > 1]
    groups.sort(key=lambda group: (group[0][0], group[0][1], -len(group[1]), group[1]))
    return [Alike(lab, name, students, size) for (lab, _, name, _, size), students in groups]


def alike_table(groups):
    """alike.csv: a row for each student of each group."""
    rows = [HEADER]
    for number, group in enumerate(groups, 1):
        for student in group.students:
            size = len(group.students)
            rows.append([group.lab, group.exercise, number, size, group.size, cell(student)])
    return csv_text(rows)


def fingerprint(code, name):
    """(digest of the shape of function `name` and the answer's own functions that it uses, its size).

    ("", 0) for what can't be compared.
    """
    tree = parsed(code)
    if tree is None:
        return "", 0
    functions = {node.name: node for node in tree.body if isinstance(node, FUNCTIONS)}
    aliases = {
        target.id: node.value.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    first = functions.get(aliases.get(name, name)) or functions.get(name)
    if first is None:
        return "", 0
    used = [first]
    for function in used:  # grows while it is read
        for node in ast.walk(function):
            helper = functions.get(node.id) if isinstance(node, ast.Name) else None
            if helper is not None and helper not in used:
                used.append(helper)
    tokens, size = shape(used)
    return hashlib.sha256("\0".join(tokens).encode("utf-8", "surrogatepass")).hexdigest(), size


def parsed(code):
    """The syntax tree of a student's code, or None: also for what Python's own parser might choke on."""
    if len(code) > LONGEST or depth(code) > DEEPEST:
        return None
    with warnings.catch_warnings():  # a warning would print a line of the student's
        warnings.simplefilter("ignore")
        for text in (code, SHELL.sub("", code)):
            try:
                return ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
                continue
    return None


def depth(code):
    """The most brackets that are open at once, and the most spaces or tabs before a line by four."""
    most = level = 0
    for character in code:
        if character in "([{":
            level += 1
            most = max(most, level)
        elif character in ")]}":
            level = max(0, level - 1)
    return max([most, *(len(spaces) // 4 for spaces in re.findall(r"^[ \t]+", code, re.MULTILINE))])


def shape(functions):
    """(the tokens of some functions, one after the other; how many parts of a tree they are)"""
    names = Names(functions)
    tokens, size = [], 0
    for function in functions:
        waiting = [function]  # no recursion: `a + a + ...` is a tree as deep as it is long
        while waiting:
            node = waiting.pop()
            if not isinstance(node, ast.AST):
                tokens.append(node)
            elif not isinstance(node, (ast.expr_context, ast.Import, ast.ImportFrom)):
                size += 1
                tokens.append(type(node).__name__)
                waiting += [")", *reversed(list(parts(node, function, names)))]
    return tokens, size


def parts(node, function, names):
    """Yield what is in a node of one of the functions: nodes, and everything else in writing."""
    called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    for field, value in ast.iter_fields(node):
        if field in LEFT_OUT or value is None:
            continue
        if field == "body" and isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            value = without_docstring(value)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.keyword) and called in names.functions:
                yield f"keyword {names.token(part.arg, names.functions[called])}"
                yield part.value
            elif isinstance(part, ast.AST):
                yield part
            elif is_name(node, field):
                yield f"{field} {names.token(part, function)}"
            else:
                yield f"{field} {_constant(part)}"


class Names:
    """The names in some functions: those that a function gives become numbers, in the order they are met."""

    def __init__(self, functions):
        self.functions = {function.name: function for function in functions}
        self.given = {function.name: names_given(function) for function in functions}
        self.numbers = {}

    def token(self, name, function):
        """What stands for a name in one of the functions."""
        given, modules = self.given[function.name]
        if name in self.functions and name not in given:
            key = name
        elif name in given:
            key = (function.name, name)
        else:
            return str(modules.get(name, name))
        return f"#{self.numbers.setdefault(key, len(self.numbers))}"


def _constant(value):
    """A constant in writing; a whole number in base 16: in base 10 Python refuses a long one."""
    return hex(value) if type(value) is int else repr(value)


def names_given(function):
    """(names that a function gives to something, {name of an import: what it stands for})"""
    given, modules = set(), {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            given.add(node.id)
        elif isinstance(node, ast.arg):
            given.add(node.arg)
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)) and node is not function:
            given.add(node.name)
        elif isinstance(node, ast.Import):
            for one in node.names:
                whole = one.name if one.asname else one.name.split(".")[0]
                modules[one.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom):
            modules |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return given - {None}, modules


def is_name(node, field):
    """Is this field a name that the answer could have chosen otherwise?"""
    return (
        (field == "id" and isinstance(node, ast.Name))
        or (field == "arg" and isinstance(node, ast.arg))
        or (field == "name" and isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)))
        or (field == "names" and isinstance(node, (ast.Global, ast.Nonlocal)))
    )


def without_docstring(body):
    """The statements of a function or class, without a text that stands first."""
    first = body[0] if body else None
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if is_text and isinstance(first.value.value, str) else body


@functools.cache
def known_shape(lab, name):
    """The digest of the reference's own shape, which is nobody's in particular; "" where there is none."""
    tasks = exercises.get(lab).EXERCISES if lab in exercises.labs() else ()
    reference = next((task.reference for task in tasks if task.name == name), None)
    try:
        source = textwrap.dedent(inspect.getsource(reference))
    except (TypeError, OSError):
        return ""
    return fingerprint(source, reference.__name__)[0]
