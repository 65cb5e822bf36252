"""What is written about a class: each file by its own format's rules, whatever stands in a submission."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from labkit.exercises import get
from labkit.grading.class_page import class_page
from labkit.grading.feedback import feedback, feedback_file
from labkit.grading.github import page
from labkit.grading.grades import Grade, bounded, file_name, printable
from labkit.grading.reports import gradescope, junit, table, write_all
from labkit.grading.spreadsheet import MOST, cell
from labkit.grading.tally import outcome, summary, tally

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
ALLOWED |= {"details", "summary", "code", "footer"}
OVERRIDE, ESCAPE = "\u202e", "\x1b[31m"
CONTROLS = [chr(k) for k in (*range(9), 11, 12, *range(14, 32), *range(127, 160))]
CONTROLS += list("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ud800")


def report(name, status="wrong", points=1, text="", mistake="", hints=(), problem="", code="", ended=""):
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
        "code": code,
        "ended": ended,
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
    return one | {"text": text, "printed": text, "problem": text, "hints": [text, text], "code": text}


def test_no_cell_of_the_table_is_a_formula_in_any_spreadsheet(grades):
    text = table(grades)
    rows = list(csv.reader(io.StringIO(text)))
    assert [len(row) for row in rows] == [len(rows[0])] * (len(NAMES) + 2)
    dangerous = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
    for row in rows[1:]:
        for text in row:
            # A German Excel splits at semicolons, others at tabs or bars.
            for part in text.replace("|", ";").split(";"):
                assert not part.lstrip(" ").startswith(dangerous), row
    assert rows[1][:7] == ["ann", "", "", "01", "4", "6", "66.7"] and "'=cmd|" in rows[2][0]
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


def test_the_table_has_ids_percent_and_each_exercises_maximum_as_numbers():
    one = Grade("ann", "01", exercises=[report("wordpiece", "passed"), report("mlm_loss")])
    one = replace(one, id="0042", email="ann@uni.edu", seed=7, version="1.0 (abc)", notes=["Two files."])
    (row,) = csv.DictReader(io.StringIO(table([one])))
    expected = {"id": "0042", "email": "ann@uni.edu", "lab": "01", "points": "4", "of": "6"}
    expected |= {"percent": "66.7", "01 wordpiece": "3", "01 wordpiece of": "3", "01 mlm_loss": "1"}
    expected |= {"01 mlm_loss of": "3", "01 mask_tokens": "", "01 mask_tokens of": ""}
    expected |= {"seed": "7", "version": "1.0 (abc)", "notes": "Two files."}
    assert expected.items() <= row.items()
    assert list(row)[:7] == ["student", "id", "email", "lab", "points", "of", "percent"]
    nothing = Grade("zed", "??", problem="Junk.")
    assert [r["percent"] for r in csv.DictReader(io.StringIO(table([one, nothing])))] == ["66.7", ""]


@pytest.mark.parametrize("field", ["student", "id", "email", "problem"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        (f"{OVERRIDE}=1+1", "'=1+1"),  # what hides the sign is taken out before the sign is looked for
        ("\x00@SUM(A1)", "'@SUM(A1)"),
        ("a\x1b]0;title\x07b", "a]0;titleb"),
        ("a\r\n-1", "a -1"),
        ("lone \ud83d", "lone \ufffd"),
    ],
)
def test_no_field_of_the_table_obeys_its_text(field, text, shown):
    grade = replace(Grade("ann", "01", exercises=[report("mlm_loss")]), **{field: text})
    (row,) = csv.DictReader(io.StringIO(table([grade])))
    assert row["notes" if field == "problem" else field] == shown


@pytest.mark.parametrize(
    "text", ["x" * MOST, "x" * (MOST + 1), "\U0001f600" * MOST, "=;" * MOST, "\ud800" * 40_000]
)
def test_a_cell_is_as_long_as_a_spreadsheet_takes_and_says_that_it_was_cut(text):
    made = cell(text)
    assert len(made.encode("utf-16-le")) // 2 <= MOST
    assert ("cut:" in made) is (len(text.encode("utf-16-le", "replace")) // 2 > MOST or "=" in text)


@pytest.mark.parametrize("sign", CONTROLS, ids=lambda sign: f"U+{ord(sign):04X}")
def test_what_a_terminal_or_page_obeys_reaches_none(sign):
    text = f"a{sign}b"
    one = report("mlm_loss", text=text, hints=[text], code=text, mistake=text)
    grade = replace(Grade(text, "01", notes=[text], exercises=[one]), id=text, email=text, version=text)
    lost = Grade(text, "01", problem=text, exercises=[report("mlm_loss", "missing", 0, problem=text)])
    for made in (feedback(grade), feedback(lost), class_page([grade, lost]), page(grade), page(lost)):
        assert sign not in made
    results = json.loads(gradescope([grade, lost]))
    told = [results["output"], *(test["output"] for test in results["tests"])]
    assert all(sign not in text for text in (*told, junit([grade, lost]), table([grade]), summary([grade])))
    assert "b" in printable(text) and printable(text, lines=True, mark="?") in ("a?b", "a\ufffdb", "a\nb")


def test_printable_keeps_what_people_write():
    for text in ("Zoë", "你好", "עברית", "👩\u200d💻", "a\xa0b"):
        assert printable(text) == text
    assert printable("a\nb\tc\r\nd\u2028e") == "a b c d e"
    assert printable("a\nb\tc\r\nd\u2028e", lines=True) == "a\nb\tc\nd\ne"
    assert bounded("x" * 9, 9) == "x" * 9 and bounded("x" * 10, 9) == "x" * 8 + "\u2026"


DIFFERENT = [
    "Amy",
    "amy",
    "AMY",
    "Zo\u00eb",
    "Zoe\u0308",
    "zoe",
    "a b",
    "a_b",
    "a-b",
    "a.b",
    "",
    " ",
    "x" * 60,
]
DIFFERENT += ["x" * 61, "x" * 300, "con", "CON", "nul", "aux", "com1", "lpt9", "prn", "-rf", "amy.", "amy "]
DIFFERENT += ["\ud800", "\ud801", "?", "../../etc/passwd", "amy\n", "stra\u00dfe", "strasse", "\u0131", "i"]


def test_names_of_files_differ_by_more_than_case_on_every_system():
    names = [*DIFFERENT, *(file_name(text) for text in DIFFERENT)]  # nobody can take another's by his name
    made = [file_name(text).casefold() for text in dict.fromkeys(names)]
    assert len(set(made)) == len(made)
    for name in made:
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-") and 0 < len(name) <= 80
        assert not name.startswith("-")
        assert name.split(".")[0] not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
    assert [file_name(text) for text in ("ann", "a_b", "s-1")] == ["ann", "a_b", "s-1"]


def test_two_students_whose_names_differ_by_case_have_a_page_each(tmp_path):
    grades = [Grade(name, "01", exercises=[report("mlm_loss")]) for name in DIFFERENT]
    write_all(grades, tmp_path)
    found = {path.name.casefold() for path in (tmp_path / "feedback").iterdir()}
    assert found == {feedback_file(grade).casefold() for grade in grades} and len(found) == len(DIFFERENT)
    assert len(list((tmp_path / "gradescope").iterdir())) == len(DIFFERENT)


def test_the_page_leads_from_the_title_to_hints_that_open_one_by_one():
    task = next(task for task in get("01").EXERCISES if task.name == "mlm_loss")
    one = report(
        "mlm_loss", hints=["why", "what", "where"], code="def mlm_loss(x):\n    return x < 1", text="out"
    )
    text = feedback(replace(Grade("ann", "01", exercises=[one]), seed=7, version="1.0", date="2025-03-14"))
    order = [text.index(part) for part in (task.title, "mlm_loss: not passed", "does not hold", "A hint<")]
    assert order == sorted(order)
    opening = re.findall(r"</?details[^>]*>|why|what|where", text[text.index("A hint<") - 60 :])
    hint = '<details class="hint">'
    assert opening[:9] == [hint, "why", hint, "what", hint, "where", *["</details>"] * 3]
    assert "<details open><summary>Your code as it was graded" in text
    assert "return x &lt; 1</code></pre>" in text
    assert "2025-03-14" in text and "seed 7" in text and "1.0" in text
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")
    passed = feedback(Grade("ann", "01", exercises=[report("mlm_loss", "passed", code="x = 1")]))
    assert "<details><summary>Your code as it was graded" in passed and "A hint" not in passed
    assert "Your code" not in feedback(Grade("ann", "01", exercises=[report("mlm_loss", "missing", 0)]))
    assert "<footer>" not in passed  # a result of an older run says no seed


@pytest.mark.parametrize(
    ("code", "note"),
    [
        ("x = 1\n" * 3000, "400 of 3000 lines"),
        ("x" * 2_000_000, "1 of 1 lines"),
        ("\n" * 100_000 + "x", ""),
        ("x = '\u202e\x1b[31m</pre><script>'", ""),
    ],
)
def test_a_page_stays_short_whatever_was_handed_in(code, note):
    one = report("mlm_loss", text="long " * 100_000, hints=["h" * 100_000], code=code)
    text = feedback(Grade("n" * 5000, "01", notes=["note " * 9000] * 500, exercises=[one]))
    assert len(text) < 100_000 and note in text and "470 more notes are left out" in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"ended": "error"}, "an exception"),
        ({"ended": "time"}, "a time-out"),
        ({"ended": "crash"}, "a crash"),
        ({"ended": "syntax", "status": "missing"}, "a syntax error"),
        ({"ended": "error", "mistake": "no shift"}, "a known mistake"),
        ({"status": "unsolved"}, "no answer"),
        ({"status": "missing"}, "no answer"),
        ({"status": "unusable"}, "another mistake"),
        ({"status": "passed"}, "passed"),
    ],
)
def test_how_an_answer_ended_is_told_apart(made, expected):
    one = report("mlm_loss", **made)
    grade = Grade("ann", "01", exercises=[one])
    assert outcome(grade, one) == expected
    older = {name: value for name, value in one.items() if name not in ("code", "ended")}
    assert outcome(grade, older) in ("another mistake", "no answer", "passed", "a known mistake")
    assert outcome(replace(grade, problem="Junk."), one) in ("no notebook", "passed")
    assert expected in class_page([grade])
    on_screen = expected.removeprefix("an ").removeprefix("a ") + " 1" in summary([grade])
    assert on_screen is bool(made.get("ended") and "mistake" not in made)


def test_the_screen_says_how_many_have_no_id_where_some_have():
    grades = [Grade(str(k), "01", exercises=[report("mlm_loss")], id="7" * (k < 2)) for k in range(5)]
    assert "3 without an id or e-mail" in summary(grades)
    assert "without" not in summary(grades[2:]) and "without" not in summary(grades[:2])


def test_a_page_of_github_takes_a_report_without_a_line():
    one = report("mlm_loss") | {"text": ""}
    assert "<summary>mlm_loss</summary>" in page(Grade("ann", "01", exercises=[one]))
