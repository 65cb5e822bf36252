"""The picture of a class, from one student to five hundred, as a figure and as an SVG file."""

import itertools
from xml.etree import ElementTree

import numpy as np
import pytest

from labkit import plotting
from labkit.messages import LabkitError
from labkit.plotting.classroom import OUTCOMES
from tests.plotting.test_palette import SIMULATED, TEXT, contrast, lab

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


EVERY = {name: k for k, name in enumerate(OUTCOMES, 1)}


@pytest.mark.parametrize("eyes", SIMULATED)
def test_outcomes_are_told_apart_by_colour_and_by_pattern(eyes):
    for (one, _), (other, _) in itertools.combinations(OUTCOMES.values(), 2):
        distance = np.linalg.norm(lab(one, SIMULATED[eyes]) - lab(other, SIMULATED[eyes]))
        assert distance > 15, (one, other, distance)
    patterns = [pattern for _, pattern in OUTCOMES.values() if pattern]
    assert len(set(patterns)) == len(patterns) == len(OUTCOMES) - 2  # the best and the last have none
    assert all(contrast(TEXT, colour) >= 4.5 for colour, _ in OUTCOMES.values())


def test_the_svg_file_names_and_fills_each_outcome_that_occurs():
    root = ElementTree.fromstring(plotting.class_svg({"x": EVERY}))
    words = [word.text for word in root.iter(f"{SHAPES}text")]
    fills = {box.get("fill") for box in root.iter(f"{SHAPES}rect")}
    patterns = {pattern.get("id") for pattern in root.iter(f"{SHAPES}pattern")}
    assert set(OUTCOMES) <= set(words)
    used = {fill[5:-1] for fill in fills if fill.startswith("url(")}
    assert used == patterns == {name.replace(" ", "-") for name in OUTCOMES}
    few = [
        w.text for w in ElementTree.fromstring(plotting.class_svg({"x": {"passed": 1}})).iter(f"{SHAPES}text")
    ]
    assert "no answer" not in few and plotting.class_map({"x": EVERY}).summary.count("a crash 6") == 1


@pytest.mark.parametrize("name", ["a mistake " * 40, "m" * 500])
def test_a_long_name_of_a_mistake_goes_on_in_the_next_line(name):
    text = plotting.class_svg({"x": {"a known mistake": 2}, "y": {"passed": 2}}, {"x": {name: 2}})
    root = ElementTree.fromstring(text)
    lines = [
        word.text for word in root.iter(f"{SHAPES}text") if "m" in word.text and "\u2026" not in word.text
    ]
    shown = "".join(lines) if len(name.split()) == 1 else " ".join(lines)
    assert name.strip() in shown
    assert all(len(line) <= 90 for line in lines)
    at = [float(word.get("y")) for word in root.iter(f"{SHAPES}text")]
    below = next(float(word.get("y")) for word in root.iter(f"{SHAPES}text") if word.text.startswith("y:"))
    assert sorted(at)[-2] == below  # only the number of the last bar stands lower
