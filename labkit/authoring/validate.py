"""What is wrong with a lab's source: every fault at once, each with its line."""

import ast
import builtins
import re

from IPython.core.inputtransformer2 import TransformerManager

from labkit.authoring.asked import asked_problems
from labkit.authoring.solutions import region_problems, stub
from labkit.authoring.source import KEYS
from labkit.exercises.calls import signature_of

_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_SHAPE = re.compile(
    r"\(\s*[A-Za-z0-9_]+\s*(,\s*[A-Za-z0-9_+* -]*)+\)|\b(str|int|float|bool|list|dict|tuple|set)\b"
)
_NBVAL = re.compile(r"^\s*#+\s*(NBVAL|PYTEST_VALIDATE)\w*", re.IGNORECASE)
_KINDS = {"exercise": "markdown", "solution": "code", "check": "code", "keyfigure": "code"}
_TRIO = ("exercise", "solution", "check")


def problems(cells, module, slug):
    """Faults of a source as a sorted list of (line, message).

    cells: from `source.read_source`.  slug: of the file's name.
    module: the lab's EXERCISES, QUESTIONS and SLUG; None where it can't be had: then what the source says
        of them goes unjudged.
    """
    found = []
    for cell in cells:
        found += _cell_problems(cell)
    found += _heading_problems(cells, slug[:2])
    found += _setup_problems(cells, slug[:2])
    if module is not None:
        if module.SLUG != slug:
            said = f"the file is called {slug}.py, but the lab's module says SLUG = {module.SLUG!r}"
            found.append((1, said))
        found += _title_problems(cells, slug[:2], getattr(module, "TITLE", None))
        found += _trio_problems(cells, module)
        found += _signature_problems(cells, module)
        found += _shadow_problems(cells, {exercise.name for exercise in module.EXERCISES})
        found += asked_problems(cells, module)
    found += _repeated(cells, "key figure", lambda cell: cell.name if cell.role == "keyfigure" else "")
    said = {line for line, _ in found}  # a cell that is there twice has its id twice: one message is enough
    found += [fault for fault in _repeated(cells, "cell id", lambda cell: cell.id) if fault[0] not in said]
    return sorted(found)


def setup_cell(cells):
    """The first code cell: the builder stamps it with the install lines. None when there is no code."""
    return next((cell for cell in cells if cell.kind == "code"), None)


def ends_with_name(text):
    """The name on a cell's last line when it stands there alone, as in `figure`; else ""."""
    statements = _statements(text)
    last = statements[-1] if statements else None
    alone = isinstance(last, ast.Expr) and isinstance(last.value, ast.Name)
    return last.value.id if alone else ""


def _cell_problems(cell):
    found = [(cell.line, cell.trouble)] if cell.trouble else []
    for key in sorted(set(cell.meta) - KEYS):
        allowed = ", ".join(sorted(KEYS))
        found.append((cell.line, f"unknown key {key!r} behind `# %%`; expected one of {allowed}"))
    if sum(key in cell.meta for key in _KINDS) > 1:
        found.append((cell.line, "a cell can have only one of exercise, solution, check, keyfigure"))
    if cell.role and not cell.name:
        found.append((cell.line, f'{cell.role}="": expected a name between the quotes'))
        return found
    if not isinstance(cell.meta.get("tags", []), list):
        found.append((cell.line, 'tags is no list; expected tags=["hide-input"], say'))
    if cell.role and cell.kind != _KINDS[cell.role]:
        found.append((cell.line, f"{cell.role}={cell.name!r} belongs on a {_KINDS[cell.role]} cell"))
        return found
    if not cell.text.strip():
        found.append((cell.line, "an empty cell"))
    if not _ID.match(cell.id):
        found.append((cell.line, f"id {cell.id!r}: expected 1 to 64 letters, digits, hyphens or underscores"))
    for number, line in enumerate(cell.text.splitlines()):
        if cell.kind == "code" and _NBVAL.match(line):
            found.append(
                (cell.first_line + number, f"`{line.strip()}`: the builder adds nbval's markers itself")
            )
        if cell.role != "solution" and ("BEGIN SOLUTION" in line or "END SOLUTION" in line):
            found.append((cell.first_line + number, 'a solution region outside a `# %% solution="..."` cell'))
    check = {"solution": _solution_problems, "check": _check_problems, "keyfigure": _keyfigure_problems}
    broken = _syntax_problems(cell) if cell.kind == "code" and cell.role != "solution" else []
    if broken:
        return found + broken  # nothing more can be said of what stands in it
    return found + check.get(cell.role, lambda cell: [])(cell)


