"""What is written about a class: each file by its own format's rules, whatever stands in a submission."""

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from labkit.exercises import get
from labkit.grading.classroom import Grade
from labkit.grading.feedback import feedback
from labkit.grading.github import page
from labkit.grading.reports import gradescope, junit, table, write_all
from labkit.grading.tally import summary, tally

SCRIPT = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>&amp;"
NAMES = [
    "ann",
    "=cmd|' /C calc'!A0",
    "+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r\n=1",
    "x;=1+1",
    "\uff1d1",
    'a","=1',
    SCRIPT,
    "Zo\u00eb\x07",
]
VOID = {"meta", "br"}
ALLOWED = set("html head meta title style body main h1 h2 p strong bdi ul li span pre section br".split())
ALLOWED |= {"details", "summary"}


def report(name, status="wrong", points=1, text="", mistake="", hints=(), problem=""):
    """An exercise's report as it is kept, with `text` wherever a student's text can be."""
    passed = status == "passed"
    properties = [
        {"name": "the first", "points": 1, "passed": passed or points > 0, "message": ""},
        {"name": "the second", "points": 2, "passed": passed, "message": "" if passed else text},
    ]
    return {
        "exercise": name,
        "status": status,
        "points": 3 if passed else points,
        "max_points": 3,
        "properties": [] if problem else properties,
        "problem": problem,
        "misconception": mistake,
        "hints": list(hints),
        "text": f"{name}: said\n{text}",
        "printed": text,
    }


@pytest.fixture
def grades():
    """ann passed one of two exercises; everybody else is hostile, and the last one's notebook is lost."""
    right, wrong = report("wordpiece", "passed"), report("mlm_loss", text=SCRIPT, hints=["one", "two"])
    ann = Grade("ann", "01", exercises=[right, wrong])
    others = [
        Grade(name, "01", notes=["=1+1 " + name], exercises=[right, replace_text(wrong, name)])
        for name in NAMES[1:]
    ]
    lost = Grade("zed", "??", problem="The file is not a notebook: it is not JSON.")
    return [ann, *others, lost]


def replace_text(one, text):
    return one | {"text": text, "printed": text, "problem": text, "hints": [text, text]}


def test_no_cell_of_the_table_is_a_formula_in_any_spreadsheet(grades):
    text = table(grades)
    rows = list(csv.reader(io.StringIO(text)))
    assert [len(row) for row in rows] == [len(rows[0])] * (len(NAMES) + 2)
    dangerous = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
    for row in rows[1:]:
        for cell in row:
            # A German Excel splits at semicolons, others at tabs or bars.
            for part in cell.replace("|", ";").split(";"):
                assert not part.lstrip(" ").startswith(dangerous), row
    assert rows[1][:4] == ["ann", "01", "4", "6"] and "'=cmd|" in rows[2][0]
    assert rows[-1][-1] == "The file is not a notebook: it is not JSON."


def test_the_table_opens_in_excel_and_in_python_with_its_letters(tmp_path, grades):
    write_all(grades, tmp_path)
    raw = (tmp_path / "grades.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and "Zo\u00eb" in raw.decode("utf-8-sig")


def test_junit_counts_what_it_holds_and_loses_nobody(grades):
    text = junit(grades)
    root = ElementTree.fromstring(text)
    assert text.startswith("<?xml") and root.tag == "testsuites"
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases) > 0
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) > 0
        assert (suite.get("errors"), suite.get("skipped")) == ("0", "0")
        assert all(case.get("classname") and case.get("name") for case in cases)
    assert [suite.get("name") for suite in root] == ["lab 01", "lab ??"]
    assert root[1].find("testcase").get("classname") == "zed"
    assert "not JSON" in root[1].find("testcase/failure").get("message")
    points = {p.get("name"): p.get("value") for p in root[0][1].iter("property")}
    assert points == {"points": "1", "of": "3"}


# Gradescope's documented fields of results.json, with their types.
TOP = {"score": (int, float), "output": str, "output_format": str, "tests": list}
TEST = {"score": (int, float), "max_score": (int, float), "status": str, "name": str, "number": str}
TEST |= {"output": str, "output_format": str, "visibility": str}


