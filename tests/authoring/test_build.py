"""labkit build: what it writes, what it refuses to write, and what it says about a faulty source."""

import argparse

import nbformat
import pytest

from labkit import __version__
from labkit.authoring.build import add_build_arguments, build, renew_references, run_build, stale_files
from labkit.authoring.notebook import MARKER
from labkit.authoring.project import Project
from labkit.authoring.reference import read_texts
from labkit.authoring.source import read_source
from labkit.messages import LabkitError
from tests.authoring.conftest import small_exercise


def run(course, *options):
    parser = argparse.ArgumentParser()
    add_build_arguments(parser)
    return run_build(parser.parse_args(options), project=course.project)


def read(path):
    return nbformat.read(path, as_version=4)


def cells(path):
    return {cell.id: cell for cell in read(path).cells}


# What is written


def test_student_notebook_has_stubs_and_no_outputs(course):
    build(course.project)
    notebook = read(course.student)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert notebook.metadata.kernelspec.name == "python3"
    text = course.student.read_text(encoding="utf-8")
    assert "text.split()" not in text and "rows.upper()" not in text
    assert "SOLUTION" not in text and MARKER not in text


def test_stubs_in_the_middle_of_a_cell(course):
    build(course.project)
    source = cells(course.student)["solution-count"].source
    assert source.splitlines()[5:] == [
        "    words = []",
        '    raise NotImplementedError("write count here")',
        "    total = 0",
        "    for word in words:",
        "        # your code here",
        "        ...",
        "    return total",
    ]
    function = {}
    exec(source, function)
    with pytest.raises(NotImplementedError, match="write count here"):
        function["count"]("a b")


def test_solution_cell_works_and_keeps_its_markers(course):
    build(course.project)
    source = cells(course.solution)["solution-count"].source
    function = {}
    exec(source, function)
    assert function["count"]("a b c") == 3
    assert source.count("### BEGIN SOLUTION") == source.count("### END SOLUTION") == 2


def test_check_cells(course):
    build(course.project)
    student, solution = cells(course.student)["check-count"], cells(course.solution)["check-count"]
    assert student.metadata.tags == ["raises-exception"]
    assert "tags" not in solution.metadata
    assert solution.source == f"{MARKER}\nlab.check(count)"
    assert solution.execution_count is not None  # else nbval compares nothing
    assert solution.outputs[0].data == {"text/plain": "count: passed", "text/html": "<b>count</b>"}


def test_nbgrader_metadata(course):
    build(course.project)
    by_id = cells(course.student)
    common = {"schema_version": 3, "cell_type": "code", "task": False}
    assert by_id["solution-count"].metadata.nbgrader == {
        **common, "grade_id": "count", "solution": True, "grade": False, "locked": False,
    }  # fmt: skip
    assert by_id["check-count"].metadata.nbgrader == {
        **common, "grade_id": "count-check", "solution": False, "grade": True, "locked": True, "points": 3,
    }  # fmt: skip


def test_exercise_headings_come_from_the_module(course):
    build(course.project)
    by_id = cells(course.student)
    first = by_id["exercise-count"].source
    assert first == "### Exercise 1.1 · Write count · 5 minutes · 3 points\n\nCount the words."
    assert by_id["exercise-shout"].source.startswith("### Exercise 1.2 · Write shout · 5 minutes · 1 point\n")


def test_a_key_figure_is_compared_by_its_text_alone(course):
    build(course.project)
    by_id = cells(course.solution)
    picture, text = by_id["keyfigure-bars"], by_id["keyfigure-bars-text"]
    assert MARKER not in picture.source and picture.outputs == [] and picture.execution_count is None
    assert text.source == f"{MARKER}\nprint(figure)" and text.execution_count is not None
    assert text.outputs == [{"output_type": "stream", "name": "stdout", "text": "two bars: 1, 2\n"}]
    assert "keyfigure-bars-text" not in cells(course.student)


