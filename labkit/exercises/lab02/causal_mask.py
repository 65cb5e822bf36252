"""Exercise 2.1: the triangle."""

import random

import torch

from labkit import masks
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged


def causal_mask(T):
    """labkit.masks.causal_mask."""
    return masks.causal_mask(T)


def _mask_cases(seed):
    rng = random.Random(seed)
    lengths = [4, 2, 1, 6] + rng.sample(range(7, 20), 2)
    return [Case((length,), f"causal_mask({length})") for length in lengths]


def _rows(output, case):
    """The mask as rows of numbers, whatever it is made of."""
    return torch.as_tensor(output).double().tolist()


def _part(belongs):
    """A Property's test: the entries (i, j) for which belongs(i, j) are as the reference's."""

    def test(expected, seen):
        size = len(expected)
        if not isinstance(seen, list) or [len(row) for row in seen] != [size] * size:
            return f"expected: {size} rows of {size} entries\ngot:      {seen}"
        for i in range(size):
            for j in range(size):
                if belongs(i, j) and seen[i][j] != expected[i][j]:
                    return f"entry ({i}, {j})\n{expected_got(bool(expected[i][j]), seen[i][j])}"
        return ""

    return each_case(test)


CAUSAL_MASK = Exercise(
    name="causal_mask",
    title="The triangle",
    minutes=5,
    reference=causal_mask,
    cases=_mask_cases,
    observe=_rows,
    properties=(
        Property("a token sees itself and every token before it", 2, _part(lambda i, j: j <= i)),
        Property("it never sees a token that comes later", 2, _part(lambda i, j: j > i)),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the triangle above the diagonal",
            lambda T: torch.ones(T, T).triu().bool(),
            (
                "Your tokens see the future and not the past.",
                "Entry (i, j) is about token i, which looks, and token j, which is looked at: rows look.",
                "Row 0 belongs to the first token. How many True does it have in yours, how many should it?",
            ),
        ),
        Misconception(
            "a token does not see itself",
            lambda T: torch.ones(T, T).tril(-1).bool(),
            (
                "The diagonal of your mask is False.",
                "Token i is known when the one after it is predicted, so it may look at itself; and the "
                "first "
                "token would have nothing at all to look at.",
                "Allow j = i as well as j < i.",
            ),
        ),
        Misconception(
            "True where looking is forbidden",
            lambda T: torch.ones(T, T).triu(1).bool(),
            (
                "Your mask is True where a token may not look.",
                "Both conventions exist (some libraries mark what to hide). Here True means: may look.",
                "Turn it around with ~, or build the other triangle.",
            ),
        ),
        Misconception(
            "one token too far",
            lambda T: torch.ones(T, T).tril(1).bool(),
            (
                "Each of your tokens sees one token of the future.",
                "That is the very token it has to predict: it would copy it and learn nothing else.",
                "Where does the triangle end: at j = i, or at j = i + 1?",
            ),
        ),
        Misconception(
            "everything is visible",
            lambda T: torch.ones(T, T).bool(),
            (
                "Every entry of your mask is True.",
                "That is BERT's mask. A decoder must not see what comes later.",
                "torch.tril keeps the lower triangle of a matrix.",
            ),
        ),
        Misconception(
            "each token sees only itself",
            lambda T: torch.eye(T).bool(),
            (
                "Only the diagonal of your mask is True.",
                "Tokens that see nothing but themselves know no context: the model could only count words.",
                "Row i has i + 1 entries that are True.",
            ),
        ),
        Misconception(
            "0 and minus infinity",
            lambda T: torch.zeros(T, T).masked_fill(torch.ones(T, T).triu(1).bool(), float("-inf")),
            (
                "Your mask holds 0 and −inf.",
                "That is what is *added* to the scores in the end. A mask of True and False says who may "
                "look, "
                "and can be combined with others by &.",
                "Return the truth values; attention turns them into −inf.",
            ),
        ),
    ),
)
