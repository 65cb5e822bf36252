"""Exercise 2.1: the triangle."""

import random

import torch

from labkit.exercises import forms
from labkit.exercises.differences import difference, expected_got
from labkit.exercises.exercise import Case, Exercise, Misconception, variant
from labkit.exercises.properties import compares, inputs_unchanged
from labkit.models import masks

LENGTHS = (3, 1, 2, 6, 130)  # and one drawn from the seed


def causal_mask(T):
    """labkit.masks.causal_mask."""
    return masks.causal_mask(T)


def _mask_cases(seed):
    lengths = [*LENGTHS, random.Random(seed).randrange(7, 20)]
    return [Case((length,), f"causal_mask({length})") for length in lengths]


def _entries(keep, constant):
    """A property's test: the part of the mask that `keep` leaves. Only one thing everywhere earns nothing."""

    def test(expected, seen):
        if seen.shape != expected.shape:
            return difference(expected, seen)
        if len(expected) > 1 and bool((seen == constant).all()):
            return f"every entry is {constant}: so the mask tells nothing apart"
        wrong = keep(seen ^ expected).nonzero().tolist()
        if not wrong:
            return ""
        i, j = wrong[0]
        return f"entry ({i}, {j})\n{expected_got(bool(expected[i, j]), bool(seen[i, j]))}"

    return test


def _lower(mask):
    return mask.tril() if mask.ndim == 2 else mask


def _upper(mask):
    return mask.triu(1) if mask.ndim == 2 else mask


def _triangle(
    reach=0, turn=False, flip=False, mirror=False, axes=0, more=0, window=None, touch=None, kind=torch.bool
):
    """causal_mask, with single choices made wrongly."""

    def answer(T):
        mask = torch.ones(T + more, T + more).tril(reach)
        if window is not None:
            mask = mask.triu(1 - window)
        mask = touch(mask) if touch else mask
        mask = mask.T if turn else mask
        mask = mask.flip(1) if mirror else mask
        mask = 1 - mask if flip else mask
        mask = mask[(None,) * axes]
        return mask.to(kind)

    return answer


def _with(places, value):
    """A change of a copy of the mask: the places get this value."""

    def touch(mask):
        mask = mask.clone()
        mask[places] = value
        return mask

    return touch


