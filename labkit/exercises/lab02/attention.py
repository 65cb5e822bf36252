"""Exercise 2.2: attention behind a mask."""

from math import sqrt

import torch

from labkit import masks
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged
from labkit.exercises.values import same


def attention(q, k, v, mask):
    """labkit.masks.attention."""
    return masks.attention(q, k, v, mask)


def _attention_cases(seed):
    cases = []
    # Width 16 with unit normal entries: scores of a few units once they are scaled, far from one-hot.
    settings = [
        (1, 3, 4, 4, "causal"),
        (2, 5, 16, 6, "causal"),
        (2, 4, 8, 8, "random"),
        (2, 4, 8, 5, "blind"),
    ]
    for number, (batch_size, length, width, value_width, kind) in enumerate(settings):
        generator = torch.Generator().manual_seed(100 * seed + number)
        q, k = (torch.randn(batch_size, length, width, generator=generator) for _ in range(2))
        v = torch.randn(batch_size, length, value_width, generator=generator)
        mask = masks.causal_mask(length)
        if kind == "random":  # a mask for each text, not symmetric; everybody sees at least itself
            drawn = torch.rand(batch_size, length, length, generator=generator) < 0.5
            mask = drawn | torch.eye(length, dtype=torch.bool)
            mask[:, 0, 1], mask[:, 1, 0] = True, False
        if kind == "blind":  # a decoder's text with padding on its left: the first row sees nothing
            mask = masks.combine_masks(mask, torch.tensor([[0, 1, 1, 1], [1, 1, 1, 1]]))
        shapes = f"q and k of shape {tuple(q.shape)}, v {tuple(v.shape)}"
        shown = {
            "causal": f"{shapes}, a causal mask",
            "random": f"{shapes}, a random mask {tuple(mask.shape)}",
            "blind": f"{shapes}, a causal mask, padding on the left: token 0 of text 0 sees nothing",
        }[kind]
        cases.append(Case((q, k, v, mask), shown))
    return cases


def _blind(case):
    """Rows that may look nowhere: (B, T) bool."""
    q, mask = case.args[0], case.args[3]
    return ~mask.expand(len(q), -1, -1).any(dim=-1)


def _observe(output, case):
    """The rows that see something; of the others only whether they are numbers, for nobody reads them."""
    result = torch.as_tensor(output).detach().double()
    blind = _blind(case)
    if result.shape != case.args[2].shape:
        return f"shape {tuple(result.shape)}"
    missing = int((~result[~blind].isfinite()).sum())
    return {
        "rows that see something": f"{missing} entries are NaN" if missing else result[~blind],
        "rows that see nothing": "numbers" if result[blind].isfinite().all() else "NaN",
    }


def _says(key):
    def test(expected, seen):
        if not isinstance(seen, dict):
            return f"expected: a tensor like v\ngot:      {seen}"
        return "" if same(expected[key], seen[key]) else f"{key}\n{expected_got(expected[key], seen[key])}"

    return each_case(test)


def _ignores_the_hidden(trial):
    q, k, v, mask = trial.cases[1].args
    other_k, other_v = k.clone(), v.clone()
    other_k[:, -1] += 1.0
    other_v[:, -1] -= 2.0
    before, after = trial.call(q, k, v, mask), trial.call(q, other_k, other_v, mask)
    if before.error or after.error:
        return before.said or after.said
    before, after = (torch.as_tensor(outcome.value).double() for outcome in (before, after))
    if not same(before[:, :-1], after[:, :-1]):
        return (
            "Behind a causal mask the key and value of the last token changed; outputs before it moved too."
        )
    if same(before[:, -1], after[:, -1]):
        return "The key and value of the last token changed, but the output of that token did not move."
    return ""


def _attend(
    fill=None, scale=sqrt, axis=-1, flip=False, turn=False, after=False, add=False, root_of_length=False
):
    """attention with single choices made wrongly."""

    def wrong(q, k, v, mask):
        scores = q @ k.transpose(-2, -1) / scale(q.shape[-2 if root_of_length else -1])
        visible = ~mask if flip else mask.transpose(-2, -1) if turn else mask
        if add:  # the slide's formula, taken at its word
            return (scores + (1 - visible.float()) * float("-inf")).softmax(dim=-1) @ v
        if after:
            return (scores.softmax(dim=-1) * visible) @ v
        lowest = torch.finfo(scores.dtype).min if fill is None else fill
        return scores.masked_fill(~visible, lowest).softmax(dim=axis) @ v

    return wrong


