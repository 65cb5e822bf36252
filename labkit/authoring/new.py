"""`labkit new`: writes a new lab, or a new exercise of a lab, that works and is to be changed.

What it writes is made from the files in `template/`, where $number, $title and others stand for its own.
All or nothing: no file that is there is written over, and if one can't be written, none stays.
"""

import ast
import builtins
import contextlib
import keyword
import re
import string
import unicodedata
from pathlib import Path

from labkit.authoring.complete import BESIDE
from labkit.authoring.project import Project
from labkit.authoring.reference import as_json, code_stamp
from labkit.authoring.source import read_source
from labkit.files.safe_files import write_text
from labkit.messages import LabkitError

TEMPLATE = Path(__file__).parent / "template"
FIRST_EXERCISE = "perplexity"
LONGEST_TITLE, LONGEST_NAME, LONGEST_SLUG = 50, 30, 40
_SIGNS = (
    " '’!?.,:;()&+-–/%"  # in a title, beside letters and digits; others mean something in Markdown or Python
)
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
# names that the lab's cells and the exercise's module use
_TAKEN = {"lab", "labkit", "torch", "math", "forms", "questions", "gpt", "texts", "rows", "guesses", "figure"}
# What the example's key figures say; a test runs it.
TEXTS = {
    "perplexities": "\n".join(
        [
            "perplexity:",
            "    73  The cat sat on the mat.",
            " 17000  Mat the on sat cat the.",
            "   2.7  Once upon a time there was a little girl.",
            "(two digits are kept: the third depends on the machine)",
        ]
    ),
    "surprise": "\n".join(
        [
            "gpt-mini: how likely was each token?",
            "The 12% (the favourite)",
            "cat 0.9% (favourite: film 3.3%)",
            "sat under 0.1% (favourite: was 18%)",
            "on 23% (favourite: under 44%)",
            "the 82% (the favourite)",
            "mat under 0.1% (favourite: table 50%)",
            '"." 85% (the favourite)',
        ]
    ),
}


def add_new_arguments(parser):
    """Declare the arguments of `labkit new` on an argparse parser."""
    parser.add_argument("number", nargs="?", metavar="NN", help="a lab's number, two digits: 06")
    parser.add_argument(
        "title", nargs="?", metavar="TITLE", help='its title, in quotes: "What is in a word?"'
    )
    parser.add_argument(
        "--exercise",
        metavar="NAME",
        help="the name of its exercise's function; with --lab, of one more exercise",
    )
    parser.add_argument("--lab", metavar="NN", help="add the exercise to this lab")


def run_new(args, project=None):
    """The command; returns its exit status. project: None for the checkout that one is in."""
    if args.lab and (args.number or not args.exercise):
        raise LabkitError('Expected labkit new NN "TITLE" for a lab, or labkit new --exercise NAME --lab NN.')
    if not args.lab and (args.number is None or args.title is None):
        raise LabkitError(
            'Expected a number and a title: labkit new 06 "What is in a word?". '
            "For one more exercise of a lab: labkit new --exercise NAME --lab 06."
        )
    project = project or Project.here()
    if args.lab:
        number, name = args.lab.zfill(2), args.exercise
        written = new_exercise(project, number, name)
    else:
        number, name = args.number, args.exercise or FIRST_EXERCISE
        written = new_lab(project, number, args.title, name)
    for path in written:
        print(f"wrote {path}")
    print(f"""
It works as it stands. Change it step by step (CONTRIBUTING.md, "Adding a lab"), and after each step:

  labkit build --lab {number}      names all that is wrong, or writes the notebooks
  make lab LAB={number}            opens the lab as students see it
  python -m pytest tests/exercises tests/notebooks -k "{number} or {name}"      what every lab must do""")
    return 0


