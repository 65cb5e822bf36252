"""What an author gets wrong in a lab's exercises is named with file and line, all of it at once."""

import importlib
import sys
from types import SimpleNamespace

import pytest

import labkit.exercises
from labkit.authoring.build import read_labs, try_references
from labkit.authoring.complete import BESIDE
from labkit.authoring.new import new_exercise, new_lab
from labkit.authoring.project import Project
from labkit.messages import LabkitError

PACKAGE = "labkit/exercises/lab96"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Lab 96 as `labkit new` writes it, in a checkout without another; `edit` and `faults` are the author."""
    (tmp_path / "notebooks" / "source").mkdir(parents=True)
    project = Project(
        tmp_path, lookup=lambda number: importlib.import_module(f"labkit.exercises.lab{number}")
    )
    new_lab(project, "96", "A lab to break")
    folder = str(tmp_path / "labkit" / "exercises")
    monkeypatch.setattr(labkit.exercises, "__path__", [*labkit.exercises.__path__, folder])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def edit(name, old, new):
        path = tmp_path / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def faults(work=read_labs):
        importlib.invalidate_caches()
        try:
            with pytest.raises(LabkitError) as caught:
                work(project, ["96"])
        finally:
            forget()
        return str(caught.value).splitlines()

    return SimpleNamespace(project=project, root=tmp_path, edit=edit, faults=faults)


def forget():
    """Let lab 96 be imported anew."""
    for name in [name for name in sys.modules if name.startswith("labkit.exercises.lab96")]:
        del sys.modules[name]


def line_of(root, name, text):
    """The first line of a file that holds `text`, counted from 1."""
    lines = (root / name).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


FRONT, EXERCISE, MISTAKES, QUIZ = (
    f"{PACKAGE}/{name}.py" for name in ("__init__", "perplexity", "perplexity_mistakes", "questions")
)
MINUS = """        sign=1.0,
    ),
"""
HINTS = """        (
            "Your numbers are below 1; nobody can waver among less than one token.",
            "The mean of log P is negative. Surprise is minus that.",
            "A minus before the mean, within the exponential.",
        ),