def _syntax_problems(cell):
    """Can Python take this cell, once IPython has read its magics and shell lines?"""
    try:
        ast.parse(TransformerManager().transform_cell(cell.text))
    except SyntaxError as error:
        return [(cell.first_line + (error.lineno or 1) - 1, f"not valid Python: {error.msg}")]
    return []


def _heading_problems(cells, number):
    """A lab opens with its title; the exercises' headings are the builder's."""
    found, expected = [], f"`# # Lab {number} · ...`"
    if not cells or cells[0].kind != "markdown" or not cells[0].text.startswith("# "):
        found.append((cells[0].line if cells else 1, f"expected the first cell to open with {expected}"))
    elif not cells[0].text.startswith(f"# Lab {number} "):
        found.append((cells[0].first_line, f"the title is for another lab; expected {expected}"))
    for cell in cells[1:]:
        if cell.kind == "markdown" and re.match(r"# ", cell.text):
            found.append((cell.first_line, "a second title (`# # ...`); expected `# ## ...` for a section"))
    return found


def _title_problems(cells, number, title):
    """The lab is called the same in its source and in its package, a capital letter aside."""
    opens, said = f"# Lab {number} · ", cells[0].text.splitlines()[0] if cells and cells[0].text else ""
    if not isinstance(title, str) or not title.strip() or not said.startswith(opens):
        return []  # said elsewhere
    if said[len(opens) :].lower() != title.lower():
        return [
            (cells[0].first_line, f"the heading is {said!r}, but the lab's module says TITLE = {title!r}")
        ]
    return []


def _signature_problems(cells, module):
    """A solution takes its reference's arguments, in order: checks give them by place."""
    found = []
    references = {exercise.name: exercise.reference for exercise in module.EXERCISES}
    for cell in cells:
        function = next(
            (d for d in _statements(cell.text) if isinstance(d, ast.FunctionDef) and d.name == cell.name),
            None,
        )
        if cell.role != "solution" or function is None or cell.name not in references:
            continue
        expected = signature_of(references[cell.name])
        if expected is None:
            continue
        wanted = list(expected.parameters)
        has = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        if has != wanted:
            line = cell.first_line + function.lineno - 1
            said = f"{cell.name} takes ({', '.join(has)}), but its reference takes ({', '.join(wanted)})"
            found.append((line, said))
    return found


def _shadow_problems(cells, exercises):
    """An exercise's function must not take a name that Python or the rest of the notebook has."""
    found = [
        (cell.line, f"{cell.name} is a function of Python's own; expected another name for the exercise")
        for cell in cells
        if cell.role == "exercise" and cell.name in exercises & set(dir(builtins))
    ]
    for cell in cells:
        if cell.kind == "code" and cell.role != "solution":
            found += [
                (
                    cell.first_line + line - 1,
                    f"{name} is the function of an exercise, and gets another value here",
                )
                for name, line in _bound(_statements(cell.text)).items()
                if name in exercises
            ]
    return found


def _bound(statements):
    """{name: line} that imports, definitions and assignments give a value to, at a cell's own level."""
    bound = {}
    for node in statements:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).split(".")[0]: node.lineno for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound[node.name] = node.lineno
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                names = [name for name in ast.walk(target) if isinstance(name, ast.Name)]
                bound |= {name.id: name.lineno for name in names if isinstance(name.ctx, ast.Store)}
    return bound