def is_valid_for_gradescope(result):
    """By the documented rules: known fields only, of their types and among their values."""
    for item, fields in [(result, TOP), *((test, TEST) for test in result["tests"])]:
        assert set(item) <= set(fields)
        assert all(isinstance(value, fields[name]) for name, value in item.items())
        assert item.get("output_format", "text") in ("text", "html", "simple_format", "md", "ansi")
    for test in result["tests"]:
        assert test["status"] in ("passed", "failed") and 0 <= test["score"] <= test["max_score"]
        assert test["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
    assert result["score"] == sum(test["score"] for test in result["tests"])
    return True


def test_results_json_has_gradescopes_fields_only(grades):
    for grade in grades:
        assert is_valid_for_gradescope(json.loads(gradescope([grade])))
    both = json.loads(gradescope([grades[0], replace(grades[0], lab="02")]))
    assert is_valid_for_gradescope(both) and both["score"] == 8
    assert [test["number"] for test in both["tests"]] == ["01.1", "01.2", "02.1", "02.2"]
    lost = json.loads(gradescope([grades[-1]]))
    assert lost["score"] == 0 and "not JSON" in lost["output"]


class Strict(HTMLParser):
    """Fails at a tag or attribute that a feedback page does not need, and at one that is not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.texts = [], []

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        assert all(not name.startswith("on") and name not in ("src", "href") for name, _ in attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("write", [feedback, page], ids=["feedback page", "page of a GitHub run"])
def test_a_page_holds_no_tag_of_a_students(grades, write):
    for grade in grades:
        parser = Strict()
        parser.feed(write(grade))
        parser.close()
        assert parser.open == []
        if grade.student == SCRIPT:
            assert "<script>alert(1)</script>" in "".join(parser.texts)  # shown, as text


def test_the_page_says_what_passed_what_did_not_and_the_hints(grades):
    text = feedback(grades[0])
    assert "4 of 6 points" in text and "1 of 2 exercises passed" in text
    assert "wordpiece: passed, 3 of 3 points" in text and "mlm_loss: not passed, 1 of 3 points" in text
    assert "\u2713 holds</span>: the first (1 point)" in text
    assert "\u2717 does not hold</span>: the second (2 points)" in text
    assert "<strong>Hint.</strong> one" in text and "<details><summary>A plainer hint (2)" in text
    assert get("01").EXERCISES[0].title in text
    assert 'name="viewport"' in text and "prefers-color-scheme: dark" in text and 'lang="en"' in text
    assert "default-src 'none'" in text
    assert "not JSON" in feedback(grades[-1])


def test_every_file_is_written_and_the_picture_stands_alone(tmp_path, grades):
    written = write_all(grades, tmp_path)
    assert {"grades.csv", "junit.xml", "class.html", "class.svg"} <= {path.name for path in written}
    assert all(path.is_file() and tmp_path in path.parents for path in written)
    assert len(list((tmp_path / "feedback").iterdir())) == len(grades)
    assert len(list((tmp_path / "gradescope").glob("*/results.json"))) == len(grades)
    drawn = ElementTree.parse(tmp_path / "class.svg").getroot()
    words = drawn.find("{*}desc").text
    assert f"01 wordpiece: {len(NAMES)} of {len(NAMES)} passed" in words
    assert words.split("\n")[0] in (tmp_path / "class.html").read_text(encoding="utf-8")


def test_a_class_without_one_readable_notebook_has_its_files_too(tmp_path, grades):
    written = write_all(grades[-1:], tmp_path)
    assert {"grades.csv", "junit.xml"} <= {path.name for path in written}
    assert not (tmp_path / "class.html").exists()
    assert "nothing to grade for 1" in summary(grades[-1:])


def test_the_tally_counts_each_student_once():
    grades = [
        Grade("a", "01", exercises=[report("mlm_loss", "passed")]),
        Grade("b", "01", exercises=[report("mlm_loss", mistake="softmax twice")]),
        Grade("c", "01", exercises=[report("mlm_loss")]),
        Grade("d", "01", exercises=[report("mlm_loss", "unsolved", 0, problem="Write it.")]),
        Grade("e", "01", exercises=[report("mlm_loss", "missing", 0, problem="It is the stub still.")]),
        Grade("f", "01", problem="Junk.", exercises=[report("mlm_loss", "missing", 0, problem="Junk.")]),
    ]
    (one,) = tally(grades)
    expected = {"passed": 1, "a known mistake": 1, "another mistake": 1, "no answer": 2, "no notebook": 1}
    assert one.outcomes == expected and one.students == 6
    assert one.mistakes == {"softmax twice": 1}


def test_the_summary_has_the_five_most_frequent_mistakes():
    grades = [
        Grade(f"{mistake}{k}", "01", exercises=[report("mlm_loss", mistake=f"mistake {mistake}")])
        for mistake in range(1, 8)
        for k in range(mistake)
    ]
    text = summary(grades)
    assert "Lab 01: 28 students, points from 1 to 1 of 3" in text and "0 of 28 passed" in text
    shown = [line for line in text.split("\n") if "mistake " in line]
    assert [line.split()[0] for line in shown] == ["7", "6", "5", "4", "3"]
    assert "7 students  mlm_loss (lab 01): mistake 7" in shown[0]
