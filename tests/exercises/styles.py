"""Right answers in other styles than ours, by exercise: STYLES of every tests/exercises/test_labNN*.py."""

import importlib
import re
from pathlib import Path


def styles(number):
    """{exercise name: functions} of lab `number`."""
    found = {}
    for path in sorted(Path(__file__).parent.glob(f"test_lab{number}*.py")):
        if re.search(r"^STYLES = ", path.read_text(encoding="utf-8"), re.MULTILINE):
            found.update(importlib.import_module(f"tests.exercises.{path.stem}").STYLES)
    return found