CAUSAL_MASK = Exercise(
    name="causal_mask",
    title="The triangle",
    minutes=5,
    reference=causal_mask,
    cases=_mask_cases,
    form=forms.tensor(torch.bool),
    properties=(
        compares("a token sees itself and every token before it", 2, _entries(_lower, True), project=_lower),
        compares("it never sees a token that comes later", 2, _entries(_upper, False), project=_upper),
        inputs_unchanged(),
    ),
    misconceptions=(
        variant(
            _triangle,
            "the triangle leans to the other side",
            (
                "The edge of your triangle runs from the upper right to the lower left; it should run down to the right.",
                "Row 0 is the first token's. It may look at token 0, the *first* entry, and at no other.",
                "Compare j with i; T plays no part in it, nor does a flip.",
            ),
            mirror=True,
        ),
        variant(
            _triangle,
            "the triangle above the diagonal",
            (
                "Your tokens see the future and not the past.",
                "Entry (i, j) is about token i, which looks, and token j, which is looked at: rows look.",
                "Row 0 belongs to the first token. How many True does it have in yours, how many should it?",
            ),
            turn=True,
        ),
        variant(
            _triangle,
            "a token does not see itself",
            (
                "The diagonal of your mask is False.",
                "Token i is known when the one after it is predicted, so it may look at itself; and the first token would have nothing at all to look at.",
                "Allow j = i as well as j < i. "
                "(In a loop: range(i + 1) goes up to i, range(i) stops before.)",
            ),
            reach=-1,
        ),
        variant(
            _triangle,
            "True where looking is forbidden",
            (
                "Your mask is True exactly where a token may not look.",
                "Both conventions exist (some libraries mark what to hide; −inf turned into a truth value is True as well). "
                "Here True means: may look.",
                "Turn it around with ~, or build the other triangle.",
            ),
            flip=True,
        ),
        variant(
            _triangle,
            "one token too far",
            (
                "Each of your tokens sees one token of the future.",
                "That is the very token it has to predict: it would copy it and learn nothing else.",
                "Where does the triangle end: at j = i, or at j = i + 1?",
            ),
            reach=1,
        ),
        variant(
            _triangle,
            "everything is visible",
            (
                "Every entry of your mask is True.",
                "That is BERT's mask. A decoder must not see what comes later.",
                "torch.tril keeps the lower triangle of a matrix. "
                "(A text such as 'False' counts as True, and rows made by [[...] * T] * T are one and the same list.)",
            ),
            touch=torch.ones_like,
        ),
        variant(
            _triangle,
            "nothing is visible",
            (
                "Every entry of your mask is False.",
                "A token that may look nowhere, not even at itself, knows nothing.",
                "Is it the table that you fill which you return? Row i has i + 1 entries that are True.",
            ),
            touch=torch.zeros_like,
        ),
        variant(
            _triangle,
            "each token sees only itself",
            (
                "Only the diagonal of your mask is True.",
                "Tokens that see nothing but themselves know no context: the model could only count words.",
                "Row i has i + 1 entries that are True.",
            ),
            window=1,
        ),
        variant(
            _triangle,
            "only the token before",
            (
                "Each of your tokens sees itself and the one before it, and no further back.",
                "A decoder's token may look at *everything* before it: the subject of a sentence may stand ten tokens back.",
                "Row i has i + 1 entries that are True, those from 0 to i.",
            ),
            window=2,
        ),
        variant(
            _triangle,
            "a window instead of a triangle",
            (
                "In a longer text the first tokens get out of sight in your mask.",
                "Some models look back only so far, to save time. The triangle here has no such limit.",
                "j <= i is all there is to ask; how far j lies back plays no part.",
            ),
            window=4,
        ),
        variant(
            _triangle,
            "an axis for the batch",
            (
                "Your mask has an axis too many in front: (1, T, T) and not (T, T).",
                "The mask is the same for every text; where there are several, PyTorch repeats it by itself.",
                "mask[0], or build it without the None, the unsqueeze or the view in front.",
            ),
            axes=1,
        ),
        variant(
            _triangle,
            "axes for batch and heads",
            (
                "Your mask has two axes too many in front: (1, 1, T, T) and not (T, T).",
                "Many GPT programs keep it that way, for batch and heads. Here one head looks at one mask.",
                "Build it as a square, (T, T), without .view.",
            ),
            axes=2,
        ),
        variant(
            _triangle,
            "for one token more",
            (
                "Your mask has one row and one column too many.",
                "T counts the tokens that are there; each has one row.",
                "torch.ones(T, T), or range(T): from 0 to T − 1.",
            ),
            more=1,
        ),
        variant(
            _triangle,
            "the last token is left out",
            (
                "The last row of your mask is all False.",
                "The last token looks at all before it: from there the next one is predicted.",
                "range(T) already ends at T − 1.",
            ),
            touch=_with(-1, 0),
        ),
        variant(
            _triangle,
            "the first token sees all",
            (
                "The first row of your mask is all True.",
                "The first token has no company but itself, and that is as it should be.",
                "Row 0 has a single True, at entry 0.",
            ),
            touch=_with(0, 1),
        ),
        variant(
            _triangle,
            "the first column is empty",
            (
                "The first column of your mask is all False: nobody sees the first token, not even itself.",
                "It is a token like any other: it may look at itself, and every later one may look back at it.",
                "Row i has i + 1 entries that are True, from 0 to i. Does your inner loop begin at 1?",
            ),
            touch=_with((slice(None), 0), 0),
        ),
        variant(
            _triangle,
            "nobody sees the first token",
            (
                "From the second row on, the first column of your mask is False.",
                "The first token is a token like any other: every later one may look back at it.",
                "Row i has i + 1 entries that are True, from 0 to i; does yours begin at 1?",
            ),
            touch=_with((slice(1, None), 0), 0),
        ),
        variant(
            _triangle,
            "only the first token sees itself",
            (
                "From the second row on, the diagonal of your mask is False.",
                "Every token may look at itself, not only the first: it is known when the next is predicted.",
                "row[:i] stops before i; row[: i + 1] takes the token itself along.",
            ),
            reach=-1,
            touch=_with((0, 0), 1),
        ),
        Misconception(
            "only one row",
            lambda T: torch.ones(T).bool(),
            (
                "Your result is a single row, not a table.",
                "Each of the T tokens has a row of its own, for each may look at something else.",
                "torch.ones(T, T) makes the square, and .tril() takes its upper half away.",
            ),
        ),
        Misconception(
            "a number for each token",
            lambda T: torch.ones(T).cumsum(dim=0),
            (
                "You return a single row with a number for each token, not a table.",
                "How *many* tokens may be looked at does not say which; each token has a row of T truth values.",
                "torch.ones(T, T) makes the table, and .tril() takes its upper half away.",
            ),
            spellings=(lambda T: torch.arange(T), lambda T: torch.arange(T + 1)),
        ),
        Misconception(
            "0 and minus infinity",
            lambda T: torch.zeros(T, T).masked_fill(torch.ones(T, T).triu(1).bool(), float("-inf")),
            (
                "Your mask holds other numbers than 0 and 1 (or True and False).",
                "0 and −inf are what is *added* to the scores in the end, and shares of a row are what the softmax makes of them. "
                "A mask of True and False says who may look.",
                "Return the truth values: a comparison, or dtype=torch.bool.",
            ),
            spellings=(
                lambda T: torch.ones(T, T).tril() / torch.arange(1, T + 1)[:, None],
                lambda T: torch.full((T, T), float("-inf")).triu(1),
            ),
        ),
        *(
            Misconception(
                f"always for {size} tokens",
                lambda T, size=size: torch.ones(size, size).tril().bool(),
                (
                    f"Your mask is always {size} by {size}, whatever T is.",
                    "That many tokens were an example; a mask is made for each text anew.",
                    "Let T decide: torch.ones(T, T).",
                ),
            )
            for size in (6, 4, 5, 8, 10)
        ),
    ),
)
