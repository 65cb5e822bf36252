"""Attention's figures in detail: the right map in the right panel, and controls that combine."""

import base64

import numpy as np
import pytest

from labkit import plotting
from tests.plotting.samples import MAPS, WORDS


def distinct_maps(num_layers, num_heads, length=3):
    """Maps of which no two are alike: head h of layer l gives 10 l + h percent to the first token."""
    maps = np.zeros((num_layers, num_heads, length, length))
    for layer in range(num_layers):
        for head in range(num_heads):
            maps[layer, head, :, 0] = (10 * layer + head) / 100
    return maps


def percents(trace):
    """A heat map's numbers, from the bytes in which plotly keeps them."""
    stored = trace.to_plotly_json()["z"]
    if isinstance(stored, dict):
        kind = np.dtype(stored["dtype"])
        shape = [int(n) for n in stored["shape"].split(",")]
        return np.frombuffer(base64.b64decode(stored["bdata"]), kind).reshape(shape)
    return np.asarray(stored)


def test_a_heat_map_has_queries_down_and_keys_across():
    made = plotting.attention_heatmap(MAPS, WORDS, 1, 0)
    assert percents(made.figure.data[0])[2].tolist() == [80, 10, 10, 0]
    assert list(made.figure.layout.xaxis.ticktext) == list(made.figure.layout.yaxis.ticktext) == WORDS
    assert made.figure.layout.yaxis.autorange == "reversed"
    assert "query" in made.figure.layout.yaxis.title.text and "key" in made.figure.layout.xaxis.title.text


def test_the_grid_has_every_map_in_its_place_and_white_lines_between():
    sheet = percents(plotting.attention_grid(distinct_maps(2, 3), ["a", "b", "c"]).figure.data[0])
    assert sheet.shape == (2 * 4 - 1, 3 * 4 - 1)
    for layer in range(2):
        for head in range(3):
            assert sheet[4 * layer, 4 * head] == 10 * layer + head
    assert (sheet[3] == -1).all() and (sheet[:, 3] == -1).all()


def test_the_explorers_two_controls_change_different_things_and_cover_every_head():
    made = plotting.attention_explorer(distinct_maps(3, 5), ["a", "b", "c"], layer=1)
    figure = made.figure
    firsts = [percents(trace)[0, 0] for trace in figure.data]
    assert firsts == [10 * layer + head for layer in range(3) for head in range(5)]
    panels = [trace.xaxis for trace in figure.data]
    assert panels[:5] == panels[5:10] == panels[10:] and len(set(panels)) == 5
    assert [trace.visible for trace in figure.data] == [False] * 5 + [True] * 5 + [False] * 5
    (slider,), (menu,) = figure.layout.sliders, figure.layout.updatemenus
    for layer, step in enumerate(slider.steps):
        assert set(step.args[0]) == {"visible"}
        assert [index // 5 for index, shown in enumerate(step.args[0]["visible"]) if shown] == [layer] * 5
    assert [button.label for button in menu.buttons] == ["all heads", *(f"head {k}" for k in range(5))]
    for chosen, button in enumerate(menu.buttons):
        traces, layout = button.args
        assert "visible" not in traces, "which layer is shown is the slider's to say"
        shown = {index % 5 for index, opacity in enumerate(traces["opacity"]) if opacity}
        assert shown == (set(range(5)) if chosen == 0 else {chosen - 1})
    axes = menu.buttons[3].args[1]
    assert axes["xaxis3.domain"] == [0, 1] and axes["xaxis3.visible"] and not axes["xaxis.visible"]
    assert menu.buttons[0].args[1]["xaxis3.domain"] == list(figure.layout.xaxis3.domain)


def test_long_texts_keep_legible_labels():
    length = 120
    maps = np.full((1, 1, length, length), 1 / length)
    tokens = ["extraordinarily"] * length
    for made in (
        plotting.attention_heatmap(maps, tokens, 0, 0),
        plotting.attention_explorer(maps, tokens),
        plotting.attention_grid(maps, tokens),
    ):
        labels = made.figure.layout.xaxis.ticktext
        assert len(labels) <= 40 and all(len(str(label)) <= 10 for label in labels)
        assert made.figure.layout.height < 900


def test_a_decoders_first_token_says_nothing_and_is_left_out():
    maps = np.array([[[[1.0, 0.0], [0.4, 0.6]]]])
    assert "b looks at b 60%" in plotting.attention_heatmap(maps, ["a", "b"], 0, 0).summary.split(";")[0]
    one = plotting.attention_heatmap(np.ones((1, 1, 1, 1)), ["a"], 0, 0)
    assert "a looks at a 100%" in one.summary


def test_tokens_are_drawn_as_they_stand():
    made = plotting.attention_heatmap(MAPS, ["<b>", "</script>", "$x$", "\U0001f600"], 0, 0)
    assert list(made.figure.layout.xaxis.ticktext)[:2] == ["&lt;b&gt;", "&lt;/script&gt;"]


def test_heads_of_a_layer_share_a_sign_and_only_named_heads_are_written_beside():
    figure = plotting.head_scatter(
        [[0.1, 1.5], [2.0, 0.7]], [[1.0, 3.5], [4.0, 2.0]], names={(1, 1): "next token"}
    ).figure
    assert [trace.name for trace in figure.data] == ["layer 0", "layer 1", "outlined: named"]
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol
    assert [list(trace.marker.line.width) for trace in figure.data[:2]] == [[0, 0], [0, 2]]
    assert list(figure.data[0].text) == ["", ""] and list(figure.data[1].text) == ["", "1.1 (next token)"]


def test_names_do_not_cover_each_other_but_all_are_said():
    names = {(0, head): "sink" for head in range(4)}
    made = plotting.head_scatter([[1.0, 1.01, 1.02, 3.0]], [[5.0, 5.01, 5.0, 1.0]], names=names)
    assert [bool(text) for text in made.figure.data[0].text] == [False, True, False, True]
    assert made.summary.count("(sink)") == 4


def test_numbers_that_may_be_chance_are_in_brackets():
    figure = plotting.head_matrix([[0.5, -0.1]], "x", "nats", [[0.2, 0.2]]).figure
    assert list(figure.data[0].text[0]) == ["0.50", "(-0.10)"]
    assert figure.data[0].zmin == -figure.data[0].zmax == pytest.approx(-0.5)
    assert "(" not in plotting.head_matrix([[-0.001]], "x").figure.data[0].text[0][0]
    assert plotting.head_matrix([[-0.001]], "x").figure.data[0].text[0][0] == "0.00"


def test_the_same_word_twice_has_two_rows():
    figure = plotting.word_scores({"m": [0.6, 0.4]}, ["the", "the"]).figure
    assert list(figure.layout.yaxis.ticktext) == ["the", "the"] and len(figure.data[0].z) == 2