def test_a_key_figure_that_prints_is_compared_itself(course):
    course.edit("figure = labkit.plotting.bars([1, 2])\nfigure\n", 'print("two")\n')
    build(course.project)
    cell = cells(course.solution)["keyfigure-bars"]
    assert cell.source == f'{MARKER}\nprint("two")'
    assert cell.outputs[0].text == "two bars: 1, 2\n"


def test_a_key_figure_may_print_in_a_loop(course):
    course.edit("figure = labkit.plotting.bars([1, 2])\nfigure\n", "for n in (1, 2):\n    print(n)\n")
    build(course.project)
    assert cells(course.solution)["keyfigure-bars"].source.endswith("for n in (1, 2):\n    print(n)")
    course.edit("    print(n)\n", "    n\n")
    with pytest.raises(LabkitError, match=r"key figure 'bars'.*print"):
        build(course.project)


def test_setup_cell_installs_from_the_one_address(course):
    build(course.project)
    code = [cell for cell in read(course.student).cells if cell.cell_type == "code"]
    lines = code[0].source.splitlines()
    assert '    %pip install -q "labkit[views] @ git+https://github.com/old-owner/old-labs"' in lines
    assert lines[-2:] == ["import labkit", f'lab = labkit.start("01", made_for="{__version__}")']
    assert len(lines) <= 6
    assert "git+https" not in course.source.read_text(encoding="utf-8")


def test_badges_are_the_first_cell(course):
    build(course.project)
    first = read(course.student).cells[0].source
    assert (
        "https://colab.research.google.com/github/old-owner/old-labs/blob/main/notebooks/01_words.ipynb"
        in first
    )
    assert "https://mybinder.org/v2/gh/old-owner/old-labs/main?labpath=notebooks%2F01_words.ipynb" in first


def test_building_twice_changes_nothing(course):
    written, refused = build(course.project)
    assert written == ["notebooks/01_words.ipynb", "build/solutions/01_words.ipynb", "README.md"]
    before = course.student.read_bytes(), course.solution.read_bytes(), course.readme.read_bytes()
    assert build(course.project) == ([], []) and refused == []
    assert before == (course.student.read_bytes(), course.solution.read_bytes(), course.readme.read_bytes())


def test_ids_do_not_move_when_a_cell_is_inserted_elsewhere(course):
    build(course.project)
    before = {cell.source: cell.id for cell in read(course.student).cells}
    course.edit(
        "# A first paragraph.\n", "# A first paragraph.\n\n# %%\nprint('new')\n\n# %% [markdown]\n# More.\n"
    )
    # the first code cell must stay the set-up cell: move the new one behind it
    course.edit("\n# %%\nprint('new')\n", "")
    course.edit('lab = labkit.start("01")\n', 'lab = labkit.start("01")\n\n# %%\nprint("new")\n')
    build(course.project)
    after = {cell.source: cell.id for cell in read(course.student).cells}
    in_section = [source for source, id in before.items() if id.startswith("lab-01-counting-words-")]
    assert len(in_section) == 1  # the set-up cell: it alone follows what was inserted in its own section
    moved = [source for source in before if before[source] != after[source] and source not in in_section]
    assert moved == []


def test_ids_of_a_heading_that_comes_twice():
    text = "# %% [markdown]\n# ## Try it\n\n# %%\n1\n\n# %% [markdown]\n# ## Try it\n\n# %%\n2\n"
    ids = [cell.id for cell in read_source(text, "x.py")]
    assert ids == ["try-it", "try-it-1", "try-it-again-2", "try-it-again-2-1"]


# Staleness


def test_check_names_each_stale_file(course, capsys):
    assert run(course, "--check") == 1  # nothing built yet
    assert "notebooks/01_words.ipynb: missing" in capsys.readouterr().out
    assert run(course) == 0
    assert run(course, "--check") == 0
    course.edit("Words stand between spaces.", "Words are what stands between spaces.")
    capsys.readouterr()
    assert run(course, "--check") == 1
    said = capsys.readouterr().out
    assert "notebooks/01_words.ipynb: not what its source gives" in said
    assert "build/solutions/01_words.ipynb: not what its source gives" in said
    assert "README.md" not in said
    assert not course.student.read_text(encoding="utf-8").count("are what stands"), "--check wrote"


