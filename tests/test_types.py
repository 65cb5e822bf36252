"""What an editor learns about labkit: types under one checker, names with docstrings to complete."""

import ast
import re
from pathlib import Path

import jedi
import pytest

import labkit
from labkit import plotting

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
MYPY = PYPROJECT[PYPROJECT.index("[tool.mypy]") : PYPROJECT.index("[tool.pytest")]
LAB = re.compile(r"labkit/exercises/lab\d\d/")


def listed(key, text):
    """The strings of a list in pyproject.toml; read as text, because tomllib needs Python 3.11."""
    return re.findall(r'"([^"]+)"', re.search(rf"^{key} = \[(.*?)\]$", text, re.M | re.S)[1])


def checked_modules():
    for place in listed("files", MYPY):
        path = ROOT / place
        yield from [path] if path.suffix else path.rglob("*.py")


def test_every_module_but_the_labs_own_says_its_types():
    """A module that is added to one of these rooms can't be forgotten in the list of pyproject.toml."""
    strict = listed("module", MYPY)
    for path in checked_modules():
        name = path.relative_to(ROOT).with_suffix("").as_posix()
        module = name.removesuffix("/__init__").replace("/", ".")
        # "room.*" is the room and all that is in it; a name without a star is itself alone.
        rooms = {".".join(module.split(".")[:k]) + ".*" for k in range(2, module.count(".") + 2)}
        if not LAB.match(name):
            assert (rooms | {module}) & {*strict}, f"{module} is missing in pyproject.toml, [tool.mypy]"


def test_no_field_of_a_dataclass_hides_what_it_holds():
    vague = re.compile(r"(object|tuple|list|dict|set|frozenset|Counter|Callable)( \| None)?")
    for path in (ROOT / "labkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                "dataclass" in ast.unparse(line) for line in node.decorator_list
            ):
                for field in node.body:
                    if isinstance(field, ast.AnnAssign):
                        said = ast.unparse(field.annotation)
                        assert not vague.fullmatch(said), f"{path.name}, line {field.lineno}: {said} of what?"


def test_make_check_runs_the_type_checker():
    commands = (ROOT / "Makefile").read_text().split("\ncheck:")[1].split("\n\n")[0]
    assert "$(BIN)/mypy" in commands and "make check" in (ROOT / ".ci/run").read_text()


COMPLETED = [("labkit.", labkit.__all__), ("labkit.plotting.", plotting.__all__)]


@pytest.mark.parametrize(("code", "names"), COMPLETED)
@pytest.mark.parametrize("live", (True, False), ids=("in a notebook", "in a file"))
def test_editors_complete_names_and_show_docstrings(code, names, live):
    """JupyterLab asks jedi about the objects of its kernel, other editors about the text alone."""
    script = jedi.Interpreter(code, [{"labkit": labkit}]) if live else jedi.Script(f"import labkit\n{code}")
    found = {completion.name: completion for completion in script.complete()}
    assert set(names) <= found.keys()
    assert [name for name in names if not found[name].docstring().strip()] == []


def test_a_signature_is_shown_with_its_types():
    (signature,) = jedi.Interpreter("labkit.start(", [{"labkit": labkit}]).get_signatures()
    assert signature.to_string().replace("'", "").startswith("start(number: str, made_for: str | None=None)")
