"""Exercise 4.2: what students write instead."""

import math

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.exercises.lab04.over_queries import over_queries_mistakes


def _safe_log(p, log=torch.log):
    """log p, and 0 for p = 0."""
    return log(torch.where(p > 0, p, torch.ones_like(p)))


def _entropies(p):
    return -(p * _safe_log(p)).sum(dim=-1)


def _build(
    shares=lambda maps: maps,
    rows=_entropies,
    base=1.0,
    sign=1.0,
    over_queries=lambda entropies: entropies.mean(dim=-1),
    finish=lambda result, maps: result,
):
    """head_entropy with single choices made wrongly."""

    def answer(maps):
        return finish(sign * over_queries(rows(shares(maps))) / base, maps)

    return answer


def _careless(p):
    """0 log 0 is NaN."""
    return -(p * p.log()).sum(dim=-1)


def _math_log(p):
    return torch.tensor(
        [[[sum(-x * math.log(x) for x in row) for row in head] for head in layer] for layer in p.tolist()]
    )


def _columns(maps):
    return (maps / maps.sum(dim=-2, keepdim=True).clamp(min=1e-12)).transpose(-2, -1)


def _clamped(p, smallest=0.01):
    p = p.clamp(min=smallest)
    return -(p * p.log()).sum(dim=-1)


def _live(entropies):
    live = entropies > 1e-6
    return (entropies * live).sum(dim=-1) / live.sum(dim=-1).clamp(min=1)


def _one_for_zero(p):
    return torch.where(p == 0, torch.ones_like(p), -p * _safe_log(p)).sum(dim=-1)


MEAN_LAST = "sum over the keys (dim=-1) first, then mean over the queries."

