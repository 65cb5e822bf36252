"""A student's answers in a notebook's code: found by the functions that it defines, wherever they stand.

An answer is the function and whatever of the student's own it needs: imports, helpers, constants, from any
cell, as Python would find them at the end of Run All. Everything else (calls, prints, check cells) is left
out, so that the answer means the same in another notebook.
"""

import ast
import re
import symtable
from dataclasses import dataclass, field

from labkit.grading.program import defines_function, first_error


@dataclass
class Answer:
    """The code of one answer, or why there is none. Either may be empty, never both."""

    code: str = ""
    problem: str = ""
    notes: list[str] = field(default_factory=list)


def find_answers(program, names):
    """Each exercise's answer: {name: Answer}, for every one of `names`.

    program: what the submission's cells define, without the course's own: no answer need bring that.
    """
    return {name: _answer(name, program) for name in names}


def _answer(name, program):
    written = [d for d in program.definitions if not d.stub]
    given = [d for d in written if name in d.names]
    # What is code in the notebook is what was run there; an old attempt may lie in a Markdown cell.
    given = [d for d in given if program.is_code(d.place)] or given
    functions = [d for d in given if defines_function(d, name)] or given
    if not functions:
        return Answer(problem=_why_missing(name, program))
    chosen = functions[-1]
    needed = _needed(chosen, written)
    above = [d for d in needed if not set(d.changes) & set(chosen.names)]
    below = [d for d in needed if set(d.changes) & set(chosen.names)]  # f.calls = 0
    code = "\n".join(d.text for d in [*above, chosen, *below])
    if problem := first_error(code):
        return Answer(problem=problem)
    return Answer(code=code, notes=_notes(name, program, given, functions))


def _notes(name, program, given, functions):
    """What the student should know about which text was taken for the answer."""
    notes, chosen = [], functions[-1]
    if len({d.text for d in functions}) > 1:
        notes.append(f"{name} is defined {len(functions)} times; the last one counts.")
    if given[-1] is not chosen:
        notes.append(f"Further down {name} is given another value; the function counts.")
    later = [place for place in program.broken if place > chosen.place and _mentions(program, place, name)]
    if later:
        notes.append(f"A later {name} can't be read, so the one above it counts. {program.broken[later[-1]]}")
    kind = program.cells[chosen.place].kind
    if not program.is_code(chosen.place):
        kind = "magic" if kind == "code" else kind
        notes.append(f"{name} stands in a {kind or 'nameless'} cell; it was read as code.")
    if chosen.place in program.joined:
        notes.append(f"The cell of {name} was cut in two; both parts were read as one.")
    return notes


def _why_missing(name, program):
    """Why there is no answer, for the student."""
    place = next((place for place in program.broken if _mentions(program, place, name)), None)
    if place is not None:
        return program.broken[place]
    if any(name in d.names for d in program.definitions):
        return f"{name} has not been written: it is the stub still."
    if any(
        re.search(rf"^[ \t]+(async\s+)?def\s+{name}\b", cell.text, re.MULTILINE) for cell in program.cells
    ):
        return (
            f"{name} stands inside something else, a class or another function. "
            "Write it at the left edge of its cell."
        )
    places = [place for place, cell in enumerate(program.cells) if cell.id == f"solution-{name}"]
    if any(not program.cells[place].text.strip() for place in places):
        return f"The cell of {name} is empty."
    inside = [d for d in program.definitions if d.place in places]
    others = [other for d in inside for other in d.names if defines_function(d, other)]
    if others:
        return f"There is no function {name} in the notebook; its cell defines {', '.join(others)}."
    return f"There is no function {name} in the notebook."


def _needed(chosen, definitions):
    """The student's definitions that `chosen` uses, directly or through others, in the notebook's order."""
    last = {name: d for d in definitions for name in d.names}
    changing = {}
    for definition in definitions:
        for name in definition.changes:
            changing.setdefault(name, []).append(definition)
    found, waiting, done = {}, [chosen], set()
    while waiting:
        current = waiting.pop()
        names = (_free_names(current) | set(current.changes)) - done
        done |= names
        for name in names:
            start = chosen if name in chosen.names else last.get(name)
            if start is not None and isinstance(start.node, ast.Import | ast.ImportFrom):
                wanted = [start]
            elif start is None:
                wanted = [last["*"]] if "*" in last else []
            else:
                wanted = [start, *(d for d in changing.get(name, ()) if d.position > start.position)]
            for definition in wanted:
                if definition is not chosen and definition.position not in found:
                    found[definition.position] = definition
                    waiting.append(definition)
    return [found[position] for position in sorted(found)]


def _free_names(definition):
    """The global names that a definition reads, at once or when it is called."""
    try:
        tables = [symtable.symtable(definition.text, "answer", "exec")]
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # the whole answer will say so
        return set()
    names = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and s.is_global()}
    return names


def _mentions(program, place, name):
    cell = program.cells[place]
    return cell.id == f"solution-{name}" or re.search(rf"\bdef\s+{name}\b", cell.text) is not None
