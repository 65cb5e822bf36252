"""What is particular to each figure: the right data in the right place."""

import pytest

from labkit import plotting
from labkit.plotting import theme
from tests.plotting.samples import FIGURES, IDS, MASK, SEGMENTS, TOKENS


def test_strip_has_a_box_a_token_with_id_and_letter():
    figure = plotting.token_strip(TOKENS, IDS, SEGMENTS, MASK).figure
    texts = {trace.name: list(trace.text) for trace in figure.data}
    assert list(texts) == ["segment A", "segment B", "padding"]
    assert texts["segment A"][3] == "sat<br>2938<br>A"
    assert texts["segment B"] == ["it<br>2009<br>B", "slept<br>7771<br>B", "[SEP]<br>102<br>B"]
    assert texts["padding"] == ["[PAD]<br>0<br>pad"] * 2
    hatched = {trace.name: trace.marker.pattern.shape for trace in figure.data}
    assert hatched["padding"] == "/" and not hatched["segment A"]


def test_strip_boxes_do_not_overlap_and_wrap_into_rows():
    tokens = ["tok", "extraordinarily"] * 20
    strips = plotting.token_strip(tokens, range(40), [0] * 20 + [1] * 20)
    boxes = sorted(
        (row, left, left + width)
        for trace in strips.figure.data
        for row, left, width in zip(trace.y, trace.base, trace.x, strict=True)
    )
    assert len(boxes) == 40
    rows = {row for row, _, _ in boxes}
    assert len(rows) > 3 and rows == set(range(len(rows)))
    for (row, _, right), (next_row, left, _) in zip(boxes, boxes[1:], strict=False):
        assert next_row != row or left > right
    assert max(right for _, _, right in boxes) <= strips.figure.layout.xaxis.range[1]
    short = plotting.token_strip(["a"] * 24, range(24))
    assert [list(short.figure.data[0].y).count(row) for row in (0, 1)] == [12, 12]
    assert short.figure.layout.height < strips.figure.layout.height


def test_strip_marks_by_border_and_bold():
    trace = plotting.token_strip(TOKENS, IDS, highlight=[2]).figure.data[0]
    widths = list(trace.marker.line.width)
    assert widths[2] > max(w for i, w in enumerate(widths) if i != 2)
    assert trace.text[2].startswith("<b>[MASK]</b>")


def test_strip_draws_tokens_as_they_stand():
    strip = plotting.token_strip(["<b>", "$x$", "&"], [1, 2, 3])
    assert [t.split("<br>")[0] for t in strip.figure.data[0].text] == ["&lt;b&gt;", "&#36;x&#36;", "&amp;"]
    assert '"<b>" 1, "$x$" 2, "&" 3' in strip.summary


def test_strip_shortens_a_very_long_token_but_says_it_whole():
    strip = plotting.token_strip(["x" * 50], [1])
    assert strip.figure.data[0].text[0].startswith("x" * 19 + "…<br>")
    assert "x" * 50 in strip.summary and "x" * 50 in strip.figure.data[0].hovertext[0]


def test_strip_takes_tensors():
    torch = pytest.importorskip("torch")
    strip = plotting.token_strip(["a", "b"], torch.tensor([1, 2]), torch.tensor([0, 1]), torch.ones(2).long())
    assert strip.summary == plotting.token_strip(["a", "b"], [1, 2], [0, 1], [1, 1]).summary


def test_bars_keep_order_and_repeated_words():
    figure = plotting.probability_bars(["1996", "a", "a"], [0.1, 0.3, 0.2], highlight="a").figure
    assert list(figure.data[0].x) == [0.1, 0.3, 0.2] and list(figure.data[0].y) == [0, 1, 2]
    assert list(figure.layout.yaxis.ticktext) == ["1996", "a ★", "a ★"]
    top, bottom = figure.layout.yaxis.range[1], figure.layout.yaxis.range[0]
    assert top < bottom, "the first word stands at the top"
    assert list(figure.data[0].text) == ["10%", "30%", "20%"]


