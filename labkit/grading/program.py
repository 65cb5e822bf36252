"""What a notebook's cells define, read without running any of it and whatever else is wrong with them."""

import ast
import re
import sys
import warnings
from dataclasses import dataclass, replace

STUB = re.compile(r"NotImplementedError\('write \w+ here'\)")  # as labkit.authoring.solutions writes it
# Cells that IPython hands to something else: `%%bash`, `%%writefile f.py`, `%%script false`.
OTHER_MAGIC = re.compile(r"\s*%%(?!(time|timeit|capture|prun|memit|mprun|debug|px)\b)")
PROMPT = re.compile(r"^[ \t]*(>>> ?|\.\.\.:? ?|In ?\[\d+\]: ?)", re.MULTILINE)
MOST_JOINED = 50  # cells that are tried as a part of the one above
# Syntax by the version of Python that brought it, for the message where ours is older.
SYNTAX = (
    ((3, 14), re.compile(r"^\s*except\s+[\w.]+\s*,\s*[\w.]+|\bt[\"']", re.MULTILINE)),
    ((3, 12), re.compile(r"^\s*(async\s+)?(def|class)\s+\w+\s*\[|^\s*type\s+\w+.*=", re.MULTILINE)),
    ((3, 12), re.compile(r"\bf([\"']).*\{[^}]*\1[^}]*\}")),
    ((3, 11), re.compile(r"^\s*except\s*\*", re.MULTILINE)),
)
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
INNER += (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)  # these have names of their own


@dataclass(frozen=True)
class Definition:
    """A top-level statement that matters to others, and its text."""

    names: tuple[str, ...]  # that it gives a meaning
    changes: tuple[str, ...]  # names whose meaning it changes: x += 1, x[0] = 1, x.append(1)
    text: str
    place: int  # of its cell
    position: int  # among the notebook's definitions
    node: ast.AST
    stub: bool  # still as the student got it


class Program:
    """The definitions in a list of cells.

    cells: as they were read; where one was cut in two, the first has both parts.
    python: the version of Python that the notebook says it was written with, or "".
    definitions: in the notebook's order.
    broken: {place of a cell that is no Python: why}.
    joined: the places of cells that had been cut in two.
    """

    def __init__(self, cells, python=""):
        self.python = python
        self.cells, self.definitions, self.broken, self.joined = list(cells), [], {}, set()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a student's text is not our news
            self._join()
            for place, cell in enumerate(self.cells):
                if cell.problem:
                    self.broken[place] = cell.problem
                elif cell.may_be_code:
                    self._read(place, _plain_python(cell))

    def is_code(self, place):
        """Does a cell hold what Jupyter runs as Python? Not in Markdown, and not under `%%writefile`."""
        cell = self.cells[place]
        return cell.kind == "code" and not OTHER_MAGIC.match(cell.text)

    def _join(self):
        """A code cell that begins in the middle of a function belongs to the one above."""
        above, left = None, MOST_JOINED
        for place, cell in enumerate(self.cells):
            if cell.kind != "code" or not cell.text.strip():
                continue
            if above is not None and left and _indent(cell.text) and _error(_dedented(cell.text)):
                left -= 1
                whole = f"{self.cells[above].text.rstrip()}\n{cell.text}"
                if not _error(whole):
                    self.cells[above] = replace(self.cells[above], text=whole)
                    self.cells[place] = replace(cell, text="")
                    self.joined.add(above)
                    continue
            above = place

    def _read(self, place, text):
        for block in [text] if _parses(text) else _blocks(text):
            try:
                tree = ast.parse(block)
            except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
                self.broken.setdefault(place, _said(error, block) + newer(error, block, self.python))
                continue
            lines = block.encode().split(b"\n")  # ast counts columns in bytes
            for node in tree.body:
                names, changes = _effects(node)
                if names or changes:
                    code, position = _code(node, lines), len(self.definitions)
                    known = Definition(names, changes, code, place, position, node, _is_stub(node))
                    self.definitions.append(known)


def defines_function(definition, name):
    """Does a definition make `name` a function (or a class, or a lambda)? It may only give it a value."""
    node = definition.node
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        return True
    makers = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(part, makers) and part.name == name for part in _own_nodes(node))


def first_error(code):
    """What Python would say to this code before it runs any of it, or ""."""
    error = _error(code)
    return _said(error, code) if error else ""


