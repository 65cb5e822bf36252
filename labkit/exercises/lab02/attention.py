"""Exercise 2.2: attention behind a mask."""

from math import log

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab02.attention_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import compares, expected_got, inputs_unchanged
from labkit.exercises.values import same
from labkit.models import masks

SEEING, BLIND = "rows that see something", "rows that see nothing"


def attention(q, k, v, mask):
    """labkit.masks.attention."""
    return masks.attention(q, k, v, mask)


def _by_hand():
    """Scores 0 and log 3 for the second token, so that it takes 1/4 and 3/4 of the two values."""
    q = torch.tensor([[[2.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]])
    k = torch.tensor([[[0.0, 1.0, 0.0, 0.0], [log(3), 0.0, 0.0, 1.0]]])
    v = torch.tensor([[[4.0, 0.0, 1.0], [0.0, 8.0, 5.0]]])
    return q, k, v, masks.causal_mask(2)


def _tempting(q, k, mask):
    """Keys that fit each query far better wherever it may not look: scores of 30 and more."""
    directions = torch.eye(k.shape[-1])[: k.shape[1]]  # (T, D): one direction for each key
    return q + 150 * (~mask).float() @ directions, 0.2 * k + directions


def _mask_of_each_text(shape, generator):
    """Not symmetric, another for each text, in which some tokens may not look at themselves."""
    batch_size, length, _ = shape
    mask = torch.rand(batch_size, length, length, generator=generator) < 0.5
    mask[:, :, 0] |= ~mask.any(dim=-1)  # everybody sees something
    mask[:, 1], mask[:, :, 1] = False, True
    mask[:, 1, 1], mask[:, 1, 0] = False, True
    mask[0, 0, 2:] = True
    mask[1:, 0, 2:] = False
    return mask


SETTINGS = (  # (B, T, D, E, which mask): all of them different, so that an exchanged axis shows
    (2, 5, 16, 6, "causal"),
    (3, 4, 9, 2, "own"),
    (2, 1, 4, 3, "causal"),
    (2, 4, 8, 5, "blind"),
    (1, 4, 25, 3, "tempting"),
    (4, 3, 2, 7, "full"),
    (2, 6, 4, 3, "own"),  # and this from the seed
)


def _attention_cases(seed):
    given = _by_hand()
    said = ", ".join(f"{name} = {x.tolist()}" for name, x in zip("qk", given, strict=False))
    cases = [Case(given, f"{said.replace(str(log(3)), 'log 3')}, v = {given[2].tolist()}, a causal mask")]
    for number, (batch_size, length, width, value_width, kind) in enumerate(SETTINGS):
        last = number == len(SETTINGS) - 1
        generator = torch.Generator().manual_seed(100 * seed + number if last else 40 + number)
        q, k = (torch.randn(batch_size, length, width, generator=generator) for _ in range(2))
        v = torch.randn(batch_size, length, value_width, generator=generator)
        mask = masks.causal_mask(length)
        if kind == "own":
            mask = _mask_of_each_text(q.shape, generator)
        if kind == "blind":  # a decoder's text with padding on its left: the first rows see nothing
            mask = masks.combine_masks(mask, torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]]))
        if kind == "tempting":
            q, k = _tempting(q, k, mask)
        if kind == "full":
            mask = torch.ones(length, length, dtype=torch.bool)
        name = {
            "causal": "a causal mask",
            "own": f"another mask for each text {tuple(mask.shape)}, and some may not look at themselves",
            "blind": "a causal mask and padding on the left: tokens 0 and 1 of text 0 see nothing",
            "tempting": "a causal mask, behind which the keys fit best that are hidden",
            "full": "an encoder's mask (all True)",
        }[kind]
        shapes = f"q and k of shape {tuple(q.shape)}, v {tuple(v.shape)}"
        cases.append(Case((q, k, v, mask), f"{shapes}, {name}"))
    return cases


def _blind(case):
    """Rows that may look nowhere: (B, T) bool."""
    q, mask = case.args[0], case.args[3]
    return ~mask.expand(len(q), -1, -1).any(dim=-1)


def _mixes(result, v):
    """Has it the shape of v, and is it neither v itself nor one number everywhere?"""
    if result.shape != v.shape:
        return False
    return v.shape[1] == 1 or not (same(result, v) or bool((result == result.flatten()[0]).all()))


def _observe(result, case):
    """The rows that see something; of the others only whether they are numbers, for nobody reads them."""
    if not _mixes(result, case.args[2]):
        return result
    result, blind = result.double(), _blind(case)
    missing = int((~result[~blind].isfinite()).sum())
    return {
        SEEING: f"{missing} entries are NaN or infinite" if missing else result[~blind],
        BLIND: "numbers" if result[blind].isfinite().all() else "NaN",
    }


def _says(key):
    def test(expected, seen):
        if not isinstance(seen, dict):
            rows = f"expected: a tensor (B, T, E) like v, whose rows are means of v's\ngot:      {seen}"
            return rows[:200]
        return "" if same(expected[key], seen[key]) else f"{key}\n{expected_got(expected[key], seen[key])}"

    return test


def _part(key):
    return lambda seen: seen[key] if isinstance(seen, dict) else seen


def _ignores_the_hidden(trial):
    q, k, v, mask = trial.cases[1].args
    other_k, other_v = k.clone(), v.clone()
    other_k[:, -1] += 1.0
    other_v[:, -1] -= 2.0
    before, after = trial.call(q, k, v, mask), trial.call(q, other_k, other_v, mask)
    if before.error or after.error:
        return Fault(before.said or after.said, 1, before.advice or after.advice)
    before, after = before.value, after.value
    if not _mixes(before, v) or after.shape != v.shape:
        return Fault("Your result is no mean of the values, so nothing is hidden from it.", 1)
    if not same(before[:, :-1], after[:, :-1]):
        return Fault(
            "Behind a causal mask the key and value of the last token changed; outputs before it moved too.",
            1,
        )
    if same(before[:, -1], after[:, -1]):
        said = "The key and value of the last token changed, but the output of that token did not move."
        return Fault(said, 1)
    return ""


def _has_blind(case):
    return bool(_blind(case).any())


ATTENTION = Exercise(
    name="attention",
    title="Attention behind a mask",
    minutes=12,
    reference=attention,
    cases=_attention_cases,
    observe=_observe,
    form=forms.tensor(torch.float32),
    properties=(
        compares("the weighted mean of the visible values", 3, _says(SEEING), project=_part(SEEING)),
        Property("what is hidden has no influence", 1, _ignores_the_hidden),
        compares("no NaN, even where a token may look nowhere", 1, _says(BLIND), _has_blind, _part(BLIND)),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
