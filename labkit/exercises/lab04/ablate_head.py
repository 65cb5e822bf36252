"""Exercise 4.5: silence a head."""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab04.ablate_head_mistakes import MISTAKES
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import ablation

# B, T, D, head, num_heads: the first head, the last, the only one; heads of one number; no two sizes alike.
SETTINGS = (
    (2, 3, 8, 0, 4),
    (1, 4, 12, 3, 4),
    (3, 2, 10, 4, 5),
    (4, 5, 6, 1, 2),
    (2, 7, 5, 3, 5),
    (3, 1, 4, 0, 1),
    (1, 5, 18, 2, 3),
    (2, 6, 256, 2, 4),
)


def ablate_head(mixed, head, num_heads):
    """labkit.ablation.ablate_head."""
    return ablation.ablate_head(mixed, head, num_heads)


def _ablation_cases(seed):
    counted = torch.arange(1.0, 49.0).view(2, 3, 8)
    cases = [Case((counted, 1, 4), "ablate_head(torch.arange(1.0, 49.0).view(2, 3, 8), head=1, num_heads=4)")]
    for k, (batch_size, length, width, head, num_heads) in enumerate(SETTINGS):
        generator = torch.Generator().manual_seed(10 * seed + k)
        mixed = torch.randn(batch_size, length, width, generator=generator)
        mixed = mixed + 0.1 * mixed.sign()  # no number is near 0
        shown = f"ablate_head(mixed of shape {tuple(mixed.shape)}, head={head}, num_heads={num_heads})"
        cases.append(Case((mixed, head, num_heads), shown))
    return cases


def _others_are_untouched(trial):
    """Exactly: a copy by way of half precision is another. To return the input is to do nothing."""
    idle = True
    for place, (case, outcome) in enumerate(zip(trial.cases, trial.outcomes, strict=True)):
        mixed, head, num_heads = case.args
        if outcome.error:
            return Fault(f"For {case.shown}\n{outcome.said}", place, outcome.advice)
        width = mixed.shape[-1] // num_heads
        others = [k for k in range(mixed.shape[-1]) if k // width != head]
        got = outcome.value
        if got.shape != mixed.shape:
            shapes = f"expected: shape {tuple(mixed.shape)}\ngot:      shape {tuple(got.shape)}"
            return Fault(f"For {case.shown}\n{shapes}", place)
        apart = (got != mixed)[..., others]
        if apart.any():
            b, t, k = apart.nonzero()[0].tolist()
            k = others[k]
            number = (
                f"number {k} of token {t} of text {b} belongs to head {k // width}, not to head {head}\n"
                f"expected: {mixed[b, t, k]:.6g}, as it was\ngot:      {got[b, t, k]:.6g}"
            )
            return Fault(f"For {case.shown}\n{number}", place)
        idle = idle and torch.equal(got, mixed)
    return "your result is what came in, with nothing silent." if idle else ""


ABLATE_HEAD = Exercise(
    name="ablate_head",
    title="Silence a head",
    minutes=8,
    reference=ablate_head,
    cases=_ablation_cases,
    form=forms.tensor(torch.float32),
    properties=(
        matches_reference("the head's D/H numbers are 0", 2),
        Property("everything else is as it was", 2, _others_are_untouched),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
