"""labkit links: one place for the address, and no old one left behind."""

import argparse
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from labkit.authoring.build import build
from labkit.authoring.links import add_links_arguments, check_repository, restamp, run_links
from labkit.authoring.project import Project
from labkit.authoring.stamps import move_links
from labkit.messages import LabkitError

ROOT = Path(__file__).parents[2]


def run(project, *arguments):
    parser = argparse.ArgumentParser()
    add_links_arguments(parser)
    return run_links(parser.parse_args(arguments), project=project)


def holding(root, text):
    """Files under `root` that hold `text`."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and text.encode() in path.read_bytes():
            found.append(path.relative_to(root).as_posix())
    return found


def test_restamp_reaches_everything(course, capsys):
    build(course.project)
    assert run(course.project, "ada/bert-labs") == 0
    made = [
        "README.md",
        "build/solutions/01_words.ipynb",
        "labkit/authoring/address.py",
        "notebooks/01_words.ipynb",
    ]
    assert holding(course.root, "ada/bert-labs") == made
    assert capsys.readouterr().out.splitlines() == [f"wrote {path}" for path in made]
    assert holding(course.root, "old-owner") == []
    readme = course.readme.read_text(encoding="utf-8")
    assert "git clone https://github.com/ada/bert-labs.git" in readme
    assert "labkit links OWNER/REPO" in readme  # how to use the command: no address


def test_restamping_twice_leaves_no_trace_of_the_first(course):
    restamp(course.project, "ada/bert-labs")
    restamp(course.project, "grace/labs")
    assert holding(course.root, "ada/bert-labs") == []
    assert len(holding(course.root, "grace/labs")) == 4


def test_the_readme_table_has_badges_with_alternative_text(course):
    build(course.project)
    row = next(line for line in course.readme.read_text().splitlines() if line.startswith("| [01"))
    assert "Counting words" in row and "![Open in Colab]" in row and "![Open in Binder]" in row


def test_notebooks_have_text_links_and_no_picture_from_elsewhere(course):
    """Opening a notebook must ask nothing of another machine."""
    build(course.project)
    row = next(line for line in course.readme.read_text().splitlines() if line.startswith("| [01"))
    addresses = re.findall(r"\]\((https://[^)]*01_words[^)]*)\)", row)
    assert len(addresses) == 2
    for path in (course.student, course.solution):
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        assert (first["id"], first["cell_type"]) == ("badges", "markdown")
        text = "".join(first["source"])
        assert re.findall(r"\[Open in (?:Colab|Binder)\]\(([^)]*)\)", text) == addresses
        assert "!" not in text and "<" not in text, "a picture"


@pytest.mark.parametrize(
    "readme", ["# Labs\n", "<!-- end of labs -->\n<!-- labs: written by `labkit build` -->\n"]
)
def test_readme_without_its_markers(course, readme):
    course.write(course.readme, readme)
    with pytest.raises(LabkitError, match="README.md: expected one line"):
        restamp(course.project, "ada/bert-labs")
    assert 'REPOSITORY = "old-owner/old-labs"' in course.address.read_text(encoding="utf-8"), "half a restamp"


@pytest.mark.parametrize(
    "wrong",
    ["ada", "", "ada/", "/labs", "ada/bert/labs", "https://github.com/ada/labs", "ada/la bs", "-ada/labs",
     "ada/..", 'ada/x"', "ada/labs\n", "ada/labs.git"],
)  # fmt: skip
def test_wrong_addresses_are_refused(course, wrong):
    with pytest.raises(LabkitError, match="OWNER/REPO|leave out the .git"):
        restamp(course.project, wrong)
    assert 'REPOSITORY = "old-owner/old-labs"' in course.address.read_text(encoding="utf-8")


@pytest.mark.parametrize("right", ["ada/labs", "a/b", "Ada-1/bert.labs_2", "ada/.github"])
def test_right_addresses(right):
    assert check_repository(right) == right


def test_a_faulty_source_leaves_the_address(course):
    course.edit("lab.check(count)", "pass")
    with pytest.raises(LabkitError, match="expected `lab.check"):
        restamp(course.project, "ada/bert-labs")
    assert holding(course.root, "ada/bert-labs") == []


def test_work_is_kept_with_its_old_address(course, capsys):
    build(course.project)
    worked = course.student.read_text(encoding="utf-8").replace("between spaces", "between my spaces")
    course.write(course.student, worked)
    assert run(course.project, "ada/bert-labs") == 1
    assert course.student.read_text(encoding="utf-8") == worked
    assert "kept notebooks/01_words.ipynb with its old address" in capsys.readouterr().out


def test_an_address_file_without_its_line(course):
    course.write(course.address, "REPO = 1\n")
    with pytest.raises(LabkitError, match="labkit/authoring/address.py: no line such as"):
        course.project.address()


@pytest.mark.parametrize(
    "text, moved",
    [
        ("https://github.com/a/b", "https://github.com/c/d"),
        ("git@github.com:a/b.git", "git@github.com:c/d.git"),
        ("https://github.com/a/b.", "https://github.com/c/d."),
        ("https://github.com/a/bc and https://github.com/a/b.js", None),
        ("labkit links a/b", None),
    ],
)
def test_links_move_and_other_mentions_stay(text, moved):
    assert move_links(text, "a/b", "c/d") == (moved or text)


def test_no_old_address_is_left_in_this_repository(tmp_path):
    """A copy of the tracked files, published twice: the first address must be gone from all of them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        own = name.startswith(("data/models/", "tests/authoring/"))  # weights; these tests' made-up addresses
        if (ROOT / name).is_file() and not own:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "notebooks" / "source").mkdir(parents=True, exist_ok=True)
    project = Project(tmp_path)
    before = project.address().repository
    restamp(project, "first-owner/first-course", force=True)
    assert "labkit/authoring/address.py" in holding(tmp_path, "first-owner/first-course")
    assert holding(tmp_path, f"github.com/{before}") == holding(tmp_path, f"/gh/{before}") == []
    restamp(project, "second-owner/second-course", force=True)
    assert holding(tmp_path, "first-owner/first-course") == []
