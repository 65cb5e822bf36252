"""The one form of docstrings: a line, then prose and `name: what it is`, no headings. Ruff holds the rest."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "labkit"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_data" not in path.parts)
SECTIONS = (
    "Args|Arguments|Parameters|Returns?|Yields?|Raises|Attributes|Notes?|Examples?|Keyword Args|See Also"
)
OTHER_FORMS = re.compile(rf"^ *((?:{SECTIONS}):? *$|-{{3,}}$|:(?:param|type|returns?|raises|rtype)\b)", re.M)


def docstrings(source):
    """(line, docstring) of everything that has one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


def in_another_form(source):
    return [(line, found[1]) for line, text in docstrings(source) if (found := OTHER_FORMS.search(text))]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_docstrings_have_one_form(path):
    assert in_another_form(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "rest",
    (
        "Args:\n        x: a number.",
        "Returns:\n        a number.",
        "Parameters\n    ----------",
        ":param x: a number.",
    ),
)
def test_another_form_is_seen(rest):
    source = f'def double(x):\n    """Twice x.\n\n    {rest}\n    """\n'
    assert len(in_another_form(source)) == 1
    assert (
        in_another_form('def double(x):\n    """Twice x.\n\n    x: a number. Returns a number.\n    """\n')
        == []
    )
