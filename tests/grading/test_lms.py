"""What Moodle and Canvas import: read back as they read it, whatever the students are called."""

import csv
import io

import pytest

from labkit.grading import lms
from labkit.grading.grades import Grade
from labkit.grading.reports import write_all


def grade(student, points=3, lab="01", **more):
    """One exercise of `points` out of 5."""
    one = {"exercise": "mlm_loss", "status": "wrong", "points": points, "max_points": 5, "properties": []}
    one |= {"problem": "", "misconception": "", "hints": [], "text": ""}
    return Grade(student, lab, exercises=[one], **more)


CLASS = [
    grade("Ann Lee", 5, id="1001", email="ann@uni.edu"),
    grade("Ann Lee", 2, "02", id="1001", email="ann@uni.edu"),
    grade("Zo\u00eb", 4, email="zoe@uni.edu"),
    grade("Bob", 1),
    Grade("Cat", "??", problem="Junk."),
]


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def imported_by_moodle(text, users, column):
    """Grades as Moodle's import reads them: {user: points}, or the row at which it stops.

    An empty field is passed over, and the row goes to the student of the row before.
    """
    found, student = {}, None
    for row in rows(text):
        value = row[column].strip()
        if value:
            if value not in users:
                return value
            student = users[value]
        if student is None:
            return "user not found"
        found[student] = row["Lab 01 (5 points)"]
    return found


def imported_by_canvas(text, by_id, by_sis, by_login, by_name):
    """As Canvas's importer: by its own id, the SIS id, the login, the name; else it asks."""
    lines = list(csv.reader(io.StringIO(text)))
    header, points_possible = lines[0], lines[1]
    assert (
        "Student" in header[0]
        and "ID" in header[1]
        and header[2:5] == ["SIS User ID", "SIS Login ID", "Section"]
    )
    assert "Points Possible" in points_possible[0]
    found = {}
    for row in lines[2:]:
        assert "Points Possible" not in row[0] and any(row)
        keys = zip((by_id, by_sis, by_login, by_name), (row[1], row[2], row[3], row[0]), strict=True)
        found[next((known[key] for known, key in keys if key in known), f"? {row[0]}")] = row[5:]
    return dict(zip(header[5:], points_possible[5:], strict=True)), found


def test_moodle_finds_those_it_knows_and_gives_nobody_anothers_points():
    text = lms.moodle(CLASS)
    assert text.splitlines()[0].startswith(
        "Email address,ID number,Full name,Lab 01 (5 points),Lab 02 (5 points)"
    )
    known = {"ann@uni.edu": "Ann", "zoe@uni.edu": "Zoë"}
    assert imported_by_moodle(text, known, "Email address") == "(not known: Bob)"
    by_email = [one for one in CLASS if one.email]
    assert imported_by_moodle(lms.moodle(by_email), known, "Email address") == {"Ann": "5", "Zoë": "4"}
    assert imported_by_moodle(lms.moodle(by_email), {"1001": "Ann"}, "ID number") == "(not known: Zoë)"
    assert [row["Full name"] for row in rows(text)] == ["Ann Lee", "Bob", "Cat", "Zoë"]
    assert rows(text)[1]["Lab 02 (5 points)"] == "-"  # no grade: Moodle leaves what is there
    assert rows(text)[0]["Feedback comments, lab 01"] == "mlm_loss 5/5"


