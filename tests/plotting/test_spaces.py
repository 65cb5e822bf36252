"""What is particular to the figures of lab 03: slider, static twin, hover text, short numbers."""

import pytest

from labkit import plotting
from labkit.messages import LabkitError
from tests.plotting.samples import FIGURES, POINTS, SENSES, SENTENCES


def test_the_slider_moves_every_trace_of_both_models():
    figure = FIGURES["projection_slider"][0]().figure
    (slider,) = figure.layout.sliders
    assert [step.label for step in slider.steps] == ["0", "1"] and slider.active == 1
    for step in slider.steps:
        (moved,) = step.args
        assert len(moved["x"]) == len(moved["y"]) == len(figure.data)
        assert [len(x) for x in moved["x"]] == [len(trace.x) for trace in figure.data]
    last = slider.steps[-1].args[0]
    assert [list(x) for x in last["x"]] == [list(trace.x) for trace in figure.data]
    assert slider.steps[0].args[0]["y"] != last["y"]


def test_points_say_their_text_as_it_stands():
    figure = FIGURES["projection_slider"][0]().figure
    hover = [text for trace in figure.data for text in trace.hovertext]
    assert "<b>river</b><br>A bank &lt;b&gt; of mud." in hover
    assert "<b>money</b><br>&#36;5 at the bank." in hover
    assert "One bat flew." in hover


def test_labels_differ_by_sign_and_the_rest_is_small():
    traces = FIGURES["projection_slider"][0]().figure.data[:3]
    assert [trace.name for trace in traces] == ["the rest", "money", "river"]
    assert traces[1].marker.symbol != traces[2].marker.symbol
    assert traces[0].marker.size < traces[1].marker.size


def test_the_static_twin_has_a_panel_for_each_model_and_layer():
    made = FIGURES["projection_panels"][0]()
    heads = [note.text for note in made.figure.layout.annotations]
    assert heads == ["bert, layer 0", "gpt, layer 0", "bert, layer 1", "gpt, layer 1"]
    assert not made.figure.layout.sliders
    legend = [trace.name for trace in made.figure.data if trace.showlegend]
    assert legend == ["the rest", "money", "river"], "once, not once a panel"
    names = [list(trace.text) for trace in made.figure.data if trace.mode == "text"]
    assert names == [["a", "b"]] * 4
    slider = plotting.projection_slider({"bert": POINTS, "gpt": POINTS}, SENTENCES, SENSES, "A map")
    assert made.summary.split("\n")[1:] == slider.summary.split("\n")[1:], "the twins say the same"


def test_one_model_one_layer_and_no_labels():
    made = plotting.projection_panels({"m": [[[1.0, 2.0]]]}, ["only one"], [None], "t")
    assert made.summary == "t (1 points)\nm: layers 0"


@pytest.mark.parametrize(
    ("value", "short"), [(1, "1"), (0.834, ".83"), (-0.2, "-.20"), (0, "0"), (-0.001, "0")]
)
def test_numbers_are_short_enough_for_ten_columns(value, short):
    figure = plotting.similarity_matrix([[value]], ["a"], ["b"], "t").figure
    assert figure.data[0].text[0][0] == short


def test_rows_of_the_same_name_stay_apart():
    figure = plotting.similarity_matrix([[1, 0.5], [0.5, 1]], ["a", "a"], ["a", "a"], "t").figure
    assert list(figure.layout.xaxis.ticktext) == ["a", "a"] and list(figure.data[0].x) == [0, 1]


def test_lines_have_their_intervals_and_the_reference():
    figure = FIGURES["layer_lines"][0]().figure
    assert figure.data[0].error_y.array == pytest.approx((0.1, 0.1))
    assert figure.data[1].error_y.array is None
    assert list(figure.data[2].y) == [0.5, 0.5] and figure.data[2].name == "a coin"
    assert figure.data[0].line.dash != figure.data[1].line.dash


NAN = float("nan")
DOT = [[[1, 1]]]  # one point, one layer
BAD = {
    "no lines": (lambda: plotting.layer_lines({}, "t", "y"), "values is empty"),
    "lines of nan": (lambda: plotting.layer_lines({"a": [NAN]}, "t", "y"), r"values\['a'\]\[0\] is nan"),
    "lines not equally long": (
        lambda: plotting.layer_lines({"a": [1], "b": [1, 2]}, "t", "y"),
        "equally long",
    ),
    "interval of nobody": (
        lambda: plotting.layer_lines({"a": [1]}, "t", "y", {"b": []}),
        "intervals has 'b'",
    ),
    "interval missing": (lambda: plotting.layer_lines({"a": [1]}, "t", "y", {"a": []}), "for each layer"),
    "cosine of 2": (lambda: plotting.similarity_matrix([[2]], ["a"], ["a"], "t"), "between -1 and 1"),
    "cosine of nan": (lambda: plotting.similarity_matrix([[NAN]], ["a"], ["a"], "t"), "is nan"),
    "ragged cosines": (
        lambda: plotting.similarity_matrix([[1], [1, 1]], "a b".split(), ["a"], "t"),
        "1 columns",
    ),
    "no map": (lambda: plotting.projection_slider({}, ["a"], ["x"], "t"), "pictures is empty"),
    "map of nan": (lambda: plotting.projection_slider({"m": [[[NAN, 1]]]}, ["a"], ["x"], "t"), "holds NaN"),
    "map of others": (
        lambda: plotting.projection_panels({"m": DOT}, ["a", "b"], [None] * 2, "t"),
        "the shape",
    ),
    "map of 8 labels": (
        lambda: plotting.projection_panels({"m": DOT * 8}, list("abcdefgh"), list("abcdefgh"), "t"),
        "More than 7 labels",
    ),
    "map's layer": (lambda: plotting.projection_panels({"m": DOT}, ["a"], ["x"], "t", layers=[1]), "0 to 0"),
    "maps of other depth": (
        lambda: plotting.projection_slider({"m": DOT, "n": [[[1, 1]] * 2]}, ["a"], ["x"], "t"),
        "as many layers",
    ),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_cannot_be_drawn_is_said(case):
    draw, message = BAD[case]
    with pytest.raises(LabkitError, match=message):
        draw()