def test_panels_share_one_scale():
    figure = plotting.compare_bars({"x": (["a"], [0.9]), "y": (["b", "c"], [0.1, 0.05])}).figure
    ranges = {tuple(axis.range) for axis in figure.select_xaxes()}
    assert len(ranges) == 1 and ranges.pop()[1] > 0.9
    assert [a.text for a in figure.layout.annotations] == ["x", "y"]
    assert list(figure.data[1].x) == [0.1, 0.05]


def test_slider_has_a_step_for_each_entry_with_its_data(log, text):
    figure = plotting.learning_slider(log, text).figure
    (slider,) = figure.layout.sliders
    assert len(slider.steps) == len(log)
    for step, entry in zip(slider.steps, log, strict=True):
        traces, layout = step.args
        probe = entry["probes"][0]
        assert step.method == "update" and step.value == str(entry["pieces"])
        assert list(traces["x"][0]) == probe["probs"]
        assert list(layout["yaxis.ticktext"]) == [theme.quoted(w) for w in probe["words"]]
        assert len(traces["text"][0]) == len(traces["hovertext"][0]) == 5
    assert slider.active == 2 and list(figure.data[0].x) == log[-1]["probes"][0]["probs"]
    assert figure.layout.xaxis.range[1] > 0.46, "the axis must hold the largest bar of any step"


def test_lines_leave_gaps_where_the_log_is_silent(log, text):
    figure = plotting.learning_lines(log, text).figure
    lines = {trace.name: trace for trace in figure.data}
    assert list(lines)[:5] == ["cat", "man", "dog", "film", "boy"]
    assert list(lines["cat"].y) == [None, None, 0.46]
    assert list(lines["film"].y) == [None, 0.04, 0.05]
    assert not any(trace.connectgaps for trace in figure.data)
    bound = lines["fifth word: a gap is below this"]
    assert list(bound.y) == [0.02, 0.03, 0.01] and "below 2.0%" in bound.hovertext[0]
    assert figure.layout.xaxis.type == "log"


def test_lines_of_other_words(log, text):
    made = plotting.learning_lines(log, text, words=["the", "zebra"])
    assert "the: below 1.0% at the end; first in the top five at 1k" in made.summary
    assert "zebra: below 1.0% at the end; never in the top five" in made.summary
    assert list(made.figure.data[1].y) == [None] * 3


def test_lines_differ_by_more_than_colour(log, text):
    traces = plotting.learning_lines(log, text).figure.data[:5]
    assert len({t.line.dash for t in traces}) == len({t.marker.symbol for t in traces}) == 5


def test_curve_plots_the_log_in_order_of_pieces(log):
    figure = plotting.training_curve(list(reversed(log))).figure
    assert [t.name for t in figure.data] == ["loss", "top-1 accuracy", "top-5 accuracy"]
    assert list(figure.data[0].x) == [1_000, 30_000, 2_000_000] and list(figure.data[0].y) == [6.0, 5.0, 3.5]
    assert figure.data[0].yaxis != figure.data[1].yaxis == figure.data[2].yaxis
    assert all(axis.type == "log" for axis in figure.select_xaxes())
    assert plotting.training_curve({"log": log}).summary == plotting.training_curve(log).summary


def test_curve_of_a_decoders_log_has_no_top5(log):
    entries = [{**e, "heldout": {k: e["heldout"][k] for k in ("loss", "top1")}} for e in log]
    made = plotting.training_curve(entries)
    assert [t.name for t in made.figure.data] == ["loss", "top-1 accuracy"]
    assert made.summary.endswith("top-1 accuracy 10% to 30%")


def test_rates_are_sorted_with_their_intervals():
    (trace,) = FIGURES["accuracy_by_rate"][0]().figure.data
    assert list(trace.x) == [0.15, 0.5] and list(trace.y) == [0.4, 0.27]
    assert trace.error_y.array == pytest.approx((0.03, 0.02))
    assert trace.error_y.arrayminus == pytest.approx((0.03, 0.02))