_SHARED = over_queries_mistakes(_build)
MISTAKES = (
    variant(
        _build,
        "0 log 0 is NaN",
        (
            "Where a weight is 0, your result is NaN.",
            "log 0 is minus infinity, and 0 times infinity is not a number. The limit of p log p is 0.",
            "torch.special.xlogy(p, p) knows that limit; or give log a smallest value: p.clamp(min=1e-12).",
        ),
        rows=_careless,
    ),
    variant(
        _build,
        "the logarithm of 0",
        (
            "Where a weight is 0, your function breaks off: math.log(0.0) is an error.",
            "A token that is not looked at adds nothing to the entropy: the limit of p log p is 0.",
            "Leave the zeros out of the sum: `if p > 0`.",
        ),
        rows=_math_log,
    ),
    variant(
        _build,
        "a row with a zero counts as 0",
        (
            "A row with a zero in it has the entropy 0 in your result.",
            "The NaN of one weight has spread over its row before you replace it.",
            "Replace the NaN of each product p log p, before the sum over the keys.",
        ),
        rows=lambda p: _careless(p).nan_to_num(nan=0.0),
    ),
    variant(
        _build,
        "a head with a zero counts as 0",
        (
            "A head with a zero anywhere has the entropy 0 in your result.",
            "The NaN of one weight has spread over the whole mean before you replace it.",
            "Replace the NaN of each product p log p, before the sum over the keys.",
        ),
        finish=lambda result, maps: torch.where((maps == 0).any(dim=-1).any(dim=-1), 0.0, result),
    ),
    variant(
        _build,
        "rows with a zero are left out",
        (
            "Your mean leaves out the rows that have a zero in them.",
            "nanmean skips what is NaN, and 0 log 0 has made these rows NaN.",
            "Make 0 of each product p log p with p = 0, before the sum over the keys.",
        ),
        rows=_careless,
        over_queries=lambda entropies: entropies.nanmean(dim=-1),
    ),
    variant(
        _build,
        "zeros add 1",
        (
            "Each weight of 0 adds 1 to your entropy.",
            "A token that is not looked at should add nothing: the limit of p log p for p = 0 is 0.",
            "Put 0 in place of the product, not 1. (1 is right in place of p within the logarithm.)",
        ),
        rows=_one_for_zero,
    ),
    variant(
        _build,
        "too large a smallest value",
        (
            "The smallest value that you allow is so large that it changes the entropy.",
            "With 0.01 each token that is not looked at adds 0.046.",
            "1e-12 is enough for the logarithm; and only there.",
        ),
        rows=_clamped,
    ),
    variant(
        _build,
        "too large an addition",
        (
            "What you add within the logarithm is so large that it changes the entropy.",
            "log(p + 0.01) is another number than log p for every p.",
            "1e-12 is enough.",
        ),
        rows=lambda p: -(p * (p + 1e-2).log()).sum(dim=-1),
    ),
    variant(
        _build,
        "bits",
        (
            "Your entropies are in bits.",
            "The course measures in nats, as PyTorch's losses do: a factor of 0.693 between them.",
            "The natural logarithm: torch.log.",
        ),
        base=math.log(2),
    ),
    variant(
        _build,
        "the logarithm to base 10",
        (
            "Your logarithm has base 10.",
            "Nats come from the natural logarithm, which is 2.303 times as large.",
            "torch.log, or maps.log().",
        ),
        base=math.log(10),
    ),
    variant(
        _build,
        "the sign is forgotten",
        (
            "Your entropies are negative.",
            "The logarithm of a share is negative or 0; the minus in front of the sum makes it positive.",
            "-(p log p).",
        ),
        sign=-1.0,
    ),
    variant(
        _build,
        "summed over the queries",
        (
            "You add up the entropies of the rows.",
            "Each row has an entropy; the head's number is their mean, whatever the length of the text.",
            MEAN_LAST,
        ),
        over_queries=lambda entropies: entropies.sum(dim=-1),
    ),
    variant(
        _build,
        "averaged over both axes",
        (
            "Your numbers are too small, by a factor of T.",
            "Entropy is the sum of -p log p over a row; only the rows are averaged.",
            MEAN_LAST,
        ),
        over_queries=lambda entropies: entropies.mean(dim=-1) / entropies.shape[-1],
    ),
    variant(
        _build,
        "the median",
        (
            "Your number is the entropy of a row in the middle, not the mean.",
            "The median doesn't notice how far the others are away.",
            "mean(dim=-1) over the queries.",
        ),
        over_queries=lambda entropies: entropies.median(dim=-1).values,
    ),
    variant(
        _build,
        "the last query alone",
        (
            "Your number is the entropy of the last row.",
            "[-1] takes one token's row; a head is summed up by all of them.",
            "mean(dim=-1) over the queries.",
        ),
        over_queries=lambda entropies: entropies[..., -1],
    ),
    variant(
        _build,
        "the first query alone",
        (
            "Your number is the entropy of the first row.",
            "[0] takes one token's row; a head is summed up by all of them.",
            "mean(dim=-1) over the queries.",
        ),
        over_queries=lambda entropies: entropies[..., 0],
    ),
    variant(
        _build,
        "the widest query alone",
        (
            "Your number is the largest entropy of any row.",
            "One token that spreads its attention does not make the head do so.",
            "mean(dim=-1) over the queries.",
        ),
        over_queries=lambda entropies: entropies.amax(dim=-1),
    ),
    _SHARED["the first row is left out"],
    variant(
        _build,
        "first and last row and column left out",
        (
            "The first and the last row and column are missing from your entropy.",
            "Not every text begins and ends with a special token, and what is left does not sum to 1.",
            "Use the maps as they are.",
        ),
        shares=lambda maps: maps[..., 1:-1, 1:-1],
    ),
    _SHARED["divided by T - 1"],
    variant(
        _build,
        "rows of one token don't count",
        (
            "Your mean leaves out the rows that look at one token alone.",
            "Their entropy is 0, which is a number like others: a head that is always sure has 0.",
            "mean(dim=-1) over all rows.",
        ),
        over_queries=_live,
    ),
    _SHARED["no mean over the queries"],
    _SHARED["heads averaged, queries kept"],
    _SHARED["heads averaged"],
    _SHARED["a single number for all"],
    _SHARED["heads and layers swapped"],
    variant(
        _build,
        "the columns instead of the rows",
        (
            "You take the entropy of the columns.",
            "A row says where one token looks, and sums to 1; a column says who looks at a token.",
            "The keys are the last axis: dim=-1.",
        ),
        shares=_columns,
    ),
    variant(
        _build,
        "entropy of the average row",
        (
            "You average the rows first, and take the entropy of the result.",
            "A head that looks at the token before is sure in every row, but its average row is flat.",
            "First the entropy of each row, then the mean.",
        ),
        shares=lambda maps: maps.mean(dim=-2, keepdim=True),
    ),
    variant(
        _build,
        "entropy of the average head",
        (
            "You average the heads' maps first: each layer's heads get the same number.",
            "The mean of two heads that are sure looks unsure.",
            "The entropy of each head's rows; nothing is averaged over the heads.",
        ),
        shares=lambda maps: maps.mean(dim=1, keepdim=True).expand(maps.shape),
    ),
    variant(
        _build,
        "a softmax too many",
        (
            "You take the softmax of weights that are shares already: it makes them nearly even.",
            "Categorical(logits=maps) does so too.",
            "Use the maps as they are; Categorical(probs=maps).",
        ),
        shares=lambda maps: maps.softmax(dim=-1),
    ),
    variant(
        _build,
        "only what stands before",
        (
            "You count the weights on earlier tokens alone.",
            "An encoder looks both ways; and a decoder's later weights are 0 already.",
            "Use the maps as they are.",
        ),
        shares=lambda maps: maps.tril(),
    ),
    variant(
        _build,
        "as a share of the largest possible",
        (
            "You divide by log T.",
            "That can be useful, but asked for is the entropy itself, in nats.",
            "Leave out the last division.",
        ),
        finish=lambda result, maps: result / max(math.log(maps.shape[-1]), 1e-9),
    ),
    variant(
        _build,
        "the whole map as one distribution",
        (
            "Your numbers are log T too large.",
            "A map divided by T is one distribution over all pairs; asked for is that of each row.",
            "Use the rows as they are: each sums to 1.",
        ),
        finish=lambda result, maps: result + math.log(maps.shape[-1]),
    ),
    variant(
        _build,
        "the number of tokens",
        (
            "You return e to the power of the entropy: about how many tokens a head looks at.",
            "That is another number, which is 1 where the entropy is 0.",
            "Leave out exp.",
        ),
        finish=lambda result, maps: result.exp(),
    ),
    variant(
        _build,
        "how far from even",
        (
            "You return log T minus the entropy.",
            "That says how sure a head is: it grows where the entropy falls.",
            "The entropy itself: -(p log p), summed.",
        ),
        finish=lambda result, maps: math.log(maps.shape[-1]) - result,
    ),
    variant(
        _build,
        "rounded",
        (
            "Your entropies are rounded.",
            "Heads that differ by less become alike.",
            "Round what you print, not what you return.",
        ),
        finish=lambda result, maps: (10 * result).round() / 10,
    ),
    variant(
        _build,
        "the logarithm without its weight",
        (
            "You add up -log p without the weight p.",
            "Then the tokens that are hardly looked at count most.",
            "p log p: each logarithm is multiplied by its share.",
        ),
        rows=lambda p: -_safe_log(p).sum(dim=-1),
    ),
    variant(
        _build,
        "a mean over the keys that are looked at",
        (
            "You divide a row's entropy by the number of tokens that it looks at.",
            "Entropy is a sum over the keys: its weights are in it already.",
            "sum(dim=-1), not a mean.",
        ),
        rows=lambda p: _entropies(p) / (p > 0).sum(dim=-1).clamp(min=1),
    ),
    variant(
        _build,
        "the strongest token alone",
        (
            "You use the largest weight of each row and no other.",
            "Two heads with the same favourite can spread the rest in very different ways.",
            "-(p log p), summed over all keys.",
        ),
        rows=lambda p: -p.amax(dim=-1).log(),
    ),
    variant(
        _build,
        "squares instead of logarithms",
        (
            "You add up squares of the weights, not p log p.",
            "1 - sum of p² (Gini) says something alike on another scale.",
            "-(p * p.log()), summed over the keys.",
        ),
        rows=lambda p: 1 - (p**2).sum(dim=-1),
    ),
    Misconception(
        "math.log of a tensor",
        lambda maps: -(maps * math.log(maps)).sum(dim=-1).mean(dim=-1),
        (
            "math.log takes one number, and you give it a tensor of many.",
            "torch.log, or maps.log(), takes the logarithm of each.",
            "And what is 0 times log 0?",
        ),
    ),
    _SHARED["one number taken out of many"],
    Misconception(
        "head 0 for all",
        lambda maps: _entropies(maps[0, 0]).mean().repeat(maps.shape[0], maps.shape[1]),
        (
            "All heads have the same number in your result: that of layer 0, head 0.",
            "Each head has its own rows.",
            "maps[layer, head], or the whole tensor at once with dim=-1.",
        ),
    ),
)