def new_lab(project, number, title, exercise=FIRST_EXERCISE):
    """Write the files of a new lab with one exercise; returns their paths, relative to the root.

    Raises LabkitError, before anything is written, for a number, title or name that can't be one, and for a
    lab or a file that is there.
    """
    if not re.fullmatch("[0-9]{2}", number) or number == "00":
        raise LabkitError(f"{number!r} is no number of a lab: expected two digits, from 01 to 99, as in 06.")
    title = check_title(title)
    check_name(exercise)
    if number in project.numbers():
        free = next((f"{k:02}" for k in range(1, 100) if f"{k:02}" not in project.numbers()), "none")
        raise LabkitError(f"There is a lab {number} already. The first number that is free is {free}.")
    slug = f"{number}_{slug_of(title)}"
    values = _values(number, exercise, place=1) | {"title": title, "slug": slug}
    values["cells"] = _filled("cells.py", values)
    source = _filled("source.py", values)
    package = f"labkit/exercises/lab{number}"
    tests, answer = (form.format(number) for form in BESIDE)
    stamp = code_stamp(read_source(source, slug))
    files = {
        f"notebooks/source/{slug}.py": source,
        f"{package}/__init__.py": _in_order(_filled("package.py", values)),
        f"{package}/{exercise}.py": _filled("exercise.py", values),
        f"{package}/{exercise}_mistakes.py": _filled("mistakes.py", values),
        f"{package}/questions.py": _filled("questions.py", values),
        tests: _filled("test_lab.py", values),
        answer: _filled("answer.py", values),
        f"tests/notebooks/reference/{number}.json": as_json(TEXTS, stamp),
    }
    in_the_way = [path for path in (f"notebooks/{slug}.ipynb", *files) if (project.root / path).exists()]
    return _write(project, files, {}, in_the_way)


def new_exercise(project, number, name):
    """Write the files of one more exercise and add it to the lab; returns the paths, relative to the root.

    It becomes the last exercise, its cells stand before the last section. Raises LabkitError, before anything
    is written, for a name that can't be one, a lab that isn't or is faulty, and a file that is there.
    """
    check_name(name)
    lab = project.lab(project.slug(number))
    if name in lab.exercises:
        raise LabkitError(f"Lab {number} has an exercise {name} already.")
    values = _values(number, name, place=len(lab.exercises) + 1)
    package = f"labkit/exercises/lab{number}"
    files = {
        f"{package}/{name}.py": _filled("exercise.py", values),
        f"{package}/{name}_mistakes.py": _filled("mistakes.py", values),
        f"tests/exercises/test_lab{number}_{name}.py": _filled("test_lab.py", values),
    }
    source, front = f"notebooks/source/{lab.slug}.py", f"{package}/__init__.py"
    changed = {
        front: _with_exercise(_as_it_is(project.root / front), values, front),
        source: _with_cells(_as_it_is(project.root / source), values, lab.cells),
    }
    return _write(project, files, changed, [path for path in files if (project.root / path).exists()])


def check_title(title):
    """The title without blanks at its ends; raises LabkitError when it can't be one."""
    title = unicodedata.normalize("NFC", title).strip()
    if not title:
        raise LabkitError(
            'The title is empty: expected a few words, as in labkit new 06 "What is in a word?".'
        )
    odd = sorted({sign for sign in title if not (sign.isalnum() or sign in _SIGNS)})
    if odd:
        raise LabkitError(
            f"The title holds {' '.join(map(ascii, odd))}, which means something else in Markdown or Python. "
            f"Expected letters, digits and any of {_SIGNS.strip()}"
        )
    if len(title) > LONGEST_TITLE:
        raise LabkitError(f"The title has {len(title)} characters; expected {LONGEST_TITLE} at most.")
    if not slug_of(title):
        raise LabkitError(
            "The title has no letter from a to z and no digit, and the files are named after it. Begin with "
            "one in English, and change TITLE later."
        )
    return title


