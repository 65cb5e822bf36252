"""Exercise 4.6: attention through all layers."""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab04.attention_rollout_mistakes import MISTAKES
from labkit.exercises.lab04.made_maps import random_maps, shape_of, written
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.values import near
from labkit.measures import attention

ONE_LAYER = torch.tensor([[[[1 / 2, 1 / 2], [1 / 4, 3 / 4]], [[0, 1], [1 / 2, 1 / 2]]]])
TWO_LAYERS = torch.tensor([[[[0.2, 0.8], [0.6, 0.4]]], [[[1.0, 0.0], [0.8, 0.2]]]])
SIZES = ((1, 3, 4), (2, 3, 4), (2, 1, 5), (3, 2, 5), (5, 2, 3), (4, 3, 6))  # L, H, T


def attention_rollout(maps):
    """labkit.attention.attention_rollout."""
    return attention.attention_rollout(maps)


def _rollout_cases(seed):
    cases = [Case((maps,), written(maps)) for maps in (ONE_LAYER, TWO_LAYERS)]
    cases += [_case(random_maps(10 * seed + k, *size)) for k, size in enumerate(SIZES)]
    cases.append(
        _case(random_maps(10 * seed + 7, 3, 2, 5, causal=True), ", causal: zeros above the diagonal")
    )
    cases.append(
        _case(random_maps(10 * seed + 8, 2, 4, 5, causal=True), ", causal: zeros above the diagonal")
    )
    return cases


def _case(maps, note=""):
    return Case((maps,), f"{shape_of(maps)}{note}")


def _one_layer(case):
    return case.args[0].shape[0] == 1


def _several(case):
    return not _one_layer(case)


def _causal(case):
    return bool((case.args[0].triu(1) == 0).all())


def _rows_sum_to_one(trial):
    for place, (case, outcome) in enumerate(zip(trial.cases, trial.outcomes, strict=True)):
        if outcome.error:
            return Fault(f"For {case.shown}\n{outcome.said}", place, outcome.advice)
        sums = outcome.value.sum(dim=-1) if outcome.value.ndim else outcome.value
        if sums.ndim != 1 or not torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
            rows = [round(float(s), 3) for s in sums.flatten()[:4]]
            return Fault(f"For {case.shown}\nthe rows sum to {rows}", place)
    return _always_alike(trial)


def _sees_no_later_token(trial):
    for place, (case, outcome) in enumerate(zip(trial.cases, trial.outcomes, strict=True)):
        if not _causal(case):
            continue
        if outcome.error:
            return Fault(f"For {case.shown}\n{outcome.said}", place, outcome.advice)
        if outcome.value.ndim != 2:
            shape = tuple(outcome.value.shape)
            return Fault(f"For {case.shown}\nexpected: a table (T, T)\ngot:      shape {shape}", place)
        ahead = float(outcome.value.triu(1).abs().max())
        if not near(0.0, ahead, 1e-6):
            return Fault(f"For {case.shown}\na token gets {ahead:.3f} from a later one.", place)
    return _always_alike(trial)


def _always_alike(trial):
    """A result that does not depend on the maps is right about nothing."""
    seen = {}
    for case, outcome in zip(trial.cases, trial.outcomes, strict=True):
        seen.setdefault(case.args[0].shape[-1], []).append(outcome.value)
    several = [values for values in seen.values() if len(values) > 1]
    if all(a.shape == b.shape and torch.allclose(a, b) for a, *rest in several for b in rest):
        return "your result is the same for all maps with the same number of tokens."
    return ""


ATTENTION_ROLLOUT = Exercise(
    name="attention_rollout",
    title="Attention through all layers",
    minutes=12,
    reference=attention_rollout,
    cases=_rollout_cases,
    form=forms.tensor(torch.float32),
    properties=(
        matches_reference("one layer: half the mean of the heads, half the token itself", 1, _one_layer),
        matches_reference("several layers: the product, the last one leftmost", 2, _several),
        Property("every row sums to 1", 1, _rows_sum_to_one),
        Property("a causal model's rollout has nothing from later tokens", 1, _sees_no_later_token, _causal),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
