"""`labkit submit`: it writes beside the student's work, never over it."""

import pytest

from labkit.commands import cli
from labkit.grading import submit as module
from labkit.grading.submit import submit
from labkit.messages import LabkitError


@pytest.fixture
def notebook(solved, handed_in, tmp_path):
    """A solved notebook on disk."""
    path = tmp_path / "mine.ipynb"
    path.write_bytes(handed_in(solved))
    return path


def test_the_notebook_is_only_read(notebook, project, tmp_path):
    before = notebook.read_bytes()
    submission, target = submit(notebook, project, tmp_path / "spliced.ipynb")
    assert notebook.read_bytes() == before
    assert len(submission.found) == 6 and target.exists()
    assert submit(notebook, project, target)[1] == target  # its own file it may renew


def test_it_never_writes_over_somebodys_file(notebook, project, tmp_path):
    mine = tmp_path / "other.ipynb"
    mine.write_text("my own notes")
    for output in (notebook, mine):
        before = output.read_bytes()
        with pytest.raises(LabkitError, match="choose another"):
            submit(notebook, project, output)
        assert output.read_bytes() == before


@pytest.mark.parametrize(("content", "reason"), [(None, "can't be read"), (b"junk", "not JSON")])
def test_a_bad_file_is_one_message(project, tmp_path, content, reason):
    path = tmp_path / "bad.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LabkitError, match=reason):
        submit(path, project, tmp_path / "out.ipynb")


def test_the_command_says_what_was_found(notebook, project, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module.Project, "here", lambda: project)
    output = str(tmp_path / "out.ipynb")
    assert cli.main(["submit", str(notebook), "--output", output]) == 0
    assert "[ok] wordpiece" in capsys.readouterr().out
    notebook.write_text(notebook.read_text().replace("def wordpiece(", "def wordpieces("))
    assert cli.main(["submit", str(notebook), "--output", output]) == 1
    assert "[  ] wordpiece: There is no function wordpiece" in capsys.readouterr().out
