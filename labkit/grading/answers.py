"""A student's answers in a list of cells: found by cell id, then by the functions they define.

An answer is the function and whatever of the student's own it needs: imports, helpers, constants, from any
cell, as Python would find them at the end of Run All. Everything else (calls, prints, check cells) is left
out, so that the answer means the same in another notebook.
"""

import ast
import builtins
import re
import symtable
from dataclasses import dataclass, field

from labkit.grading.cells import Cell

STUB = re.compile(r"raise\s+NotImplementedError\(\"write \w+ here\"\)")


@dataclass
class Answer:
    """The code of one answer, or why there is none. Either may be empty, never both."""

    code: str = ""
    problem: str = ""
    notes: list = field(default_factory=list)


@dataclass(frozen=True)
class Definition:
    """A top-level statement that gives `names` a meaning, its text and where it stands."""

    names: tuple
    text: str
    place: int
    node: ast.AST


def find_answers(cells, names, provided=()):
    """Each exercise's answer: {name: Answer}, for every one of `names`.

    provided: variables that the pristine notebook sets itself and an answer need not bring.
    """
    definitions, broken = _definitions(cells)
    return {name: _answer(name, cells, definitions, broken, provided) for name in names}


def standalone(code, cells):
    """An answer's code with what it uses of the notebook's own cells (`bert = ...`) above it.

    cells: the pristine notebook's code cells, without its exercises.
    """
    definitions, _ = _definitions(cells)
    mine, _ = _definitions([Cell("code", code)])
    brought = {name for definition in mine for name in definition.names}
    needed = {id(d): d for own in mine for d in _needed(own, definitions, brought)}
    ordered = sorted(needed.values(), key=lambda d: (d.place, d.node.lineno))
    return "\n".join([*(d.text for d in ordered), code])


def _answer(name, cells, definitions, broken, provided):
    mine = [d for d in definitions if name in d.names]
    written = [d for d in definitions if not STUB.search(d.text)]
    functions = [d for d in written if name in d.names]
    notes = []
    if len(functions) > 1:
        notes.append(f"{name} is defined {len(functions)} times; the last one counts.")
    if not functions:
        place = next((k for k in broken if _mentions(cells[k], name)), None)
        if place is not None:
            return Answer(problem=broken[place], notes=notes)
        if mine:
            return Answer(problem=f"{name} has not been written: it is the stub still.")
        return Answer(problem=f"There is no function {name} in the notebook.")
    chosen = functions[-1]
    if cells[chosen.place].kind != "code":
        notes.append(
            f"{name} stands in a {cells[chosen.place].kind or 'nameless'} cell; it was read as code."
        )
    needed = _needed(chosen, written, provided)
    return Answer(code="\n".join(d.text for d in [*needed, chosen]), notes=notes)


def _needed(chosen, definitions, provided):
    """The student's definitions that `chosen` uses, directly or through others, in the notebook's order."""
    last = {name: d for d in definitions for name in d.names}
    found, waiting = {}, [chosen]
    while waiting:
        for name in _free_names(waiting.pop()):
            definition = last.get(name)
            if definition is None or definition is chosen or id(definition) in found:
                continue
            if name in provided and not isinstance(definition.node, ast.Import | ast.ImportFrom):
                continue  # the notebook's own variable, perhaps set again
            found[id(definition)] = definition
            waiting.append(definition)
    return sorted(found.values(), key=lambda d: (d.place, d.node.lineno))


def _free_names(definition):
    """The global names that a definition reads, at once or when it is called."""
    names, tables = set(), [symtable.symtable(definition.text, "answer", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and s.is_global()}
    return names - set(dir(builtins))


def _definitions(cells):
    """(definitions in the notebook's order, {place of a cell that is no Python: why})."""
    found, broken = [], {}
    for place, cell in enumerate(cells):
        if cell.kind != "code" and "def " not in cell.text:
            continue
        text = _plain_python(cell)
        for block in [text] if _parses(text) else _blocks(text):
            try:
                tree = ast.parse(block)
            except SyntaxError as error:
                broken.setdefault(place, _syntax(error, block))
                continue
            except (ValueError, MemoryError, RecursionError) as error:
                broken.setdefault(place, f"The cell cannot be read as Python: {error}.")
                continue
            found += [d for node in tree.body if (d := _definition(node, block, place)) is not None]
    return found, broken


def _definition(node, text, place):
    names = _names(node)
    if isinstance(node, ast.If | ast.Try | ast.With):  # as in try: import numpy
        names = tuple(name for child in ast.walk(node) for name in _names(child))
    if not names:
        return None
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    if first == node.end_lineno:  # several statements may share the line
        return Definition(names, ast.get_source_segment(text, node), place, node)
    return Definition(names, "\n".join(text.split("\n")[first - 1 : node.end_lineno]), place, node)


def _names(node):
    """The names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return (node.name,)
    if isinstance(node, ast.Import | ast.ImportFrom):
        return tuple((alias.asname or alias.name).split(".")[0] for alias in node.names)
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return tuple(n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
    return ()


def _plain_python(cell):
    """The cell's text without a Markdown fence and, if that is no Python, without IPython's own lines."""
    text = cell.text.replace("\r\n", "\n").replace("\r", "\n")
    if cell.kind != "code":
        fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        text = "\n".join(fenced) if fenced else text
    if _parses(text):
        return text
    text = re.sub(r"\A\s*%%.*", "", text)
    return re.sub(r"^(\s*)([%!].*|\??\??[\w.]+\?\??)$", r"\1pass", text, flags=re.MULTILINE)


def _parses(text):
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # null bytes; nested too deeply
        return False
    return True


def _blocks(text):
    """A text that is no Python as a whole, cut at its top-level lines: one error costs one answer."""
    blocks = [""]
    for line in text.split("\n"):
        begins = re.match(r"[^\s)\]}#](?!lse\b|lif\b|xcept\b|inally\b)", line)
        if begins and not blocks[-1].rstrip().split("\n")[-1].startswith("@"):
            blocks.append("")
        blocks[-1] += line + "\n"
    return [block for block in blocks if block.strip()]


def _mentions(cell, name):
    return cell.id == f"solution-{name}" or re.search(rf"\bdef\s+{name}\b", cell.text) is not None


def _syntax(error, text):
    lines = text.split("\n")
    line = lines[error.lineno - 1].strip() if error.lineno and error.lineno <= len(lines) else ""
    return f"{type(error).__name__}: {error.msg}, in the line: {line[:120]}"


__all__ = ["Answer", "Cell", "find_answers"]
