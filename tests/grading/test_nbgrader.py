"""nbgrader itself, on our notebooks as they are: the solution gets all points, the stub gets none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.authoring.notebook import solution_notebook, to_text
from labkit.authoring.reference import read_texts
from labkit.exercises import get
from tests.notebooks.conftest import CELL_SECONDS, ROOT

pytest.importorskip("nbgrader", reason="needs nbgrader: pip install -c constraints.txt -e '.[nbgrader]'")

CONFIG = f"""
c = get_config()
c.ExecutePreprocessor.timeout = {CELL_SECONDS}
c.ExecutePreprocessor.startup_timeout = {CELL_SECONDS}
"""


def nbgrader(course, *command):
    """Run one nbgrader command on the course; returns what it said. A failure fails the test."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command, f"--course-dir={course}"],
        cwd=course,
        env={**os.environ, "PYTHONPATH": path, "PATH": programs},
        capture_output=True,
        text=True,
        timeout=6 * CELL_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


# Slow (a whole lab, solved and not). One lab is enough: that every lab's cells carry the metadata, that the
# solutions pass their checks and that unsolved ones raise there is tested for each in tests/notebooks.
def test_the_solution_gets_all_points_the_stub_none_and_both_get_feedback(project, tmp_path):
    from nbgrader.api import Gradebook

    number = "02"
    lab = project.lab(get(number).SLUG)
    texts = read_texts(project.reference_path(number))
    solution = to_text(solution_notebook(lab, project.address(), texts, project.passing))
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    for folder in ("source", "submitted/ann", "submitted/bob"):
        (tmp_path / folder / lab.slug).mkdir(parents=True)
    (tmp_path / "source" / lab.slug / f"{lab.slug}.ipynb").write_text(solution, encoding="utf-8")

    nbgrader(tmp_path, "generate_assignment", lab.slug, "--create")
    released = (tmp_path / "release" / lab.slug / f"{lab.slug}.ipynb").read_text(encoding="utf-8")
    assert "BEGIN SOLUTION" not in released and released.count("NotImplementedError") >= len(lab.exercises)

    for student, notebook in (("ann", solution), ("bob", released)):
        path = tmp_path / "submitted" / student / lab.slug / f"{lab.slug}.ipynb"
        path.write_text(notebook, encoding="utf-8")
    nbgrader(tmp_path, "autograde", lab.slug, "--create")
    points = sum(exercise.points for exercise in lab.module.EXERCISES)
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        grades = {student: book.find_submission(lab.slug, student) for student in ("ann", "bob")}
        assert {student: (g.score, g.max_score) for student, g in grades.items()} == {
            "ann": (points, points),
            "bob": (0, points),
        }

    nbgrader(tmp_path, "generate_feedback", lab.slug)
    for student, score in (("ann", points), ("bob", 0)):
        page = (tmp_path / "feedback" / student / lab.slug / f"{lab.slug}.html").read_text(encoding="utf-8")
        assert f"Score: {float(score)} / {float(points)}" in page