def test_a_solution_that_was_never_built_is_not_stale(course):
    build(course.project)
    course.solution.unlink()
    assert stale_files(course.project) == []


def test_readme_is_stale_when_a_title_changes(course):
    build(course.project)
    course.edit("· Counting words", "· Counting better")
    course.module.TITLE = "Counting better"
    assert "README.md: not what its source gives" in stale_files(course.project)
    build(course.project)
    assert "| [01 Counting better](notebooks/01_words.ipynb) |" in course.readme.read_text(encoding="utf-8")


# A student's work


def work(course, change):
    """Build, let `change` edit the student notebook, change the source; returns the notebook's bytes."""
    build(course.project)
    notebook = read(course.student)
    change(notebook, {cell.id: cell for cell in notebook.cells})
    nbformat.write(notebook, course.student)
    course.edit("Words stand between spaces.", "Words stand between blanks.")
    return course.student.read_bytes()


def answer(notebook, by_id):
    by_id["solution-shout"].source = "def shout(rows):\n    return rows.upper()"


def take_notes(notebook, by_id):
    by_id["what-a-word-is"].source += "\nMy note."


def run_a_cell(notebook, by_id):
    by_id["what-a-word-is-1"].execution_count = 7


def delete_a_cell(notebook, by_id):
    notebook.cells.remove(by_id["check-count"])


def drop_the_stamp(notebook, by_id):
    del notebook.metadata["labkit"]


@pytest.mark.parametrize(
    "change, why",
    [
        (answer, "have been changed"),
        (take_notes, "have been changed"),
        (delete_a_cell, "have been changed"),
        (run_a_cell, "has been run"),
        (drop_the_stamp, "did not write it"),
    ],
)
def test_work_is_never_overwritten(course, capsys, change, why):
    before = work(course, change)
    assert run(course) == 1
    said = capsys.readouterr().out
    assert "kept notebooks/01_words.ipynb" in said and why in said and "--force" in said
    assert course.student.read_bytes() == before
    assert "blanks" in course.solution.read_text(encoding="utf-8"), "the other files are still written"
    assert run(course, "--force") == 0
    assert "blanks" in course.student.read_text(encoding="utf-8")


def test_junk_is_not_overwritten(course):
    build(course.project)
    course.write(course.student, "<<<<<<< a merge conflict")
    written, refused = build(course.project)
    assert refused == [("notebooks/01_words.ipynb", "it cannot be read as a notebook")]
    assert course.student.read_text(encoding="utf-8").startswith("<<<<<<<")


def test_an_older_build_is_no_work(course):
    """Whatever version built it; and a save by JupyterLab that touches only metadata is none either."""

    def only_metadata(notebook, by_id):
        notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}

    work(course, only_metadata)
    assert run(course) == 0
    assert "blanks" in course.student.read_text(encoding="utf-8")


def test_what_a_lab_that_is_gone_left_behind_is_named_and_kept(course):
    build(course.project)
    files = {
        "notebooks/07_gone.ipynb": "no source gives this notebook; delete it",
        "tests/exercises/test_lab07.py": "there is no lab 07",
        "tests/exercises/test_lab07_more.py": "there is no lab 07",
        "tests/browser/answers/lab07.py": "there is no lab 07",
        "tests/notebooks/reference/07.json": "there is no lab 07",
    }
    for name in files:
        course.write(course.root / name, course.student.read_text(encoding="utf-8"))
    course.write(
        course.root / "notebooks/08_by_hand.ipynb",
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    )
    for work in (build, stale_files):
        with pytest.raises(LabkitError) as caught:
            work(course.project)
        said = str(caught.value).splitlines()
        assert [(line.split(":")[0], files[line.split(":")[0]] in line) for line in said] == [
            (name, True) for name in files
        ]
    assert all((course.root / name).is_file() for name in files)


