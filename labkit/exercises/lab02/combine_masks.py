"""Exercise 2.3: a triangle and padding together."""

import torch

from labkit import masks
from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.properties import inputs_unchanged, matches_reference


def combine_masks(causal, padding):
    """labkit.masks.combine_masks."""
    return masks.combine_masks(causal, padding)


def _padding(lengths, length, side):
    """1 for the real tokens, 0 for the padding on that side: (B, T) int64."""
    positions = torch.arange(length)
    sizes = torch.tensor(lengths)[:, None]
    real = positions < sizes if side == "right" else positions >= length - sizes
    return real.long()


def _combine_cases(seed):
    generator = torch.Generator().manual_seed(seed)
    settings = [("causal", "right", 4, [4, 2]), ("causal", "left", 4, [2, 4]), ("full", "right", 4, [3, 2])]
    for kind, side in (("causal", "left"), ("full", "left"), ("causal", "right")):
        length = int(torch.randint(5, 9, (1,), generator=generator))
        lengths = torch.randint(1, length, (3,), generator=generator).tolist()
        lengths[int(torch.randint(3, (1,), generator=generator))] = length
        settings.append((kind, side, length, lengths))
    cases = []
    for kind, side, length, lengths in settings:
        causal = masks.causal_mask(length) if kind == "causal" else torch.ones(length, length).bool()
        name = "a causal mask" if kind == "causal" else "an encoder's mask (all True)"
        padding = _padding(lengths, length, side)
        cases.append(Case((causal, padding), f"{name} of {length} tokens and padding {padding.tolist()}"))
    return cases


def _is_causal(case):
    return not case.args[0].all()


def _padded_left(case):
    return bool((case.args[1][:, 0] == 0).any())


COMBINE_MASKS = Exercise(
    name="combine_masks",
    title="Two masks at once",
    minutes=8,
    reference=combine_masks,
    cases=_combine_cases,
    properties=(
        matches_reference(
            "a decoder with padding on the right", 2, lambda c: _is_causal(c) and not _padded_left(c)
        ),
        matches_reference(
            "a decoder with padding on the left", 1, lambda c: _is_causal(c) and _padded_left(c)
        ),
        matches_reference("an encoder with padding", 1, lambda c: not _is_causal(c)),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "padding hidden as query instead of key",
            lambda causal, padding: causal & padding.bool()[:, :, None],
            (
                "Your padding looks at nobody, but everybody can look at it.",
                "It is the other way that matters: what a padding token computes is thrown away, but what "
                "others take from it is not.",
                "Rows are queries, columns are keys. Which axis must padding[:, None, :] run along?",
            ),
        ),
        Misconception(
            "padding hidden as query and as key",
            lambda causal, padding: causal & padding.bool()[:, None, :] & padding.bool()[:, :, None],
            (
                "In your mask padding tokens may not look at all.",
                "Nobody reads what they compute, so it need not be forbidden; and a row without a single "
                "True "
                "is just what makes a softmax NaN.",
                "Hide the columns of the padding and leave its rows alone.",
            ),
        ),
        Misconception(
            "or instead of and",
            lambda causal, padding: causal | padding.bool()[:, None, :],
            (
                "A token may look where *one* of your masks allows it.",
                "A real token of the future is allowed by the padding mask; the causal mask must still "
                "forbid it.",
                "Both have to agree: which operator is that?",
            ),
        ),
        Misconception(
            "the padding is ignored",
            lambda causal, padding: causal.expand(len(padding), -1, -1).clone(),
            (
                "Your mask does not depend on the padding.",
                "Padding on the left stands before every real token, where a causal mask lets everybody "
                "look.",
                "Combine with padding == 1, along the keys.",
            ),
        ),
        Misconception(
            "the causal mask is ignored",
            lambda causal, padding: padding.bool()[:, None, :].expand(-1, len(causal), -1).clone(),
            (
                "Your tokens see the future.",
                "The padding mask only says which tokens are real; the order is the causal mask's business.",
                "Combine the two: looking is allowed where both say so.",
            ),
        ),
        Misconception(
            "real tokens hidden instead of padding",
            lambda causal, padding: causal & (padding == 0)[:, None, :],
            (
                "Your mask hides the real tokens and shows the padding.",
                "In an attention_mask, 1 stands for a real token.",
                "Do you test for 0 or for 1?",
            ),
        ),
        Misconception(
            "the first text's padding for all",
            lambda causal, padding: (
                (causal & padding[0].bool()[None, :]).expand(len(padding), -1, -1).clone()
            ),
            (
                "All your texts have the padding of the first one.",
                "Each text of a batch has a length of its own, so the result has one mask for each: (B, "
                "T, T).",
                "Use the whole padding with a new axis for the queries: padding[:, None, :].",
            ),
        ),
        Misconception(
            "the masks are added",
            lambda causal, padding: causal.long() + padding[:, None, :],
            (
                "Your mask holds 0, 1 and 2: the two masks are added.",
                "1 means that only one of them allows it, yet a 1 counts as True.",
                "& (or a product of zeros and ones) is True only where both are.",
            ),
        ),
        Misconception(
            "no axis for the queries",
            lambda causal, padding: causal & (padding == 1),
            (
                "(T, T) and (B, T) do not fit together as they are.",
                "PyTorch lines up the last axes: the texts of your padding meet the queries of the causal "
                "mask. (With as many texts as tokens it would not even complain.)",
                "padding[:, None, :] has the shape (B, 1, T): every query of a text gets the same row.",
            ),
        ),
    ),
)