def test_dots_have_their_intervals_and_the_whole_scale():
    figure = FIGURES["accuracy_bars"][0]().figure
    assert figure.data[0].error_x.arrayminus == pytest.approx((0.11, 0.08))
    assert figure.data[0].error_x.array == pytest.approx((0.09, 0.11))
    low, high = figure.layout.xaxis.range
    assert low <= 0 and high >= 1
    assert figure.layout.xaxis.tickvals[-1] == 1
    assert FIGURES["accuracy_bars_without_intervals"][0]().figure.data[0].error_x.array is None


@pytest.mark.parametrize(
    ("highest", "end"),
    [(0.001, 0.1), (0.05, 0.1), (0.09, 0.2), (0.28, 0.3), (0.29, 0.4), (0.49, 0.6), (0.5, 1), (1, 1)],
)
def test_scale_ends_where_the_highest_interval_has_room(highest, end):
    made = [
        plotting.accuracy_bars(["a", "b"], [0.0, highest / 2], [(0, 0), (0, highest)]),
        plotting.accuracy_bars(["a", "b"], [highest, 0.0]),
        plotting.accuracy_bars(["a"], groups={"x": [(0, 0, 0)], "y": [(highest / 2, 0, highest)]}),
    ]
    for axis in (each.figure.layout.xaxis for each in made):
        assert axis.tickvals[0] == 0 and axis.tickvals[-1] == end
        assert 3 <= len(axis.tickvals) <= 7, "they must stand side by side at 400 pixels"
        low, high = axis.range
        assert low < 0 and end < high < 1.1 * end, "a dot at either end is drawn whole"


def test_groups_are_rows_and_names_have_own_signs():
    figure = FIGURES["accuracy_bars_groups"][0]().figure
    bert, gpt = figure.data
    assert list(bert.x) == [0.6, 0.58] and list(gpt.x) == [0.5, 0.1]
    assert list(figure.layout.yaxis.ticktext) == ["left", "right"]
    assert bert.marker.symbol != gpt.marker.symbol and bert.marker.color != gpt.marker.color
    assert all(b < g < b + 0.5 for b, g in zip(bert.y, gpt.y, strict=True)), "side by side within a row"


def test_mask_counts_draw_shares_and_expectation():
    figure = FIGURES["mask_counts"][0]().figure
    bars, line = figure.data
    assert list(bars.x) == pytest.approx([0.803, 0.097, 0.1])
    assert figure.layout.yaxis.ticktext[0] == "[MASK]<br>803 (80%)"
    assert [x for x in line.x if x is not None] == [0.8, 0.8, 0.1, 0.1, 0.1, 0.1]
    two = plotting.mask_counts({"heads": 3, "tails": 1}, expected=(0.5, 0.5))
    assert "heads: 3 of 4 = 75% (expected 50%)" in two.summary


@pytest.mark.parametrize(
    ("p", "said"),
    [(0, "0%"), (1, "100%"), (0.46, "46%"), (0.051, "5.1%"), (0.0999, "10%"), (0.9951, "99.5%"),
     (0.00001, "under 0.1%"), (0.99999, "over 99.9%"), (0.9949, "99.5%"), (0.5, "50%")],
)  # fmt: skip
def test_percent(p, said):
    assert theme.percent(p) == said


@pytest.mark.parametrize(("n", "said"), [(9, "9"), (20480, "20.5k"), (999_900, "1M"), (12_300_000, "12.3M")])
def test_count(n, said):
    assert theme.count(n) == said


def test_log_ticks_are_round_few_and_inside():
    assert theme.log_ticks(20_480, 950_272) == [50_000, 100_000, 200_000, 500_000]
    wide = theme.log_ticks(1, 1e9)
    assert 2 <= len(wide) <= 10 and all(1 <= t <= 1e9 for t in wide)
    assert theme.log_ticks(2100, 2200) == [2100, 2200]


def test_long_titles_wrap():
    made = plotting.probability_bars(["a"], [0.5], title="word " * 30)
    assert made.figure.layout.title.text.count("<br>") >= 3
    assert (
        made.figure.layout.margin.t
        > plotting.probability_bars(["a"], [0.5], title="word").figure.layout.margin.t
    )