def test_a_copy_under_another_name_is_left_over_by_nobody(course):
    work(course, run_a_cell)
    course.write(course.root / "notebooks/01_mine.ipynb", course.student.read_text(encoding="utf-8"))
    assert not [line for line in stale_files(course.project) if "01_mine" in line]


# What it says about faulty sources


FAULTS = [
    # what is changed in the source: old, new, which line is named (text on it, which of them), the message
    ('# %% check="count"\nlab.check(count)\n', "", 'exercise="count"', 'no cell `# %% check="count"`'),
    ('exercise="count"', 'exercise="counts"', 'exercise="counts"', "no such exercise; it has count, shout"),
    ("lab.check(count)", "lab.check(shout)", "lab.check(shout)", "expected `lab.check(count)`"),
    ("lab.check(count)", "# lab.check(count)", "# lab.check(count)", "expected `lab.check(count)`"),
    ("    text: str.  Returns an int.\n", "    The text.\n", "def count", "has no shape"),
    ("rows: (B, T)", "Turns (B, T)", "def shout", "does not say what rows is"),
    ("def count(text)", "def counted(text)", 'solution="count"', "expected `def count(...)`"),
    ("return rows.upper()", "return rows.upper(", "return rows.upper(", "is not valid Python"),
    ("    total = 0\n", "    ### BEGIN SOLUTION\n", "### BEGIN SOLUTION", "a second `### BEGIN"),
    ("        ### END SOLUTION\n", "", "### BEGIN SOLUTION", "has no `### END SOLUTION`"),
    ("    total = 0\n", "    ### END SOLUTION\n    total = 0\n", "### END SOLUTION", "without a `### BEGIN"),
    ("    total = 0\n", "    # BEGIN SOLUTION\n", "    # BEGIN SOLUTION", "expected exactly"),
    ('print("the end")', '### BEGIN SOLUTION\nprint("the end")', None, "outside a"),
    ('id="by-hand"', 'id="by hand"', "by hand", "expected 1 to 64 letters"),
    ('id="by-hand"', 'id="solution-count"', 'id="solution-count"', "id 'solution-count' is already used"),
    ('id="by-hand"', 'keyfigure="bars"', 'keyfigure="bars"', "key figure 'bars' is already used in line"),
    ('id="by-hand"', 'figur="bars"', 'figur="bars"', "unknown key 'figur'"),
    ("[1, 2])\nfigure\n", "[1, 2])\n", "keyfigure=", "end with the figure's name"),
    ('print("the end")', "# NBVAL_IGNORE_OUTPUT", "# NBVAL_IGNORE_OUTPUT", "adds nbval's markers itself"),
    ('lab = labkit.start("01")', 'lab = labkit.start("02")', "# %%", "first code cell is the set-up cell"),
    ('[markdown] exercise="shout"', 'exercise="shout"', 'exercise="shout"', "belongs on a markdown cell"),
    ('check="count"', "check=count", "check=count", "with straight quotes"),
    ('keyfigure="bars"', "keyfigure=\u201cbars\u201d", "keyfigure=", "with straight quotes"),
    ("# %% [markdown]\n# ## A picture", "# %% [markdwon]\n# ## A picture", "[markdwon]", "expected `# %%`"),
    ('keyfigure="bars"', 'keyfigure=""', "keyfigure=", "expected a name between the quotes"),
    ('id="by-hand"', 'tags="late"', 'tags="late"', "tags is no list"),
    ("# # Lab 01 \u00b7 Counting words", "# Counting words", "# %% [markdown]", "first cell to open"),
    ("# # Lab 01 \u00b7", "# # Lab 02 \u00b7", "# # Lab 02", "title is for another"),
    ("# ## A picture", "# # A picture", "# # A picture", "a second title"),
    ('print("another demo")', 'print("another demo"', 'print("another demo"', "not valid Python"),
    ('print("another demo")', 'lab.quiz("why")', 'lab.quiz("why")', "no such key; they have none"),
    ('print("another demo")', 'lab.predict("n", None)', "lab.predict", "never held against"),
    ('print("another demo")', 'lab.compare("n", 1)', "lab.compare", "to compare with"),
    ('print("another demo")', "", "# %%", "an empty cell"),
    ('print("another demo")', 'lab.predict("n", 1)\nlab.compare("n", 1)',
     "lab.predict", "expected lab.predict('n', None)"),
    ('print("another demo")', 'lab.predict("n")\nlab.compare("n", 1)',
     "lab.predict", "expected lab.predict('n', None)"),
    ('print("another demo")', 'lab.compare("n", 1)\nlab.predict("n", None)',
     "lab.compare", "stands above its lab.predict"),
    ('print("another demo")', 'lab.predict("n", None)\nlab.predict("n", None)\nlab.compare("n", 1)',
     "lab.predict", "a second lab.predict('n'"),
    ('print("another demo")', "import count", "import count", "gets another value here"),
    ('print("another demo")', "a, shout = 1, 2", "a, shout", "gets another value here"),
    ("\u00b7 Counting words", "\u00b7 Counting letters", "# # Lab 01", "TITLE = 'Counting words'"),
    ("def count(text)", "def count(text, more=1)",
     "def count", "count takes (text, more), but its reference takes (text)"),
]  # fmt: skip


