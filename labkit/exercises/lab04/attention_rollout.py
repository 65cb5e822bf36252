"""Exercise 4.6: attention through all layers."""

import torch

from labkit import attention
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab04.made_maps import random_maps, shape_of
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.exercises.values import near


def attention_rollout(maps):
    """labkit.attention.attention_rollout."""
    return attention.attention_rollout(maps)


def _rollout_cases(seed):
    sizes = ((1, 2, 3), (2, 2, 4), (3, 3, 5), (4, 2, 6))
    made = [random_maps(10 * seed + k, *size) for k, size in enumerate(sizes)]
    made.append(random_maps(10 * seed + 5, 3, 2, 5, causal=True))
    return [Case((maps,), shape_of(maps)) for maps in made]


def _one_layer(case):
    return case.args[0].shape[0] == 1


def _rows_sum_to_one(trial):
    for case, outcome in zip(trial.cases, trial.outcomes, strict=True):
        if outcome.error:
            return f"For {case.shown}\n{outcome.said}"
        sums = torch.as_tensor(outcome.value).sum(dim=-1)
        if sums.ndim != 1 or not torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
            return f"For {case.shown}\nthe rows sum to {[round(float(s), 3) for s in sums.flatten()[:4]]}"
    return ""


def _sees_no_later_token(trial):
    case, outcome = trial.cases[-1], trial.outcomes[-1]
    if outcome.error:
        return f"For {case.shown}\n{outcome.said}"
    ahead = float(torch.as_tensor(outcome.value).triu(1).abs().max())
    if torch.as_tensor(outcome.value).ndim != 2 or not near(0.0, ahead, 1e-6):
        return f"For {case.shown}, causal\na token gets {ahead:.3f} from a later one."
    return ""


def _roll(combine=None, residual=True, halve=True, fuse=lambda layer: layer.mean(dim=0), first=None):
    """attention_rollout with single choices made wrongly."""

    def wrong(maps):
        identity = torch.eye(maps.shape[-1])
        steps = [fuse(layer) + identity if residual else fuse(layer) for layer in maps]
        steps = [step / 2 if residual and halve else step for step in steps]
        result = steps[0] if first is None else first
        for step in steps[1:]:
            result = (combine or (lambda step, result: step @ result))(step, result)
        return result

    return wrong


def _mean_of_layers(maps):
    return ((maps.mean(dim=1) + torch.eye(maps.shape[-1])) / 2).mean(dim=0)


def _last_layer(maps):
    return (maps[-1].mean(dim=0) + torch.eye(maps.shape[-1])) / 2


def _residual_once(maps):
    result = (maps[0].mean(dim=0) + torch.eye(maps.shape[-1])) / 2
    for layer in maps[1:]:
        result = layer.mean(dim=0) @ result
    return result


ATTENTION_ROLLOUT = Exercise(
    name="attention_rollout",
    title="Attention through all layers",
    minutes=12,
    reference=attention_rollout,
    cases=_rollout_cases,
    properties=(
        matches_reference("one layer: half the mean of the heads, half the token itself", 1, _one_layer),
        matches_reference(
            "several layers: the product, the last one leftmost", 2, lambda c: not _one_layer(c)
        ),
        Property("every row sums to 1", 1, _rows_sum_to_one),
        Property("a causal model's rollout has nothing from later tokens", 1, _sees_no_later_token),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the first layer leftmost",
            _roll(combine=lambda step, result: result @ step),
            (
                "Your product runs the wrong way: the first layer stands on the left.",
                "The last layer's tokens look at what the layer before made, and that at the one before it.",
                "layer @ rollout, from the first layer to the last.",
            ),
        ),
        Misconception(
            "without the residual connection",
            _roll(residual=False),
            (
                "The token itself is missing from each layer.",
                "A block adds its attention's result to what was there: half of what leaves it never moved.",
                "(mean over heads + identity) / 2, in every layer.",
            ),
        ),
        Misconception(
            "the residual connection once",
            _residual_once,
            (
                "You add the identity in the first layer only.",
                "Every block has a residual connection.",
                "(mean over heads + identity) / 2 belongs inside the loop.",
            ),
        ),
        Misconception(
            "not halved",
            _roll(halve=False),
            (
                "Your rows sum to more than 1, and to more with every layer.",
                "Attention gives 1 and the identity gives 1: together 2.",
                "Divide the sum by 2.",
            ),
        ),
        Misconception(
            "element by element",
            _roll(combine=lambda step, result: step * result),
            (
                "You multiply the layers element by element.",
                "A path may lead from i over any k to j: that is a sum over k, a matrix product.",
                "@ instead of *.",
            ),
        ),
        Misconception(
            "the mean of the layers",
            _mean_of_layers,
            (
                "You average the layers.",
                "What the third layer looks at is no longer the words: it is what two layers made of them.",
                "Multiply the layers' matrices.",
            ),
        ),
        Misconception(
            "the last layer alone",
            _last_layer,
            (
                "Your result is the last layer's attention.",
                "It says which vectors are mixed there, not which words those came from.",
                "Multiply the matrices of all layers.",
            ),
        ),
        Misconception(
            "the strongest head instead of the mean",
            _roll(fuse=lambda layer: layer.amax(dim=0)),
            (
                "You take the largest weight of any head.",
                "The rows of such a matrix no longer sum to 1. (It is a variant that others use.)",
                "mean over the heads.",
            ),
        ),
        Misconception(
            "one head only",
            _roll(fuse=lambda layer: layer[0]),
            (
                "You follow head 0 alone.",
                "All heads of a layer write into the same vector.",
                "mean over the heads: maps.mean(dim=1) is (L, T, T).",
            ),
        ),
        Misconception(
            "the sum of the heads",
            _roll(fuse=lambda layer: layer.sum(dim=0)),
            (
                "Your rows sum to more than 1.",
                "H heads sum to H in each row; half of that and half of the identity is no set of shares.",
                "The mean over the heads, which are the first axis of a layer's maps.",
            ),
        ),
    ),
)
