"""A small course in a temporary folder: one lab, two exercises, a figure."""

from types import SimpleNamespace

import pytest

from labkit.authoring.complete import BESIDE
from labkit.authoring.project import Project
from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.properties import matches_reference

SOURCE = '''\
# %% [markdown]
# # Lab 01 · Counting words
# A first paragraph.

# %%
import labkit
lab = labkit.start("01")

# %% [markdown]
# ## What a word is
# Words stand between spaces.

# %%
print("a b".split())

# %%
print("another demo")

# %% [markdown] exercise="count"
# Count the words.

# %% solution="count"
def count(text):
    """How many words.

    text: str.  Returns an int.
    """
    words = []
    ### BEGIN SOLUTION
    words = text.split()
    ### END SOLUTION
    total = 0
    for word in words:
        ### BEGIN SOLUTION
        total += 1
        ### END SOLUTION
    return total

# %% check="count"
lab.check(count)

# %% [markdown] exercise="shout"
# Shout.

# %% solution="shout"
def shout(rows):
    """Louder. rows: (B, T); returns the same shape."""
    ### BEGIN SOLUTION
    return rows.upper()
    ### END SOLUTION

# %% check="shout"
lab.check(shout)

# %% [markdown]
# ## A picture

# %% keyfigure="bars"
figure = labkit.plotting.bars([1, 2])
figure

# %% id="by-hand"
print("the end")
'''

README = """# Labs

<!-- labs: written by `labkit build` -->
<!-- end of labs -->

<!-- map of the labs: written by `labkit build` -->
<!-- end of the map -->

git clone https://github.com/old-owner/old-labs.git
See `labkit links OWNER/REPO`.
"""


def small_exercise(name, points, reference=lambda text: text.upper()):
    """An exercise on one text."""
    return Exercise(
        name=name,
        title=f"Write {name}",
        minutes=5,
        reference=reference,
        cases=lambda seed: [Case(("a b",), "a b")],
        properties=(matches_reference("the same letters, larger", points),),
        misconceptions=(Misconception("as it was", lambda text: text, ("What?", "Why?", "Where?")),),
    )


def passing(exercise):
    """What a check shows for a right answer, in the fake course."""
    return {"text/plain": f"{exercise.name}: passed", "text/html": f"<b>{exercise.name}</b>"}


class Course:
    """The folder, and shortcuts to its files."""

    def __init__(self, root):
        self.root = root
        self.module = SimpleNamespace(
            TITLE="Counting words",
            SLUG="01_words",
            BUILDS="two functions",
            EXERCISES=(
                small_exercise("count", 3),
                small_exercise("shout", 1, reference=lambda rows: rows.upper()),
            ),
            QUESTIONS=(),
        )
        self.project = Project(root, lookup=lambda number: self.module, passing=passing)
        self.source = root / "notebooks" / "source" / "01_words.py"
        self.student = root / "notebooks" / "01_words.ipynb"
        self.solution = root / "build" / "solutions" / "01_words.ipynb"
        self.reference = root / "tests" / "notebooks" / "reference" / "01.json"
        self.readme = root / "README.md"
        self.address = root / "labkit" / "authoring" / "address.py"
        self.write(self.source, SOURCE)
        self.write(self.reference, '{"bars": "two bars: 1, 2"}\n')
        self.write(self.readme, README)
        for path in BESIDE:
            self.write(
                root / path.format("01"), 'ANSWER = Answer("count", "as it was", "def count(text): ...")\n'
            )
        self.write(
            self.address, '"""The one place."""\n\nREPOSITORY = "old-owner/old-labs"\nBRANCH = "main"\n'
        )

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, old, new):
        """Change the source, once, and say so if the text is not there."""
        text = self.source.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the fake source"
        self.write(self.source, text.replace(old, new))

    def line(self, text, nth=1):
        """The line number of the nth line that holds `text`."""
        lines = self.source.read_text(encoding="utf-8").splitlines()
        return [number for number, line in enumerate(lines, 1) if text in line][nth - 1]


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)