@pytest.mark.parametrize("old, new, at, message", FAULTS, ids=lambda value: (value or "")[:24])
def test_faults_are_named_with_their_line(course, old, new, at, message):
    course.edit(old, new)
    with pytest.raises(LabkitError) as caught:
        build(course.project)
    lines = [line for line in str(caught.value).splitlines() if message in line]
    assert lines, f"{message!r} not in:\n{caught.value}"
    shown, number, _ = lines[0].split(":", 2)
    assert shown == "notebooks/source/01_words.py"
    if at is not None:
        wanted = {i for i, line in enumerate(course.source.read_text().splitlines(), 1) if at in line}
        assert int(number) in wanted
    assert not course.student.exists(), "a faulty source must write nothing"


def test_beside_a_syntax_error_nothing_is_said_of_how_the_cell_ends(course):
    course.edit("[1, 2])\nfigure\n", "[1, 2)\nfigure\n")
    with pytest.raises(LabkitError, match="not valid Python") as caught:
        build(course.project)
    assert len(str(caught.value).splitlines()) == 1


def test_all_faults_are_named_at_once(course):
    course.edit("lab.check(count)", "pass")
    course.edit("lab.check(shout)", "pass")
    with pytest.raises(LabkitError) as caught:
        build(course.project)
    assert len(str(caught.value).splitlines()) == 2


def test_the_order_of_the_three_cells(course):
    check = '# %% check="count"\nlab.check(count)\n\n'
    course.edit(check, "")
    course.edit('# %% [markdown] exercise="count"', check + '# %% [markdown] exercise="count"')
    with pytest.raises(LabkitError, match="not in the order exercise, solution, check"):
        build(course.project)


def test_exercises_are_in_the_order_of_the_module(course):
    course.module.EXERCISES = course.module.EXERCISES[::-1]
    with pytest.raises(LabkitError, match="not in the order of the lab's module: shout, count"):
        build(course.project)


def test_an_exercise_called_like_a_function_of_pythons(course):
    text = course.source.read_text(encoding="utf-8")
    course.write(course.source, text.replace('"count"', '"sum"').replace("(count)", "(sum)"))
    course.edit("def count(", "def sum(")
    course.module.EXERCISES = (small_exercise("sum", 3), course.module.EXERCISES[1])
    with pytest.raises(LabkitError, match="sum is a function of Python's own"):
        build(course.project)


def test_an_exercise_that_the_source_lacks(course):
    course.module.EXERCISES = (*course.module.EXERCISES, small_exercise("third", 1))
    with pytest.raises(LabkitError, match='no cell `# %% exercise="third"`'):
        build(course.project)


def test_the_slug_of_the_module(course):
    course.module.SLUG = "01_other"
    with pytest.raises(LabkitError, match=r"01_words.py:1: the file is called 01_words.py.*'01_other'"):
        build(course.project)