"""
FAULTS = {
    # what is changed (file, old, new), where the fault is named (file, text on its line), what is said
    "no QUESTIONS": (FRONT, "from labkit.exercises.lab96.questions import QUESTIONS\n", "", FRONT, '"""', "no QUESTIONS"),
    "no BUILDS": (FRONT, "BUILDS =", "BUILD =", FRONT, '"""', "no BUILDS"),
    "no comma": (FRONT, "(PERPLEXITY,)", "(PERPLEXITY)", FRONT, "EXERCISES =", "with its comma"),
    "no exercise": (FRONT, "(PERPLEXITY,)", "()", FRONT, "EXERCISES =", "at least one exercise"),
    "a function among the exercises": (FRONT, "(PERPLEXITY,)", "(PERPLEXITY, print)", FRONT, "EXERCISES =", "Exercise(...)"),
    "an exercise twice": (FRONT, "(PERPLEXITY,)", "(PERPLEXITY, PERPLEXITY)", EXERCISE, 'name="', "two exercises"),
    "a bar for a table": (FRONT, 'BUILDS = "the', 'BUILDS = "a | b, the', FRONT, "BUILDS =", "one line without |"),
    "two lines": (FRONT, 'BUILDS = "the', 'BUILDS = "a\\nb, the', FRONT, "BUILDS =", "one line without |"),
    "an empty title": (FRONT, '"A lab to break"\nSLUG', '" "\nSLUG', FRONT, "TITLE =", "expected a text"),
    "another slug": (FRONT, 'SLUG = "96_a', 'SLUG = "96_b', "notebooks/source/96_a_lab_to_break.py", "# %%", "SLUG"),
    "an import that is none": (FRONT, "questions import", "question import", FRONT, "question import", "ModuleNotFoundError"),
    "a name that is none": (EXERCISE, "misconceptions=MISTAKES", "misconceptions=MISTAKE", EXERCISE, "misconceptions=", "NameError"),
    "a bracket": (EXERCISE, "    total = log", "    total == = log", EXERCISE, "    total == =", "not valid Python"),
    "an exit": (EXERCISE, "import math\n", "import math\n\nraise SystemExit\n", EXERCISE, "raise SystemExit", "the module ends the program (SystemExit)"),
    "an exit that says it went well": (QUIZ, "QUESTIONS = (\n", "exit(0)\nQUESTIONS = (\n", QUIZ, "exit(0)", "the module ends the program (SystemExit)"),
    "an error that is no Exception": (QUIZ, "QUESTIONS = (\n", "raise GeneratorExit\nQUESTIONS = (\n", QUIZ, "raise GeneratorExit", "GeneratorExit"),
    "no cases": (EXERCISE, "    cases=_cases,\n", "", EXERCISE, "PERPLEXITY = Exercise", "TypeError"),
    "minutes in words": (EXERCISE, "minutes=10", 'minutes="10"', EXERCISE, 'name="', "minutes is '10'"),
    "no points": (EXERCISE, 'not count", 2,', 'not count", 0,', EXERCISE, "padding does not count", "points is 0"),
    "half a point": (EXERCISE, 'not count", 2,', 'not count", 0.5,', EXERCISE, "padding does not count", "points is 0.5"),
    "cases that are a list": (EXERCISE, "cases=_cases", "cases=_cases(1)", EXERCISE, 'name="', "cases is [Case("),
    "properties alike": (EXERCISE, '"padding may hold -inf"', '"padding does not count"', EXERCISE, "padding does", "two properties"),
    "no hints": (MISTAKES, HINTS, "        (),\n", MISTAKES, "the minus forgotten", "hints is ()"),
    "an empty hint": (MISTAKES, '"The mean of log P is negative. Surprise is minus that."', '""', MISTAKES, "the minus", "three texts"),
    "a hint for a tuple": (MISTAKES, HINTS, '        ("Only one."),\n', MISTAKES, "the minus forgotten", "hints is one text"),
    "hints left out": (MISTAKES, HINTS, "", MISTAKES, "variant(", "TypeError"),
    "no mistakes": (EXERCISE, "misconceptions=MISTAKES", "misconceptions=()", EXERCISE, 'name="', "no misconceptions"),
    "one mistake": (EXERCISE, "misconceptions=MISTAKES", "misconceptions=MISTAKES[0]", EXERCISE, 'name="', "with its comma"),
    "a question of no choice": (QUIZ, "                True,\n", "                False,\n", QUIZ, "Question(", "0 choices are marked correct"),
    "a question twice": (QUIZ, "QUESTIONS = (\n", "QUESTIONS = 2 * (\n", QUIZ, 'key="twenty"', "two questions"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "where", "at", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_its_place(lab, name, old, new, where, at, message):
    lab.edit(name, old, new)
    faults = lab.faults()
    found = [fault for fault in faults if message in fault]
    assert found, "\n".join(faults)
    assert found[0].split(":")[:2] == [where, str(line_of(lab.root, where, at))]
    assert len(faults) == 1, "\n".join(faults)


ANSWER = "tests/browser/answers/lab96.py"
ANSWERS = {
    "no exercise": ('    "perplexity",\n', '    "perplexities",\n', '"perplexities"', "no exercise 'perplexities'; it has perplexity"),
    "no mistake": ('"no exponential"', '"no exponent"', '"no exponent"', "knows no mistake 'no exponent'"),
    "no answer": ("ANSWER =", "ANSWERS =", '"""Lab', "no ANSWER; expected"),
    "no Python": ("ANSWER = Answer(", "ANSWER = = Answer(", "ANSWER = =", "not valid Python"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "message"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_for_the_browser_that_is_for_no_exercise(lab, old, new, at, message):
    lab.edit(ANSWER, old, new)
    (fault,) = lab.faults()
    assert fault.startswith(f"{ANSWER}:{line_of(lab.root, ANSWER, at)}: ") and message in fault


TRIED = {
    "a reference that raises": ("    total = log_probs", "    total = log_prob", "total = log_prob.", "NameError"),
    "cases that can't be made": ("torch.tensor(probs).log()", "torch.tensor(prob).log()", "torch.tensor(prob)", "NameError"),
    "a reference that exits": ("    total = log_probs", "    exit()\n    total = log_probs", "    exit()", "it ends the program (SystemExit)"),
    "a reference that exits late": ("    total = log_probs", "    if 0 in attention_mask:\n        raise SystemExit\n    total = log_probs", "raise SystemExit", "it ends the program"),
    "cases that exit": ("    cases = []\n", "    cases = []\n    exit()\n", "    exit()", "it ends the program"),
    "a seed's own shape": ("torch.Generator().manual_seed(seed)", "torch.Generator(seed)", "torch.Generator(seed)", "Error"),
    "no cases": ("    return cases\n", "    return []\n", 'name="perplexity"', "gives none"),
    "another form": ("forms.tensor(torch.float32)", "forms.text", 'name="perplexity"', "where a str is wanted"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "message"), TRIED.values(), ids=TRIED)
def test_with_its_number_a_lab_tries_its_references(lab, old, new, at, message):
    lab.edit(EXERCISE, old, new)
    read_labs(lab.project, ["96"])
    del sys.modules["labkit.exercises.lab96"]
    (fault,) = lab.faults(try_references)
    assert fault.startswith(f"{EXERCISE}:{line_of(lab.root, EXERCISE, at)}: exercise perplexity: ")
    assert message in fault


FAIL_THEMSELVES = {
    "a name": ("torch.exp(-_real_log_probs", "torch.exp(-_real_log_prob", "NameError"),
    "a variable": ('"""The perplexity of each token, and then their mean."""', "mask = mask * masks; masks = 1", "UnboundLocalError"),
    "a function of a module": ("torch.exp(-_real_log_probs", "torch.epx(-_real_log_probs", "AttributeError"),
    "an import": ('"""The perplexity of each token, and then their mean."""', "import torhc", "ModuleNotFoundError"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), FAIL_THEMSELVES.values(), ids=FAIL_THEMSELVES)
def test_a_mistake_with_a_mistake_of_the_authors(lab, old, new, message):
    lab.edit(MISTAKES, old, new)
    (fault,) = lab.faults(try_references)
    assert (
        fault.startswith(f"{MISTAKES}:{line_of(lab.root, MISTAKES, new)}: '")
        and f"' fails itself: {message}: " in fault
    )


def test_a_mistake_may_raise_what_students_run_into(lab):
    lab.edit(
        MISTAKES, '"""The perplexity of each token, and then their mean."""', "mask = mask.reshape(7, 13)"
    )
    try:
        try_references(lab.project, ["96"])
    finally:
        forget()


def test_all_faults_of_exercises_and_source_at_once(lab):
    lab.edit(FRONT, "BUILDS =", "BUILD =")
    lab.edit(MISTAKES, HINTS, "        (),\n")
    lab.edit("notebooks/source/96_a_lab_to_break.py", 'keyfigure="surprise"', 'keyfigure=""')
    lab.edit("notebooks/source/96_a_lab_to_break.py", 'lab.quiz("twenty")', 'lab.quiz("twnty")')
    (lab.root / "tests/exercises/test_lab96.py").unlink()
    said = "\n".join(lab.faults())
    wanted = ("no BUILDS", "hints is ()", 'keyfigure=""', "test_lab96.py:1: missing", "lab.quiz('twnty'): ")
    assert [word for word in (*wanted, "'twenty' is never asked") if word not in said] == [], said
    assert len(said.splitlines()) == len(wanted) + 1


def test_two_modules_that_are_no_python(lab):
    lab.edit(EXERCISE, "    inputs_unchanged(),\n", "    inputs_unchanged(,\n")
    lab.edit(QUIZ, "QUESTIONS = (", "QUESTIONS = ")
    assert [fault.split(":")[0] for fault in lab.faults()] == [EXERCISE, QUIZ]


def test_an_error_of_ours_is_no_fault_of_the_lab(lab):
    def broken(number):
        raise ZeroDivisionError("ours")

    lab.project.lookup = broken
    with pytest.raises(ZeroDivisionError):
        read_labs(lab.project, ["96"])


# What stands around a lab


def test_a_package_without_a_source(lab):
    (lab.root / "notebooks/source/96_a_lab_to_break.py").unlink()
    with pytest.raises(
        LabkitError, match=f"^{FRONT}:1: a lab without a source; expected notebooks/source/96_"
    ):
        read_labs(lab.project)


def test_a_source_without_a_package(lab):
    lab.project.lookup = labkit.exercises.get
    for path in (lab.root / PACKAGE).glob("*.py"):
        path.unlink()
    (fault,) = lab.faults()
    assert fault.startswith("notebooks/source/96_a_lab_to_break.py:1: There is no lab '96'.")
    assert f"Expected its exercises in {PACKAGE}/ (`labkit new`" in fault


def test_another_copy_of_labkit_is_running(lab):
    lab.project.lookup = labkit.exercises.get
    (fault,) = lab.faults()
    assert "the labkit that runs is another copy" in fault and "pip install -e ." in fault


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("notebooks/source/97-a-lab.py", "97-a-lab.py:1: not a lab's source"),
        ("notebooks/source/7_a_lab.py", "7_a_lab.py:1: not a lab's source"),
        ("notebooks/source/96_again.py", "96_again.py:1: lab 96 has a source already"),
        ("labkit/exercises/lab97/my.py", "lab97/ has no __init__.py"),
        ("labkit/exercises/lab7/__init__.py", "called labNN"),
    ],
)
def test_files_that_no_lab_finds(lab, path, message):
    (lab.root / path).parent.mkdir(parents=True, exist_ok=True)
    (lab.root / path).write_text("", encoding="utf-8")
    with pytest.raises(LabkitError, match=message):
        read_labs(lab.project)


def test_hidden_files_and_links_to_nowhere_are_nobodys_fault(lab):
    for folder in ("notebooks/source", PACKAGE):
        for name in (".#96_a_lab_to_break.py", "96_gone.py"):
            (lab.root / folder / name).symlink_to("nowhere")
        (lab.root / folder / ".draft.py").write_text("(", encoding="utf-8")
    read_labs(lab.project)
    forget()
    lab.edit(EXERCISE, "    total = log", "    total == = log")
    assert len(lab.faults()) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("exercises", "then"),
    [
        ("(PERPLEXITY,)  # in order", "(PERPLEXITY, SURPRISE)  # in order"),
        ("(\n    PERPLEXITY,  # first\n)", "(\n    PERPLEXITY,  # first\n    SURPRISE,\n)"),
        (
            "(\n    PERPLEXITY,\n    # more to come\n)",
            "(\n    PERPLEXITY,\n    SURPRISE,\n    # more to come\n)",
        ),
    ],
)
def test_one_more_exercise_leaves_comments_and_line_ends(lab, exercises, then, end):
    lab.edit(FRONT, "(PERPLEXITY,)", exercises)
    names = (FRONT, "notebooks/source/96_a_lab_to_break.py")
    before = {}
    for name in names:
        text = (lab.root / name).read_text(encoding="utf-8").replace("\n", end)
        (lab.root / name).write_bytes(text.encode())
        before[name] = text
    new_exercise(lab.project, "96", "surprise")
    forget()
    after = {name: (lab.root / name).read_bytes().decode() for name in names}
    assert then.replace("\n", end) in after[FRONT]
    for name in names:
        assert after[name].count("\n") == after[name].count(end)
        gone = [line for line in before[name].splitlines() if line not in after[name].splitlines()]
        assert [line for line in gone if not line.startswith("EXERCISES")] == []


@pytest.mark.parametrize("form", BESIDE)
def test_what_every_lab_has_beside(lab, form):
    (lab.root / form.format("96")).unlink()
    (fault,) = lab.faults()
    assert fault.startswith(f"{form.format('96')}:1: missing. Every lab has it, with ")


def test_a_number_that_no_lab_has(lab):
    with pytest.raises(LabkitError, match="There is no lab '97'. The labs are: 96"):
        read_labs(lab.project, ["97"])
