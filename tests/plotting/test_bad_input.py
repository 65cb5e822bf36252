"""One plain message for what cannot be drawn: what was wrong, what was expected."""

import pytest

from labkit import plotting
from labkit.messages import LabkitError
from tests.plotting.samples import LOG, MAPS, TEXT, WORDS

NAN = float("nan")
BAD = {
    "ids too short": (lambda: plotting.token_strip(["a", "b"], [1]), "equally long: tokens has 2, ids has 1"),
    "no tokens": (lambda: plotting.token_strip([], []), "tokens is empty"),
    "a string for a list": (lambda: plotting.token_strip("the cat", [1, 2]), "expected a list, got str"),
    "mask too long": (lambda: plotting.token_strip(["a"], [1], None, [1, 0]), "attention_mask has 2"),
    "mask of 2": (lambda: plotting.token_strip(["a"], [1], None, [2]), r"attention_mask\[0\] is 2"),
    "segment 2": (lambda: plotting.token_strip(["a"], [1], [2]), r"token_type_ids\[0\] is 2"),
    "marked outside": (lambda: plotting.token_strip(["a"], [1], highlight=[1]), "positions run from 0 to 0"),
    "percentages": (lambda: plotting.probability_bars(["a"], [46]), r"is 46.*Are these percentages"),
    "negative": (lambda: plotting.probability_bars(["a"], [-0.5]), r"between 0 and 1"),
    "nan": (lambda: plotting.probability_bars(["a"], [NAN]), r"probs\[0\] is nan, expected a finite number"),
    "text for a number": (lambda: plotting.probability_bars(["a"], ["x"]), "expected a finite number"),
    "words and probs": (lambda: plotting.probability_bars(["a", "b"], [0.1]), "words has 2, probs has 1"),
    "no words": (lambda: plotting.probability_bars([], []), "empty"),
    "no panels": (lambda: plotting.compare_bars({}), "panels is empty"),
    "panel is no pair": (lambda: plotting.compare_bars({"x": [0.1]}), "panel 'x' must be a pair"),
    "panel's probs": (lambda: plotting.compare_bars({"x": (["a"], [2])}), "probs of 'x'"),
    "empty log": (lambda: plotting.training_curve([]), "the log is empty"),
    "log without loss": (
        lambda: plotting.training_curve([{"pieces": 1, "heldout": {"top1": 0.1}}]),
        "no held-out loss",
    ),
    "one entry without top5": (
        lambda: plotting.training_curve([*LOG, {"pieces": 9**9, "heldout": {"loss": 1, "top1": 0.5}}]),
        "entry 3 of the log has no held-out top5",
    ),
    "log of numbers": (lambda: plotting.training_curve([1, 2]), "has no heldout and no pieces"),
    "other sentence": (lambda: plotting.learning_slider(LOG, "Hello."), r"It has:\n  The \[MASK\] sat"),
    "other sentence, lines": (lambda: plotting.learning_lines(LOG, "Hello."), r"no sentence 'Hello.'"),
    "no words to follow": (lambda: plotting.learning_lines(LOG, TEXT, words=[]), "words is empty"),
    "rates in percent": (lambda: plotting.accuracy_by_rate([15], [0.4]), r"rates\[0\] is 15"),
    "rates too short": (lambda: plotting.accuracy_by_rate([0.1], [0.4, 0.3]), "rates has 1, acc"),
    "interval beside": (
        lambda: plotting.accuracy_by_rate([0.1], [0.4], [(0.5, 0.6)]),
        r"intervals\[0\] = \(0.5, 0.6\) does not contain its accuracy 0.4",
    ),
    "interval of three": (lambda: plotting.accuracy_bars(["a"], [0.4], [(0.1, 0.4, 0.6)]), "expected a pair"),
    "intervals too few": (lambda: plotting.accuracy_bars(["a", "b"], [0.4, 0.3], [(0, 1)]), "has 1"),
    "nothing": (lambda: plotting.accuracy_bars(["a"]), "give accuracies, or groups"),
    "both": (lambda: plotting.accuracy_bars(["a"], [0.1], groups={"g": [(0.1, 0, 1)]}), "not both"),
    "group too short": (
        lambda: plotting.accuracy_bars(["a", "b"], groups={"g": [(0.1, 0, 1)]}),
        "group 'g' must have a triple",
    ),
    "no groups": (lambda: plotting.accuracy_bars(["a"], groups={}), "groups is empty"),
    "no counts": (lambda: plotting.mask_counts({}), "counts is empty"),
    "counts all 0": (lambda: plotting.mask_counts({"a": 0, "b": 0, "c": 0}), "all counts are 0"),
    "negative count": (lambda: plotting.mask_counts({"a": -1, "b": 0, "c": 0}), r"counts\[0\] is -1"),
    "two of three": (lambda: plotting.mask_counts({"a": 1, "b": 1}), "counts has 2, expected has 3"),
    "curves of nothing": (lambda: plotting.learning_curves({}), "curves is empty"),
    "curve without sizes": (lambda: plotting.learning_curves({"a": [(0.5, 0.4, 0.6)]}), "must be a pair"),
    "curve of pairs": (lambda: plotting.learning_curves({"a": ([20], [(0.5, 0.4)])}), "must have a triple"),
    "curve too short": (
        lambda: plotting.learning_curves({"a": ([20, 40], [(0.5, 0.4, 0.6)])}), "equally long"
    ),
    "0 examples on a log axis": (
        lambda: plotting.learning_curves({"a": ([0], [(0.5, 0.4, 0.6)])}), "at least 1"
    ),
    "curve in percent": (lambda: plotting.layer_curves({"a": [(50, 40, 60)]}), "Are these percentages"),
    "layers without a list": (lambda: plotting.layer_curves({"a": 0.5}), "expected a list, got float"),
    "free lunch": (lambda: plotting.cost_accuracy({"a": (0, 0.5, 0.4, 0.6)}), "no 0"),
    "cost alone": (lambda: plotting.cost_accuracy({"a": (1, 0.5)}), "has 2 numbers"),
    "maps of three axes": (lambda: plotting.attention_grid(MAPS[0], WORDS), r"shape \(L, H, T, T\)"),
    "maps and tokens": (lambda: plotting.attention_grid(MAPS, ["a"]), "1 tokens for maps of 4"),
    "no tokens to name": (lambda: plotting.attention_explorer(MAPS, []), "tokens is empty"),
    "scores for shares": (lambda: plotting.attention_grid(9 * MAPS, WORDS), "before the softmax"),
    "nan in maps": (lambda: plotting.attention_heatmap(NAN * MAPS, WORDS, 0, 0), "or NaN"),
    "no such head": (lambda: plotting.attention_heatmap(MAPS, WORDS, 0, 2), "heads run from 0 to 1"),
    "no such layer": (lambda: plotting.attention_explorer(MAPS, WORDS, layer=2), "layers run from 0 to 1"),
    "nan entropy": (lambda: plotting.head_scatter([[NAN]], [[1.0]]), r"entropy holds NaN.*0 \* log 0"),
    "one row of heads": (lambda: plotting.head_matrix([1.0, 2.0], "x"), r"\(L, H\)"),
    "entropy and distance": (lambda: plotting.head_scatter([[1.0, 2.0]], [[1.0]]), "one number a head"),
    "negative distance": (lambda: plotting.head_scatter([[1.0]], [[-1.0]]), "never negative"),
    "half of another shape": (lambda: plotting.head_matrix([[1.0]], "x", "", [[1.0, 2.0]]), "half must be"),
    "scores no dict": (lambda: plotting.word_scores([0.1], ["a"]), "scores is empty or not a dict"),
    "scores too short": (lambda: plotting.word_scores({"a": [0.1]}, ["x", "y"]), "tokens has 2"),
    "correlation of 2": (lambda: plotting.correlation_dots(["a"], [(2, 1, 3)]), "between -1 and 1"),
    "mean beside": (lambda: plotting.correlation_dots(["a"], [(0.9, 0.1, 0.3)]), "outside its interval"),
    "correlation alone": (lambda: plotting.correlation_dots(["a"], [(0.9,)]), "has 1 numbers"),
    "no masks": (lambda: plotting.mask_panels({}), "panels is empty"),
    "mask is no pair": (lambda: plotting.mask_panels({"x": [1]}), "panel 'x' must be a pair"),
    "mask not square": (lambda: plotting.mask_panels({"x": (["a", "b"], [[1, 0]])}), "it must be square"),
    "mask of weights": (lambda: plotting.mask_panels({"x": (["a"], [[0.5]])}), r"entry \(0, 0\) of panel"),
    "influence of nan": (lambda: plotting.influence_maps({"x": (["a"], [[NAN]])}), r"of 'x'\[0\] is nan"),
    "influence below 0": (lambda: plotting.influence_maps({"x": (["a"], [[-1]])}), "at least 0"),
    "no guesses": (lambda: plotting.next_token_bars([]), "guesses is empty"),
    "no lines": (lambda: plotting.agreement_lines({}), "lines is empty"),
    "line of numbers": (lambda: plotting.agreement_lines({"x": [[0.1]]}), "list of triples"),
    "no curves": (lambda: plotting.loss_lines([]), "curves is empty"),
    "empty curve": (lambda: plotting.loss_lines({"x": []}), "curve 'x' is empty"),
    "loss of nan": (lambda: plotting.loss_lines({"x": [NAN]}), "losses of 'x'"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(BAD))
def test_message(case):
    draw, message = BAD[case]
    with pytest.raises(LabkitError, match=f"(?s){message}"):
        draw()


def test_rounding_of_a_softmax_is_not_a_mistake():
    made = plotting.probability_bars(["a"], [1.0000001])
    assert made.figure.data[0].x[0] == 1.0