def test_a_source_without_a_module(course):
    def nothing(number):
        raise LabkitError(f"There is no lab {number!r}.")

    course.project.lookup = nothing
    with pytest.raises(LabkitError, match="notebooks/source/01_words.py:1: There is no lab '01'."):
        build(course.project)


def test_a_magic_is_no_fault(course):
    course.edit('print("another demo")', "%time count\n!ls\nlab.predict(key, None)")
    build(course.project)


def test_a_misspelt_marker_is_one_fault(course):
    course.edit('check="count"', "check=count")
    with pytest.raises(LabkitError) as caught:
        build(course.project)
    assert len(str(caught.value).splitlines()) == 1


def test_text_before_the_first_cell(course):
    course.write(course.source, "import this\n" + course.source.read_text(encoding="utf-8"))
    with pytest.raises(LabkitError, match="code before the first one"):
        build(course.project)


def test_outside_a_checkout(tmp_path):
    with pytest.raises(LabkitError, match="not in a checkout of the course"):
        Project.here(tmp_path)


def test_inside_a_checkout(course):
    assert Project.here(course.source.parent).root == course.root


# References


@pytest.mark.parametrize("texts", ["{}", '{"bars": "x", "old": "y"}'])
def test_references_match_the_key_figures(course, texts):
    course.write(course.reference, texts)
    with pytest.raises(LabkitError, match="tests/notebooks/reference/01.json.*labkit build --reference"):
        build(course.project)


def runnable(course, figure):
    """Make the fake lab independent of labkit, so that a kernel can run it: `figure` is what it shows."""
    text = course.source.read_text(encoding="utf-8")
    course.write(course.source, text.replace("labkit.plotting.bars([1, 2])", figure))
    course.write(
        course.root / "labkit" / "__init__.py",
        "class Lab:\n    def check(self, function): pass\ndef start(number, made_for=None): return Lab()\n",
    )


def test_renewing_references_runs_the_solution(course):
    runnable(course, "'two bars: ' + str(count('a b'))")
    renew_references(course.project)
    assert read_texts(course.reference) == {"bars": "two bars: 2"}


def test_a_lab_is_run_again_when_its_code_changed_and_not_for_its_prose(course, capsys):
    runnable(course, "'two bars: ' + str(count('a b'))")

    def said():
        renew_references(course.project, everything=False)
        return capsys.readouterr().out

    assert "running 01_words" in said(), "nobody knows what the committed text was measured from"
    assert "not run" in said()
    course.edit("Words stand between spaces.", "Words stand between blanks.")
    assert "not run" in said()
    course.edit("count('a b')", "count('a b c')")
    assert "running 01_words" in said() and read_texts(course.reference) == {"bars": "two bars: 3"}
    course.write(course.reference, course.reference.read_text(encoding="utf-8").replace('"bars"', '"old"'))
    assert "running 01_words" in said(), "a key figure that has no text"


def test_one_lab_is_always_run(course, capsys):
    runnable(course, "'two bars: ' + str(count('a b'))")
    for _ in range(2):
        assert run(course, "--reference", "--lab", "01") == 0
        assert "running 01_words" in capsys.readouterr().out


@pytest.mark.parametrize("text", ['{"bars": "x",\n<<<<<<< ours', "[]", '{"bars": 1}'])
def test_references_that_are_none_are_named(course, text):
    course.write(course.reference, text)
    with pytest.raises(LabkitError, match="^tests/notebooks/reference/01.json:[12]: "):
        build(course.project)


def test_a_failing_cell_is_named(course):
    runnable(course, "1 / 0")
    with pytest.raises(LabkitError, match="01_words: cell 'keyfigure-bars' failed: ZeroDivisionError"):
        renew_references(course.project)


def test_a_key_figure_without_text(course):
    runnable(course, "''")
    with pytest.raises(LabkitError, match="key figure 'bars': expected a text of 1 to"):
        renew_references(course.project)
