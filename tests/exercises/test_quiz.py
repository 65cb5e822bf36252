"""Quiz questions: what they show, what they answer, what they refuse."""

import re
from html.parser import HTMLParser

import pytest

from labkit.exercises.quiz import Choice, Question, Quiz
from labkit.messages import LabkitError

WRONG = Choice("It costs $1 and `x < y`", False, "No: <b> costs $2.")
RIGHT = Choice("Context from both sides", True, "Yes: both sides.")
ALSO = Choice("A [MASK] token", True, "Yes: a blank.")


def question(**changes):
    fields = {"key": "why", "prompt": "Why BERT?", "choices": [WRONG, RIGHT], "source": "slide 9"}
    return Question(**{**fields, **changes})


class Outline(HTMLParser):
    """The tags of a page, whether they close, and the text in and out of <details> bodies."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.summaries, self.bodies = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append((tag, dict(attrs)))
        if tag == "details":
            self.summaries.append("")
            self.bodies.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} closes out of turn"

    def handle_data(self, data):
        if "details" in self.open:
            target = self.summaries if "summary" in self.open else self.bodies
            target[-1] += data


def test_text_shows_lettered_choices_and_no_answer():
    q = question()
    assert q.text.splitlines() == [
        "Why BERT? (slide 9)",
        "  A  It costs $1 and `x < y`",
        "  B  Context from both sides",
        "One is right.",
    ]
    assert repr(q) == q.text == q._repr_mimebundle_()["text/plain"]


def test_html_opens_each_choice_onto_its_own_explanation():
    outline = Outline(question().html)
    assert outline.open == []
    assert outline.summaries == ["A\u2002It costs $1 and x < y", "B\u2002Context from both sides"]
    assert outline.bodies == ["✗ Not this one. No: <b> costs $2.", "✓ Right. Yes: both sides."]
    assert not any("open" in attrs for tag, attrs in outline.tags if tag == "details"), "all closed at first"


def test_html_survives_without_scripts_and_style_sheets():
    page = question().html
    assert not re.search(r"<script|<input|<button|\bon\w+=|javascript:|https?:|@import|url\(", page)
    without_style = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert (
        "✓ <strong>Right.</strong>" in without_style and "✗ <strong>Not this one.</strong>" in without_style
    )
    assert "outline" not in without_style, "the browser's own focus ring must stay where the sheet is dropped"
    assert ":focus-visible { outline: 3px" in page


def test_html_escapes_text_and_starts_no_formula():
    page = question(prompt="</div><script>alert(1)</script> `<i>` costs $5").html
    assert "<script" not in page and "<i>" not in page
    assert "<code>&lt;i&gt;</code>" in page
    assert "mathjax_ignore" in page and "<span>$</span>5" in page
    assert Outline(question(prompt="an odd ` stays").html).open == []
    assert "an odd ` stays" in question(prompt="an odd ` stays").html


@pytest.mark.parametrize("given", ["B", "b", " b ", ["B"], ("b",), "BB"])
def test_right_answer(given):
    q = question()
    said = q.answer(given)
    assert said == "✓ B: Right. Yes: both sides." and repr(said) == said
    assert q.given == ["B"] and q.solved


def test_wrong_answer_is_explained_and_the_latest_counts():
    q = question()
    assert not q.solved
    assert q.answer("B").startswith("✓")
    assert q.answer("A") == "✗ A: Not this one. No: <b> costs $2."
    assert q.given == ["B", "A"] and not q.solved


@pytest.mark.parametrize("given", ["Z", 3, None, "", "AB?", [1], True, "  "])
def test_no_such_choice(given):
    q = question()
    with pytest.raises(
        LabkitError, match='is not one of the choices.*from A to B, in quotes: .answer\\("A"\\)'
    ):
        q.answer(given)
    assert q.given == []


def test_two_letters_where_one_is_right():
    q = question()
    with pytest.raises(LabkitError, match="one choice is right here"):
        q.answer("AB")
    assert q.given == []


def test_several_right_choices():
    q = question(choices=[WRONG, RIGHT, ALSO], multiple=True)
    assert "More than one may be right." in q.text and "More than one may be right." in q.html
    assert q.correct_letters == "BC"
    assert q.answer("B") == "✓ B: Right. Yes: both sides.\n1 more is right." and not q.solved
    assert "✗ A" in q.answer("A, C") and "more" not in q.answer("AC") and not q.solved
    assert q.answer(["c", "b"]).count("✓") == 2 and q.solved
    assert q.given == ["B", "AC", "AC", "BC"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"choices": [WRONG, WRONG]}, "0 choices are marked correct, expected exactly one"),
        ({"choices": [RIGHT, ALSO]}, r"2 choices are marked correct.*multiple=True"),
        ({"choices": [WRONG, WRONG], "multiple": True}, "expected at least one"),
        ({"choices": [RIGHT]}, "it has 1 choices, expected 2 to 8"),
        ({"choices": [RIGHT] + [WRONG] * 8}, "it has 9 choices"),
        ({"choices": [RIGHT, Choice("x", False, "  ")]}, "choice B needs a text and an explanation"),
        ({"choices": [RIGHT, Choice("", False, "why")]}, "choice B needs a text"),
        ({"prompt": " "}, "must not be empty"),
        ({"key": ""}, "must not be empty"),
    ],
)
def test_author_mistakes(changes, message):
    with pytest.raises(LabkitError, match=message):
        question(**changes)


def test_quiz_by_key_in_order():
    quiz = Quiz([question(key="one"), question(key="two", choices=[RIGHT, WRONG])], title="Checkpoint")
    assert [q.key for q in quiz] == ["one", "two"] and len(quiz) == 2
    assert quiz["two"].correct_letters == "A"
    assert quiz.score == (0, 0, 2)
    quiz["one"].answer("A")
    quiz["two"].answer("A")
    assert quiz.score == (1, 2, 2)
    with pytest.raises(LabkitError, match="no question 'three'. There are: one, two"):
        quiz["three"]
    bundle = quiz._repr_mimebundle_()
    assert bundle["text/plain"] == repr(quiz) and "\n\n2. Why BERT?" in bundle["text/plain"]
    assert len(Outline(bundle["text/html"]).summaries) == 4


def test_quiz_refuses_doubles_and_emptiness():
    with pytest.raises(LabkitError, match="two questions have the key 'why'"):
        Quiz([question(), question()])
    with pytest.raises(LabkitError, match="at least one question"):
        Quiz([])


def test_show_outside_a_notebook_prints_text(capsys):
    question().show()
    Quiz([question()]).show()
    out = capsys.readouterr().out
    assert out.count("Why BERT? (slide 9)") == 2 and "Right" not in out


def test_show_in_a_notebook_displays_the_question(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    q = question()
    q.show()
    assert shown == [q]


def test_feedback_is_shown_without_quotes_in_a_notebook():
    from IPython.core.formatters import PlainTextFormatter

    assert PlainTextFormatter()(question().answer("b")) == "✓ B: Right. Yes: both sides."
