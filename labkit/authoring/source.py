"""Reads a lab's source (jupytext percent format) into cells that know their line, role and id."""

import ast
import re
from dataclasses import dataclass, field

import jupytext

from labkit.messages import LabkitError

ROLES = ("exercise", "solution", "check", "keyfigure")
KEYS = {*ROLES, "id", "tags"}
_MARKER = re.compile(r"^#\s*%%")
_PAIR = r"""(\w+)=("[^"]*"|'[^']*'|\[[^\]]*\])"""
_WELL_FORMED = re.compile(rf"^#\s*%%(\s+\[markdown\])?(\s+{_PAIR})*\s*$")
_MEANT = re.compile(r"""\b(exercise|solution|check|keyfigure)\s*=\s*["']?(\w+)""", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_MAX_SLUG = 48  # nbformat allows ids of 64 characters; this leaves room for a prefix and a counter


@dataclass
class SourceCell:
    """A cell of a source.

    kind: "markdown" or "code".
    role: "exercise", "solution", "check", "keyfigure", or "" for prose and demo code; `name` is whose.
    line: of its `# %%` marker, counted from 1.  first_line: of the first line of `text`.
    meta: what stands behind the marker (key="value"), before validation.
    trouble: what is wrong with the marker itself, "" when nothing is.
    """

    kind: str
    text: str
    line: int
    first_line: int
    meta: dict[str, str] = field(default_factory=dict)
    role: str = ""
    name: str = ""
    id: str = ""
    trouble: str = ""

    @property
    def tags(self):
        """Cell tags that the author set: tags=["hide-input"]."""
        return list(self.meta.get("tags", []))


def read_source(text, shown):
    """Read a source's text; `shown` is its name in messages.

    Raises LabkitError when it cannot be divided into cells.
    """
    lines = text.splitlines()
    markers = {number: _marker(line) for number, line in enumerate(lines, 1) if _MARKER.match(line)}
    plain = list(lines)
    for number, (kind, _, _) in markers.items():  # jupytext divides; what stands behind a marker is ours
        plain[number - 1] = "# %%" + " [markdown]" * (kind == "markdown")
    notebook = jupytext.reads("\n".join(plain) + "\n", fmt="py:percent")
    if len(notebook.cells) != len(markers):
        first = next(iter(markers), 1)
        raise LabkitError(
            f"{shown}:{first}: found {len(markers)} lines that start with `# %%` but {len(notebook.cells)} "
            "cells. Expected every cell to start with such a line: is there code before the first one, or "
            "one within a string?"
        )
    cells = []
    for cell, (line, (_, meta, trouble)) in zip(notebook.cells, markers.items(), strict=True):
        first = line + 1
        while first <= len(lines) and not lines[first - 1].strip():
            first += 1
        role = next((key for key in ROLES if key in meta), "")
        name = str(meta.get(role, ""))
        cells.append(SourceCell(cell.cell_type, cell.source, line, first, meta, role, name, trouble=trouble))
    assign_ids(cells)
    return cells


def _marker(line):
    """(kind, what stands behind it, what is wrong with it) of a line that begins a cell.

    Of one that is misspelt the role is guessed, so that its cell isn't reported missing as well.
    """
    kind = "markdown" if re.search(r"\[\s*(md|mark)", line, re.IGNORECASE) else "code"
    if _WELL_FORMED.match(line):
        try:
            return kind, {key: ast.literal_eval(value) for key, value in re.findall(_PAIR, line)}, ""
        except (SyntaxError, ValueError):
            pass  # tags=[of no strings]
    meant = {role.lower(): name for role, name in _MEANT.findall(line)[:1]}
    said = f'`{line.strip()}`: expected `# %%` or `# %% [markdown]`, then key="value" with straight quotes'
    return "markdown" if "exercise" in meant else kind, meant, said


def assign_ids(cells):
    """Give every cell an id that does not depend on cells elsewhere, so that diffs stay small.

    The author's id="..." if there is one, else the role and name, else the nearest heading above (in the
    cell itself for the cell that holds it) and a counter within that heading's section.
    """
    section, counter, seen = "top", 0, {}
    for cell in cells:
        heading = _heading(cell)
        if heading:
            seen[heading] = seen.get(heading, 0) + 1
            section = heading if seen[heading] == 1 else f"{heading}-again-{seen[heading]}"
            counter = 0
        if cell.meta.get("id"):
            cell.id = str(cell.meta["id"])
        elif cell.role:
            cell.id = f"{cell.role}-{cell.name}"
        else:
            cell.id = section if counter == 0 and heading else f"{section}-{counter}"
        counter += 1


def slugify(text):
    """Letters, digits and hyphens of a text: "What a [MASK] sees" -> "what-a-mask-sees"."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return slug[:_MAX_SLUG].rstrip("-") or "section"


def _heading(cell):
    """The slug of the first heading in a cell, or of the heading that the builder will put there."""
    if cell.kind != "markdown":
        return ""
    if cell.role == "exercise":
        return f"after-{slugify(cell.name)}"
    found = _HEADING.search(cell.text)
    return slugify(found[1]) if found else ""