def test_canvas_finds_each_by_what_is_known(tmp_path):
    class_ = [
        grade("Ann Lee", 5, id="1001", email="ann@uni.edu"),
        grade("Ben", 4, id="77", origin="benoit_77_1234_01_mlm.ipynb"),
        grade("Zo\u00eb", 3, email="zoe@uni.edu"),
        grade("Bob", 1),
        grade("    Points Possible", 0),
    ]
    known = (
        {"77": "Ben", "1001": "wrong"},
        {"1001": "Ann", "77": "wrong"},
        {"zoe@uni.edu": "Zoë"},
        {"Bob": "Bob"},
    )
    text = lms.canvas(class_)
    # 1001 came from a roster: as Canvas's own number it would be somebody else's.
    (ann,) = (row for row in rows(text) if row["Student"] == "Ann Lee")
    assert (ann["ID"], ann["SIS User ID"], ann["SIS Login ID"]) == ("", "1001", "ann@uni.edu")
    most, found = imported_by_canvas(text, {"77": "Ben"}, *known[1:])
    assert most == {"Lab 01": "5"}
    assert found == {"Ann": ["5"], "Ben": ["4"], "Zoë": ["3"], "Bob": ["1"], "? Points possible": ["0"]}
    path, missing = lms.write_canvas(class_, tmp_path / "canvas.csv")
    assert path.read_text(encoding="utf-8") == text and missing == ["    Points Possible", "Bob"]


def test_a_participants_number_is_no_id_number_and_has_a_worksheet(tmp_path):
    origin = "Ann Lee_4711_assignsubmission_file_/01.ipynb"
    class_ = [grade("Ann Lee", 5, id="4711", origin=origin, email="ann@uni.edu"), grade("Bob", 2)]
    (row, _) = rows(lms.moodle(class_))
    assert row["ID number"] == "(not known: Ann Lee)" and row["Email address"] == "ann@uni.edu"
    (path,) = lms.write_worksheets(class_, tmp_path)
    assert path.name == "moodle-worksheet-01.csv"
    (row,) = rows(path.read_text(encoding="utf-8"))
    assert (row["Identifier"], row["Grade"], row["Maximum grade"]) == ("Participant 4711", "5", "5")
    assert "Last modified (grade)" in row and row["Feedback comments"] == "mlm_loss 5/5"
    assert lms.write_moodle(class_, tmp_path / "m.csv")[1] == ["Bob"] == lms.unmatched(class_)
    assert lms.write_worksheets(class_[1:], tmp_path) == []


def test_what_two_students_have_is_neithers():
    class_ = [grade("A", 5, id="7", email="a@u.edu"), grade("B", 1, id="7", email="A@U.edu")]
    assert lms.unmatched(class_) == ["A", "B"]
    assert all(
        row["ID"] == row["SIS User ID"] == row["SIS Login ID"] == "" for row in rows(lms.canvas(class_))[1:]
    )


@pytest.mark.parametrize("write", [lms.moodle, lms.canvas], ids=["moodle", "canvas"])
@pytest.mark.parametrize(
    "name", ["=1+1", "a\nb", 'q"u,o"te', "\u202eevil\x1b[31m", "x" * 40_000, "\ud800", "  "]
)
def test_a_name_is_one_cell_and_no_formula(write, name):
    text = write([grade(name, 3, id=name, email=name, origin=name), grade("zed")])
    lines = list(csv.reader(io.StringIO(text)))
    assert len({len(line) for line in lines}) == 1 and len(lines) == (3 if write is lms.moodle else 4)
    for value in (value for line in lines for value in line):
        assert not value.startswith(("=", "@", "\t")) and len(value) <= 32_767
        assert not set(value) & set("\x1b\u202e\n\ud800")


def test_the_files_are_written_when_asked_for_and_only_then(tmp_path):
    plain = write_all(CLASS, tmp_path / "a")
    asked = write_all(CLASS, tmp_path / "b", moodle=True, canvas=True)
    assert {path.name for path in asked} - {path.name for path in plain} == {"moodle.csv", "canvas.csv"}
    assert plain[0].name == asked[0].name == "grades.csv" and all(path.is_file() for path in asked)
    assert lms.unmatched(CLASS) == ["Bob", "Cat"]
    assert lms.write_moodle(CLASS, tmp_path / "m.csv") == (tmp_path / "m.csv", ["Bob", "Cat"])


def test_a_class_without_a_lab_has_files_too():
    for write in (lms.moodle, lms.canvas):
        assert "Cat" in write(CLASS[-1:]) and "Lab" not in write(CLASS[-1:])
