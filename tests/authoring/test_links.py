"""labkit links: one place for the address, and no old one left behind."""

import argparse
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from labkit import __version__
from labkit.authoring.build import build
from labkit.authoring.links import (
    add_links_arguments,
    check_hub,
    check_repository,
    check_tag,
    restamp,
    run_links,
)
from labkit.authoring.project import NOWHERE, Address, Project
from labkit.authoring.stamps import move_links
from labkit.grading.scripts import filled
from labkit.messages import LabkitError

ROOT = Path(__file__).parents[2]
PLACES = ["Colab", "Binder", "Kaggle", "Codespaces"]


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
    assert capsys.readouterr().out.splitlines()[:-1] == [f"wrote {path}" for path in made]
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
    assert "Counting words" in row and re.findall(r"!\[Open in (\w+)\]", row) == PLACES


def test_notebooks_have_text_links_and_no_picture_from_elsewhere(course):
    """Opening a notebook must ask nothing of another machine."""
    build(course.project)
    row = next(line for line in course.readme.read_text().splitlines() if line.startswith("| [01"))
    addresses = re.findall(r"\)\]\((https://[^)]*)\)", row)
    assert len(addresses) == len(PLACES)
    for path in (course.student, course.solution):
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        assert (first["id"], first["cell_type"]) == ("badges", "markdown")
        text = "".join(first["source"])
        assert re.findall(r"\[Open in \w+\]\(([^)]*)\)", text) == addresses
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
     "ada/..", 'ada/x"', "ada/labs\n", "ada/labs.git", "OWNER/REPO"],
)  # fmt: skip
def test_wrong_addresses_are_refused(course, wrong):
    with pytest.raises(LabkitError, match="OWNER/REPO|leave out the .git"):
        restamp(course.project, wrong)
    assert 'REPOSITORY = "old-owner/old-labs"' in course.address.read_text(encoding="utf-8")


# A release: what opens a lab, and what its first cell installs, stays what it was when the notebook was made.


def links(course):
    """{place: link} of the lab's row in the README."""
    build(course.project)
    row = next(line for line in course.readme.read_text().splitlines() if line.startswith("| [01"))
    return dict(re.findall(r"\[Open in (\w+)\](?:\([^)]*\)\])?\(([^)]*)\)", row))


def test_a_release_is_what_the_links_open_and_the_first_cell_installs(course, capsys):
    assert run(course.project, "ada/bert-labs", "--tag", f"v{__version__}") == 0
    said = capsys.readouterr().out
    assert f"git tag v{__version__} && git push origin HEAD v{__version__}" in said
    assert f'ada/bert-labs@v{__version__}\\"' in course.student.read_text(encoding="utf-8")
    opens = links(course)
    assert {place for place, link in opens.items() if f"v{__version__}" in link} == {
        "Colab",
        "Binder",
        "Kaggle",
    }
    assert opens["Codespaces"] == "https://codespaces.new/ada/bert-labs/tree/main?quickstart=1"
    assert opens["Kaggle"].endswith(
        f"https://github.com/ada/bert-labs/blob/v{__version__}/notebooks/01_words.ipynb"
    )
    assert f"ref: v{__version__}" in filled("grade.yml", REF=course.project.address().ref)


def test_without_a_tag_the_newest_is_installed_again(course, capsys):
    run(course.project, "ada/bert-labs", "--tag", f"v{__version__}", "--hub", "https://hub.example")
    run(course.project, "ada/bert-labs")
    assert "install what is newest" in capsys.readouterr().out
    assert holding(course.root, f"ada/bert-labs@v{__version__}") == holding(course.root, "hub.example") == []


@pytest.mark.parametrize(
    "hub",
    ["https://hub.uni.example", "https://hub.uni.example/", "https://hub.uni.example/hub/home",
     "https://hub.uni.example/hub/login", "https://hub.uni.example/hub"],
)  # fmt: skip
def test_a_hub_opens_the_lab_with_nbgitpuller(course, hub):
    restamp(course.project, "ada/bert-labs", hub=hub)
    at, _, query = links(course)["JupyterHub"].partition("?")
    assert at == "https://hub.uni.example/hub/user-redirect/git-pull"
    assert parse_qs(query) == {
        "repo": ["https://github.com/ada/bert-labs"],
        "branch": ["main"],
        "urlpath": ["lab/tree/bert-labs/notebooks/01_words.ipynb"],
    }


def test_without_a_hub_the_readme_says_what_stands_behind_its_address(course):
    build(course.project)
    assert (
        "`/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fold-owner" in course.readme.read_text()
    )


@pytest.mark.parametrize(
    "tag", ["v 1", "-v1", "v1..2", "v1/2", "v1.lock", 'v1"', "v1\n", "v1~2", "@", "v" * 200]
)
def test_what_can_be_no_tag_is_refused(course, tag):
    with pytest.raises(LabkitError, match="can't be the tag"):
        restamp(course.project, "ada/bert-labs", tag)
    assert holding(course.root, "ada/bert-labs") == []


@pytest.mark.parametrize("tag", ["v9.9.9", "9.9.9", "v9.9", "v9.9.9rc1", "V9.9.9"])
def test_another_releases_tag_is_refused(course, tag):
    with pytest.raises(LabkitError, match=f"not the tag of this release, which is labkit {__version__}"):
        restamp(course.project, "ada/bert-labs", tag)


@pytest.mark.parametrize("tag", [f"v{__version__}", __version__, "autumn-2026", "labs_3", ""])
def test_right_tags(tag):
    assert check_tag(tag) == tag


@pytest.mark.parametrize(
    "hub", ["hub.uni.example", "ftp://hub", 'https://hub"', "https://", "https://hub/?x=1"]
)
def test_what_can_be_no_hub_is_refused(hub):
    with pytest.raises(LabkitError, match="no address of a JupyterHub"):
        check_hub(hub)


def test_an_address_file_of_before_gets_its_new_lines(course):
    restamp(course.project, "ada/bert-labs", __version__, "https://hub.example")
    expected = Address("ada/bert-labs", "main", __version__, "https://hub.example")
    assert course.project.address() == expected
    text = course.address.read_text(encoding="utf-8")
    assert restamp(course.project, "ada/bert-labs", __version__, "https://hub.example")[0]
    assert course.address.read_text(encoding="utf-8") == text and text.startswith('"""The one place."""')


def test_a_course_that_was_not_published_says_so_instead_of_leading_nowhere(course):
    course.project.set_address(NOWHERE)
    build(course.project)
    for text in (course.readme.read_text(), course.student.read_text(), course.solution.read_text()):
        assert "has not been published yet" in text and "Open in" not in text
        assert NOWHERE not in text.replace("labkit links OWNER/REPO", "")


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
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
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
