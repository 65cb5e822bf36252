"""What other systems grade with: scripts from `templates/`, filled in, that call `labkit grade`."""

from pathlib import Path

from labkit import exercises

TEMPLATES = Path(__file__).with_name("templates")


def lab_options(labs):
    """The options by which `labkit grade` grades these labs. Raises LabkitError for one that there isn't."""
    for number in labs:
        exercises.get(number)
    return " ".join(f"--lab {number}" for number in labs)


def filled(name, **values):
    """The template called `name` with each @NAME@ replaced by its value."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
