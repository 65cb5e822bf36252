"""The instructor's page: every number opens to the names behind it; no name does anything to it."""

import re
from html.parser import HTMLParser

import pytest

from labkit.exercises import get
from labkit.grading.alike import Alike
from labkit.grading.class_page import class_page
from labkit.grading.feedback import feedback_file
from labkit.grading.grades import Grade
from labkit.plotting.classroom import OUTCOMES

TASKS = get("01").EXERCISES
ENDED = {"an exception": "error", "a time-out": "time", "a crash": "crash", "a syntax error": "syntax"}
VOID = {"meta", "br", "rect", "path"}
ALLOWED = set(
    "html head meta title style body main nav section footer h1 h2 h3 h4 p ul li a bdi span strong".split()
)
ALLOWED |= set("code div details summary svg defs pattern rect path text".split())


def result(task, became):
    """An exercise's report of one outcome; an answer that is wrong has the first property."""
    passed = became == "passed"
    wrong = became in ("a known mistake", "another mistake")
    properties = [
        {"name": p.name, "points": p.points, "passed": passed or (wrong and k == 0), "message": ""}
        for k, p in enumerate(task.properties)
    ]
    return {
        "exercise": task.name,
        "status": {"passed": "passed", "no answer": "unsolved", "no notebook": "missing"}.get(
            became, "wrong"
        ),
        "points": sum(p["points"] for p in properties if p["passed"]),
        "max_points": task.points,
        "properties": properties if became != "no notebook" else [],
        "problem": "",
        "misconception": "softmax twice" if became == "a known mistake" else "",
        "hints": [],
        "text": "",
        "code": "",
        "ended": ENDED.get(became, ""),
    }


def student(name, became, **more):
    """A grade in which every exercise of lab 01 became the same."""
    problem = "Nothing was handed in." if became == "no notebook" else ""
    return Grade(name, "01", problem=problem, exercises=[result(task, became) for task in TASKS], **more)


CLASS = [student(f"s{k:02}", list(OUTCOMES)[k % len(OUTCOMES)]) for k in range(20)]
NAMES = {
    became: [g.student for k, g in enumerate(CLASS) if list(OUTCOMES)[k % 9] == became] for became in OUTCOMES
}


