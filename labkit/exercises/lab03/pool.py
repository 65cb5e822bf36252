"""Exercise 3.2: many vectors to one, and none from the padding."""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab03.pool_mistakes import MISTAKES
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import features


def pool(hidden, attention_mask, how):
    """labkit.features.pool."""
    return features.pool(hidden, attention_mask, how)


TINY = [[[1.0, 2.0], [4.0, -6.0], [9.0, 9.0]]], [[1, 1, 0]]
# Padding on one side each, and numbers that are 0 although they are real.
ZEROS = (
    [
        [[7.0, 7.0, 7.0], [2.0, 0.0, -1.0], [0.0, 3.0, 5.0], [4.0, 0.0, -2.0]],
        [[0.0, -3.0, 1.0], [5.0, 0.0, 2.0], [8.0, 8.0, 8.0], [7.0, 8.0, 9.0]],
    ],
    [[0, 1, 1, 1], [1, 1, 0, 0]],
)
# Padding on both sides, none at all, and a text of one token; then texts that all have one token.
MASKS = (
    ([[0, 0, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 0]], 4),
    ([[1], [1], [1], [1]], 2),
    ([[0, 1, 1, 0, 0], [1, 1, 1, 1, 0]], 5),  # as many tokens as numbers: a wrong axis raises no error
)
SIZES = ((4, 7, 3), (5, 4, 6))  # B, T, D of the drawn ones


def _cases(seed):
    batches = [(torch.tensor(hidden), torch.tensor(mask), "") for hidden, mask in (TINY, ZEROS)]
    fixed, drawn = torch.Generator().manual_seed(0), torch.Generator().manual_seed(seed)
    batches += [(*_batch(torch.tensor(mask), width, fixed), "random") for mask, width in MASKS]
    for num, length, width in SIZES:
        counts = torch.randint(1, length, (num, 1), generator=drawn)
        before = (torch.rand(num, 1, generator=drawn) * (length - counts + 1)).long()
        places = torch.arange(length)
        mask = ((places >= before) & (places < before + counts)).long()
        batches.append((*_batch(mask, width, drawn), "random"))
    return [_case(*batch, how) for batch in batches for how in features.POOLINGS]


def _batch(mask, width, generator):
    hidden = torch.randn(*mask.shape, width, generator=generator)
    return hidden + 3.0 * (1 - mask).unsqueeze(-1), mask  # padding that is read must show


def _case(hidden, mask, made, how):
    written = f"of shape {tuple(hidden.shape)}, random" if made else f"= {hidden.tolist()}"
    shown = f'pool(hidden, attention_mask, "{how}"), attention_mask = {mask.tolist()}, hidden {written}'
    return Case((hidden, mask, how), shown)


def _how(name):
    return lambda case: case.args[2] == name


POOL = Exercise(
    name="pool",
    title="One vector a text",
    minutes=10,
    reference=pool,
    cases=_cases,
    form=forms.tensor(torch.float32),
    properties=(
        matches_reference('"mean": the average over the real tokens', 2, _how("mean")),
        matches_reference('"cls": the first real token', 1, _how("cls")),
        matches_reference('"last": the last real token', 2, _how("last")),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
