"""The picture of a class, from one student to five hundred, as a figure and as an SVG file."""

from xml.etree import ElementTree

import pytest

from labkit import plotting
from labkit.messages import LabkitError

SHAPES = "{http://www.w3.org/2000/svg}"


def a_class(size):
    """Two exercises of `size` students: all outcomes there is room for, and a hostile mistake's name."""
    failed = size // 3
    outcomes = {
        "01 wordpiece": {"a known mistake": failed, "passed": size - failed, "no answer": 0},
        "02 causal_mask": {"no notebook": size},
    }
    return outcomes, {"01 wordpiece": {"<script>": failed} if failed else {}}


@pytest.mark.parametrize("size", [1, 12, 500])
def test_the_bars_add_up_to_the_class_and_keep_their_place(size):
    made = plotting.class_map(*a_class(size))
    bars = {}
    for trace in made.figure.data:
        for y, n in zip(trace.y, trace.x, strict=True):
            bars[y] = bars.get(y, 0) + n
    whole = [n for n in bars.values() if n == size]
    assert len(whole) >= 2 and sum(bars.values()) == 2 * size + size // 3
    assert made.figure.layout.xaxis.range == (0, size)
    assert f"01 wordpiece: {size - size // 3} of {size} passed" in made.summary
    assert made.figure.layout.height < 400


@pytest.mark.parametrize("size", [1, 12, 500])
def test_the_svg_file_shows_the_same_numbers_within_its_frame(size):
    text = plotting.class_svg(*a_class(size), title="A <b>class</b>")
    root = ElementTree.fromstring(text)
    assert root.find(f"{SHAPES}title").text == "A <b>class</b>" and root.get("role") == "img"
    assert plotting.class_map(*a_class(size)).summary.split("\n", 1)[1] == root.find(f"{SHAPES}desc").text
    width, height = float(root.get("width")), float(root.get("height"))
    for box in root.iter(f"{SHAPES}rect"):
        assert float(box.get("x", 0)) + float(box.get("width")) <= width + 0.1
        assert float(box.get("y", 0)) + float(box.get("height")) <= height
    numbers = [word.text for word in root.iter(f"{SHAPES}text") if word.get("text-anchor") == "middle"]
    assert str(size) in numbers


def test_only_the_most_frequent_mistakes_are_drawn_and_all_are_said():
    mistakes = {"x": {f"mistake {k}": k for k in range(1, 7)}}
    made = plotting.class_map({"x": {"a known mistake": 21}}, mistakes, most=2)
    drawn = " ".join(made.figure.layout.yaxis.ticktext)
    assert "mistake 6" in drawn and "mistake 5" in drawn and "mistake 4" not in drawn
    assert all(f"mistake {k}" in made.summary for k in range(1, 7))


@pytest.mark.parametrize(
    ("outcomes", "mistakes", "reason"),
    [
        ({}, {}, "outcomes is empty"),
        ({"x": {}}, {}, "x has no students"),
        ({"x": {"passed": 0.5}}, {}, "whole numbers of students"),
        ({"x": {"passed": -1}}, {}, "whole numbers of students"),
        ({"x": {"won": 1}}, {}, "'won' is no outcome.*There is passed"),
        ({"x": {"passed": 1}}, {"y": {"m": 1}}, "'y'"),
    ],
)
def test_what_cannot_be_drawn_is_one_message(outcomes, mistakes, reason):
    for draw in (plotting.class_map, plotting.class_svg):
        with pytest.raises(LabkitError, match=reason):
            draw(outcomes, mistakes)
