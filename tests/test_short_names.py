"""The names that notebooks use: those of last month's still mean what they meant."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import labkit
from labkit.lab import Lab

# Every name of labkit that notebooks of version 0.1 use: [name, arguments by place, arguments by name], with
# -1 where it is not called. They are in students' hands: names may be added, none of these may go.
CALLS = json.loads(Path(__file__).with_name("notebooks").joinpath("calls_0.1.json").read_text())
PACKAGES = (
    "labkit",
    "labkit.models",
    "labkit.training",
    "labkit.measures",
    "labkit.plotting",
    "labkit.texts",
)


def meant(name):
    first, *rest = name.split(".")
    value = {"labkit": labkit, "lab": Lab}[first]
    for part in rest:
        value = getattr(value, part)
    return value


@pytest.mark.parametrize(("name", "by_place", "by_name"), CALLS)
def test_a_notebook_of_last_month_finds_its_names(name, by_place, by_name):
    value = meant(name)
    if by_place >= 0:
        own = [None] if name.startswith("lab.") else []
        inspect.signature(value).bind(*own, *[None] * by_place, **dict.fromkeys(by_name))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_of_a_stub_is_there(package):
    module = importlib.import_module(package)
    stub = Path(module.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    listed = {
        a.asname for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom) for a in node.names
    }
    assert listed == set(module.__all__) and listed <= set(dir(module))
    for name in listed:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("code", ("from labkit.features import extract", "import labkit.features"))
def test_a_module_is_imported_by_its_short_name_too_and_once(code):
    code += (
        "\nimport labkit.measures.features as own, sys, labkit\n"
        "assert labkit.features is own is sys.modules['labkit.features']\n"
        "assert own.__spec__.name == own.__name__ == 'labkit.measures.features'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_importing_labkit_imports_nothing_heavy():
    code = "import labkit, sys; print({'torch', 'transformers', 'numpy', 'plotly'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stdout + done.stderr


def test_a_name_that_is_not_there_is_said_with_those_that_are():
    with pytest.raises(AttributeError, match=r"labkit has no 'feature'; it has .*features"):
        labkit.feature  # noqa: B018
    with pytest.raises(ModuleNotFoundError, match="labkit.feature"):
        importlib.import_module("labkit.feature")
    with pytest.raises(ModuleNotFoundError, match="labkit.load"):
        importlib.import_module("labkit.load")  # a function, no module