ATTENTION = Exercise(
    name="attention",
    title="Attention behind a mask",
    minutes=12,
    reference=attention,
    cases=_attention_cases,
    observe=_observe,
    properties=(
        Property("the weighted mean of the visible values", 3, _says("rows that see something")),
        Property("what is hidden has no influence", 1, _ignores_the_hidden),
        Property("no NaN, even where a token may look nowhere", 1, _says("rows that see nothing")),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "0 times minus infinity",
            _attend(add=True),
            (
                "Your result is NaN everywhere, and so is that of the slide's formula taken at its word.",
                "(1 − M) × (−∞) is 0 × (−∞) where looking is allowed, and that is not a number.",
                "Put the lowest number into the hidden places only: scores.masked_fill(~mask, ...).",
            ),
        ),
        Misconception(
            "minus infinity in a row that sees nothing",
            _attend(fill=float("-inf")),
            (
                "A token that may look nowhere gets NaN.",
                "Its scores are all −inf, and the softmax divides 0 by 0. It is only padding, but in the "
                "next "
                "layer 0 × NaN is NaN again, and it spreads to the real tokens.",
                "The lowest finite number hides as well: torch.finfo(scores.dtype).min.",
            ),
        ),
        Misconception(
            "hidden scores are set to 0",
            _attend(fill=0.0),
            (
                "Hidden tokens still get weight in your result.",
                "A score of 0 is an ordinary score: e to the 0 is 1, not 0.",
                "The softmax gives nothing only to what is far below all others. Which number is?",
            ),
        ),
        Misconception(
            "masked after the softmax",
            _attend(after=True),
            (
                "Your attention weights do not sum to 1.",
                "The softmax shared the weight among all tokens, and the mask then threw a part away.",
                "Mask the scores first, then take the softmax.",
            ),
        ),
        Misconception(
            "the mask is turned around",
            _attend(flip=True),
            (
                "Your tokens look exactly where they must not.",
                "True means: may look. masked_fill writes where *its* argument is True.",
                "Fill the places where the mask is False: ~mask.",
            ),
        ),
        Misconception(
            "the mask is not used",
            lambda q, k, v, mask: (q @ k.transpose(-2, -1) / sqrt(q.shape[-1])).softmax(dim=-1) @ v,
            (
                "Every token looks everywhere: your result does not depend on the mask.",
                "Without it this is BERT's attention.",
                "Before the softmax, give the hidden scores the lowest number there is.",
            ),
        ),
        Misconception(
            "the mask is transposed",
            _attend(turn=True),
            (
                "Rows and columns of the mask are exchanged in your result.",
                "scores[i, j] and mask[i, j] are both about query i and key j: they fit as they are.",
                "Is it q @ k transposed, and not k @ q transposed? Is the mask used as it came?",
            ),
        ),
        Misconception(
            "no scaling",
            _attend(scale=lambda width: 1.0),
            (
                "Your scores are too large: the attention is sharper than it should be.",
                "A dot product of D numbers grows with D. Undivided, the softmax soon gives all to one "
                "token.",
                "Divide the scores by the square root of the width.",
            ),
        ),
        Misconception(
            "scaled by D instead of its root",
            _attend(scale=float),
            (
                "Your scores are too small: the attention is flatter than it should be.",
                "The dot product of D random numbers has a standard deviation of √D, so √D brings it to 1.",
                "sqrt of q.shape[-1].",
            ),
        ),
        Misconception(
            "softmax over the queries",
            _attend(axis=-2),
            (
                "Your softmax runs over the wrong axis: the weights of one *key* sum to 1.",
                "Each query shares out its attention among the keys, so the weights of a row sum to 1.",
                "scores are (B, T, T), rows are queries, the keys are the last axis: dim=-1.",
            ),
        ),
        Misconception(
            "scaled by the root of T",
            _attend(root_of_length=True),
            (
                "You divide by the root of the number of tokens.",
                "A score is a sum of D products, one for each number of the vectors: D decides how large it "
                "gets. With T, the same two tokens would look at each other differently in a longer text.",
                "√D: the length of a query, which is q's last axis.",
            ),
        ),
        Misconception(
            "divided after the softmax",
            lambda q, k, v, mask: _attend(scale=lambda width: 1.0)(q, k, v, mask) / sqrt(q.shape[-1]),
            (
                "Your results are too small: the weights of a row do not sum to 1.",
                "What the softmax gives are shares already. Divided by √D they are shares of nothing.",
                "Divide the scores, before the softmax. Brackets help.",
            ),
        ),
    ),
)