def _error(code):
    """The exception of compiling the code, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(code, "answer", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            return error
    return None


def _code(node, lines):
    """A statement's text, with its decorators."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    if first == node.end_lineno:  # several statements may share the line
        return lines[first - 1][node.col_offset : node.end_col_offset].decode()
    return b"\n".join(lines[first - 1 : node.end_lineno]).decode()


def _effects(statement):
    """(the names that a statement gives a meaning, the names whose meaning it changes)."""
    names, changes = {}, {}  # dicts, for their order
    for node in _own_nodes(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= dict.fromkeys((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = None
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            changes |= _base(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            if isinstance(node.value.func, ast.Attribute):
                changes |= _base(node.value.func)
    for node in _own_nodes(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            names.pop(node.target.id, None)
            changes[node.target.id] = None
    return tuple(names), tuple(changes)


def _is_stub(statement):
    """Is the stub's own line reached? Students leave it below their answer, where it does no harm."""
    for function in _own_nodes(statement):
        for inner in function.body if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else ():
            if any(isinstance(node, ast.Return) for node in ast.walk(inner)):
                break
            raised = inner.exc if isinstance(inner, ast.Raise) else None
            if raised is not None and STUB.fullmatch(_written(raised)):
                return True
    return False


def _written(node):
    """A node's source, or "" for one that is nested too deeply."""
    try:
        return ast.unparse(node)
    except (RecursionError, MemoryError):
        return ""


def newer(error, text, python):
    """What to add to an error if the text may be right in a newer Python than ours, or ""."""
    if not isinstance(error, SyntaxError):
        return ""
    ours, theirs = sys.version_info[:2], tuple(int(n) for n in python.split(".")[:2]) if python else ()
    wanted = next((version for version, syntax in SYNTAX if version > ours and syntax.search(text)), theirs)
    if wanted <= ours:
        return ""
    wrote = python if wanted == theirs else ".".join(map(str, wanted))
    here = ".".join(map(str, sys.version_info[:3]))
    return f" (It may be syntax of Python {wrote}; the grader runs Python {here}, which is older.)"


def _base(node):
    """The x of x.a[0].b, as the only key of a dict; an empty one where there is no such name."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return {node.id: None} if isinstance(node, ast.Name) else {}


def _own_nodes(statement):
    """The nodes of a statement that belong to the notebook's own scope, not to one within it."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, INNER):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _plain_python(cell):
    """The cell's text as IPython would run it, but without IPython's own lines and a Markdown fence."""
    text = cell.text.replace("\r\n", "\n").replace("\r", "\n")
    if cell.kind != "code":
        fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        text = "\n".join(fenced) if fenced else text
    if _parses(text):
        return text
    text = re.sub(r"\A\s*%%.*\n?", "", text)
    if PROMPT.match(text.lstrip("\n")):
        text = PROMPT.sub("", text)
    text = re.sub(r"^([ \t]*)([%!].*|\??\??[\w.]+\?\??)$", r"\1pass", text, flags=re.MULTILINE)
    return _dedented(text)


def _indent(text):
    """What stands before the first line that is not blank."""
    found = re.search(r"^([ \t]*)\S", text, re.MULTILINE)
    return found[1] if found else ""


def _dedented(text):
    """As IPython does it: the first line's indentation is taken from every line that has it."""
    return re.sub(rf"^{_indent(text)}", "", text, flags=re.MULTILINE)


def _parses(text):
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # null bytes; nested too deeply
        return False
    return True


def _blocks(text):
    """A text that is no Python as a whole, cut at its top-level lines: one error costs one answer."""
    blocks, above = [[]], ""
    for line in text.split("\n"):
        begins = re.match(r"[^\s)\]}#](?!lse\b|lif\b|xcept\b|inally\b)", line)
        if begins and not above.startswith("@"):
            blocks.append([])
        blocks[-1].append(line)
        above = line or above
    return ["\n".join(block) + "\n" for block in blocks if any(line.strip() for line in block)]


def _said(error, text):
    if isinstance(error, RecursionError | MemoryError):
        return "The cell cannot be read as Python: it is nested too deeply."
    if not isinstance(error, SyntaxError):
        return f"The cell cannot be read as Python: {error}."
    lines = text.split("\n")
    line = lines[error.lineno - 1].strip() if error.lineno and error.lineno <= len(lines) else ""
    return f"{type(error).__name__}: {error.msg}, in the line: {line[:120]}"
