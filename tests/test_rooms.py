"""The rooms of labkit, and that imports among them point one way."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "labkit"

# In the order of use: a module imports from its own room and from those above it, never from one below.
# Of rooms in one line neither imports the other.
ORDER = (
    ("messages",),
    ("short_names", "arguments"),
    ("intervals", "files"),
    ("models",),
    ("texts", "training"),
    ("measures",),
    ("pretraining", "plotting"),
    ("exercises", "machine", "release"),
    ("lab",),
    ("authoring",),
    ("grading", "export"),
    ("commands",),
)
RANKS = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
# What has no room: the package itself, whose stub names what is at home elsewhere, and `python -m labkit`.
FRONT = {"labkit", "labkit.__main__"}
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
    if "_data" not in path.parts
}


def room(module):
    return module.split(".")[1]


@cache
def imports(module):
    return list(_imports(module))


def _imports(module):
    """(line, what is imported) of every import of labkit's in a module, inside functions too."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.startswith("labkit"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}, line {node.lineno}: a relative import"
            if node.module.split(".")[0] == "labkit":
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield node.lineno, full if full in MODULES else node.module


ARROWS = {
    (room(module), room(target))
    for module in MODULES.keys() - FRONT
    for _, target in imports(module)
    if target != "labkit" and room(target) != room(module)
}


def test_every_module_has_a_room():
    assert {room(module) for module in MODULES.keys() - FRONT} == RANKS.keys()


@pytest.mark.parametrize("module", sorted(MODULES.keys() - FRONT))
def test_imports_point_one_way(module):
    for line, target in imports(module):
        if target == "labkit":
            continue  # its version, or its folder
        own, other = room(module), room(target)
        assert own == other or RANKS[other] < RANKS[own], f"{module}, line {line}: {own} may not use {other}"


def test_a_module_is_imported_by_the_name_of_its_room():
    """Short names are for notebooks; inside the package they would hide which room is used."""
    for module in MODULES:
        for line, target in imports(module):
            assert target in MODULES, f"{module}, line {line}: there is no module {target}"


def test_the_map_of_the_rooms_in_the_documents_names_every_room():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^ {6}(\w+)(?:/|\.py)", text, re.M))
    assert named >= RANKS.keys(), RANKS.keys() - named