def slug_of(title):
    """A title as a file's name: "What's in a word? (Größe)" -> "whats_in_a_word_grosse"."""
    plain = (
        unicodedata.normalize("NFKD", title.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    )
    words = re.findall("[a-z0-9]+", plain.replace("'", ""))
    slug = ""
    for word in words:
        if len(f"{slug}_{word}") > LONGEST_SLUG:
            break
        slug = f"{slug}_{word}".strip("_")
    return slug or "".join(words)[:LONGEST_SLUG]


def check_name(name):
    """Raises LabkitError when `name` can't be the name of an exercise's function."""
    if not re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise LabkitError(
            f"{name!r} can't be the name of a function here: expected small letters, digits and single "
            "underscores, as in top_pieces."
        )
    if len(name) > LONGEST_NAME:
        raise LabkitError(f"{name!r} has {len(name)} characters; expected {LONGEST_NAME} at most.")
    if name in dir(builtins) or name in _TAKEN or name.endswith("_mistakes"):
        raise LabkitError(
            f"{name!r} is the name of something else in a lab. Choose another for the function."
        )


def _values(number, exercise, place):
    constant, shown = exercise.upper(), f"{int(number)}.{place}"
    return {"number": number, "exercise": exercise, "constant": constant, "place": shown}


def _filled(name, values):
    text = (TEMPLATE / f"{name}.txt").read_text(encoding="utf-8")
    return string.Template(text).substitute(values)


def _in_order(text):
    """The text of a package's __init__.py with its imports sorted, as the linter wants them."""
    lines = text.splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if line.startswith("from labkit.exercises.lab")]
    for place, line in zip(places, sorted(lines[place] for place in places), strict=True):
        lines[place] = line
    return "".join(lines)


def _with_exercise(text, values, shown):
    """__init__.py with one more exercise: its import, and its place at the end of EXERCISES."""
    lines, end = text.splitlines(keepends=True), _line_end(text)
    places = [place for place, line in enumerate(lines) if line.startswith("from labkit.exercises.lab")]
    found = [
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXERCISES"
    ]
    if not places or not found or not isinstance(found[0], ast.Tuple) or not found[0].elts:
        raise LabkitError(
            f"{shown}: expected its exercises' imports and EXERCISES = (...), where this one is to be added."
        )
    _add_to_tuple(lines, found[0], values["constant"], end)
    new = "from labkit.exercises.lab{number}.{exercise} import {constant}".format(**values)
    lines.insert(places[-1] + 1, new + end)
    return _in_order("".join(lines))


def _add_to_tuple(lines, node, name, end):
    """Add a name to a tuple, in place: what stands around it and between its lines stays."""
    last = node.elts[-1]
    line = lines[last.end_lineno - 1].encode()
    head, tail = line[: last.end_col_offset].decode(), line[last.end_col_offset :].decode()
    if node.end_lineno > last.end_lineno:  # the bracket closes on a line of its own
        indent = head[: len(head) - len(head.lstrip())]
        comma = "" if tail.lstrip().startswith(",") else ","
        lines[last.end_lineno - 1] = f"{head}{comma}{tail}"
        lines.insert(last.end_lineno, f"{indent}{name},{end}")
        return
    bracket = tail.index(")")
    lines[last.end_lineno - 1] = f"{head}, {name}{tail[bracket:]}"
    if node.lineno == node.end_lineno and len(lines[last.end_lineno - 1].rstrip()) > 110:
        names = [*(ast.unparse(element) for element in node.elts), name]
        opening = head[: len(line[: node.col_offset].decode())]
        several = [f"{opening}({end}", *(f"    {each},{end}" for each in names), tail[bracket:]]
        lines[last.end_lineno - 1 : last.end_lineno] = several


def _with_cells(text, values, cells):
    """The source with the exercise's three cells before its last section; at its end where it has none."""
    lines, end = text.splitlines(keepends=True), _line_end(text)
    sections = [cell.line for cell in cells if cell.kind == "markdown" and cell.text.startswith("## ")]
    place = sections[-1] - 1 if sections else len(lines)
    lines[place:place] = [line + end for line in [*_filled("cells.py", values).splitlines(), ""]]
    return "".join(lines)


def _line_end(text):
    return "\r\n" if "\r\n" in text else "\n"


def _as_it_is(path):
    """A file's text with its own line ends."""
    return path.read_bytes().decode("utf-8")


def _write(project, files, changed, in_the_way):
    """Write new files and change others, all or nothing; returns the paths."""
    if in_the_way:
        raise LabkitError(
            f"In the way: {', '.join(in_the_way)}. Nothing was written. Move them away, or choose another "
            "number or name."
        )
    before = {path: _as_it_is(project.root / path) for path in changed}
    done = []
    try:
        for path, text in (files | changed).items():
            done.append(path)
            write_text(project.root / path, text, newline="\n")
    except BaseException:
        for path in done:
            if path in before:
                write_text(project.root / path, before[path], newline="\n")
                continue
            (project.root / path).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not empty: it was there before
                (project.root / path).parent.rmdir()
        raise
    return list(files | changed)