class Page(HTMLParser):
    """Text, links, and each <details> as (its summary, the names in it)."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.opening, self.texts, self.summaries = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        given = dict(attributes)
        assert not any(name.startswith("on") or name in ("src", "style") for name in given)
        if tag == "a":
            self.links.append(given["href"])
        if tag == "details":
            self.opening.append([])
        if tag == "bdi" and self.opening:
            self.opening[-1].append("")
        if tag == "summary":
            self.summaries.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if "summary" in self.open:
            self.summaries[-1] += data
        elif "bdi" in self.open and "details" in self.open:
            self.opening[-1][-1] += data


def behind(page, beginning):
    """The names behind the first number whose line begins like this."""
    index = next(k for k, line in enumerate(page.summaries) if line.startswith(beginning))
    return page.opening[index]


@pytest.mark.parametrize("became", OUTCOMES)
def test_each_outcome_has_its_number_and_its_names(became):
    page = Page(class_page(CLASS))
    names = NAMES[became]
    assert behind(page, f"{became}: {len(names)} students") == names
    assert page.summaries.count(f"{became}: {len(names)} students") == len(TASKS)


def test_each_property_says_how_many_have_it_and_who_has_not():
    page = Page(class_page(CLASS))
    first, last = TASKS[0].properties[0].name, TASKS[0].properties[-1].name
    right = NAMES["passed"]
    some = sorted([*right, *NAMES["a known mistake"], *NAMES["another mistake"]])
    names = [grade.student for grade in CLASS]
    assert behind(page, f"{first}: {len(some)} of 20 have it") == some + [n for n in names if n not in some]
    assert behind(page, f"{last}: {len(right)} of 20 have it")[: len(right)] == right
    assert behind(page, "softmax twice: 3 students") == NAMES["a known mistake"]


def test_the_points_of_a_lab_are_distributed_over_all_students():
    page = Page(class_page(CLASS))
    lines = [line for line in page.summaries if re.match(r"\d+( to \d+)? points?: ", line)]
    assert sum(int(re.search(r": (\d+) student", line)[1]) for line in lines) == len(CLASS)
    assert behind(page, "28 to 31 points") == NAMES["passed"]
    assert behind(page, "Nothing was handed in: 2 students") == NAMES["no notebook"]
    assert "20 students; points from 0 to 31 of 31" in "".join(page.texts)


def test_a_name_leads_to_its_page_and_a_contents_to_each_exercise():
    text = class_page(CLASS)
    links = set(Page(text).links)
    assert {f"feedback/{feedback_file(grade)}" for grade in CLASS} <= links
    anchors = {link[1:] for link in links if link.startswith("#")}
    assert {f"lab-01-{task.name}" for task in TASKS} <= anchors
    assert all(f'id="{anchor}"' in text for anchor in anchors)
    assert len(re.findall(r' id="', text)) == len(set(re.findall(r' id="([^"]*)"', text)))


def test_the_page_needs_no_script_and_no_network_and_is_said_in_words():
    text = class_page(CLASS)
    assert "default-src 'none'; style-src 'unsafe-inline'" in text and "<script" not in text
    assert "://" not in text and 'lang="en"' in text and "prefers-color-scheme: dark" in text
    for task in TASKS:
        assert f'aria-label="01 {task.name}: {len(NAMES["passed"])} of 20 passed; a known mistake' in text


HOSTILE = [
    "</title><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "x" * 300,
    '"><b>',
    "\u202eevil",
]
HOSTILE += ["\x1b[31mred", "\ud800", "", " \n ", "a&amp;b", "{0}", "javascript:alert(1)", "../../up"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_whole_and_does_nothing(name):
    lost = Grade(name, "??", problem=name)
    broken = student(name, "no notebook", id=name, email=name, version=name, date=name)
    broken.problem = name or "Junk."
    class_ = [student(name, "a known mistake"), broken, lost]
    page = Page(class_page(class_, [Alike("01", "mlm_loss", (name, "bob"), 99)]))
    plain = re.sub("[\n\x1b\u202e]", "", name).replace("\ud800", "\ufffd")
    assert behind(page, "a known mistake: 1 student") == [plain.strip() or "(no name)"]
    assert not any(link.startswith(("javascript", "..")) or ".." in link for link in page.links)


def test_those_who_read_the_same_are_told_apart():
    page = class_page([student("amy\x00", "passed", id="1"), student("amy", "passed", email="a@u.edu")])
    assert "<bdi>amy</bdi> (1)</a>" in page and "<bdi>amy</bdi> (a@u.edu)</a>" in page


def test_answers_that_are_alike_are_a_hint_with_names():
    text = class_page(CLASS, [Alike("01", "mlm_loss", ("s01", "s02"), 80)])
    page = Page(text)
    assert behind(page, "Lab 01, mlm_loss: 2 students") == ["s01", "s02"]
    assert "no verdict" in text and "#alike" in page.links
    assert "alike" not in class_page(CLASS)


def test_the_page_says_when_and_by_what_it_was_graded():
    one = [student("a", "passed", seed=3, version="1.0 (abc)", date="2025-03-14")]
    text = class_page(one)
    assert "Graded on 2025-03-14." in text and "Seed 3, version 1.0 (abc)." in text
    text = class_page([*one, student("b", "passed", seed=4, version="1.1", date="2025-03-15")])
    assert "from 2025-03-14 to 2025-03-15" in text and "(1 result)" in text
    assert "<footer>" not in class_page(CLASS)


def test_the_page_of_a_large_class_is_a_few_megabytes():
    large = [student(f"A Student Called {k}", "another mistake") for k in range(300)]
    assert len(class_page(large)) < 2_000_000