def _solution_problems(cell):
    found = [(cell.first_line + number, message) for number, message in region_problems(cell.text)]
    if found:
        return found
    for version, text in (
        ("the solution", cell.text),
        ("the stub left for students", stub(cell.text, cell.name)),
    ):
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            line = cell.first_line + (error.lineno or 1) - 1 if text is cell.text else cell.line
            return [(line, f"{version} of {cell.name} is not valid Python: {error.msg}")]
    function = next((d for d in tree.body if isinstance(d, ast.FunctionDef) and d.name == cell.name), None)
    if function is None:
        return [(cell.line, f"expected `def {cell.name}(...)` in this cell, outside the solution regions")]
    line = cell.first_line + function.lineno - 1
    docstring = ast.get_docstring(function) or ""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    unnamed = [a.arg for a in arguments if not re.search(rf"\b{re.escape(a.arg)}\b", docstring)]
    if not docstring:
        found.append((line, f"{cell.name} has no docstring; expected one that names arguments and shapes"))
    elif not _SHAPE.search(docstring):
        found.append((line, f"the docstring of {cell.name} has no shape; expected one, as (B, T), or a type"))
    elif unnamed:
        found.append((line, f"the docstring of {cell.name} does not say what {', '.join(unnamed)} is"))
    return found


def _check_problems(cell):
    calls = [
        s.value for s in _statements(cell.text) if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)
    ]
    expected = f"lab.check({cell.name})"
    if not any(ast.unparse(call) == expected for call in calls):
        return [(cell.first_line, f"expected `{expected}` in the check cell of {cell.name}")]
    return []


def _keyfigure_problems(cell):
    """The text is compared, never the picture, whose numbers differ in the last digits between machines."""
    statements = _statements(cell.text)
    last = statements[-1] if statements else None
    expression = last.value if isinstance(last, ast.Expr) else None
    looping = isinstance(last, ast.For | ast.While | ast.With | ast.If)  # prints within it are as good
    printed = any(_is_print(node) for node in (ast.walk(last) if looping else [expression]))
    if ends_with_name(cell.text) or printed:
        return []
    return [
        (
            cell.line,
            f"key figure {cell.name!r}: expected its cell to end with the figure's name on a line of its own "
            "(`figure`), or with print(...)",
        )
    ]


def _setup_problems(cells, number):
    cell, expected = setup_cell(cells), f'lab = labkit.start("{number}")'
    if cell is None:
        return [(1, f"no code cell; expected the first one to hold `import labkit` and `{expected}`")]
    lines = [line.strip() for line in cell.text.splitlines() if line.strip()]
    if cell.role or lines != ["import labkit", expected]:
        return [
            (
                cell.line,
                f"the first code cell is the set-up cell: expected it to hold just `import labkit` and "
                f"`{expected}` (the builder adds the install lines)",
            )
        ]
    return []


def _trio_problems(cells, module):
    """Each exercise of the module has its three cells, in order, and no other exercise is in the source."""
    found, names = [], [exercise.name for exercise in module.EXERCISES]
    lines = {}
    for cell in cells:
        if cell.role not in _TRIO:
            continue
        key = (cell.role, cell.name)
        if cell.name not in names:
            message = f"{cell.role}={cell.name!r}: the lab's module has no such exercise; it has "
            found.append((cell.line, message + (", ".join(names) or "none")))
        elif key in lines:
            found.append(
                (cell.line, f"a second {cell.role} cell for {cell.name}; the first is in line {lines[key]}")
            )
        lines.setdefault(key, cell.line)
    for name in names:
        places = [lines.get((role, name)) for role in _TRIO]
        missing = [role for role, place in zip(_TRIO, places, strict=True) if place is None]
        there = [place for place in places if place is not None]
        if missing:
            has = f"; {name} starts here" if there else ""
            found += [(min(there, default=1), f'no cell `# %% {role}="{name}"`{has}') for role in missing]
        elif places != sorted(places):
            found.append((min(places), f"the cells of {name} are not in the order exercise, solution, check"))
    begins = [lines[("exercise", name)] for name in names if ("exercise", name) in lines]
    if begins != sorted(begins):
        found.append((begins[0], f"exercises are not in the order of the lab's module: {', '.join(names)}"))
    return found


def _repeated(cells, what, key):
    found, first = [], {}
    for cell in cells:
        value = key(cell)
        if value and value in first:
            found.append((cell.line, f"{what} {value!r} is already used in line {first[value]}"))
        first.setdefault(value, cell.line)
    return found


def _is_print(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _statements(text):
    """The statements of a cell; none when it is not plain Python (it holds a magic, say)."""
    try:
        return ast.parse(text).body
    except SyntaxError:
        return []
